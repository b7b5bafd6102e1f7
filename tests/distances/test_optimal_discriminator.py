"""The optimal discriminator of two Gaussians, and the gradients that it gives."""

import math

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.stats import norm

from gan_lab.config.errors import BadValueError
from gan_lab.distances.divergences import jensen_shannon, total_variation
from gan_lab.distances.line import Gaussian
from gan_lab.distances.optimal_discriminator import ShiftedGaussian

# t: JSD, 2 JSD - 2 log 2, gradient of E log(1 - D), gradient of -E log D
GOLDEN = {
    0.5: (0.030311, -1.325672, 0.235264, 0.264736),
    1.0: (0.111421, -1.163451, 0.397973, 0.602027),
    2.0: (0.336831, -0.712633, 0.449600, 1.550400),
    4.0: (0.632720, -0.120854, 0.137195, 3.862805),
    8.0: (0.693054, -0.000187, 3.928747e-4, 7.999607),
}


@pytest.mark.parametrize("shift", GOLDEN)
def test_values_and_gradients_are_the_golden_ones(shift: float) -> None:
    pair = ShiftedGaussian(shift)
    found = (pair.jensen_shannon(), pair.value(), pair.original_gradient(), pair.alternative_gradient())
    assert found == pytest.approx(GOLDEN[shift], abs=5.1e-7)
    # the last gradient of the table has seven digits
    assert pair.original_gradient() == pytest.approx(GOLDEN[shift][2], abs=5.1e-7 if shift < 8 else 5.1e-11)


@pytest.mark.parametrize("shift", [0.3, 1.0, 3.0, 6.0])
def test_gradients_are_the_derivatives_that_theorem_2_5_says(shift: float) -> None:
    h = 1e-3

    def derivative(of) -> float:  # type: ignore[no-untyped-def]
        return (of(shift - 2 * h) - 8 * of(shift - h) + 8 * of(shift + h) - of(shift + 2 * h)) / (12 * h)

    def twice_jsd(t: float) -> float:
        return 2 * jensen_shannon(Gaussian(0.0, 1.0), Gaussian(t, 1.0))

    pair = ShiftedGaussian(shift)
    assert pair.original_gradient() == pytest.approx(derivative(twice_jsd), abs=1e-8)
    assert pair.alternative_gradient() == pytest.approx(
        derivative(lambda t: t * t / 2 - twice_jsd(t)), abs=1e-8
    )


@pytest.mark.parametrize("shift", [-3.0, 0.0, 0.5, 2.0, 8.0])
def test_everything_agrees_with_sums_over_a_fine_grid(shift: float) -> None:
    x = np.linspace(-20, 20, 200_001)
    p, q = norm.pdf(x), norm.pdf(x, shift)
    d = np.where(p + q > 0, p / np.maximum(p + q, 1e-300), 0.5)
    pair = ShiftedGaussian(shift)
    np.testing.assert_allclose(pair.discriminator(x)[np.abs(x) < 5], d[np.abs(x) < 5], atol=1e-12)
    assert pair.original_gradient() == pytest.approx(shift * trapezoid(q * d, x), abs=1e-9)
    assert pair.alternative_gradient() == pytest.approx(shift * trapezoid(q * (1 - d), x), abs=1e-9)
    spread = abs(shift) * math.sqrt(trapezoid(q * d**2, x) - trapezoid(q * d, x) ** 2)
    assert pair.gradient_spread() == pytest.approx(spread, abs=1e-7)
    mistakes = trapezoid(np.where(d < 0.5, p, q), x) / 2
    assert math.exp(pair.log_error()) == pytest.approx(mistakes, abs=1e-4)


@pytest.mark.parametrize("shift", [0.1, 1.0, 5.0])
def test_the_least_error_is_what_total_variation_leaves(shift: float) -> None:
    tv = total_variation(Gaussian(0.0, 1.0), Gaussian(shift, 1.0))
    assert math.exp(ShiftedGaussian(shift).log_error()) == pytest.approx((1 - tv) / 2, abs=1e-9)


def test_a_shift_to_the_left_pulls_the_other_way() -> None:
    left, right = ShiftedGaussian(-2.0), ShiftedGaussian(2.0)
    assert left.original_gradient() == pytest.approx(-right.original_gradient(), abs=1e-12)
    assert left.jensen_shannon() == pytest.approx(right.jensen_shannon(), abs=1e-12)
    assert left.gradient_spread() == pytest.approx(right.gradient_spread(), abs=1e-12)


def test_far_apart_the_one_gradient_vanishes_and_the_other_is_the_distance() -> None:
    pair = ShiftedGaussian(20.0)
    assert 0 < pair.original_gradient() < 1e-20
    assert pair.alternative_gradient() == pytest.approx(20, abs=1e-9)
    assert pair.jensen_shannon() == pytest.approx(math.log(2), abs=1e-12)
    assert ShiftedGaussian(0.0).value() == pytest.approx(-2 * math.log(2), abs=1e-12)


def test_a_shift_is_a_finite_number() -> None:
    with pytest.raises(BadValueError, match="shift must be a finite number; got inf"):
        ShiftedGaussian(math.inf)
