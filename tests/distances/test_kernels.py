"""MMD² and energy distance in closed form, against quadrature, SciPy, samples and linear algebra."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad, trapezoid
from scipy.stats import energy_distance as root_energy

from gan_lab.config.errors import UserError
from gan_lab.distances.finite.ipm import rkhs_ipm
from gan_lab.distances.kernels import (
    GaussianTerms,
    energy_distance,
    mean_distance,
    mean_kernel,
    mmd_squared,
    terms_of,
)
from gan_lab.distances.line import (
    Dirac,
    Discrete,
    Empirical,
    Gaussian,
    LineDistribution,
    LineMixture,
    Uniform,
)
from gan_lab.distances.plane import PlaneDiscrete, PlaneGaussian
from gan_lab.metrics.energy import energy_test
from gan_lab.metrics.mmd import mmd_test

MIXTURE = LineMixture((0.3, 0.7), (-1, 2), (0.25, 1.5))
POINTS = Discrete((0.5, -1, 3), (0.2, 0.5, 0.3))
PAIRS: list[tuple[LineDistribution, LineDistribution]] = [
    (Gaussian(0, 1), Gaussian(1, 2)),
    (MIXTURE, Gaussian(0.5, 1)),
    (MIXTURE, POINTS),
    (POINTS, Dirac(1)),
    (Dirac(0), Dirac(2)),
]


@pytest.mark.parametrize(("t", "value"), [(0.5, 0.235006), (1, 0.786939), (2, 1.729329)])
def test_mmd_of_two_diracs(t: float, value: float) -> None:
    assert mmd_squared(Dirac(0), Dirac(t), 1) == pytest.approx(value, abs=1e-6)
    assert mmd_squared(Dirac(0), Dirac(3 * t), 3) == pytest.approx(value, abs=1e-6)


def test_mmd_of_shifted_gaussians() -> None:
    value = mmd_squared(Gaussian(0, 1), Gaussian(1, 1), 1)
    assert value == pytest.approx(0.177268, abs=1e-6)
    assert value == pytest.approx(2 / 3**0.5 * (1 - math.exp(-1 / 6)), abs=1e-14)


def test_mean_kernel_by_quadrature() -> None:
    first, second = Gaussian(0.3, 0.7), MIXTURE
    inner = [
        quad(lambda x, y=y: first.pdf(x) * math.exp(-((x - y) ** 2) / (2 * 0.5**2)), -8, 8, points=[y])[0]
        for y in np.linspace(-12, 12, 1201)
    ]
    by_quadrature = trapezoid(inner * second.pdf(np.linspace(-12, 12, 1201)), dx=0.02)
    assert mean_kernel(terms_of(first), terms_of(second), 0.5) == pytest.approx(by_quadrature, abs=1e-9)


def test_mmd_of_points_is_that_of_their_kernel_matrix() -> None:
    x = np.array([-1, 0.5, 3, 1])
    kernel = np.exp(-(np.subtract.outer(x, x) ** 2) / (2 * 0.8**2))
    p, q = np.array([0.5, 0.2, 0.3, 0]), np.array([0, 0, 0, 1.0])
    assert mmd_squared(POINTS, Dirac(1), 0.8) == pytest.approx(rkhs_ipm(kernel, p, q).value ** 2, abs=1e-12)


def test_mmd_in_the_plane() -> None:
    first, second = PlaneGaussian((0, 1), ((1, 0), (0, 4))), PlaneGaussian((1, -1), ((0.25, 0), (0, 1)))
    lines = [
        mean_kernel(terms_of(Gaussian(0, 1)), terms_of(Gaussian(1, 0.5)), 1.3),
        mean_kernel(terms_of(Gaussian(1, 2)), terms_of(Gaussian(-1, 1)), 1.3),
    ]
    product = lines[0] * lines[1]  # the kernel factorises
    assert mean_kernel(terms_of(first), terms_of(second), 1.3) == pytest.approx(product, abs=1e-14)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    turned = [
        GaussianTerms(np.ones(1), each.mean()[None] @ turn.T, (turn @ each.covariance() @ turn.T)[None])
        for each in (first, second)
    ]
    assert mmd_squared(*turned, 1.3) == pytest.approx(mmd_squared(first, second, 1.3), abs=1e-12)
    corners = [PlaneDiscrete(((0, 0), (3, 4)), weights) for weights in ((1, 0), (0, 1))]
    assert mmd_squared(*corners, 5) == pytest.approx(2 - 2 * math.exp(-0.5), abs=1e-14)


def energy_by_cdf(p: LineDistribution, q: LineDistribution) -> float:
    """2 ∫ (F - G)² dx, by quadrature between the knots of both."""
    knots = np.unique([*p.knots(), *q.knots()])
    return sum(
        quad(lambda x: 2 * (p.cdf(x) - q.cdf(x)) ** 2, *ends, epsabs=1e-12)[0] for ends in pairwise(knots)
    )


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_energy_distance_two_ways(p: LineDistribution, q: LineDistribution) -> None:
    value = energy_distance(p, q)
    assert value > 0
    assert energy_distance(q, p) == pytest.approx(value, abs=1e-12)
    assert energy_by_cdf(p, q) == pytest.approx(value, abs=1e-9)
    assert energy_distance(p, p) == pytest.approx(0, abs=1e-12)
    assert 0 < mmd_squared(p, q, 1) < 2
    assert mmd_squared(q, q, 1) == pytest.approx(0, abs=1e-12)


def test_energy_distance_of_points_is_the_square_of_scipys() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 9))
    value = energy_distance(Empirical(first), Empirical(second))
    assert value == pytest.approx(root_energy(first, second) ** 2, abs=1e-12)


def test_mean_distance_of_gaussians() -> None:
    assert mean_distance(terms_of(Gaussian(0, 1)), terms_of(Gaussian(0, 1))) == pytest.approx(
        2 / math.sqrt(math.pi), abs=1e-14
    )
    assert mean_distance(terms_of(Dirac(3)), terms_of(Gaussian(-2, 1e-3))) == pytest.approx(5, abs=1e-12)


def test_unbiased_estimates_come_near() -> None:
    rng, permutations = np.random.default_rng(1), torch.Generator().manual_seed(0)
    p, q = MIXTURE, Gaussian(0, 1)
    x, y = (torch.from_numpy(each.sample(3000, rng))[:, None] for each in (p, q))
    estimates = mmd_test(x, y, permutations, 1.0, 1).statistic, energy_test(x, y, permutations, 1).statistic
    # four standard errors, from repeated draws
    assert estimates[0] == pytest.approx(mmd_squared(p, q, 1.0), abs=0.04)
    assert estimates[1] == pytest.approx(energy_distance(p, q), abs=0.12)


def test_bad_input_gets_its_sentence() -> None:
    with pytest.raises(
        UserError, match=r"distribution must be a sum of Gaussians or of points; got 'Uniform'\."
    ):
        mmd_squared(Uniform(0, 1), Dirac(0), 1)
    with pytest.raises(UserError, match=r"bandwidth must be a number greater than 0; got 0\."):
        mmd_squared(Dirac(0), Dirac(1), 0)
    plane = GaussianTerms(np.ones(1), np.zeros((1, 2)), np.zeros((1, 2, 2)))
    with pytest.raises(UserError, match=r"q must be in 1 dimension, as p is; got 2\."):
        mmd_squared(terms_of(Dirac(0)), plane, 1)
