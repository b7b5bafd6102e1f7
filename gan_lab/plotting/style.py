"""How every figure looks, and the bytes that it is written as: the same from the same numbers."""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

# Okabe and Ito 2008, "Color Universal Design": told apart by colour-blind readers; without their yellow,
# which is too faint for a line on white
BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
SKY, ORANGE, BLACK, GREY = "#56b4e9", "#e69f00", "#000000", "#767676"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P")

_OBJECTIVES = {
    "wgan": (BLUE, "o"),
    "wgan_gp": (SKY, "s"),
    "gan": (VERMILION, "o"),
    "gan_minimax": (ORANGE, "s"),
    "lsgan": (GREEN, "o"),
    "hinge": (PURPLE, "s"),
    "fgan_alpha": (BLACK, "D"),
    "fgan_gan": (VERMILION, "D"),
    "fgan_jeffrey": (GREEN, "D"),
    "fgan_jensen_shannon": (ORANGE, "D"),
    "fgan_kl": (BLUE, "D"),
    "fgan_neyman": (PURPLE, "D"),
    "fgan_pearson": (SKY, "D"),
    "fgan_reverse_kl": (BLUE, "^"),
    "fgan_squared_hellinger": (GREEN, "^"),
    "fgan_total_variation": (VERMILION, "^"),
}

_SETTINGS: Any = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.solid_capstyle": "round",
    "figure.dpi": 110.0,
    "savefig.dpi": 110.0,
    "axes.formatter.useoffset": False,
}


@dataclass(frozen=True)
class NamedFigure:
    """A figure with what is said of it.

    Attributes:
        name: its file's name without an ending.
        title: a few words.
        caption: what is drawn, in sentences.
        figure: the drawing.
        every_colour: whether its PNG keeps every colour, as photographs need; lines need 256.
    """

    name: str
    title: str
    caption: str
    figure: Figure
    every_colour: bool = False


@contextmanager
def styled() -> Iterator[None]:
    """Draw in this style whatever the user's own settings of matplotlib are; they return afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        for key, value in _SETTINGS.items():
            matplotlib.rcParams[key] = value
        yield


def colour_of(objective: str) -> str:
    """Return an objective's colour, in every figure the same."""
    return _look(objective)[0]


def marker_of(objective: str) -> str:
    """Return an objective's marker, in every figure the same."""
    return _look(objective)[1]


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def show_picture(axes: Axes, pixels: NDArray[np.uint8], width: float) -> None:
    """Show a picture (H, W, 3) about ``width`` inches wide: its very pixels, or smoothly where it shrinks."""
    shrinks = pixels.shape[1] > width * _SETTINGS["savefig.dpi"]
    axes.imshow(pixels, interpolation="antialiased" if shrinks else "nearest")


def encode_figure(named: NamedFigure) -> tuple[bytes, bytes]:
    """Return a figure as PNG and as PDF, without a date or a version in either."""
    figure, png, pdf = named.figure, io.BytesIO(), io.BytesIO()
    # laid out once: both files are then the same drawing, in half the time
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    figure.savefig(png, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
    figure.savefig(pdf, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return png.getvalue() if named.every_colour else _with_palette(png), pdf.getvalue()


def draw_pixels(figure: Figure, width: int) -> NDArray[np.uint8]:
    """Return a figure as pixels (H, W, 3), so many of them from left to right."""
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=width / figure.get_size_inches()[0])
    with Image.open(png) as image:
        return np.asarray(image.convert("RGB"))


def _with_palette(png: io.BytesIO) -> bytes:
    """Return a PNG with its best 256 colours: of lines and text, half the size."""
    smaller = io.BytesIO()
    with Image.open(png) as image:
        palette = image.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette.save(smaller, format="PNG", optimize=True)
    return smaller.getvalue()


def spread(axes: Axes, values: list[float], pad: float = 0.08) -> None:
    """Let the y axis hold these values and a little more."""
    if not values:
        return
    low, high = min(values), max(values)
    room = (high - low) * pad or abs(high) * pad or 1.0
    axes.set_ylim(low - room, high + room)


def _look(objective: str) -> tuple[str, str]:
    if objective in _OBJECTIVES:
        return _OBJECTIVES[objective]
    # a plug-in's, the same in every sweep
    digest = zlib.crc32(objective.encode())
    return COLOURS[digest % len(COLOURS)], MARKERS[digest // len(COLOURS) % len(MARKERS)]
