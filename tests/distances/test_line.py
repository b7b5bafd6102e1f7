"""Distributions on the line against SciPy's, and the sentences that refuse bad ones."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from gan_lab.config.errors import BadValueError
from gan_lab.distances.line import (
    Density,
    Dirac,
    Discrete,
    Empirical,
    Gaussian,
    LineDistribution,
    LineMixture,
    Uniform,
)

MIXTURE = LineMixture((0.3, 0.0, 0.7), (-2.0, 50.0, 1.5), (0.2, 1.0, 1.1))
DENSITIES: tuple[Density, ...] = (Gaussian(1.5, 0.4), MIXTURE, Uniform(-2.0, 3.0))
POINTS: tuple[LineDistribution, ...] = (
    Dirac(2.0),
    Discrete((3.0, -1.0, 3.0, 0.0), (0.1, 0.5, 0.3, 0.1)),
    Empirical((2.0, 2.0, -1.0, 0.5, 7.0)),
)
X = np.linspace(-4, 5, 37)
U = np.array([1e-12, 0.01, 0.2999999, 0.3, 0.300001, 0.5, 0.9, 1 - 1e-12])


def test_a_gaussian_and_a_uniform_are_scipys() -> None:
    pairs = (DENSITIES[0], stats.norm(1.5, 0.4)), (DENSITIES[2], stats.uniform(-2, 5))
    for ours, theirs in pairs:
        assert_allclose(ours.pdf(X), theirs.pdf(X), atol=1e-14)
        assert_allclose(ours.cdf(X), theirs.cdf(X), atol=1e-14)
        assert_allclose(ours.quantile(U), theirs.ppf(U), atol=1e-12)
        assert [ours.mean(), ours.variance()] == pytest.approx([theirs.mean(), theirs.var()], abs=1e-14)


def test_a_mixture_is_the_weighted_sum_of_its_components() -> None:
    parts = ((0.3, stats.norm(-2, 0.2)), (0.7, stats.norm(1.5, 1.1)))
    assert_allclose(MIXTURE.pdf(X), sum(w * part.pdf(X) for w, part in parts), atol=1e-14)
    assert_allclose(MIXTURE.cdf(X), sum(w * part.cdf(X) for w, part in parts), atol=1e-14)
    mean, second = (
        sum(w * moment for w, moment in zip((0.3, 0.7), m, strict=True))
        for m in (((-2.0), 1.5), (4 + 0.04, 1.5**2 + 1.21))
    )
    assert [MIXTURE.mean(), MIXTURE.variance()] == pytest.approx([mean, second - mean**2], abs=1e-13)


def test_a_log_density_does_not_underflow_where_the_density_does() -> None:
    x = np.array([-1000.0, 60.0])
    assert_allclose(Gaussian(0, 1).log_pdf(x), stats.norm.logpdf(x), rtol=1e-14)
    assert_allclose(MIXTURE.log_pdf(x), np.log(0.7) + stats.norm.logpdf(x, 1.5, 1.1), rtol=1e-14)
    assert Gaussian(0, 1).log_pdf(1e200) == -np.inf
    assert Gaussian(0, 1).pdf(1000.0) == 0


@pytest.mark.parametrize("distribution", DENSITIES)
def test_quantiles_invert_the_distribution_function(distribution: Density) -> None:
    assert_allclose(distribution.cdf(distribution.quantile(U)), U, rtol=1e-12, atol=1e-15)
    assert distribution.quantile(0.0) == distribution.support()[0]
    assert distribution.quantile(1.0) == distribution.support()[1]


def test_a_quantile_is_found_between_components_that_are_far_apart() -> None:
    far = LineMixture((0.25, 0.75), (-1e4, 1.0), (1.0, 1e-3))
    assert far.quantile(0.1) == pytest.approx(-1e4 + stats.norm.ppf(0.4), abs=1e-9)
    assert far.quantile(0.5) == pytest.approx(1 + 1e-3 * stats.norm.ppf(1 / 3), abs=1e-12)


def test_points_jump_where_they_lie() -> None:
    points = POINTS[1]  # -1: .5, 0: .1, 3: .4
    assert_allclose(points.cdf([-1.001, -1, -0.5, 0, 2.9, 3, 9]), [0, 0.5, 0.5, 0.6, 0.6, 1, 1], atol=1e-15)
    assert_allclose(points.quantile([0, 0.2, 0.5, 0.55, 0.6, 0.61, 1]), [-1, -1, -1, 0, 0, 3, 3])
    assert [points.mean(), points.variance()] == pytest.approx([0.7, 0.5 + 3.6 - 0.49], abs=1e-14)


def test_a_point_without_weight_is_none() -> None:
    points = Discrete((-5.0, 0.0, 1.0), (0.0, 0.5, 0.5))
    assert points.quantile(0.0) == 0
    assert points.knots() == (0, 1)


def test_an_empirical_distribution_weighs_each_draw_alike() -> None:
    draws = np.array([2.0, 2.0, -1.0, 0.5, 7.0])
    empirical = Empirical(draws)  # type: ignore[arg-type]
    assert empirical == POINTS[2]
    assert [empirical.mean(), empirical.variance()] == pytest.approx([draws.mean(), draws.var()], abs=1e-14)
    assert_allclose(empirical.cdf([1.9, 2.0]), [0.4, 0.8], atol=1e-15)


@pytest.mark.parametrize("distribution", [*DENSITIES, *POINTS])
def test_draws_have_the_distribution(distribution: LineDistribution) -> None:
    draws = distribution.sample(4000, np.random.default_rng(0))
    x = np.unique(np.round(draws, 2)) + 0.005
    assert draws.shape == (4000,)
    shares = (draws[:, None] <= x).mean(axis=0)
    assert np.abs(shares - distribution.cdf(x)).max() < 1.63 / 4000**0.5  # Kolmogorov's 1% bound


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: LineMixture((0.5, 0.6), (0, 1), (1, 1)),
            "weights must be numbers >= 0 that sum to 1; got",
        ),
        (lambda: LineMixture((1.5, -0.5), (0, 1), (1, 1)), "weights must be numbers >= 0 that sum to 1"),
        (lambda: LineMixture((), (), ()), "weights must be numbers >= 0 that sum to 1; got"),
        (
            lambda: LineMixture((0.5, 0.5), (0,), (1, 1)),
            "means must be as many entries as weights has, 2",
        ),
        (lambda: LineMixture((0.5, 0.5), (0, 1), (1, 0)), "scales must be numbers greater than 0"),
        (lambda: LineMixture((0.5, 0.5), (0, float("nan")), (1, 1)), "means must be finite numbers"),
        (lambda: Gaussian(0, -1), "scale must be a number greater than 0; got -1"),
        (lambda: Gaussian(float("inf"), 1), "mean must be a finite number; got inf"),
        (lambda: Uniform(1, 1), "high must be greater than low, 1.0; got 1.0"),
        (lambda: Discrete((0, 1), (1.0,)), "weights must be as many entries as atoms has, 2; got"),
        (lambda: Discrete((0, 1), (0.5, float("nan"))), "weights must be numbers >= 0 that sum to 1"),
        (lambda: Empirical(()), "samples must be finite numbers, at least one; got"),
        (lambda: Empirical(np.zeros((2, 2))), "samples must be finite numbers, at least one; got"),  # type: ignore[arg-type]
        (lambda: Dirac(float("nan")), "location must be a finite number; got nan"),
    ],
)
def test_bad_parameters_get_their_sentence(make: Callable[[], LineDistribution], sentence: str) -> None:
    with pytest.raises(BadValueError) as error:
        make()
    assert str(error.value).startswith(sentence)


def test_weights_written_as_decimals_are_rescaled() -> None:
    mixture = LineMixture((0.333333, 0.333333, 0.333334), (0, 1, 2), (1, 1, 1))
    assert mixture.cdf(100.0) == pytest.approx(1, abs=1e-15)
    assert Discrete((0, 1, 2), (0.333333, 0.333333, 0.3333335)).cdf(2.0) == 1


def test_weights_written_with_a_few_decimals_sum_to_one_to_the_last_digit() -> None:
    thirds = (0.333333, 0.333333, 0.333333)
    _, masses = Discrete((0.0, 1.0, 2.0), thirds).masses()
    of_components, _, _ = LineMixture(thirds, (0.0, 1.0, 2.0), (1.0, 1.0, 1.0)).components()
    for weights in (masses, of_components):
        assert weights.sum() == pytest.approx(1, abs=1e-15)
        assert weights == pytest.approx([1 / 3] * 3, abs=1e-15)
