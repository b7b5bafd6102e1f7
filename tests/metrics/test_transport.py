import math
import warnings

import numpy as np
import ot
import pytest
import torch
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.metrics import network_simplex
from gan_lab.metrics.transport import flat_points, wasserstein


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def circle(n: int, turn: float = 0.0) -> Tensor:
    angle = 2 * math.pi * (torch.arange(n, dtype=torch.float64) + turn) / n
    return 2 * torch.stack([angle.cos(), angle.sin()], dim=1)


def program(costs: np.ndarray) -> float:
    """The primal of Kantorovich as a linear program: min <C, G>, G 1 = 1/n, G^T 1 = 1/m."""
    n, m = costs.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    marginals = np.r_[np.full(n, 1 / n), np.full(m, 1 / m)]
    return float(linprog(costs.ravel(), A_eq=np.r_[rows, columns], b_eq=marginals, method="highs").fun)


@pytest.mark.parametrize("order", [1, 2])
def test_equal_sizes_are_the_best_matching(order: int) -> None:
    first, second = normal(150, 3), 0.5 * normal(150, 3, seed=1) + 1
    costs = cdist(first.double(), second.double()) ** order
    matched = costs[linear_sum_assignment(costs)].mean() ** (1 / order)
    assert wasserstein(first, second, order) == pytest.approx(matched, abs=1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_unequal_sizes_are_the_linear_program(order: int) -> None:
    first, second = normal(7, 2), normal(10, 2, seed=1) + 1
    expected = program(cdist(first.double(), second.double()) ** order) ** (1 / order)
    assert wasserstein(first, second, order) == pytest.approx(expected, abs=1e-12)


def test_on_the_line_it_is_the_area_between_the_distribution_functions() -> None:
    first, second = normal(30, 1), 2 * normal(45, 1, seed=1) + 0.3
    expected = wasserstein_distance(first.flatten().double(), second.flatten().double())
    assert wasserstein(first, second) == pytest.approx(expected, abs=1e-12)


# a discrete distribution is a sample in which points repeat
@pytest.mark.parametrize(
    ("first", "second", "order", "expected"),
    [
        ([0] * 3 + [1] * 2 + [2] + [3] * 4, [0] + [1] * 2 + [2] * 4 + [3] * 3, 1, 0.5),
        ([0] + [1] * 2 + [2] * 3 + [3] * 4, [0] * 4 + [1] * 3 + [2] * 2 + [3], 1, 1.0),
        ([0] + [1] * 2 + [2] * 3 + [3] * 4, [0] * 4 + [1] * 3 + [2] * 2 + [3], 2, math.sqrt(1.4)),
        ([0, 0, 1, 3], [0, 1, 1, 3], 1, 0.25),
        ([0], [-3], 1, 3.0),
        ([0], [-3], 2, 3.0),
        ([0], [-1, 2], 1, 1.5),
        ([0], [-1, 2], 2, math.sqrt(2.5)),
    ],
)
def test_discrete_distributions_on_the_line(
    first: list[int], second: list[int], order: int, expected: float
) -> None:
    x, y = (torch.tensor(points).float().unsqueeze(1) for points in (first, second))
    assert wasserstein(x, y, order) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (circle(8), torch.zeros(1, 2), 2.0),
        (circle(8), circle(8, turn=0.5), 4 * math.sin(math.pi / 16)),
        (circle(8), circle(8)[:1], 2.513670),
        (circle(8), circle(8)[1:], 0.359096),
        (2 * torch.cartesian_prod(*[torch.arange(-2.0, 3)] * 2), torch.zeros(1, 2), 3.748729),
    ],
)
def test_rings_and_grids(first: Tensor, second: Tensor, expected: float) -> None:
    assert wasserstein(first, second) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_a_shift_is_as_far_as_it_shifts(order: int) -> None:
    images = normal(20, 2, 3, 3)
    shift = torch.tensor([0.25, -0.5]).reshape(2, 1, 1)
    expected = shift.expand(2, 3, 3).norm().item()
    assert wasserstein(images, images + shift, order) == pytest.approx(expected, abs=1e-6)
    assert wasserstein(images, images, order) == 0


def test_points_that_nearly_coincide_far_from_the_origin_are_told_apart() -> None:
    first = 1000 + normal(300).repeat(40, 1)
    second = first + 2.0**-13 * torch.eye(300)[0]
    assert wasserstein(first, second) == pytest.approx(2.0**-13, abs=1e-15)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("far", [1e4, 1e8])
def test_outliers_that_stay_hide_nothing_near(far: float, order: int) -> None:
    first, second = normal(40, 2).double(), normal(40, 2, seed=1).double()
    first[0] = second[0] = torch.tensor([far, -far]).double()
    rest = wasserstein(first[1:], second[1:], order)
    assert wasserstein(first, second, order) == pytest.approx((39 / 40) ** (1 / order) * rest, rel=1e-9)


def test_a_shrunken_sample_lies_below_the_floor() -> None:
    first, second = normal(256, 16).double(), normal(256, 16, seed=1).double()
    floor, shrunken = wasserstein(first, second), wasserstein(first, second / 2)
    assert shrunken < 0.92 * floor
    assert (floor, shrunken) == pytest.approx((3.50, 3.11), abs=0.06)


def test_a_solver_that_stops_early_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_simplex, "PIVOT_LIMIT", 3)
    with pytest.raises(UserError, match=r"^Exact transport between 60 and 50 points did not finish: \S"):
        wasserstein(normal(60, 2), normal(50, 2, seed=1))


def test_the_solver_is_given_room_for_the_samples_that_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    solve = ot.emd2

    def recorded(*args: object, numItermax: int, **more: object) -> object:  # noqa: N803
        given.append(numItermax)
        return solve(*args, numItermax=numItermax, **more)

    monkeypatch.setattr(ot, "emd2", recorded)
    with warnings.catch_warnings(record=True) as caught:
        wasserstein(normal(300, 2), normal(300, 2, seed=1))
    assert given[0] > 10**6
    assert caught == []


@pytest.mark.parametrize(
    ("first", "second", "order", "message"),
    [
        (torch.zeros(3), torch.zeros(3), 1, r"^first must be samples \(n, \*D\).*; got \(3,\)\.$"),
        (torch.zeros(3, 2), torch.zeros(0, 2), 1, r"^second must be samples .*; got \(0, 2\)\.$"),
        (torch.zeros(3, 2), torch.zeros(3, 4), 1, r"^second must be .* \(2,\), as first are; got \(4,\)\.$"),
        (torch.zeros(3, 2), torch.full((3, 2), math.nan), 1, r"^second must be finite numbers; got nan\.$"),
        (torch.zeros(3, 2), torch.zeros(3, 2), 3, r"^order must be 1 or 2; got 3\.$"),
    ],
)
def test_wrong_input_is_named(first: Tensor, second: Tensor, order: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        wasserstein(first, second, order)


def test_points_leave_their_gradients_behind() -> None:
    weight = torch.ones(2, 3, 4, requires_grad=True)
    (points,) = flat_points(points=weight * 2)
    assert points.shape == (2, 12)
    assert not points.requires_grad
