import math

import ot
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.metrics import sliced
from gan_lab.metrics.sliced import (
    draw_directions,
    line_transport,
    sliced_wasserstein,
    sliced_wasserstein_along,
)
from gan_lab.metrics.transport import wasserstein


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed))


def fan(n: int) -> Tensor:
    """Directions of the plane at equal angles."""
    angle = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    return torch.stack([angle.cos(), angle.sin()], dim=1)


@pytest.mark.parametrize(("order", "power"), [(1, 1.909859), (2, 4.5)])
def test_shifted_points_of_the_plane(order: int, power: float) -> None:
    first = normal(100, 2)
    second = first + torch.tensor([1.8, -2.4])  # by 3
    distance = sliced_wasserstein_along(first, second, fan(2000), order)
    assert distance**order == pytest.approx(power, abs=2e-6)
    drawn = sliced_wasserstein(first, second, seeded(), n_directions=20_000, order=order)
    assert drawn**order == pytest.approx(power, abs=0.1)  # 4 standard errors


def test_shift_in_many_dimensions_shrinks_with_their_root() -> None:
    images = normal(4, 3, 8, 8)
    shifted = images + 0.5
    expected = 0.5  # ‖δ‖ / √d
    assert sliced_wasserstein(images, shifted, seeded(), 20_000, order=2) == pytest.approx(
        expected, abs=0.015
    )


@pytest.mark.parametrize("m", [60, 40, 37])
@pytest.mark.parametrize("order", [1, 2])
def test_agrees_with_pot_along_the_same_directions(m: int, order: int) -> None:
    first, second = normal(60, 5).double(), 2 * normal(m, 5, seed=1).double() + 0.3
    directions = draw_directions(50, 5, seeded(2))
    expected = ot.sliced_wasserstein_distance(first, second, projections=directions.T, p=order)
    found = sliced_wasserstein_along(first, second, directions, order)
    assert found == pytest.approx(float(expected), abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 20), (7, 10), (1, 9), (13, 64)])
def test_on_the_line_it_agrees_with_scipy_and_with_exact_transport(n: int, m: int) -> None:
    first, second = normal(n, 1).double(), 2 * normal(m, 1, seed=1).double() + 0.3
    expected = wasserstein_distance(first[:, 0], second[:, 0])
    assert sliced_wasserstein(first, second, seeded(), 3) == pytest.approx(expected, abs=1e-12)
    squared = line_transport(first.T, second.T, order=2)
    assert squared.tolist() == pytest.approx([wasserstein(first, second, order=2) ** 2], abs=1e-12)


def test_blocks_of_directions_and_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = normal(50, 4), normal(30, 4, seed=1)
    whole = sliced_wasserstein(first, second, seeded(2), 33)
    monkeypatch.setattr(sliced, "VALUES_AT_ONCE", 300)
    monkeypatch.setattr(sliced, "ROWS_AT_ONCE", 7)
    assert sliced_wasserstein(first, second, seeded(2), 33) == pytest.approx(whole, abs=1e-12)


def test_it_is_a_lower_bound_of_exact_transport() -> None:
    first, second = normal(40, 3), normal(40, 3, seed=1) * torch.tensor([1.0, 2.0, 3.0])
    for order in (1, 2):
        assert (
            0 < sliced_wasserstein(first, second, seeded(), order=order) < wasserstein(first, second, order)
        )
        again = sliced_wasserstein(first, first.flip(0), seeded(), order=order)
        assert again == pytest.approx(0, abs=1e-12)


def test_directions_are_uniform_on_the_sphere() -> None:
    directions = draw_directions(40_000, 3, seeded())
    torch.testing.assert_close(directions.norm(dim=1), torch.ones(40_000).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(directions.mean(0), torch.zeros(3).double(), rtol=0, atol=0.015)
    second_moments = directions.T @ directions / len(directions)
    torch.testing.assert_close(second_moments, torch.eye(3).double() / 3, rtol=0, atol=0.01)
    # on the sphere in three dimensions every coordinate is uniform on [-1, 1] (Archimedes)
    quartiles = directions.abs().quantile(torch.tensor([0.25, 0.5, 0.75]).double(), dim=0)
    expected = torch.tensor([0.25, 0.5, 0.75]).double().unsqueeze(1).expand(3, 3)
    torch.testing.assert_close(quartiles, expected, rtol=0, atol=0.015)


def test_the_generator_decides() -> None:
    first, second = normal(20, 3), normal(20, 3, seed=1)
    generator = seeded(5)
    once, again = (sliced_wasserstein(first, second, generator, 4) for _ in range(2))
    assert once != again
    assert sliced_wasserstein(first, second, seeded(5), 4) == once


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"directions": torch.zeros(3, 5)}, r"^directions must be directions \(K, 2\).*; got \(3, 5\)\.$"),
        ({"directions": torch.zeros(0, 2)}, r"^directions must be directions \(K, 2\).*; got \(0, 2\)\.$"),
        ({"second": torch.zeros(4, 3)}, r"^second must be .*; got \(3,\)\.$"),
        ({"order": 0}, r"^order must be 1 or 2; got 0\.$"),
    ],
)
def test_wrong_input_is_named(change: dict[str, Tensor | int], message: str) -> None:
    right = {"first": torch.zeros(4, 2), "second": torch.zeros(4, 2), "directions": fan(3)}
    with pytest.raises(BadValueError, match=message):
        sliced_wasserstein_along(**{**right, **change})


def test_no_directions_are_refused() -> None:
    with pytest.raises(BadValueError, match=r"^n_directions must be a whole number greater than 0; got 0\.$"):
        sliced_wasserstein(torch.zeros(4, 2), torch.zeros(4, 2), seeded(), n_directions=0)
