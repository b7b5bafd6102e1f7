"""What holds for all distributions: metrics, inequalities between divergences, invariances."""

import math
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_lab.distances import generating_functions as f
from gan_lab.distances.divergences import (
    f_divergence,
    jeffrey,
    jensen_shannon,
    kl,
    neyman_chi_squared,
    pearson_chi_squared,
    squared_hellinger,
    total_variation,
)
from gan_lab.distances.line import Discrete, Gaussian, LineDistribution, LineMixture, Uniform
from gan_lab.distances.line.distribution import Measure
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.distances.plane import PlaneDiscrete
from gan_lab.distances.plane.transport import wasserstein_plane

D = TypeVar("D", bound=LineDistribution)

FUNCTIONS = (
    *(f.KULLBACK_LEIBLER, f.REVERSE_KULLBACK_LEIBLER, f.JEFFREY, f.TOTAL_VARIATION, f.SQUARED_HELLINGER),
    *(f.JENSEN_SHANNON, f.PEARSON, f.NEYMAN),
    *(f.alpha_function(a) for a in (-1.5, 0.3, 1.5, 3)),
    f.weighted_jensen_shannon_function(0.2),
)
SLACK = 1e-9  # of the quadrature
few = settings(max_examples=25, deadline=None, derandomize=True)

numbers = st.floats(-4, 4).map(lambda x: round(x, 3))
scales = st.floats(0.1, 3).map(lambda x: round(x, 3))


def weights(n: int) -> st.SearchStrategy[tuple[float, ...]]:
    """Weights of n things, of which some may be 0."""
    counts = st.lists(st.integers(0, 20), min_size=n, max_size=n).filter(any)
    return counts.map(lambda c: tuple(k / sum(c) for k in c))


def lists(values: st.SearchStrategy[float], n: int) -> st.SearchStrategy[tuple[float, ...]]:
    return st.lists(values, min_size=n, max_size=n).map(tuple)


discretes = st.builds(Discrete, st.just((-1.0, 0.0, 0.5, 2.0, 3.0)), weights(5))
mixtures = st.builds(LineMixture, weights(2), lists(numbers, 2), lists(scales, 2))
gaussians = st.builds(Gaussian, numbers, scales)
uniforms = st.builds(lambda low, width: Uniform(low, low + width), numbers, scales)
densities = st.one_of(gaussians, mixtures, uniforms)
anything = st.one_of(discretes, densities)


@few
@given(anything, anything)
def test_divergences_are_not_negative(p: Measure, q: Measure) -> None:
    for function in FUNCTIONS:
        assert f_divergence(p, q, function) >= 0


