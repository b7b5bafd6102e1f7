"""Pixels of pictures: the range, the order and the layout."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gan_lab.plotting.images import encode_png, enlarge, image_grid, scatter_figure, to_pixels
from gan_lab.plotting.surface import CriticSurface, label_bar


def test_minus_one_is_black_and_one_is_white() -> None:
    row = torch.tensor([-3.0, -1.0, 0.0, 1.0, 3.0]).view(1, 1, 1, 5)
    assert to_pixels(row).flatten().tolist() == [0, 0, 128, 255, 255]
    assert to_pixels(row).dtype == torch.uint8


@pytest.mark.parametrize(("channels", "shown"), [(1, 1), (2, 1), (3, 3), (4, 1)])
def test_channels_that_cannot_be_shown_become_their_mean(channels: int, shown: int) -> None:
    images = torch.linspace(-1, 1, channels).view(1, channels, 1, 1).expand(2, channels, 4, 4)
    pixels = to_pixels(images)
    assert pixels.shape == (2, shown, 4, 4)
    if shown == 1 and channels > 1:
        assert set(pixels.flatten().tolist()) == {128}


@pytest.mark.parametrize(("n", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (5, 3, 2), (64, 8, 8)])
def test_a_grid_is_as_square_as_it_can_be_and_reads_like_text(n: int, columns: int, rows: int) -> None:
    levels = torch.linspace(-1, 1, n + 1)[:n]
    grid = image_grid(levels.view(n, 1, 1, 1).expand(n, 3, 4, 4))
    assert grid.dtype == np.uint8
    cell = 4 if n == 1 else 5  # a line of one pixel between cells
    assert grid.shape == (rows * cell + (n > 1), columns * cell + (n > 1), 3)
    shades = [int(to_pixels(level.view(1, 1, 1, 1))) for level in levels]
    middle = 2 if n == 1 else 3
    for k, shade in enumerate(shades):
        assert set(grid[middle + k // columns * cell, middle + k % columns * cell]) == {shade}


def test_small_pictures_are_enlarged_by_a_whole_factor(tmp_path: Path) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    (tmp_path / "a.png").write_bytes(encode_png(enlarge(pixels)))
    with Image.open(tmp_path / "a.png") as image:
        factor = image.width // 4
        assert image.size == (4 * factor, 3 * factor)
        assert image.width >= 256
        assert np.array_equal(np.asarray(image), pixels.repeat(factor, 0).repeat(factor, 1))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_figures_are_pictures(d: int) -> None:
    points = torch.randn(50, d, generator=torch.Generator().manual_seed(0))
    figure = scatter_figure(points, points + 1)
    assert figure.dtype == np.uint8
    assert figure.shape == (480, 540, 3)
    assert figure.std() > 1


def test_the_surface_is_the_critics_value() -> None:
    """A critic that grows to the right is shown darker on the left: cividis goes from dark to light."""
    points = torch.rand(50, 2, generator=torch.Generator().manual_seed(0))
    plane = CriticSurface(points)
    figure = plane.draw(points, lambda x: x[:, 0]).astype(float).mean(axis=2)
    assert figure.shape == (480, 540)
    assert figure[60:400, 90].mean() + 50 < figure[60:400, 380].mean()
    # and one that grows upwards is lighter at the top, which is the first row of pixels
    figure = plane.draw(points, lambda x: x[:, 1]).astype(float).mean(axis=2)
    assert figure[90, 100:280].mean() > figure[380, 100:280].mean() + 50


def test_points_are_where_they_belong() -> None:
    """The corners of a square, with a margin of 0.35 of its side, in a box of 368 pixels."""
    plane = CriticSurface(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    bare = plane.draw(torch.empty(0, 2), lambda x: x[:, 0])

    def place(x: float, y: float) -> NDArray[np.float64]:
        """Row and column of a generated point."""
        figure = plane.draw(torch.tensor([[x, y]]), lambda x: x[:, 0])
        middle: NDArray[np.float64] = np.argwhere((figure != bare).any(axis=2)).mean(axis=0)
        red, green, blue = figure[tuple(np.rint(middle).astype(int))]
        assert red > green > blue
        return middle

    side = 368 / 1.7
    np.testing.assert_allclose(place(1, 0) - place(0, 0), (0, side), atol=1)
    np.testing.assert_allclose(place(0, 1) - place(0, 0), (-side, 0), atol=1)
    # real points are white
    row, column = np.rint(place(0, 0)).astype(int)
    assert bare[row, column].min() > 150
    assert bare[row, column + 6].max() < 130


def test_scores_that_are_no_numbers_are_left_out() -> None:
    points = torch.rand(50, 2, generator=torch.Generator().manual_seed(0))
    plane = CriticSurface(points)
    for value in (0.0, float("nan"), float("inf")):
        assert plane.draw(points, lambda x, value=value: torch.full((len(x),), value)).std() > 1


def test_points_outside_are_ticks_on_the_edge_and_counted() -> None:
    """The square of the real points is 368 pixels wide, from column 62 and row 43 on, and stays so."""
    plane = CriticSurface(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    bare = plane.draw(torch.empty(0, 2), lambda x: x[:, 0]).astype(int)
    left, top, right, bottom = 62, 43, 430, 411
    shown = plane.draw(torch.tensor([[0.5, 9.0], [-9.0, 0.5], [0.5, 0.5]]), lambda x: x[:, 0]).astype(int)
    changed = (shown != bare).any(axis=2)
    middle = (left + right) // 2
    for rows, columns in (
        (slice(top, top + 5), slice(middle - 2, middle + 3)),
        (slice((top + bottom) // 2 - 2, (top + bottom) // 2 + 3), slice(left, left + 5)),
    ):
        red, _, blue = shown[rows, columns][changed[rows, columns]].T
        assert (red > blue + 50).sum() >= 5
    words = shown[bottom - 40 : bottom, left : left + 230]
    assert (words.min(axis=2) == 255).mean() > 0.2  # paper, on which the count is written
    # at the other side of the square nothing is changed
    assert not changed[top + 60 : bottom - 60, middle + 20 :].any()
    inside = plane.draw(torch.tensor([[0.5, 0.5]]), lambda x: x[:, 0]).astype(int)
    assert not (inside != bare).any(axis=2)[bottom - 60 : bottom].any()


def test_how_many_points_of_how_many_lie_outside_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    original = ImageDraw.ImageDraw.multiline_text

    def keep(self: ImageDraw.ImageDraw, xy: tuple[float, float], text: str, *rest: Any, **more: Any) -> None:
        written.append(text)
        original(self, xy, text, *rest, **more)

    monkeypatch.setattr(ImageDraw.ImageDraw, "multiline_text", keep)
    plane = CriticSurface(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    points = torch.rand(1200, 2, generator=torch.Generator().manual_seed(0))
    plane.draw(points, lambda x: x[:, 0])
    assert not written
    points[:7] += 40
    points[7], points[8, 0] = float("nan"), float("inf")
    plane.draw(points, lambda x: x[:, 0])
    assert written == ["7 of 1,200 generated outside the frame\n2 of 1,200 generated not finite"]


def test_matplotlib_waits_for_the_first_figure() -> None:
    script = "import sys, gan_lab.tracking.snapshots; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_labels_of_a_colour_bar_are_short_and_share_a_power_of_ten() -> None:
    small = np.array([-1.2e-5, -1.0e-5, 0.0])
    assert label_bar(small, 2e-6) == (["−1.2", "−1.0", "0.0"], "×1e−5")
    assert label_bar(np.array([0.0, 0.5, 1.0]), 0.5) == (["0.0", "0.5", "1.0"], "")
    close = np.array([1234.5001, 1234.5002])
    assert max(len(label) for label in label_bar(close, 1e-4)[0]) <= 6


def test_real_points_are_seen_in_the_legend() -> None:
    """Their marker is white, and so is the legend: an edge tells them apart."""
    plane = CriticSurface(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    legend = plane.draw(torch.empty(0, 2), lambda x: x[:, 0])[50:62, 318:345].astype(int)
    assert legend.min() < 200
