"""Precision, recall, density and coverage."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.metrics import neighbours
from gan_lab.metrics.neighbours import NeighbourMetrics, expected_coverage, neighbour_metrics, neighbour_radii


def normal(n: int, d: int, seed: int, shift: float = 0.0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + shift


def by_the_definitions(real: Tensor, fake: Tensor, few: int, many: int) -> NeighbourMetrics:
    """The four, with scikit-learn's neighbours and every pair held in memory."""
    x, y = real.double().numpy(), fake.double().numpy()

    def radii(points: np.ndarray, k: int) -> np.ndarray:
        return NearestNeighbors(n_neighbors=k + 1).fit(points).kneighbors(points)[0][:, k]

    distances = np.linalg.norm(x[:, None] - y[None], axis=2)  # (N, M)
    in_real, in_fake = distances < radii(x, few)[:, None], distances < radii(y, few)
    in_wide = distances < radii(x, many)[:, None]
    return NeighbourMetrics(
        precision=in_real.any(axis=0).mean(),
        recall=in_fake.any(axis=1).mean(),
        density=in_wide.sum(axis=0).mean() / many,
        coverage=in_wide.any(axis=1).mean(),
    )


@pytest.mark.parametrize(("few", "many"), [(3, 5), (1, 2), (6, 2)])
@pytest.mark.parametrize("pairs_at_once", [1, 1000, 2**24])
def test_against_the_definitions(
    few: int, many: int, pairs_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "DISTANCES_AT_ONCE", pairs_at_once)
    real, fake = normal(120, 4, 1), 1.3 * normal(75, 4, 3, shift=0.5)
    expected = by_the_definitions(real, fake, few, many)
    assert neighbour_metrics(real, fake, few, many) == pytest.approx(expected, abs=1e-12)
    assert len(set(expected)) == 4


def test_defaults_are_those_of_the_papers() -> None:
    real, fake = normal(50, 3, 1), normal(60, 3, 2, shift=0.3)
    assert neighbour_metrics(real, fake) == neighbour_metrics(real, fake, 3, 5)
    assert neighbour_metrics(real, fake) != neighbour_metrics(real, fake, 5, 3)


def test_radii_leave_out_the_sample_itself() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    expected = torch.tensor([[1.0, 1.0, 2.0, 4.0], [7.0, 6.0, 4.0, 7.0]])
    torch.testing.assert_close(neighbour_radii(line, (1, 3)), expected, rtol=0, atol=1e-6)


def test_equal_distributions_have_density_one_and_the_expected_coverage() -> None:
    values = [neighbour_metrics(normal(40, 2, s), normal(30, 2, 1000 + s)) for s in range(400)]
    for measured, expected in (
        ([v.density for v in values], 1.0),
        ([v.coverage for v in values], expected_coverage(40, 30)),
    ):
        standard_error = np.std(measured) / 20
        assert standard_error < 0.02
        assert np.mean(measured) == pytest.approx(expected, abs=4 * standard_error)


def test_expected_coverage_golden_values() -> None:
    assert expected_coverage(10_000, 10_000, 3) == pytest.approx(0.875038, abs=1e-6)
    assert expected_coverage(10_000, 10_000, 5) == pytest.approx(0.968773, abs=1e-6)
    assert expected_coverage(2, 1, 1) == pytest.approx(0.5, abs=1e-12)  # the nearer of one and one


def test_samples_far_apart_share_nothing() -> None:
    assert neighbour_metrics(normal(50, 3, 1), normal(40, 3, 2, shift=100)) == (0, 0, 0, 0)


def test_a_copy_of_the_real_samples_is_perfect() -> None:
    real = normal(100, 3, 1)
    # each copy lies in its own ball, in k - 1 others, and on a sphere that it shares with one real sample
    assert neighbour_metrics(real, real.clone()) == pytest.approx((1, 1, 5.5 / 5, 1), abs=1e-12)


