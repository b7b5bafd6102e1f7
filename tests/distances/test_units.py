"""No distance of the lab depends on the unit or the place of the data: all of them, none forgotten.

Under x -> c x a distance in the units of the data is multiplied by c, its square by c², a slope by 1 / c, and
what has no unit stays; under x -> x + b none of them changes.
"""

import importlib
import inspect
import math
import pkgutil
import typing
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

import gan_lab.distances
import gan_lab.metrics
from gan_lab.distances import divergences, generating_functions, kernels
from gan_lab.distances.by_name import BY_NAME
from gan_lab.distances.finite import ipm, linear_programs
from gan_lab.distances.fits.gaussian_fits import Minimum, find_minima
from gan_lab.distances.gaussians import (
    bures_squared,
    sliced_wasserstein_gaussians,
    wasserstein_1_gaussians_on_line,
    wasserstein_2_gaussians,
)
from gan_lab.distances.line import Discrete, Gaussian, LineMixture, Uniform
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.distances.plane import PlaneDiscrete, PlaneGaussian, Rectangle, Segment
from gan_lab.distances.plane.transport import wasserstein_plane
from gan_lab.distances.variational import exact_divergence
from gan_lab.metrics.bracket import certify, largest_slope
from gan_lab.metrics.classifier_test import classifier_test
from gan_lab.metrics.copies import copied_share
from gan_lab.metrics.debiased import debiased_scatter, debiased_wasserstein
from gan_lab.metrics.energy import energy_test
from gan_lab.metrics.frechet import frechet_feature_distance
from gan_lab.metrics.mmd import median_bandwidth, mmd_test
from gan_lab.metrics.mode_coverage import mode_coverage
from gan_lab.metrics.neighbours import neighbour_metrics
from gan_lab.metrics.patches import patch_distances
from gan_lab.metrics.permutation import pairwise_distances
from gan_lab.metrics.sliced import sliced_wasserstein, sliced_wasserstein_along
from gan_lab.metrics.transport import wasserstein
from gan_lab.objectives.relative_entropies import KullbackLeibler

Array = NDArray[np.float64]

FACTORS = (1e-12, 1e-6, 3.7e-3, 1e3, 1e12)
OFFSET = 1e6


def points(n: int, seed: int, spread: float = 1.0, shift: float = 0.0) -> Tensor:
    """Samples (n, 3) of few binary digits, so that c x and x + b can be exact in float32."""
    drawn = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return ((spread * drawn + shift) * 16).round() / 16


X, Y = points(40, 0), points(30, 1, spread=0.7, shift=0.5)
SCORES = torch.randn(70, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
IMAGES = [torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(seed)).double() for seed in (0, 1)]
ON_LINE = np.array([-1.0, 0.25, 0.5, 2.0])
P, Q = np.array([0.1, 0.4, 0.3, 0.2]), np.array([0.3, 0.25, 0.25, 0.2])
S1, S2 = np.array([[2, 0.5], [0.5, 1]]), np.array([[1, -0.3], [-0.3, 1.5]])


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


# Of samples: (power of c, function of two samples).
OF_SAMPLES: dict[str, tuple[int, Callable[[Tensor, Tensor], tuple[float, ...] | float]]] = {
    "copied_share": (0, copied_share),
    "wasserstein": (1, wasserstein),
    "wasserstein, order 2": (1, lambda x, y: wasserstein(x, y, 2)),
    "debiased_wasserstein": (1, lambda x, y: debiased_wasserstein(x[:15], x[15:30], y[:15], y[15:])),
    "debiased_scatter": (1, lambda x, y: debiased_scatter(x, y)),
    "sliced_wasserstein": (1, lambda x, y: sliced_wasserstein(x, y, rng(), 32)),
    "sliced_wasserstein_along": (1, lambda x, y: sliced_wasserstein_along(x, y, torch.eye(3), 2)),
    "energy_test": (1, lambda x, y: energy_test(x, y, rng(), 1).statistic),
    "energy_test, p-value": (0, lambda x, y: energy_test(x, y, rng(), 99).p_value),
    "mmd_test": (0, lambda x, y: mmd_test(x, y, rng(), n_permutations=99)),
    "median_bandwidth": (1, lambda x, y: median_bandwidth(pairwise_distances(torch.cat([x, y])))),
    "classifier_test": (0, lambda x, y: classifier_test(x[:30], y, rng())),
    "neighbour_metrics": (0, neighbour_metrics),
    "frechet_feature_distance": (2, frechet_feature_distance),
    "certify": (1, lambda x, y: certify(SCORES[: len(x)], SCORES[len(x) :], x, y).certified),
    "largest_slope": (-1, lambda x, y: largest_slope(SCORES, torch.cat([x, y]))),
}


