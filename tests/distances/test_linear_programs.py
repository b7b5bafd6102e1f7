"""Transport as a linear program, its dual, and the potential of slope 1, against POT, CDFs and each other."""

from collections.abc import Sequence

import numpy as np
import ot
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.distances.finite import linear_programs
from gan_lab.distances.finite.linear_programs import (
    Plan,
    Potentials,
    c_transform,
    complementary_slackness,
    kantorovich_rubinstein,
    lipschitz_constant,
    solve_dual,
    solve_primal,
)
from gan_lab.distances.finite.masses import check_metric

Masses = Sequence[float]

# positions, both masses, W1: the golden values
ON_THE_LINE: list[tuple[Masses, Masses, Masses, float]] = [
    ([0, 1, 2, 3], [0.3, 0.2, 0.1, 0.4], [0.1, 0.2, 0.4, 0.3], 0.5),
    ([0, 1, 2, 3], [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1], 1.0),
    ([0, 1, 3], [0.5, 0.25, 0.25], [0.25, 0.5, 0.25], 0.25),
]


def distances_on_line(x: Masses) -> np.ndarray:
    return np.abs(np.subtract.outer(x, x)).astype(float)


def random_problem(n: int, m: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Costs that no metric gives, some negative, with masses of which some are 0."""
    rng = np.random.default_rng(seed)
    p, q = rng.random(n), rng.random(m)
    p[rng.integers(n)] = q[rng.integers(m)] = 0
    return rng.normal(size=(n, m)), p / p.sum(), q / q.sum()


@pytest.mark.parametrize(("x", "p", "q", "w1"), ON_THE_LINE)
def test_golden_values_three_ways(x: Masses, p: Masses, q: Masses, w1: float) -> None:
    costs, p, q = distances_on_line(x), np.asarray(p), np.asarray(q)
    assert solve_primal(costs, p, q).value == pytest.approx(w1, abs=1e-9)
    assert solve_dual(costs, p, q).value == pytest.approx(w1, abs=1e-9)
    assert kantorovich_rubinstein(costs, p, q).value == pytest.approx(w1, abs=1e-9)
    assert wasserstein_distance(x, x, p, q) == pytest.approx(w1, abs=1e-9)


def test_squared_cost_of_the_reversed_masses() -> None:
    p = np.array([0.1, 0.2, 0.3, 0.4])
    costs = distances_on_line([0, 1, 2, 3]) ** 2
    assert solve_primal(costs, p, p[::-1]).value == pytest.approx(1.4, abs=1e-9)
    assert solve_dual(costs, p, p[::-1]).value == pytest.approx(1.4, abs=1e-9)


@pytest.mark.parametrize(("n", "m", "seed"), [(1, 1, 0), (1, 5, 1), (6, 4, 2), (20, 30, 3)])
def test_primal_and_dual_agree_with_pot_on_any_costs(n: int, m: int, seed: int) -> None:
    costs, p, q = random_problem(n, m, seed) if n > 1 else (np.ones((1, m)), np.ones(1), np.full(m, 1 / m))
    plan, potentials = solve_primal(costs, p, q), solve_dual(costs, p, q)
    assert plan.value == pytest.approx(ot.emd2(p, q, costs), abs=1e-9)
    assert potentials.value == pytest.approx(plan.value, abs=1e-9)
    assert plan.plan.min() >= 0
    assert plan.plan.sum(axis=1) == pytest.approx(p, abs=1e-9)
    assert plan.plan.sum(axis=0) == pytest.approx(q, abs=1e-9)
    assert (plan.plan * costs).sum() == pytest.approx(plan.value, abs=1e-9)
    slackness = complementary_slackness(costs, plan, potentials)
    assert slackness == pytest.approx((0, 0, 0), abs=1e-9)


@pytest.mark.parametrize("little", [1e-10, 1e-11, 1e-13, 1e-20])
def test_masses_below_the_tolerance_of_a_solver_are_masses(little: float) -> None:
    # the little mass goes 3 places, or three neighbours one each; the others stay
    p, q = np.array([little, 0.5, 0.5 - little, 0]), np.array([0, 0.5, 0.5 - little, little])
    costs = distances_on_line([0, 1, 2, 3])
    for cost in (costs, 1e6 * costs):
        unit = cost.max() / 3
        plan = solve_primal(cost, p, q)
        assert plan.plan.sum(axis=1) == pytest.approx(p, abs=1e-15)
        assert plan.plan.min() >= 0
        for value in (plan.value, solve_dual(cost, p, q).value, kantorovich_rubinstein(cost, p, q).value):
            assert value == pytest.approx(3 * little * unit, abs=1e-15 * unit)
        assert kantorovich_rubinstein(cost, p, q).value >= 0


@pytest.mark.parametrize("far", [1e3, 1e9])
@pytest.mark.parametrize("order", [1, 2])
def test_a_point_far_away_hides_nothing_near(far: float, order: int) -> None:
    costs = distances_on_line([0, 1, 2, far]) ** order
    p, stays = np.array([0.25, 0.25, 0.25, 0.25]), np.array([0.5, 0, 0.25, 0.25])
    plan, potentials = solve_primal(costs, p, stays), solve_dual(costs, p, stays)
    assert (plan.value, potentials.value) == pytest.approx((0.25, 0.25), rel=1e-9)
    assert complementary_slackness(costs, plan, potentials).infeasibility <= 1e-9
    moves = np.array([0.5, 0.25, 0.25, 0])
    expected = ((far - 2) ** order + 2 * 1 if order == 2 else far - 2 + 2) / 4
    assert solve_primal(costs, p, moves).value == pytest.approx(expected, rel=1e-9)
    assert solve_dual(costs, p, moves).value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_what_is_no_metric_is_refused_in_any_unit(size: float) -> None:
    broken = np.array([[0.0, 1, 3], [1, 0, 1], [3, 1, 0]])
    third = np.full(3, 1 / 3)
    with pytest.raises(BadValueError, match="triangle inequality"):
        kantorovich_rubinstein(size * broken, third, third)


def test_potentials_are_c_transforms_of_each_other() -> None:
    costs, p, q = random_problem(9, 7, 4)
    _, alpha, beta = solve_dual(costs, p, q)
    assert beta == pytest.approx(c_transform(costs, alpha), abs=1e-12)
    assert alpha == pytest.approx(c_transform(costs.T, beta), abs=1e-12)
    assert alpha[0] == 0


def test_potentials_are_settled_where_a_solver_leaves_them_loose(monkeypatch: pytest.MonkeyPatch) -> None:
    # without mass at the first point, its potential can be as low as a solver likes
    monkeypatch.setattr(linear_programs, "_solve", lambda *_, **__: np.array([0.0, 2.0, 0.0, 0.0]) / 7)
    costs = np.array([[5.0, 7.0], [1.0, 2.0]])
    value, alpha, beta = solve_dual(costs, np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    assert value == pytest.approx(1.5, abs=1e-12)
    assert (alpha.tolist(), beta.tolist()) == ([0, -4], [5, 6])


def test_c_transform_is_the_greatest_feasible_partner() -> None:
    costs = np.array([[3.0, 1.0], [2.0, 5.0]])
    assert c_transform(costs, np.array([1.0, -1.0])).tolist() == [2.0, 0.0]


def test_a_worse_plan_or_potential_is_not_called_optimal() -> None:
    p = np.array([0.5, 0.5])
    costs = distances_on_line([0, 1])
    swap = Plan(1.0, np.array([[0.0, 0.5], [0.5, 0.0]]))
    slackness = complementary_slackness(costs, swap, Potentials(0.0, np.zeros(2), np.zeros(2)))
    assert slackness == (1.0, 0.0, 0.5)
    steep = Potentials(0.0, np.array([0.0, 3.0]), np.array([0.0, -3.0]))
    assert complementary_slackness(costs, swap, steep).infeasibility == 2.0
    assert solve_primal(costs, p, p).value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_kantorovich_rubinstein_in_the_plane(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(12, 2))
    metric = cdist(points, points)
    p, q = rng.dirichlet(np.ones(12)), rng.dirichlet(np.ones(12))
    p[:3] = 0
    q[2:5] = 0  # point 2 carries no mass at all
    p, q = p / p.sum(), q / q.sum()
    value, f = kantorovich_rubinstein(metric, p, q)
    assert value == pytest.approx(ot.emd2(p, q, metric), abs=1e-9)
    assert f @ (p - q) == pytest.approx(value, abs=1e-12)
    assert lipschitz_constant(metric, f) == pytest.approx(1, abs=1e-9)
    alpha = solve_dual(metric, p, q).alpha
    assert alpha @ (p - q) == pytest.approx(value, abs=1e-9)  # for a metric, alpha is such a potential
    carriers = np.flatnonzero(p + q)
    assert f[2] - f[carriers] == pytest.approx(np.minimum(f[2] - f[carriers], metric[2, carriers]), abs=1e-12)


def test_a_pseudometric_joins_the_points_it_does_not_tell_apart() -> None:
    metric = distances_on_line([0, 0, 1])
    value, f = kantorovich_rubinstein(metric, np.array([1.0, 0, 0]), np.array([0, 0.5, 0.5]))
    assert value == pytest.approx(0.5, abs=1e-9)
    assert f[0] == f[1]


def test_steepest_slope() -> None:
    assert lipschitz_constant(distances_on_line([0, 1, 4]), np.array([0.0, 0.5, -5.5])) == 2.0
    assert lipschitz_constant(np.zeros((1, 1)), np.zeros(1)) == 0.0


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (np.zeros((2, 3)), "metric must be a square matrix; got (2, 3)."),
        (np.array([[0.0, -1.0], [-1.0, 0.0]]), "metric must be 0 on the diagonal and not negative elsewhere"),
        (np.array([[1.0, 1.0], [1.0, 0.0]]), "metric must be 0 on the diagonal and not negative elsewhere"),
        (np.array([[0.0, 1.0], [2.0, 0.0]]), "metric must be symmetric; got 1.0."),
        (
            distances_on_line([0, 1, 2]) ** 2,
            "metric must be within the triangle inequality; got '2 too long'.",
        ),
    ],
)
def test_what_is_no_metric_is_refused(metric: np.ndarray, message: str) -> None:
    with pytest.raises(UserError) as error:
        check_metric(metric)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("costs", "p", "q", "message"),
    [
        (np.zeros(3), [1.0], [1.0], "costs must be a matrix (n, m), neither of them 0; got (3,)."),
        (np.zeros((0, 3)), [1.0], [1.0], "costs must be a matrix (n, m), neither of them 0; got (0, 3)."),
        (np.array([[np.nan]]), [1.0], [1.0], "costs must be finite numbers; got nan."),
        (np.zeros((2, 1)), [0.5, 0.6], [1.0], "p must be masses that sum to 1; got 1.1."),
        (np.zeros((2, 1)), [1.5, -0.5], [1.0], "p must be masses of 0 or greater; got -0.5."),
        (np.zeros((2, 1)), [0.5, 0.5], [0.5, 0.5], "q must be one mass for each of 1 point; got (2,)."),
    ],
)
def test_bad_problems_get_their_sentence(costs: np.ndarray, p: Masses, q: Masses, message: str) -> None:
    for solve in (solve_primal, solve_dual):
        with pytest.raises(UserError) as error:
            solve(costs, np.asarray(p), np.asarray(q))
        assert str(error.value) == message
