"""Distributions in the plane: densities and moments, divergences against closed forms, refusals."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import stats
from torch.distributions import MultivariateNormal, kl_divergence

from gan_lab.config.errors import BadValueError
from gan_lab.distances.divergences import (
    jeffrey,
    jensen_shannon,
    kl,
    neyman_chi_squared,
    pearson_chi_squared,
    squared_hellinger,
    total_variation,
)
from gan_lab.distances.line import Gaussian
from gan_lab.distances.plane import (
    PlaneDensity,
    PlaneDiscrete,
    PlaneDistribution,
    PlaneGaussian,
    PlaneMixture,
    PlaneSamples,
    Rectangle,
    Segment,
)

EYE = ((1.0, 0.0), (0.0, 1.0))
STANDARD = PlaneGaussian((0, 0), EYE)
SLANTED = PlaneGaussian((0.3, -1), ((2, 0.9), (0.9, 1)))
MIXTURE = PlaneMixture((0.2, 0.8, 0.0), ((0, 0), (2, 1), (99, 99)), (0.5, 1.2, 1))
EVERY: tuple[PlaneDistribution, ...] = (
    SLANTED,
    MIXTURE,
    Rectangle((-1, 2), (1, 5)),
    Segment((0, 1), (2, -1)),
    PlaneDiscrete(((0, 0), (1, 2), (0, 0)), (0.3, 0.3, 0.4)),
    PlaneSamples(((0, 0), (1, 2), (5, 5), (0, 0))),
)
ATOL = 2e-6  # what the quadrature in the plane promises, and the rounding of the facts


def test_densities_are_scipys() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    normal = stats.multivariate_normal
    expected = 0.2 * normal((0, 0), 0.25 * np.eye(2)).pdf(x) + 0.8 * normal((2, 1), 1.44 * np.eye(2)).pdf(x)
    assert_allclose(np.exp(MIXTURE.log_pdf(x)), expected, rtol=1e-12)
    assert_allclose(SLANTED.log_pdf(x), normal((0.3, -1), ((2, 0.9), (0.9, 1))).logpdf(x), rtol=1e-12)
    box = Rectangle((-1, -1), (1, 0.5)).log_pdf(x)
    assert_allclose(np.exp(box), ((np.abs(x[:, 0]) <= 1) & (np.abs(x[:, 1] + 0.25) <= 0.75)) / 3, atol=1e-15)


@pytest.mark.parametrize("distribution", EVERY)
def test_draws_have_its_mean_and_covariance(distribution: PlaneDistribution) -> None:
    draws, n = distribution.sample(20_000, np.random.default_rng(1)), 20_000
    assert draws.shape == (n, 2)
    deviations = np.sqrt(np.diag(distribution.covariance()))
    assert (np.abs(draws.mean(axis=0) - distribution.mean()) < 4 * deviations / n**0.5).all()
    bound = 12 * np.outer(deviations, deviations) / n**0.5
    assert (np.abs(np.cov(draws.T) - distribution.covariance()) < bound).all()


def test_moments_of_points_merge_what_is_repeated() -> None:
    points = EVERY[4]
    assert_allclose(points.mean(), [0.3, 0.6])
    assert_allclose(points.covariance(), [[0.21, 0.42], [0.42, 0.84]])
    assert total_variation(points, PlaneDiscrete(((1, 2), (0, 0)), (0.3, 0.7))) == pytest.approx(0, abs=1e-15)


def test_a_shift_in_any_direction_is_the_golden_value_of_the_line() -> None:
    q = PlaneGaussian((1.2, -1.6), EYE)  # 2 apart
    assert kl(STANDARD, q) == pytest.approx(2, abs=ATOL)
    assert jensen_shannon(STANDARD, q) == pytest.approx(0.336831, abs=ATOL)
    assert total_variation(STANDARD, q) == pytest.approx(0.682689, abs=ATOL)
    assert squared_hellinger(STANDARD, q) == pytest.approx(0.786939, abs=ATOL)
    assert pearson_chi_squared(STANDARD, q) == pytest.approx(53.598150, rel=1e-6)


def test_kl_of_slanted_gaussians_is_the_closed_form() -> None:
    first, second = ((2, 0.5), (0.5, 1)), ((1, -0.3), (-0.3, 1.5))
    p, q = PlaneGaussian((0, 0), first), PlaneGaussian((1, -1), second)
    assert kl(p, q) == pytest.approx(1.090569, abs=ATOL)
    of_torch = [
        MultivariateNormal(torch.tensor(mean).double(), torch.tensor(matrix).double())
        for mean, matrix in (((0, 0), first), ((1, -1), second))
    ]
    both = kl_divergence(*of_torch) + kl_divergence(*of_torch[::-1])
    assert jeffrey(p, q) == pytest.approx(float(both), abs=ATOL)


def test_a_thin_ridge_is_not_missed_however_it_is_turned() -> None:
    for turn in (0.0, 0.3, math.pi / 4):
        basis = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        p = PlaneGaussian((0, 0), basis @ np.diag([1.999, 0.001]) @ basis.T)  # type: ignore[arg-type]
        # along each axis int p^2/q = (s^2 (2 - s^2))^(-1/2) for the variance s^2
        expected = 1 / math.sqrt(1.999 * 0.001 * 0.001 * 1.999) - 1
        assert pearson_chi_squared(p, STANDARD) == pytest.approx(expected, rel=1e-5)
        assert kl(p, STANDARD) == pytest.approx((2 - 2 - math.log(1.999e-3)) / 2, abs=1e-5)


def test_a_ridge_across_a_rectangle_is_not_missed() -> None:
    side, deviations = 18, np.array([2, 0.01])
    basis = np.array([[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]])
    p = PlaneGaussian((0, 0), basis @ np.diag(deviations**2) @ basis.T)  # type: ignore[arg-type]
    box = Rectangle((-side / 2, -side / 2), (side / 2, side / 2))
    # p is the larger of the two inside the ellipse of radius R, R^2 = 2 log(p's peak / q)
    radius_squared = 2 * math.log(side**2 / (2 * math.pi * deviations.prod()))
    expected = -math.expm1(-radius_squared / 2) - math.pi * radius_squared * deviations.prod() / side**2
    assert total_variation(p, box) == pytest.approx(expected, abs=1e-5)
    assert kl(p, box) == math.inf


def test_a_ring_of_modes_against_its_gaussian() -> None:
    angles = 2 * math.pi * np.arange(8) / 8
    modes = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ring = PlaneMixture((1 / 8,) * 8, modes, (0.1,) * 8)  # type: ignore[arg-type]
    q = PlaneGaussian((0, 0), ((2, 0), (0, 2)))
    # the modes do not overlap (1.5 apart, deviation .1): entropies add
    entropy = math.log(8) + math.log(2 * math.pi * math.e * 0.01)
    assert kl(ring, q) == pytest.approx(-entropy + math.log(4 * math.pi) + (4 + 0.02) / 4, abs=1e-5)
    assert neyman_chi_squared(ring, q) == math.inf


@pytest.mark.parametrize("ratio", [2.0, 2.5])
def test_chi_squared_is_infinite_from_twice_the_variance_in_one_direction_on(ratio: float) -> None:
    q = PlaneGaussian(
        (0.5, 0), ((1 + (ratio - 1) / 2, (ratio - 1) / 2), ((ratio - 1) / 2, 1 + (ratio - 1) / 2))
    )
    assert neyman_chi_squared(STANDARD, q) == math.inf
    assert pearson_chi_squared(q, STANDARD) == math.inf
    assert pearson_chi_squared(STANDARD, q) < math.inf
    assert (
        neyman_chi_squared(STANDARD, PlaneMixture((1 - 1e-9, 1e-9), ((0, 0), (0, 0)), (1, ratio**0.5)))
        == math.inf
    )


def test_rectangles_overlap_where_they_do() -> None:
    p, q = Rectangle((0, 0), (1, 1)), Rectangle((0.5, 0.25), (1.5, 1.25))
    assert total_variation(p, q) == pytest.approx(1 - 0.375, abs=1e-12)
    assert squared_hellinger(p, q) == pytest.approx(2 * 0.625, abs=1e-12)
    assert kl(p, q) == math.inf
    assert kl(p, Rectangle((-1, -1), (1, 3))) == pytest.approx(math.log(8), abs=1e-12)
    assert jensen_shannon(p, Rectangle((1, 0), (2, 1))) == pytest.approx(math.log(2), abs=1e-15)


def test_mass_beyond_a_rectangle_is_counted() -> None:
    box = Rectangle((-1, -1), (1, 1))
    inside = (2 * stats.norm.cdf(1) - 1) ** 2
    # p < q = 1/4 all over the box
    assert total_variation(STANDARD, box) == pytest.approx(1 - inside, abs=ATOL)
    assert kl(STANDARD, box) == math.inf
    assert kl(box, STANDARD) == pytest.approx(-math.log(4) + math.log(2 * math.pi) + 1 / 3, abs=ATOL)


def test_parallel_lines_are_singular_and_collinear_ones_are_uniforms() -> None:
    line = Segment((0, 0), (0, 1))
    for other in (
        Segment((0.5, 0), (0.5, 1)),
        Segment((-1, 0.5), (1, 0.5)),
        Segment((0, 2), (0, 3)),
        STANDARD,
    ):
        assert jensen_shannon(line, other) == pytest.approx(math.log(2), abs=1e-15)
        assert total_variation(line, other) == 1
        assert kl(line, other) == kl(other, line) == math.inf
    for shift in (1e-12, 1e-16, 1e-300, -1e-9):
        beside = Segment((shift, 0), (shift, 1))
        assert (jensen_shannon(line, beside), kl(line, beside)) == (math.log(2), math.inf)
    for turn in ((3, 1), (1e-9, 1e9)):  # decimals of a slanted line are rounded
        (x, y), third = turn, 1 / 3
        ends = (third * x, third * y), (5 * third * x, 5 * third * y)
        assert jensen_shannon(Segment((0, 0), turn), Segment(*ends)) < math.log(2) - 0.1
    tilted, along = Segment((1, 1), (4, 5)), Segment((7, 9), (2.5, 3))  # the second from 1/2 to 2 lengths
    assert total_variation(tilted, along) == pytest.approx(1 - 0.5 / 1.5, abs=1e-12)
    assert kl(tilted, Segment((7, 9), (1, 1))) == pytest.approx(math.log(2), abs=1e-12)
    assert jensen_shannon(line, Segment((0, 1), (0, 0))) == pytest.approx(0, abs=1e-15)


def test_points_never_meet_a_density() -> None:
    for other in (STANDARD, Rectangle((-1, -1), (1, 1)), Segment((0, 0), (1, 1))):
        assert total_variation(PlaneSamples(((0, 0), (1, 1))), other) == 1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: PlaneGaussian((0, 0, 0), EYE), "mean must be a point of two numbers; got (0, 0, 0)"),
        (
            lambda: PlaneGaussian((0, 0), ((1, 2), (2, 1))),
            "covariance must be a symmetric, positive definite matrix",
        ),
        (
            lambda: PlaneGaussian((0, 0), ((1, 1), (1, 1))),
            "covariance must be a symmetric, positive definite matrix",
        ),
        (lambda: PlaneGaussian((0, 0), ((1, 0),)), "covariance must be two rows of two numbers; got"),
        (
            lambda: PlaneMixture((0.5, 0.6), ((0, 0), (1, 1)), (1, 1)),
            "weights must be numbers >= 0 that sum to 1; got",
        ),
        (
            lambda: PlaneMixture((0.5, 0.5), ((0, 0),), (1, 1)),
            "means must be as many entries as weights has, 2; got",
        ),
        (
            lambda: PlaneMixture((0.5, 0.5), ((0, 0), (1, 1)), (1, -1)),
            "scales must be numbers greater than 0",
        ),
        (
            lambda: Rectangle((0, 0), (1, 0)),
            "high must be above and to the right of low, [0.0, 0.0]; got [1.0, 0.0]",
        ),
        (lambda: Segment((1, 1), (1, 1)), "end must be another point than start, [1.0, 1.0]; got"),
        (
            lambda: PlaneDiscrete(((0, 0, 1),), (1.0,)),
            "atoms must be points of two numbers each, at least one; got",
        ),
        (
            lambda: PlaneDiscrete(((0, 0),), (0.5, 0.5)),
            "weights must be as many entries as atoms has, 1; got",
        ),
        (lambda: PlaneSamples(()), "samples must be points of two numbers each, at least one; got"),
        (
            lambda: PlaneSamples(((0, float("nan")),)),
            "samples must be points of two numbers each, at least one; got",
        ),
    ],
)
def test_bad_parameters_get_their_sentence(make: Callable[[], PlaneDistribution], sentence: str) -> None:
    with pytest.raises(BadValueError) as error:
        make()
    assert str(error.value).startswith(sentence)


def test_a_line_and_a_plane_share_no_space() -> None:
    with pytest.raises(
        ValueError, match="two distributions on the line or two in the plane; got one of each"
    ):
        kl(Gaussian(0, 1), STANDARD)


def test_every_density_has_mass_1() -> None:
    for density in (SLANTED, MIXTURE, EVERY[2]):
        assert isinstance(density, PlaneDensity)
        # TV to something far away counts each one's mass: 1/2 + 1/2
        far = PlaneMixture((1.0,), ((500, 500),), (1.0,))
        assert total_variation(density, far) == pytest.approx(1, abs=1e-6)