def on_line(c: float, b: float) -> tuple[LineMixture, Gaussian]:
    """A mixture and a Gaussian, mapped by x -> c x + b."""
    mixture = LineMixture((0.3, 0.7), (b - c, b + 2 * c), (0.8 * c, 0.5 * c))
    return mixture, Gaussian(b + 0.5 * c, 1.5 * c)


def atoms(c: float, b: float) -> tuple[Discrete, Discrete]:
    places = c * ON_LINE + b
    return Discrete(tuple(places), tuple(P)), Discrete(tuple(places), tuple(Q))


def plane(c: float, b: float) -> tuple[PlaneGaussian, PlaneGaussian]:
    first, second = PlaneGaussian((b, b), c * c * S1), PlaneGaussian((b + c, b - c), c * c * S2)
    return first, second


def rectangles(c: float, b: float) -> tuple[Rectangle, Rectangle]:
    low, high = (b, b), (b + c, b + c)
    return Rectangle(low, high), Rectangle(low, (b + c, b + 3 * c))


def metric(c: float, b: float) -> Array:
    places = c * ON_LINE + b
    return np.abs(np.subtract.outer(places, places))


def kernel(c: float, b: float) -> Array:
    return np.exp(-(metric(c, b) ** 2) / (2 * c * c))


Known = Callable[[float, float], float]

