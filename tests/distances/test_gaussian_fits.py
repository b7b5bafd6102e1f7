"""Gaussians fitted to mixtures: golden values, symmetries, and landscapes against adaptive quadrature."""

import functools
import math
from typing import get_args

import numpy as np
import pytest

from gan_lab.distances.by_name import BY_NAME, DivergenceName
from gan_lab.distances.fits.gaussian_fits import (
    Minimum,
    find_minima,
    is_minimum,
    polish_minima,
    starting_points,
)
from gan_lab.distances.line import Gaussian, LineMixture
from gan_lab.distances.line.bends import creases

TWINS = LineMixture((0.5, 0.5), (-2.0, 2.0), (0.6, 0.6))
# the mixture behind table 3 of the f-GAN paper, rounded
FGAN = LineMixture((0.33, 0.67), (-1.0, 2.0), (0.25, math.sqrt(2)))

# divergence (mean, scale) of every minimum, global ones first
OF_TWINS: dict[str, list[tuple[float, float, float]]] = {
    "kl": [(0.555156, 0, 2.0881)],
    "reverse_kl": [(0.691836, -1.9971, 0.6049), (0.691836, 1.9971, 0.6049), (1.138382, 0, 1.7903)],
    "jensen_shannon": [(0.154805, 0, 2.0634), (0.215280, -1.9948, 0.6091), (0.215280, 1.9948, 0.6091)],
    "jeffrey": [(1.714756, 0, 1.8411)],
    "total_variation": [(0.449333, 0, 2.1088), (0.473396, -1.6498, 1.1713), (0.473396, 1.6498, 1.1713)],
    "pearson_chi_squared": [(1.026922, 0, 2.1274)],
    "wasserstein_1": [(0.671781, 0, 2.0602)],
    "wasserstein_2": [(math.sqrt(0.580934), 0, 1.94398)],
}
BEST_OF_FGAN = {
    "kl": (0.288093, 1.010000, 1.830444),
    "reverse_kl": (0.250673, 1.584093, 1.629423),
    "jensen_shannon": (0.129827 / 2, 1.312515, 1.752473),
    "jeffrey": (0.579101, 1.324916, 1.702270),
    "pearson_chi_squared": (0.661622, 0.566320, 1.926751),
    "squared_hellinger": (0.136575, 1.317500, 1.731561),
    "total_variation": (0.241060, 1.339828, 1.878226),
    "neyman_chi_squared": (0.407191, 1.828559, 1.517051),
}
EVERY = list(BY_NAME)


@functools.cache
def minima_of(name: str, target: LineMixture) -> tuple[Minimum, ...]:
    return find_minima(BY_NAME[name].landscape(target))


def assert_close(found: Minimum, height: float, mean: float, scale: float) -> None:
    assert found.height == pytest.approx(height, abs=2e-5)
    assert (found.mean, found.scale) == pytest.approx((mean, scale), abs=1e-4)


def test_every_name_that_a_config_may_use_is_there() -> None:
    assert set(get_args(DivergenceName)) == set(BY_NAME)


@pytest.mark.parametrize("name", OF_TWINS)
def test_golden_minima_of_two_equal_modes(name: str) -> None:
    minima = minima_of(name, TWINS)
    assert len(minima) == len(OF_TWINS[name])
    for found, expected in zip(minima, OF_TWINS[name], strict=True):
        assert_close(found, *expected)
    heights = [found.height for found in minima]
    assert [found.is_global for found in minima] == [height < heights[0] + 1e-6 for height in heights]


def test_the_hellinger_distance_has_a_covering_and_two_seeking_minima() -> None:
    best, left, right = minima_of("squared_hellinger", TWINS)
    assert_close(best, 0.348091, 0, 2.0193)
    assert (left.is_global, right.is_global) == (False, False)
    assert (left.mean, left.scale, left.height) == pytest.approx((-right.mean, right.scale, right.height))


@pytest.mark.parametrize("name", BEST_OF_FGAN)
def test_golden_fits_of_the_mixture_of_the_f_gan_paper(name: str) -> None:
    assert_close(minima_of(name, FGAN)[0], *BEST_OF_FGAN[name])


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("target", [TWINS, FGAN], ids=["twins", "fgan"])
def test_a_minimum_is_what_adaptive_quadrature_says_and_lower_than_all_around(
    name: str, target: LineMixture
) -> None:
    exact = BY_NAME[name].exact
    for found in minima_of(name, target):
        assert found.height == pytest.approx(exact(target, Gaussian(found.mean, found.scale)), abs=1e-9)
        for angle in np.linspace(0, 2 * np.pi, 6, endpoint=False):
            mean = found.mean + 0.02 * found.scale * math.cos(angle)
            scale = found.scale * math.exp(0.02 * math.sin(angle))
            assert exact(target, Gaussian(mean, scale)) > found.height + 1e-6