@pytest.mark.parametrize("times", [8, 20])
def test_repeated_samples_are_found_in_balls_of_radius_zero(times: int) -> None:
    real = normal(6, 2, 1).repeat(times, 1)
    for fake in (real, real[torch.randperm(len(real))]):
        assert neighbour_metrics(real, fake) == pytest.approx((1, 1, 1, 1), abs=1e-12)
    one_place = torch.full((9, 2), 0.3)
    assert neighbour_metrics(one_place, one_place.repeat(3, 1)) == pytest.approx((1, 1, 1, 1), abs=1e-12)
    assert neighbour_metrics(one_place, one_place + 1e-3) == (0, 0, 0, 0)


def test_ties_at_the_radius_are_inside_and_count_by_lot_in_the_density() -> None:
    real = torch.tensor([[0.0], [1.0], [-1.0], [0.5]]).double()
    fake = torch.tensor([[1.0], [9.0], [10.0], [11.0]]).double()
    found = neighbour_metrics(real, fake, manifold_neighbours=2, density_neighbours=2)
    # balls of 2 neighbours: 0 to radius 1, 1 to 1, -1 to 1.5, 0.5 to 0.5; 1.0 is inside the second and on the
    # first, where 0.5 is nearer and two are as far, and on the last, where two are as far and none is nearer
    assert found.density == pytest.approx((1 + (2 - 1) / 3 + 2 / 3) / (2 * 4), abs=1e-12)
    assert found.precision == 1 / 4
    assert found.coverage == 3 / 4


@pytest.mark.parametrize("n", [50, 400])
def test_of_repeated_draws_the_density_is_one_on_average_and_coverage_at_least_expected(n: int) -> None:
    pixels = torch.tensor(load_digits().data[:100]) / 8 - 1  # as of 16 grey levels, with ties at any distance
    rng = torch.Generator().manual_seed(0)

    def draw() -> Tensor:
        return pixels[torch.randint(len(pixels), (n,), generator=rng)]

    values = [neighbour_metrics(draw(), draw()) for _ in range(12_000 // n)]
    densities = np.array([v.density for v in values])
    standard_error = densities.std() / len(values) ** 0.5
    assert standard_error < 0.03
    assert densities.mean() == pytest.approx(1, abs=4 * standard_error)
    assert np.mean([v.coverage for v in values]) >= expected_coverage(n, n) - 0.01


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_squares_neither_vanish_nor_overflow_in_float32(size: float) -> None:
    real, fake = normal(60, 3, 1), 1.2 * normal(50, 3, 2)
    assert neighbour_metrics(size * real, size * fake) == pytest.approx(
        neighbour_metrics(real, fake), abs=1e-12
    )


def test_a_lost_mode_shows_in_recall_and_coverage_alone() -> None:
    halves = torch.tensor([[0.0, 0.0]] * 200 + [[50.0, 0.0]] * 200)
    real, complete = normal(400, 2, 1) + halves, normal(400, 2, 2) + halves
    lost = normal(400, 2, 3)
    before, after = neighbour_metrics(real, complete), neighbour_metrics(real, lost)
    assert after.precision == pytest.approx(before.precision, abs=0.05)
    assert after.density == pytest.approx(before.density, abs=0.15)
    assert after.recall == pytest.approx(before.recall / 2, abs=0.05)
    assert after.coverage == pytest.approx(before.coverage / 2, abs=0.05)


def test_swapping_the_samples_swaps_precision_and_recall() -> None:
    real, fake = normal(60, 2, 1), 2 * normal(80, 2, 2)
    forth, back = neighbour_metrics(real, fake), neighbour_metrics(fake, real)
    assert (forth.precision, forth.recall) == (back.recall, back.precision)
    assert forth.precision < forth.recall


def test_what_cannot_be_compared_is_refused() -> None:
    good = normal(20, 2, 0)
    with pytest.raises(UserError, match="fake must be at least 6 samples; got 5"):
        neighbour_metrics(good, good[:5])
    with pytest.raises(UserError, match="real must be at least 9 samples; got 8"):
        neighbour_metrics(good[:8], good, manifold_neighbours=8)
    with pytest.raises(UserError, match="density_neighbours must be a whole number greater than 0; got 0"):
        neighbour_metrics(good, good, density_neighbours=0)
    with pytest.raises(UserError, match="finite"):
        neighbour_metrics(good, good * math.inf)