# Of what is known exactly: (power of c, the distance at x -> c x + b).
OF_KNOWN: dict[str, tuple[int, Known]] = {
    "kl": (0, lambda c, b: divergences.kl(*on_line(c, b))),
    "jeffrey": (0, lambda c, b: divergences.jeffrey(*on_line(c, b))),
    "total_variation": (0, lambda c, b: divergences.total_variation(*on_line(c, b))),
    "jensen_shannon": (0, lambda c, b: divergences.jensen_shannon(*on_line(c, b))),
    "squared_hellinger": (0, lambda c, b: divergences.squared_hellinger(*on_line(c, b))),
    "pearson_chi_squared": (0, lambda c, b: divergences.pearson_chi_squared(*on_line(c, b))),
    "neyman_chi_squared": (0, lambda c, b: divergences.neyman_chi_squared(*on_line(c, b)[::-1])),
    "jensen_shannon, points": (0, lambda c, b: divergences.jensen_shannon(*atoms(c, b))),
    "jensen_shannon, plane": (0, lambda c, b: divergences.jensen_shannon(*plane(c, b))),
    "f_divergence, uniform": (
        0,
        lambda c, b: divergences.f_divergence(
            Uniform(b, b + c), Uniform(b - c, b + 2 * c), generating_functions.KULLBACK_LEIBLER
        ),
    ),
    "exact_divergence": (0, lambda c, b: exact_divergence(KullbackLeibler(), *on_line(c, b))),
    "wasserstein_line": (1, lambda c, b: wasserstein_line(*on_line(c, b))),
    "wasserstein_line, order 2": (1, lambda c, b: wasserstein_line(*on_line(c, b), 2)),
    "wasserstein_line, points": (1, lambda c, b: wasserstein_line(*atoms(c, b), 2)),
    "wasserstein_plane, Gaussians": (1, lambda c, b: wasserstein_plane(*plane(c, b), 2)),
    "wasserstein_plane, points": (1, lambda c, b: _between_plane_points(c, b, 1)),
    "wasserstein_plane, points, order 2": (1, lambda c, b: _between_plane_points(c, b, 2)),
    "wasserstein_plane, rectangles": (1, lambda c, b: wasserstein_plane(*rectangles(c, b), 2)),
    "wasserstein_plane, segments": (
        1,
        lambda c, b: wasserstein_plane(Segment((b, b), (b, b + c)), Segment((b + c, b), (b + c, b + c))),
    ),
    "bures_squared": (2, lambda c, b: bures_squared(c * c * S1, c * c * S2)),
    "wasserstein_2_gaussians": (
        1,
        lambda c, b: wasserstein_2_gaussians((b, b), c * c * S1, (b + c, b), c * c * S2),
    ),
    "sliced_wasserstein_gaussians": (
        1,
        lambda c, b: sliced_wasserstein_gaussians((b, b), c * c * S1, (b + c, b), c * c * S2),
    ),
    "wasserstein_1_gaussians_on_line": (1, lambda c, b: float(wasserstein_1_gaussians_on_line(c, 0.3 * c))),
    "mmd_squared": (0, lambda c, b: kernels.mmd_squared(*on_line(c, b), c)),
    "energy_distance": (1, lambda c, b: kernels.energy_distance(*on_line(c, b))),
    "solve_primal": (1, lambda c, b: linear_programs.solve_primal(metric(c, b), P, Q).value),
    "solve_primal, squares": (2, lambda c, b: linear_programs.solve_primal(metric(c, b) ** 2, P, Q).value),
    "solve_dual": (1, lambda c, b: linear_programs.solve_dual(metric(c, b), P, Q).value),
    "solve_dual, squares": (2, lambda c, b: linear_programs.solve_dual(metric(c, b) ** 2, P, Q).value),
    "kantorovich_rubinstein": (
        1,
        lambda c, b: linear_programs.kantorovich_rubinstein(metric(c, b), P, Q).value,
    ),
    "lipschitz_ipm": (1, lambda c, b: ipm.lipschitz_ipm(metric(c, b), P, Q).value),
    "lipschitz_constant": (-1, lambda c, b: linear_programs.lipschitz_constant(metric(c, b), P)),
    "bounded_ipm": (0, lambda c, b: ipm.bounded_ipm(P, Q).value),
    "rkhs_ipm": (0, lambda c, b: ipm.rkhs_ipm(kernel(c, b), P, Q).value),
    "finite_ipm": (1, lambda c, b: ipm.finite_ipm(np.stack([c * ON_LINE, c * ON_LINE**2]), P, Q).value),
}


def _between_plane_points(c: float, b: float, order: typing.Literal[1, 2]) -> float:
    first, second = (
        PlaneDiscrete(tuple((c * x + b, c * y + b) for x, y, _ in z[:9].tolist()), (1 / 9,) * 9)
        for z in (X, Y)
    )
    return wasserstein_plane(first, second, order)


# Numbers of these packages that measure no distance in a space, or have a unit or a place of their own.
OTHERS = {
    "kernel_feature_distance": "its kernel (x.y/d + 1)^3 has a unit and a place, as KID has",
    **dict.fromkeys(("classifier_score", "confident_share"), "of probabilities"),
    "bounded_lipschitz_ipm": "it bounds values and slopes by 1 each, in the units given",
    "parzen_estimate": "its images lie in [0, 1], and the widths of its kernels are theirs",
    "patch_distances": "its images lie in [-1, 1]; its scale has a test of its own here",
    "mode_coverage": "in the standard deviations given; its scale has a test of its own here",
    "permutation_test": "of a matrix of similarities",
    "mean_kernel": "mmd_squared is made of it",
    "mean_distance": "energy_distance is made of it",
    "rim": "of a landscape, in the unit of its own scale; its minima have a test of their own here",
    "height_at": "of a landscape, whose minima have a test of their own here",
    **dict.fromkeys(
        ("tail_probability", "label_coverage", "fit_test", "fewest_for_proportions"), "of counts"
    ),
    **dict.fromkeys(("high_quality_ceiling", "expected_coverage", "least_value"), "a constant"),
    **dict.fromkeys(("cap_that_changes_nothing", "total_cost"), "of costs, part of transport"),
    **dict.fromkeys(("own_unit", "comparable_points", "integrate", "complementary_slackness"), "a tool"),
    "debiased": "of distances, part of debiased_wasserstein",
    "make_bound": "it makes a function of a critic",
}


