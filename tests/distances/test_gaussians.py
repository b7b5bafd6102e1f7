"""Closed forms between Gaussians: golden values, special cases, and quadrature."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.linalg import sqrtm

from gan_lab.config.errors import BadValueError
from gan_lab.distances.gaussians import (
    bures_squared,
    covariance_matrix,
    sliced_wasserstein_gaussians,
    wasserstein_1_gaussians_on_line,
    wasserstein_2_gaussians,
)
from gan_lab.distances.line import Gaussian
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.metrics.sliced import sliced_wasserstein_along

ZERO, EYE = np.zeros(2), np.eye(2)
S1, S2 = np.array([[2, 0.5], [0.5, 1]]), np.array([[1, -0.3], [-0.3, 1.5]])
M2 = np.array([1.0, -1.0])


def test_golden_values() -> None:
    assert bures_squared(S1, S2) == pytest.approx(0.463471, abs=1e-6)
    assert wasserstein_2_gaussians(ZERO, S1, M2, S2) == pytest.approx(1.569545, abs=1e-6)
    assert wasserstein_2_gaussians(ZERO, S1, M2, S2) ** 2 == pytest.approx(2.463471, abs=1e-6)
    diagonal = wasserstein_2_gaussians(ZERO, np.diag([1, 4]), (1, 2), np.diag([9, 1]))
    assert diagonal**2 == pytest.approx(10, abs=1e-12)


def test_the_cross_term_is_the_trace_of_the_root_of_the_product() -> None:
    cross = float(np.trace(sqrtm(S1 @ S2)).real)
    assert cross == pytest.approx(2.518264, abs=1e-6)
    assert bures_squared(S1, S2) == pytest.approx(np.trace(S1) + np.trace(S2) - 2 * cross, abs=1e-12)


def rotated(variances: tuple[float, float], angle: float) -> np.ndarray:
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.asarray(turn @ np.diag(variances) @ turn.T)


def test_axes_are_not_exchanged() -> None:
    # along each axis a deviation of 1 against one of 2: equal spectra, and far apart
    swapped = np.diag([1.0, 4.0]), np.diag([4.0, 1.0])
    assert bures_squared(*swapped) == pytest.approx(2, abs=1e-12)
    assert wasserstein_2_gaussians(ZERO, swapped[0], ZERO, swapped[1]) == pytest.approx(2**0.5, abs=1e-12)
    three = np.diag([1.0, 4.0, 9.0]), np.diag([9.0, 1.0, 4.0])
    assert bures_squared(*three) == pytest.approx(4 + 1 + 1, abs=1e-12)


@pytest.mark.parametrize("angle", [0.1, 0.7, math.pi / 2])
def test_of_a_rotated_covariance_the_trace_and_the_determinant_say_it(angle: float) -> None:
    # in two dimensions tr (S1 S2)^(1/2) = (tr S1 S2 + 2 (det S1 S2)^(1/2))^(1/2)
    first, second = np.diag([1.0, 4.0]), rotated((1.0, 9.0), angle)
    cross = math.sqrt(np.trace(first @ second) + 2 * math.sqrt(4 * 9))
    assert bures_squared(first, second) == pytest.approx(5 + 10 - 2 * cross, abs=1e-12)
    assert abs(bures_squared(first, second) - (5 + 10 - 2 * (1 + 6))) > 0.01  # of sorted eigenvalues


def test_matrices_that_nearly_agree_keep_their_distance() -> None:
    wider = (1 + 1e-9) ** 2 * S1
    expected = 1e-9 * math.sqrt(np.trace(S1))
    assert math.sqrt(bures_squared(S1, wider)) == pytest.approx(expected, rel=1e-5)
    assert math.sqrt(bures_squared(S1, S1)) < 1e-15


@pytest.mark.parametrize("condition", [1e10, 1e13])
def test_a_covariance_of_large_condition_is_honest_and_a_singular_one_is_not(condition: float) -> None:
    matrix = rotated((1.0, condition), 0.3)
    assert covariance_matrix("covariance", matrix, is_definite=True) == pytest.approx(matrix, rel=1e-15)
    assert covariance_matrix("covariance", 1e-30 * matrix, is_definite=True).shape == (2, 2)
    narrow, round_one = np.diag([1.0, condition]), np.diag([4.0, condition])
    assert bures_squared(narrow, round_one) == pytest.approx(1, rel=1e-2 if condition > 1e12 else 1e-6)
    with pytest.raises(BadValueError, match="positive definite"):
        covariance_matrix("covariance", rotated((0.0, condition), 0.3), is_definite=True)


def test_singular_matrices_are_transported() -> None:
    assert bures_squared(np.zeros((2, 2)), S1) == pytest.approx(np.trace(S1), abs=1e-14)
    v, w = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    expected = v @ v + w @ w - 2 * abs(v @ w)
    assert bures_squared(np.outer(v, v), np.outer(w, w)) == pytest.approx(expected, abs=1e-10)
    assert bures_squared(S1, S1) == pytest.approx(0, abs=1e-12)


def test_in_one_dimension_they_are_those_of_the_line() -> None:
    p, q = Gaussian(0.3, 1.2), Gaussian(-1, 0.5)
    means, matrices = ((0.3,), (-1,)), (((1.44,),), ((0.25,),))
    found = wasserstein_2_gaussians(means[0], matrices[0], means[1], matrices[1])
    assert found == pytest.approx(wasserstein_line(p, q, 2), abs=1e-10)


def test_w1_on_the_line_is_the_mean_of_a_folded_normal() -> None:
    gap, scale = np.array([0.0, 1.0, -2.0, 3.0, 0.0]), np.array([1.0, 0.5, -4.0, 0.0, 0.0])
    expected = [
        math.sqrt(2 / math.pi),
        stats.foldnorm(2, scale=0.5).mean(),
        stats.foldnorm(0.5, scale=4).mean(),
        3,
        0,
    ]
    assert wasserstein_1_gaussians_on_line(gap, scale) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("d", [0.5, 3.0])
def test_golden_values_of_the_sliced_distance_of_a_shift(d: float) -> None:
    shift = d * np.array([math.cos(0.4), math.sin(0.4)])
    assert sliced_wasserstein_gaussians(ZERO, EYE, shift, EYE) == pytest.approx(2 * d / math.pi, abs=1e-6)
    assert sliced_wasserstein_gaussians(ZERO, EYE, shift, EYE, 2) ** 2 == pytest.approx(d * d / 2, abs=1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_the_sliced_distance_of_samples_tends_to_it(order: int) -> None:
    rng = np.random.default_rng(0)
    samples = [
        torch.from_numpy(rng.multivariate_normal(mean, matrix, 40_000))
        for mean, matrix in ((ZERO, S1), (M2, S2))
    ]
    angles = math.pi * torch.arange(32, dtype=torch.float64) / 32
    directions = torch.stack([angles.cos(), angles.sin()], dim=1)
    expected = sliced_wasserstein_gaussians(ZERO, S1, M2, S2, order)
    assert sliced_wasserstein_along(*samples, directions, order) == pytest.approx(expected, abs=0.02)


def test_bad_parameters_get_their_sentence() -> None:
    with pytest.raises(BadValueError, match="second must be a matrix of shape"):
        bures_squared(S1, np.eye(3))
    with pytest.raises(BadValueError, match="first must be a symmetric, positive semidefinite matrix; got"):
        bures_squared([[1, 2], [0, 1]], S2)
    with pytest.raises(BadValueError, match="first must be a symmetric, positive semidefinite matrix; got"):
        bures_squared([[-1, 0], [0, 1]], S2)
    with pytest.raises(BadValueError, match="first must be a symmetric, positive semidefinite matrix; got"):
        bures_squared([[float("nan"), 0], [0, 1]], S2)
    with pytest.raises(
        BadValueError, match="second_mean must be 2 finite numbers, as many as the matrix has rows"
    ):
        wasserstein_2_gaussians(ZERO, S1, (1, 2, 3), S2)
    with pytest.raises(BadValueError, match="matrices of shape"):
        sliced_wasserstein_gaussians(np.zeros(3), np.eye(3), np.ones(3), np.eye(3))