@pytest.mark.parametrize("name", EVERY)
def test_landscapes_agree_with_adaptive_quadrature_far_from_minima_too(name: str) -> None:
    landscape, exact = BY_NAME[name].landscape(FGAN), BY_NAME[name].exact
    for mean, scale in [(-3.0, 1.2), (0.0, 0.2), (0.5, 1.05), (2.0, 1.9), (6.0, 5.0)]:
        assert landscape.height(mean, scale) == pytest.approx(exact(FGAN, Gaussian(mean, scale)), rel=1e-8)
        (height,) = landscape.heights(np.array([mean]), np.array([scale]))
        assert height == pytest.approx(landscape.height(mean, scale), rel=5e-3)


def test_chi_squared_is_infinite_from_twice_or_half_the_widest_variance_on() -> None:
    neyman, pearson = (
        BY_NAME[name].landscape(FGAN) for name in ("neyman_chi_squared", "pearson_chi_squared")
    )
    # the widest component has variance 2
    assert math.isinf(neyman.height(0.0, 2.0001))
    assert math.isinf(neyman.height(2.0, 2 + 1e-9))  # by rule: no number in reach exceeds float64
    assert math.isfinite(neyman.height(2.0, 1.999))
    assert math.isinf(pearson.height(0.0, 0.9999))
    assert math.isfinite(pearson.height(2.0, 1.001))


def test_kl_matches_the_moments_of_any_mixture() -> None:
    target = LineMixture((0.2, 0.3, 0.5), (-4.0, 0.0, 1.0), (0.1, 2.0, 0.5))
    (found,) = minima_of("kl", target)
    assert found.mean == pytest.approx(target.mean(), abs=1e-5)
    assert found.scale == pytest.approx(math.sqrt(target.variance()), abs=1e-5)


def test_a_descent_from_a_mean_of_zero_does_not_stall() -> None:
    (found,) = polish_minima(BY_NAME["kl"].landscape(FGAN), np.array([[0.0, 0.0]]))
    assert_close(found, *BEST_OF_FGAN["kl"])


def test_simplices_that_stall_on_their_way_leave_no_copies() -> None:
    target = LineMixture((0.2, 0.3, 0.5), (-10.0, 0.0, 1.0), (0.01, 3.0, 0.1))
    (found,) = minima_of("jeffrey", target)
    assert_close(found, 3.512986, -0.51222, 3.67776)


@pytest.mark.parametrize("name", ["reverse_kl", "jeffrey", "jensen_shannon", "squared_hellinger"])
def test_modes_far_apart_have_their_own_minima_and_nothing_between_has(name: str) -> None:
    target = LineMixture((0.5, 0.5), (-60.0, 60.0), (0.6, 0.6))
    left, right, *covering = minima_of(name, target)
    assert (left.mean, left.scale) == pytest.approx((-right.mean, right.scale), abs=1e-4)
    assert left.is_global
    assert right.is_global
    assert [found.mean for found in covering] == pytest.approx([0] * len(covering), abs=1e-2)
    for found in (left, right, *covering):
        exact = BY_NAME[name].exact(target, Gaussian(found.mean, found.scale))
        assert found.height == pytest.approx(exact, rel=1e-9)


def test_the_corner_of_the_log_density_between_far_modes_is_integrated_exactly() -> None:
    target = LineMixture((0.3, 0.7), (-60.0, 60.0), (0.6, 0.9))
    landscape, exact = BY_NAME["reverse_kl"].landscape(target), BY_NAME["reverse_kl"].exact
    assert landscape.height(15.0, 45.0) == pytest.approx(exact(target, Gaussian(15.0, 45.0)), rel=1e-9)


def test_components_turn_into_each_other_where_they_are_equally_dense() -> None:
    positions, widths = creases(LineMixture((0.3, 0.7, 0.0), (-1.0, 2.0, 9.0), (0.5, 1.5, 1.0)))
    assert len(positions) == 2  # no weight, no crease
    slopes = -(positions + 1) / 0.25 + (positions - 2) / 2.25
    first, second = (w * Gaussian(m, s).pdf(positions) for w, m, s in [(0.3, -1.0, 0.5), (0.7, 2.0, 1.5)])
    assert first == pytest.approx(second, rel=1e-9)
    assert widths == pytest.approx(1 / np.abs(slopes), rel=1e-9)
    assert len(creases(LineMixture((0.5, 0.5), (1.0, 1.0), (2.0, 2.0)))[0]) == 0