def is_named_tuple(kind: object) -> bool:
    return inspect.isclass(kind) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def public_numbers() -> set[str]:
    """Public functions of the two packages that return a number, or a named tuple with one."""
    found = set()
    for package in (gan_lab.metrics, gan_lab.distances):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, function in vars(importlib.import_module(module.name)).items():
                is_own = inspect.isfunction(function) and function.__module__ == module.name
                if is_own and not name.startswith("_"):
                    returned = typing.get_type_hints(function).get("return")
                    parts = typing.get_type_hints(returned) if is_named_tuple(returned) else {}
                    if float in [returned, *typing.get_args(returned), *parts.values()]:
                        found.add(name)
    return found


def test_every_number_of_the_packages_is_tried_or_has_a_reason() -> None:
    tried = {name.split(",")[0] for name in (*OF_SAMPLES, *OF_KNOWN)}
    public = public_numbers() | {"wasserstein_1_gaussians_on_line"}  # an array of numbers
    assert public == tried | set(OTHERS)
    assert not tried & set(OTHERS)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", OF_SAMPLES)
def test_distances_of_samples_scale_and_do_not_move(name: str, dtype: torch.dtype) -> None:
    power, distance = OF_SAMPLES[name]
    expected = np.atleast_1d(distance(X, Y))
    assert (np.abs(expected) > 1e-4).all()
    for c in FACTORS:
        exact = 2.0 ** round(math.log2(c))  # which rounds nothing in float32
        found = distance((exact * X).to(dtype), (exact * Y).to(dtype))
        assert np.atleast_1d(found) == pytest.approx(exact**power * expected, rel=1e-9), c
        if dtype == torch.float64:
            assert np.atleast_1d(distance(c * X, c * Y)) == pytest.approx(c**power * expected, rel=1e-6), c
    offset = OFFSET if dtype == torch.float64 else 2.0**16
    moved = np.atleast_1d(distance((X + offset).to(dtype), (Y + offset).to(dtype)))
    assert moved == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", OF_KNOWN)
def test_distances_of_what_is_known_scale_and_do_not_move(name: str) -> None:
    power, distance = OF_KNOWN[name]
    expected = distance(1.0, 0.0)
    assert abs(expected) > 1e-3
    for c in FACTORS:
        assert distance(c, 0.0) == pytest.approx(c**power * expected, rel=1e-6, abs=0), c
    assert distance(1.0, OFFSET) == pytest.approx(expected, rel=1e-6, abs=0)


@pytest.mark.parametrize("size", [1e-12, 1e-3, 30.0, 1e12])
def test_patches_of_images_have_no_unit(size: float) -> None:
    expected = patch_distances(*IMAGES, rng(), 8, 16).average
    found = patch_distances(*(size * images for images in IMAGES), rng(), 8, 16).average
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_coverage_of_modes_is_in_units_of_their_spread(dtype: torch.dtype) -> None:
    modes, stds, weights = torch.eye(3).double(), torch.tensor([0.5, 0.25, 0.5]), torch.full((3,), 1 / 3)
    expected = mode_coverage(X, modes, stds, weights, rng())
    assert 0 < expected.high_quality_share < 1
    for c in FACTORS:
        exact = 2.0 ** round(math.log2(c))
        scaled = ((exact * values).to(dtype) for values in (X, modes, stds))
        assert mode_coverage(*scaled, weights, rng()) == expected


@pytest.mark.parametrize("c", [1e-12, 1e12])
def test_the_nearest_gaussian_is_found_in_any_unit(c: float) -> None:
    def nearest(unit: float) -> Minimum:
        target = LineMixture((0.3, 0.7), (-2 * unit, 3 * unit), (unit, 0.5 * unit))
        (found,) = find_minima(BY_NAME["wasserstein_1"].landscape(target))
        return found

    one, scaled = nearest(1.0), nearest(c)
    found = scaled.mean / c, scaled.scale / c, scaled.height / c
    assert found == pytest.approx((one.mean, one.scale, one.height), rel=1e-5)
