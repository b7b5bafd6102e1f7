"""W1 and W2 on the line and in the plane: golden values, closed forms, SciPy and linear programs."""

import math
from typing import Literal

import numpy as np
import pytest
from scipy import integrate, optimize, stats
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.distances.gaussians import wasserstein_1_gaussians_on_line
from gan_lab.distances.line import (
    Dirac,
    Discrete,
    Empirical,
    Gaussian,
    LineDistribution,
    LineMixture,
    Uniform,
)
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.distances.plane import PlaneDiscrete, PlaneGaussian, PlaneSamples, Rectangle, Segment
from gan_lab.distances.plane.transport import wasserstein_plane

MIXTURE = LineMixture((0.5, 0.5), (-2, 2), (0.6, 0.6))
ORIGIN = PlaneDiscrete(((0, 0),), (1.0,))


def ring(modes: range = range(8), turn: float = 0.0) -> PlaneDiscrete:
    """Equal weights at some of eight modes on a circle of radius 2."""
    angles = 2 * math.pi * np.array(modes) / 8 + turn
    points = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return PlaneDiscrete(points, (1 / len(modes),) * len(modes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("m", "s"), [(1.0, 1.0), (2.0, 1.0), (4.0, 1.0), (0.0, 2.0), (0.7, 1.8), (-3.0, 0.2)]
)
def test_closed_forms_between_gaussians(m: float, s: float) -> None:
    p, q = Gaussian(0, 1), Gaussian(m, s)
    assert wasserstein_line(p, q) == pytest.approx(
        float(wasserstein_1_gaussians_on_line(m, s - 1)), abs=1e-10
    )
    assert wasserstein_line(p, q, 2) == pytest.approx(math.hypot(m, s - 1), abs=1e-10)


def test_golden_value_of_two_scales() -> None:
    assert wasserstein_line(Gaussian(0, 1), Gaussian(0, 2)) == pytest.approx(0.797885, abs=1e-6)


@pytest.mark.parametrize(
    ("atoms", "p", "q", "w1", "w2_squared"),
    [
        ((0, 1, 2, 3), (0.3, 0.2, 0.1, 0.4), (0.1, 0.2, 0.4, 0.3), 0.5, None),
        ((0, 1, 2, 3), (0.1, 0.2, 0.3, 0.4), (0.4, 0.3, 0.2, 0.1), 1.0, 1.4),
        ((0, 1, 3), (0.5, 0.25, 0.25), (0.25, 0.5, 0.25), 0.25, 0.25),
    ],
)
def test_golden_values_of_discrete_distributions(
    atoms: tuple[float, ...],
    p: tuple[float, ...],
    q: tuple[float, ...],
    w1: float,
    w2_squared: float | None,
) -> None:
    first, second = Discrete(atoms, p), Discrete(atoms, q)
    assert wasserstein_line(first, second) == pytest.approx(w1, abs=1e-14)
    if w2_squared:
        assert wasserstein_line(first, second, 2) ** 2 == pytest.approx(w2_squared, abs=1e-14)


@pytest.mark.parametrize("order", [1, 2])
def test_points_are_the_linear_program(order: int) -> None:
    rng = np.random.default_rng(order)
    x, y, p, q = rng.normal(size=7), rng.normal(size=5), rng.dirichlet(np.ones(7)), rng.dirichlet(np.ones(5))
    costs = np.abs(x[:, None] - y) ** order
    rows, columns = np.kron(np.eye(7), np.ones(5)), np.kron(np.ones(7), np.eye(5))
    least = linprog(costs.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([p, q])).fun
    found = wasserstein_line(Discrete(x, p), Discrete(y, q), order)  # type: ignore[arg-type]
    assert found**order == pytest.approx(least, abs=1e-9)


@pytest.mark.parametrize(("order", "expected"), [(1, 0.671781), (2, math.sqrt(0.580934))])
def test_golden_values_at_the_fits_of_two_modes(order: int, expected: float) -> None:
    # the reference W2^2 was found on a grid, good to 3e-5; the next test has the exact one
    scale = {1: 2.0602, 2: 1.94398}[order]
    found = wasserstein_line(MIXTURE, Gaussian(0, scale), order)
    assert found == pytest.approx(expected, abs={1: 1e-6, 2: 2e-5}[order])


def test_w2_to_the_best_gaussian_is_by_stationarity_the_lost_variance() -> None:
    # W2^2 = Var + s^2 - 2 s c with c = E[F^-1(Phi(Z)) Z] is least at s = c, where it is Var - c^2
    c, _ = integrate.quad(
        lambda z: float(MIXTURE.quantile(stats.norm.cdf(z))) * z * stats.norm.pdf(z),
        -8,
        8,
        points=[0],
        limit=300,
    )
    assert c == pytest.approx(1.94398, abs=2e-5)
    assert wasserstein_line(MIXTURE, Gaussian(0, c), 2) ** 2 == pytest.approx(4.36 - c * c, abs=1e-6)


def test_shifted_uniforms_and_diracs_are_as_far_apart_as_they_are_shifted() -> None:
    for shift in (0.0, 0.1, 1.0, 5.0):
        for order in (1, 2):
            uniforms = wasserstein_line(Uniform(0, 1), Uniform(shift, 1 + shift), order)
            assert uniforms == pytest.approx(shift, abs=1e-10)
            assert wasserstein_line(Dirac(0), Dirac(-shift), order) == pytest.approx(shift, abs=1e-15)


def test_all_mass_to_one_point_is_a_moment() -> None:
    for p in (Gaussian(1, 2), MIXTURE, Uniform(-1, 4), Discrete((0, 3), (0.25, 0.75))):
        squared = p.variance() + (p.mean() - 0.3) ** 2
        assert wasserstein_line(p, Dirac(0.3), 2) ** 2 == pytest.approx(squared, rel=1e-11)
    assert wasserstein_line(Gaussian(0, 1), Dirac(0)) == pytest.approx(math.sqrt(2 / math.pi), abs=1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_on_the_line_a_far_point_that_stays_hides_nothing(order: Literal[1, 2]) -> None:
    # the sums of the weights differ by rounding below the far point
    p, q = (0.3, 0.2, 0.1, 0.4), (0.1, 0.3, 0.2, 0.4)
    near = wasserstein_line(Discrete((0, 1, 2, 3), p), Discrete((0, 1, 2, 3), q), order)
    far = wasserstein_line(Discrete((0, 1, 2, 1e9), p), Discrete((0, 1, 2, 1e9), q), order)
    assert far == pytest.approx(near, rel=1e-12)
    assert near == pytest.approx(0.3 ** (1 / order), rel=1e-12)
    little = wasserstein_line(Discrete((0, 1e9), (1e-20, 1)), Discrete((0, 1e9), (0, 1)), order)
    assert little == pytest.approx(1e9 * 1e-20 ** (1 / order), rel=1e-12, abs=0)


@pytest.mark.parametrize("other", [Uniform(-1, 2), MIXTURE, Discrete((-1, 0.5, 2), (0.2, 0.5, 0.3))])
def test_mixed_pairs_are_the_limit_of_points_at_midlevel_quantiles(other: LineDistribution) -> None:
    p, n = LineMixture((0.2, 0.8), (-1, 3), (0.1, 1)), 20_000
    levels = (np.arange(n) + 0.5) / n
    gap = p.quantile(levels) - other.quantile(levels)
    assert wasserstein_line(p, other) == pytest.approx(np.abs(gap).mean(), abs=1e-3)
    assert wasserstein_line(p, other, 2) == pytest.approx(math.sqrt((gap**2).mean()), abs=1e-3)
    assert wasserstein_line(other, p, 2) == wasserstein_line(p, other, 2)


def test_w2_sees_narrow_components_far_apart() -> None:
    # all mass goes to -1000 and 1000 in equal halves: E (1000 - |Z|)^2
    far = LineMixture((0.5, 0.5), (-1000, 1000), (1e-5, 1e-5))
    expected = math.sqrt(1000**2 - 2000 * math.sqrt(2 / math.pi) + 1)
    assert wasserstein_line(far, Gaussian(0, 1), 2) == pytest.approx(expected, abs=1e-4)


def test_samples_of_unequal_size_are_scipys() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=50), rng.exponential(size=31)
    found = wasserstein_line(Empirical(x), Empirical(y))  # type: ignore[arg-type]
    assert found == pytest.approx(stats.wasserstein_distance(x, y), abs=1e-13)


def test_golden_values_of_the_ring_and_the_grid() -> None:
    assert wasserstein_plane(ring(), ORIGIN) == pytest.approx(2, abs=1e-12)
    assert wasserstein_plane(ring(), ring(turn=math.pi / 8)) == pytest.approx(
        4 * math.sin(math.pi / 16), abs=1e-12
    )
    assert wasserstein_plane(ring(), ring(range(1))) == pytest.approx(2.513670, abs=1e-6)
    assert wasserstein_plane(ring(), ring(range(1, 8))) == pytest.approx(0.359096, abs=1e-6)
    axis = (-4, -2, 0, 2, 4)
    grid = PlaneDiscrete(tuple((x, y) for x in axis for y in axis), (1 / 25,) * 25)
    assert wasserstein_plane(grid, ORIGIN) == pytest.approx(3.748729, abs=1e-6)
    assert np.sqrt(np.diag(grid.covariance())) == pytest.approx([2.828427] * 2, abs=1e-6)


def test_a_distribution_moved_is_as_far_as_it_was_moved() -> None:
    pairs = (
        (Rectangle((0, 0), (1, 1)), Rectangle((3, 4), (4, 5)), 5),
        (Segment((0, 0), (0, 1)), Segment((-0.5, 0), (-0.5, 1)), 0.5),
        (PlaneGaussian((0, 0), ((2, 1), (1, 2))), PlaneGaussian((0, 2), ((2, 1), (1, 2))), 2),
        (PlaneSamples(((0, 0), (1, 3))), PlaneSamples(((3, 4), (4, 7))), 5),
    )
    for p, q, length in pairs:
        for order in (1, 2):
            assert wasserstein_plane(p, q, order) == pytest.approx(length, abs=1e-12)


def test_affine_images_of_one_distribution_have_the_distance_of_their_quantiles() -> None:
    # two rectangles: one transport along each axis; two segments: each point to the one as far along
    along_x, along_y = Uniform(0, 1), Uniform(0, 2)
    to_x, to_y = Uniform(1, 4), Uniform(-1, 0)
    expected = math.hypot(wasserstein_line(along_x, to_x, 2), wasserstein_line(along_y, to_y, 2))
    assert wasserstein_plane(Rectangle((0, 0), (1, 2)), Rectangle((1, -1), (4, 0)), 2) == pytest.approx(
        expected, abs=1e-9
    )
    t = (np.arange(20_000) + 0.5) / 20_000
    gap = t[:, None] * np.array([1.0, 1.0]) - (np.array([0.0, 2.0]) + t[:, None] * np.array([2.0, 1.0]))
    found = wasserstein_plane(Segment((0, 0), (1, 1)), Segment((0, 2), (2, 3)), 2)
    assert found**2 == pytest.approx((gap**2).sum(axis=1).mean(), abs=1e-7)


def test_samples_in_the_plane_with_weights_are_the_linear_program() -> None:
    rng = np.random.default_rng(3)
    x, y, p, q = rng.normal(size=(6, 2)), rng.normal(size=(4, 2)), rng.dirichlet(np.ones(6)), np.full(4, 0.25)
    rows, columns = np.kron(np.eye(6), np.ones(4)), np.kron(np.ones(6), np.eye(4))
    least = linprog(cdist(x, y).ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([p, q])).fun
    found = wasserstein_plane(PlaneDiscrete(x, p), PlaneSamples(y))  # type: ignore[arg-type]
    assert found == pytest.approx(least, abs=1e-9)


def test_the_norm_of_the_ground() -> None:
    square = Rectangle((0, 0), (1, 1))
    for norm, length in (("l1", 7), ("l2", 5), ("linf", 4)):
        for order in (1, 2):
            moved = wasserstein_plane(square, Rectangle((3, 4), (4, 5)), order, norm)  # type: ignore[arg-type]
            assert moved == pytest.approx(length, abs=1e-12)
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 8, 2))
    matchings = {"l1": "cityblock", "linf": "chebyshev"}
    for norm, metric in matchings.items():
        for order in (1, 2):
            costs = cdist(x, y, metric) ** order
            least = costs[optimize.linear_sum_assignment(costs)].mean() ** (1 / order)
            found = wasserstein_plane(PlaneSamples(x), PlaneSamples(y), order, norm)  # type: ignore[arg-type]
            assert found == pytest.approx(least, abs=1e-9)
    with pytest.raises(UserError, match="W_2 between Rectangle and Rectangle has no exact form"):
        wasserstein_plane(square, Rectangle((0, 0), (1, 2)), 2, "l1")


def test_what_cannot_be_transported_exactly_is_refused() -> None:
    with pytest.raises(
        UserError, match="W_1 between PlaneDiscrete and Rectangle has no exact form here; draw"
    ):
        wasserstein_plane(ring(), Rectangle((0, 0), (1, 1)))
    with pytest.raises(UserError, match="W_1 between Rectangle and Rectangle"):
        wasserstein_plane(Rectangle((0, 0), (1, 1)), Rectangle((0, 0), (1, 2)))
    with pytest.raises(BadValueError, match="order must be 1 or 2; got 3"):
        wasserstein_line(Dirac(0), Dirac(1), 3)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="two distributions on the line"):
        wasserstein_line(Dirac(0), ring())  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [1, 2])
def test_a_density_is_at_no_distance_from_itself(order: Literal[1, 2]) -> None:
    for density in (Uniform(0.0, 1e-10), Gaussian(0.0, 1.0), LineMixture((0.5, 0.5), (-1, 3), (0.3, 2))):
        assert wasserstein_line(density, density, order) == 0
