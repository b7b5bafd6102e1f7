"""Points in the plane over the critic's value surface: what stays is drawn once, what changes as pixels."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn.functional import interpolate

from gan_lab.plotting.outside import is_inside, mark_outside
from gan_lab.types import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT, _DPI = 540, 480, 100  # pixels, pixels per inch
_LEFT, _TOP, _RIGHT, _BOTTOM = 62, 26, 430, 428  # where the plane may be
_BAR_LEFT, _BAR_RIGHT = 440, 457
_SURFACE_POINTS = 64
_BANDS = 20
_MOST_LABELS = 5
_RADIUS, _OPACITY = 1.4, 0.7  # of a point, pixels
_WHITE, _ORANGE = (255, 255, 255), (255, 127, 14)  # the second as matplotlib's tab:orange
_REACH = np.arange(-2, 3)  # pixels about a point that its disc may touch

Pixels = NDArray[np.uint8]


class CriticSurface:
    """Real and generated points over the critic's raw score V(x), on a square that the real points decide.

    Axes and legend come from matplotlib, which takes 0.2 s for them; they are drawn once and laid over.

    Args:
        real: points (n, 2).
    """

    def __init__(self, real: Tensor) -> None:
        # matplotlib takes a second to import, and most runs draw images
        from matplotlib import colormaps, get_data_path
        from matplotlib.ticker import MaxNLocator

        self._colours = colormaps["cividis"]
        self._locator = MaxNLocator(_BANDS + 1, min_n_ticks=1)
        letters = Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
        self._font, self._font_of_counts = (ImageFont.truetype(letters, size) for size in (13, 12))
        low, high = real.amin(dim=0), real.amax(dim=0)
        margin = 0.35 * (high - low).amax().clamp(min=1e-3)
        self._low, self._high = low - margin, high + margin
        self._box = _fit((self._high - self._low).cpu().numpy())
        self._real = self._to_box(real)
        self._overlay = _draw_axes(self._box, self._low.tolist(), self._high.tolist())

    def draw(self, fake: Tensor, score: Score) -> Pixels:
        """Return the picture as pixels (H, W, 3), with generated points (m, 2).

        The square stays that of the real points, so that pictures of one run compare; of generated points
        outside there are ticks on its edge, and their number.
        """
        picture = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
        left, top, right, bottom = self._box
        plane = picture[top:bottom, left:right]
        surface = self._surface(score)
        levels = self._levels(surface)
        middles = (levels[1:] + levels[:-1]) / 2
        colours = self._colours((middles - levels[0]) / (levels[-1] - levels[0]), bytes=True)[:, :3]
        shown = np.nan_to_num(surface, nan=levels[0], posinf=levels[-1], neginf=levels[0])
        bands = (shown - np.float32(levels[0])) / np.float32(levels[1] - levels[0])
        plane[:] = colours.take(np.clip(bands, 0, len(colours) - 1).astype(np.uint8), axis=0)
        generated = self._to_box(fake)
        for points, colour in ((self._real, _WHITE), (generated, _ORANGE)):
            _add_points(plane, points, colour)
        rows = np.arange(bottom - top)[::-1] * len(colours) // (bottom - top)
        picture[top:bottom, _BAR_LEFT:_BAR_RIGHT] = colours[rows][:, None]
        image = Image.fromarray(picture)
        image.paste(self._overlay, mask=self._overlay)
        drawing = ImageDraw.Draw(image)
        self._label_bar(drawing, levels)
        mark_outside(drawing, generated, self._box, self._font_of_counts, _ORANGE)
        return np.asarray(image)

    def _to_box(self, points: Tensor) -> NDArray[np.float64]:
        """Return points (n, 2) as columns and rows of the box's pixels."""
        left, top, right, bottom = self._box
        parts = ((points - self._low) / (self._high - self._low)).cpu().numpy()
        places: NDArray[np.float64] = parts * (1, -1) * (right - left, bottom - top) + (0, bottom - top)
        return places

    def _surface(self, score: Score) -> NDArray[np.float32]:
        """Return the score at each pixel of the box, linear between the points of a grid."""
        left, top, right, bottom = self._box
        parts = torch.linspace(0, 1, _SURFACE_POINTS, device=self._low.device)
        grid = self._low + torch.cartesian_prod(parts, parts).flip(1) * (self._high - self._low)
        with torch.no_grad():
            values = score(grid).view(1, 1, _SURFACE_POINTS, _SURFACE_POINTS).flip(2).float()
            size = (bottom - top, right - left)
            pixels: NDArray[np.float32] = (
                interpolate(values, size, mode="bilinear", align_corners=True)[0, 0].cpu().numpy()
            )
        return pixels

    def _levels(self, surface: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the round numbers between which the surface is of one colour."""
        finite = surface[np.isfinite(surface)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        levels = np.asarray(self._locator.tick_values(low, high))
        first = np.searchsorted(levels, low, side="right") - 1
        last = np.searchsorted(levels, high)
        return levels[max(first, 0) : max(last, first + 1) + 1]

    def _label_bar(self, draw: ImageDraw.ImageDraw, levels: NDArray[np.float64]) -> None:
        _, top, _, bottom = self._box
        step = levels[1] - levels[0]
        every = -(-len(levels) // _MOST_LABELS)
        shown = levels[np.rint(levels / step) % every == 0]
        labels, factor = label_bar(shown, every * step)
        for level, label in zip(shown, labels, strict=True):
            y = bottom - 1 - (bottom - 1 - top) * (level - levels[0]) / (levels[-1] - levels[0])
            draw.line((_BAR_RIGHT, y, _BAR_RIGHT + 4, y), "black")
            draw.text((_BAR_RIGHT + 7, y), label, "black", self._font, anchor="lm")
        draw.text((_BAR_LEFT, top - 5), factor, "black", self._font, anchor="ls")


def label_bar(values: NDArray[np.float64], step: float) -> tuple[list[str], str]:
    """Return short labels of values (n,) that are ``step`` apart, and the power of ten that they share.

    The power stands once above the bar, empty if it is 1: beside each label there is no room for it.
    """
    largest = max(float(np.abs(values).max(initial=0.0)), step)
    power = int(np.floor(np.log10(largest)))
    power = 0 if -2 <= power < 4 else power
    scaled = values / 10.0**power
    room = int(np.clip(4 - np.floor(np.log10(largest / 10.0**power)), 0, 4))
    tolerance = 0.01 * step / 10.0**power
    exact = (d for d in range(room) if np.abs(np.round(scaled, d) - scaled).max(initial=0.0) < tolerance)
    decimals = next(exact, room)
    labels = [
        f"{value + 0.0:.{decimals}f}".replace("-", "\N{MINUS SIGN}") for value in np.round(scaled, decimals)
    ]
    return labels, f"\N{MULTIPLICATION SIGN}1e{power}".replace("-", "\N{MINUS SIGN}") if power else ""


def _fit(extent: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the largest box of a given width to height, in pixels."""
    scale = min((_RIGHT - _LEFT) / extent[0], (_BOTTOM - _TOP) / extent[1])
    width, height = max(1, round(extent[0] * scale)), max(1, round(extent[1] * scale))
    left, top = (_LEFT + _RIGHT - width) // 2, (_TOP + _BOTTOM - height) // 2
    return left, top, left + width, top + height


def _add_points(plane: Pixels, points: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    """Draw points (n, 2), given as columns and rows, as smooth discs onto pixels (H, W, 3)."""
    height, width = plane.shape[:2]
    x, y = points[is_inside(points, (width, height))].T[:, :, None, None]
    columns, rows = np.floor(x).astype(int) + _REACH, np.floor(y).astype(int) + _REACH[:, None]
    distance = np.hypot(columns + 0.5 - x, rows + 0.5 - y)
    covered = np.clip(_RADIUS + 0.5 - distance, 0, 1)
    covered *= (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    places = np.clip(rows, 0, height - 1) * width + np.clip(columns, 0, width - 1)
    # what shines through all discs over a pixel
    shown = np.ones(height * width, np.float32)
    np.multiply.at(shown, places.ravel(), (1 - _OPACITY * covered).ravel().astype(np.float32))
    touched = np.flatnonzero(shown < 1)
    row, column = np.divmod(touched, width)
    through = shown[touched, None]
    plane[row, column] = np.rint(plane[row, column] * through + np.array(colour) * (1 - through))


def _draw_axes(box: tuple[int, int, int, int], low: list[float], high: list[float]) -> Image.Image:
    """Return axes, legend and the frame of the colour bar on nothing, as RGBA."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI, facecolor="none")
    canvas = FigureCanvasAgg(figure)
    left, top, right, bottom = box
    axes = _add_axes(figure, left, top, right, bottom)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="$x_1$", ylabel="$x_2$")
    for label, colour in (("real", "white"), ("generated", "tab:orange")):
        # white on the white of the legend is seen by its edge
        axes.scatter([], [], s=4, c=colour, label=label, edgecolors="dimgrey", linewidths=0.8)
    axes.legend(loc="upper right", markerscale=3, framealpha=0.9)
    bar = _add_axes(figure, _BAR_LEFT, top, _BAR_RIGHT, bottom)
    bar.set(xticks=[], yticks=[])
    middle = 1 - (top + bottom) / 2 / _HEIGHT
    figure.text(1 - 11 / _WIDTH, middle, "critic score V(x)", rotation=90, ha="center", va="center")
    canvas.draw()  # type: ignore[no-untyped-call]
    return Image.fromarray(np.array(canvas.buffer_rgba()))  # type: ignore[no-untyped-call]


def _add_axes(figure: "Figure", left: int, top: int, right: int, bottom: int) -> "Axes":
    place = (left / _WIDTH, 1 - bottom / _HEIGHT, (right - left) / _WIDTH, (bottom - top) / _HEIGHT)
    return figure.add_axes(place, facecolor="none")
