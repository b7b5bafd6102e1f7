"""Adaptive quadrature over boxes, against integrals with closed forms."""

import math

import numpy as np
import pytest

from gan_lab.distances.quadrature import integrate


def test_a_smooth_function_is_integrated_to_rounding() -> None:
    edges = [np.array([0.0, 1.0, 3.0])]
    assert integrate(lambda x: np.exp(x[:, 0]), edges) == pytest.approx(math.expm1(3), rel=1e-14)


def test_a_kink_anywhere_is_found_by_halving() -> None:
    found = integrate(lambda x: np.abs(x[:, 0] - math.pi / 7), [np.array([0.0, 1.0])])
    expected = ((math.pi / 7) ** 2 + (1 - math.pi / 7) ** 2) / 2
    assert found == pytest.approx(expected, rel=1e-11)


def test_a_product_in_the_plane_is_the_product_of_integrals() -> None:
    edges = [np.array([0.0, 2.0]), np.array([-1.0, 0.0, 1.5])]
    found = integrate(lambda x: np.sin(x[:, 0]) * x[:, 1] ** 3, edges)
    assert found == pytest.approx((1 - math.cos(2)) * (1.5**4 - 1) / 4, rel=1e-12)


def test_a_kink_along_a_curve_is_integrated_to_the_tolerance() -> None:
    edges = [np.linspace(-2, 2, 3), np.linspace(-2, 2, 3)]
    found = integrate(lambda x: np.maximum(1 - np.hypot(*x.T), 0), edges, relative=1e-6, absolute=1e-8)
    assert found == pytest.approx(math.pi / 3, rel=1e-6)  # a cone


def test_a_narrow_peak_is_found_if_the_edges_mark_it() -> None:
    edges = [np.array([-1e3, 0.3, 1e3])]
    found = integrate(lambda x: 1 / (1e-8 + (x[:, 0] - 0.3) ** 2), edges)
    assert found == pytest.approx(1e4 * (math.atan(1e7 - 3e3) + math.atan(1e7 + 3e3)), rel=1e-9)


def test_what_exceeds_the_floats_is_infinite() -> None:
    assert integrate(lambda x: np.full(len(x), math.inf), [np.array([0.0, 1.0])]) == math.inf


def test_noise_is_not_mistaken_for_an_integral() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ArithmeticError, match="did not come within 1e-11"):
        integrate(lambda x: rng.uniform(-1, 1, len(x)), [np.array([0.0, 1.0])])
