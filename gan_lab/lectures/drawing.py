"""How the figures of the distances lab look: one idea on a slide, readable from the last row."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

from gan_lab.lectures.base import Animation
from gan_lab.plotting.style import new_figure, styled

SLIDE_WIDTH, SLIDE_HEIGHT = 9.6, 5.4  # inches, 16:9

_SETTINGS: Any = {
    "font.size": 14.0,
    "axes.titlesize": 15.0,
    "axes.labelsize": 14.0,
    "legend.fontsize": 12.0,
    "lines.linewidth": 2.2,
    "lines.markersize": 7.0,
}


@contextmanager
def slide_style() -> Iterator[None]:
    """Draw in the style of slides; figures must be made and encoded inside."""
    with styled(), matplotlib.rc_context(_SETTINGS):
        yield


def new_slide(width: float = SLIDE_WIDTH, height: float = SLIDE_HEIGHT) -> Figure:
    """Return an empty figure of a slide's size, or of another in inches."""
    return new_figure(width, height)


def encode_gif(animation: Animation) -> bytes:
    """Return an animation as a GIF that repeats for ever; the same bytes from the same frames."""
    frames = []
    for number in range(animation.n_frames):
        animation.draw(number)
        png = io.BytesIO()
        animation.figure.savefig(png, format="png", dpi=80)
        with Image.open(png) as image:
            frames.append(image.convert("RGB").quantize(128, dither=Image.Dither.NONE))
    gif, duration_ms = io.BytesIO(), round(1000 / animation.frames_per_second)
    frames[0].save(
        gif, "GIF", save_all=True, append_images=frames[1:], duration=duration_ms, loop=0, optimize=True
    )
    return gif.getvalue()