def test_of_the_flat_bottom_of_the_total_variation_one_point_stays() -> None:
    target = LineMixture((0.4, 0.6), (-1.0, 30.0), (0.01, 1.0))
    wide, narrow = minima_of("total_variation", target)
    # all q that are nowhere below the component times its weight
    assert (wide.height, narrow.height) == pytest.approx((0.4, 0.6))
    assert (wide.is_global, narrow.is_global) == (True, False)
    assert 1 < wide.scale < 1 / 0.6
    assert 0.01 < narrow.scale < 0.01 / 0.4


def test_a_component_without_weight_changes_nothing() -> None:
    ghost = LineMixture((0.33, 0.67, 0.0), (-1.0, 2.0, 50.0), (0.25, math.sqrt(2), 9.0))
    for name in ("reverse_kl", "neyman_chi_squared"):
        assert minima_of(name, ghost) == minima_of(name, FGAN)


def test_a_ridge_and_a_plateau_have_no_minimum() -> None:
    landscape = BY_NAME["jensen_shannon"].landscape(TWINS)
    assert is_minimum(landscape, np.array([0.0, math.log(2.06345)]))
    assert not is_minimum(landscape, np.array([0.0, math.log(0.3)]))  # between the modes: flat in the mean
    assert landscape.height(1e4, 1.0) == pytest.approx(math.log(2))
    assert not is_minimum(landscape, np.array([1e4, 0.0]))


def test_a_minimum_may_lie_at_the_edge_of_what_is_finite() -> None:
    close = LineMixture((0.5, 0.5), (-1.0, 1.0), (0.6, 0.6))
    left, right = minima_of("neyman_chi_squared", close)
    edge = 0.6 * math.sqrt(2)
    assert (left.scale, right.scale) == pytest.approx((edge, edge), abs=1e-5)
    exact = BY_NAME["neyman_chi_squared"].exact
    assert exact(close, Gaussian(right.mean, right.scale)) == pytest.approx(right.height, abs=1e-6)
    assert math.isinf(exact(close, Gaussian(right.mean, edge * 1.001)))
    assert right.height < exact(close, Gaussian(right.mean, edge * 0.999)) < exact(close, Gaussian(0, 0.848))


@pytest.mark.parametrize("name", EVERY)
def test_a_gaussian_is_its_own_nearest(name: str) -> None:
    (found,) = find_minima(BY_NAME[name].landscape(LineMixture((1.0,), (1.0,), (2.0,))))
    assert found.height == pytest.approx(0, abs=1e-6)
    assert (found.mean, found.scale) == pytest.approx((1, 2), abs=1e-5)


@pytest.mark.parametrize("name", ["reverse_kl", "total_variation", "wasserstein_1"])
def test_fits_move_and_stretch_with_their_target(name: str) -> None:
    means, scales = (tuple(10 * m - 100 for m in FGAN.means), tuple(10 * s for s in FGAN.scales))
    moved = LineMixture(FGAN.weights, means, scales)
    unit = 10 if name.startswith("wasserstein") else 1
    for one, other in zip(minima_of(name, FGAN), minima_of(name, moved), strict=True):
        assert other.mean == pytest.approx(10 * one.mean - 100, abs=1e-4)
        assert other.scale == pytest.approx(10 * one.scale, abs=1e-4)
        assert other.height == pytest.approx(unit * one.height, abs=1e-6)


def test_a_narrow_component_far_away_has_its_own_minimum() -> None:
    target = LineMixture((0.1, 0.9), (-10.0, 1.0), (0.01, 1.0))
    nearest = [(found.mean, found.scale) for found in minima_of("reverse_kl", target)]
    assert nearest == [pytest.approx((1, 1), abs=1e-4), pytest.approx((-10, 0.01), abs=1e-4)]


def test_starting_points_lie_where_the_divergence_is_finite() -> None:
    landscape = BY_NAME["neyman_chi_squared"].landscape(TWINS)
    heights = [landscape.height(mean, math.exp(log_scale)) for mean, log_scale in starting_points(landscape)]
    assert len(heights) >= 4
    assert np.isfinite(heights).all()
