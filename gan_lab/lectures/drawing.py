"""How the figures of the distances lab look: one idea on a slide, readable from the last row."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.figure import Figure

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
