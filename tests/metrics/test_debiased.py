"""The debiased distance: 0 on average between equal distributions, above it for samples closer together."""

import math
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.metrics.debiased import debiased, debiased_scatter, debiased_wasserstein

N = 256


def gaussian(seed: int, dim: int, n: int = N) -> list[Tensor]:
    """Four samples (n, dim) of N(0, I)."""
    return list(torch.randn(4, n, dim, generator=torch.Generator().manual_seed(1000 * dim + seed)))


def matched(first: Tensor, second: Tensor) -> float:
    """W1 by the Hungarian method, which shares nothing with the network simplex."""
    costs = cdist(first.double().numpy(), second.double().numpy())
    return float(costs[linear_sum_assignment(costs)].mean())


@pytest.mark.parametrize("dim", [1, 3, 20])
def test_it_is_made_of_three_matchings(dim: int) -> None:
    x, other_x, y, other_y = gaussian(0, dim, 40)
    y, other_y = 0.5 * y + 1, 0.5 * other_y + 1
    between, floor, own = matched(x, y), matched(x, other_x), matched(y, other_y)
    found = debiased_wasserstein(x, other_x, y, other_y)
    assert found == pytest.approx(between - floor / 2 - own / 2, rel=1e-9)
    assert debiased(between, floor, own) == pytest.approx(found, rel=1e-9)


def test_by_hand_on_the_line() -> None:
    x, other_x = torch.tensor([[0.0], [4.0]]), torch.tensor([[1.0], [5.0]])
    y, other_y = torch.tensor([[2.0], [2.0]]), torch.tensor([[2.0], [8.0]])
    # W: 2 between x and y, 1 between x and x', 3 between y and y'
    assert debiased_wasserstein(x, other_x, y, other_y) == pytest.approx(0.0, abs=1e-12)
    assert debiased_wasserstein(x, other_x, y, y) == pytest.approx(1.5, abs=1e-12)


@pytest.mark.parametrize("shift", [(3.0, 4.0), (30.0, 40.0)])
def test_of_translates_it_is_the_shift(shift: tuple[float, float]) -> None:
    x, other_x, _, _ = gaussian(0, 2, 64)
    moved = torch.tensor(shift)
    found = debiased_wasserstein(x, other_x, x + moved, other_x + moved)
    floor = matched(x, other_x)
    assert found == pytest.approx(math.hypot(*shift) - floor, rel=1e-5)


@pytest.mark.parametrize("dim", [16, 64])
def test_shrunken_samples_are_seen_and_perfect_ones_are_not(dim: int) -> None:
    """Below the floor in W1, and far above 0 here; perfect ones stay within the scatter, over 20 seeds."""
    perfect, scatters = [], []
    for seed in range(20):
        x, other_x, y, other_y = gaussian(seed, dim)
        scatter = debiased_scatter(x, other_x)
        value = debiased_wasserstein(x, other_x, y, other_y)
        perfect.append(value)
        scatters.append(scatter)
        assert abs(value) < 3 * scatter
    assert abs(np.mean(perfect)) < 3 * np.mean(scatters) / math.sqrt(20)
    assert 0.5 < np.std(perfect) / np.mean(scatters) < 1.5
    # of these, y and its like scaled about the centre
    floor, real = matched(x, other_x), matched(x, y / 2)
    half = debiased_wasserstein(x, other_x, y / 2, other_y / 2)
    point = debiased_wasserstein(x, other_x, 0 * y, 0 * other_y)
    assert real < floor
    assert half > 10 * scatter
    assert point > 50 * scatter
    assert 2 * (real - half) - floor == pytest.approx(floor / 2, rel=0.05)  # the samples' own floor


def test_the_scatter_is_that_of_all_choices_of_four_blocks() -> None:
    x, other_x, _, _ = gaussian(0, 2, 14)  # blocks of 3; two points of either are left
    blocks = [sample[3 * k : 3 * k + 3] for sample in (x, other_x) for k in range(4)]
    apart = [[matched(one, other) for other in blocks] for one in blocks]
    squares = [
        (apart[i][k] - (apart[i][j] + apart[k][m]) / 2) ** 2 for i, j, k, m in permutations(range(8), 4)
    ]
    expected = math.sqrt(np.mean(squares) * 3 / 14)
    assert debiased_scatter(x, other_x) == pytest.approx(expected, rel=1e-9)


def test_points_that_are_all_one_scatter_by_nothing() -> None:
    assert debiased_scatter(torch.ones(8, 2), torch.ones(8, 2)) == 0.0


def test_samples_of_two_sizes_or_too_few_are_refused() -> None:
    x = torch.zeros(8, 2)
    with pytest.raises(UserError, match=r"^samples must be 8 of each, as x has; got 7\.$"):
        debiased_wasserstein(x, x, x, x[:7])
    with pytest.raises(UserError, match=r"^samples must be at least 4; got 3\.$"):
        debiased_scatter(x, x[:3])