@few
@given(anything, anything)
def test_some_are_symmetric_and_the_others_come_in_pairs(p: Measure, q: Measure) -> None:
    for symmetric in (jeffrey, total_variation, jensen_shannon, squared_hellinger):
        assert math.isclose(symmetric(p, q), symmetric(q, p), rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(pearson_chi_squared(p, q), neyman_chi_squared(q, p), rel_tol=1e-9, abs_tol=1e-12)


METRICS: tuple[Callable[[LineDistribution, LineDistribution], float], ...] = (
    total_variation,
    lambda p, q: math.sqrt(jensen_shannon(p, q)),
    lambda p, q: math.sqrt(squared_hellinger(p, q)),
    wasserstein_line,
    partial(wasserstein_line, order=2),
)


@few
@given(anything, anything, anything)
def test_metrics_obey_the_triangle_inequality(
    p: LineDistribution, q: LineDistribution, r: LineDistribution
) -> None:
    for metric in METRICS:
        # the root of a divergence of 1e-15 is 3e-8
        assert metric(p, r) <= metric(p, q) + metric(q, r) + 1e-7


@few
@given(anything, anything)
def test_the_inequalities_between_divergences(p: Measure, q: Measure) -> None:
    tv, hellinger, divergence = total_variation(p, q), squared_hellinger(p, q), kl(p, q)
    assert tv <= math.sqrt(divergence / 2) + SLACK  # Pinsker, with the constant that cannot be improved
    assert tv <= math.sqrt(-math.expm1(-divergence)) + SLACK  # Bretagnolle and Huber
    assert hellinger / 2 <= tv + SLACK
    assert tv <= math.sqrt(hellinger * (1 - hellinger / 4)) + SLACK
    assert divergence <= math.log1p(pearson_chi_squared(p, q)) + SLACK
    jsd = jensen_shannon(p, q)
    assert tv * tv / 2 <= jsd + SLACK
    assert jsd <= math.log(2) * tv + SLACK
    assert 0 <= tv <= 1 + SLACK


@few
@given(weights(6), weights(6), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_data_processing(p: tuple[float, ...], q: tuple[float, ...], labels: list[int]) -> None:
    fine = [Discrete(tuple(range(6)), w) for w in (p, q)]
    coarse = [Discrete(tuple(labels), w) for w in (p, q)]
    for function in FUNCTIONS:
        before = f_divergence(*fine, function)
        assert f_divergence(*coarse, function) <= before + SLACK * max(1, before)


@few
@given(densities, densities)
def test_binning_loses_divergence(p: LineDistribution, q: LineDistribution) -> None:
    edges = np.array([-3.0, -1, 0, 0.5, 2, 6])
    binned = []
    for distribution in (p, q):
        masses = np.diff(distribution.cdf(edges), prepend=0, append=1)
        binned.append(Discrete(tuple(range(len(masses))), tuple(masses / masses.sum())))
    for function in (f.TOTAL_VARIATION, f.JENSEN_SHANNON, f.SQUARED_HELLINGER):
        assert f_divergence(*binned, function) <= f_divergence(p, q, function) + SLACK


def moved(distribution: LineDistribution, shift: float, factor: float) -> LineDistribution:
    """The distribution of shift + factor x."""
    if isinstance(distribution, Gaussian):
        return Gaussian(shift + factor * distribution.location, abs(factor) * distribution.scale)
    if isinstance(distribution, LineMixture):
        means = tuple(shift + factor * m for m in distribution.means)
        return LineMixture(distribution.weights, means, tuple(abs(factor) * s for s in distribution.scales))
    if isinstance(distribution, Uniform):
        return Uniform(*sorted(shift + factor * end for end in (distribution.low, distribution.high)))
    assert isinstance(distribution, Discrete)
    return Discrete(tuple(shift + factor * x for x in distribution.atoms), distribution.weights)


maps = st.tuples(numbers, st.sampled_from([-3.0, -0.5, 0.25, 8.0]))


@few
@given(anything, anything, maps)
def test_divergences_do_not_see_affine_maps(
    p: LineDistribution, q: LineDistribution, by: tuple[float, float]
) -> None:
    if {type(p), type(q)} == {Uniform}:
        by = (0.0, by[1])  # a shift rounds the ends of an overlap
    for function in (f.KULLBACK_LEIBLER, f.TOTAL_VARIATION, f.SQUARED_HELLINGER, f.JENSEN_SHANNON):
        before, after = f_divergence(p, q, function), f_divergence(moved(p, *by), moved(q, *by), function)
        assert math.isclose(before, after, rel_tol=1e-7, abs_tol=1e-9)


@few
@given(anything, anything, maps)
def test_transport_scales_with_the_unit(
    p: LineDistribution, q: LineDistribution, by: tuple[float, float]
) -> None:
    for order in (1, 2):
        before, after = wasserstein_line(p, q, order), wasserstein_line(moved(p, *by), moved(q, *by), order)
        assert math.isclose(after, abs(by[1]) * before, rel_tol=1e-7, abs_tol=1e-6)


@few
@given(anything, anything)
def test_w1_is_symmetric_and_at_most_w2_and_at_least_the_gap_of_the_means(
    p: LineDistribution, q: LineDistribution
) -> None:
    first, second = wasserstein_line(p, q, 1), wasserstein_line(p, q, 2)
    assert abs(p.mean() - q.mean()) <= first + 1e-8
    assert first <= second + 1e-6
    assert math.isclose(first, wasserstein_line(q, p, 1), rel_tol=1e-9, abs_tol=1e-9)


@few
@given(discretes, discretes)
def test_between_points_transport_is_bounded_by_total_variation(p: Discrete, q: Discrete) -> None:
    tv, distance = total_variation(p, q), wasserstein_line(p, q)
    assert 0.5 * tv <= distance + SLACK  # the least gap between atoms
    assert distance <= 4 * tv + SLACK  # the greatest


@few
@given(weights(4), weights(4), st.lists(st.tuples(numbers, numbers), min_size=4, max_size=4, unique=True))
def test_the_plane_agrees_with_the_line_on_a_line_and_falls_when_projected(
    p: tuple[float, ...], q: tuple[float, ...], points: list[tuple[float, float]]
) -> None:
    xs = tuple(x for x, _ in points)
    flat = [PlaneDiscrete(tuple((x, 0.0) for x in xs), w) for w in (p, q)]
    full = [PlaneDiscrete(tuple(points), w) for w in (p, q)]
    for order in (1, 2):
        on_line = wasserstein_line(Discrete(xs, p), Discrete(xs, q), order)
        assert math.isclose(wasserstein_plane(*flat, order), on_line, abs_tol=1e-6)
        assert on_line <= wasserstein_plane(*full, order) + 1e-6
