"""Points that a picture has no room for: ticks on its edge where they are nearest to it, and their number."""

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFont

_TICK, _WIDTH = 7, 2  # pixels
_PAD = 4  # pixels between the words and what is around them
_PAPER = (255, 255, 255)

Font = ImageFont.FreeTypeFont


def is_inside(points: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which points (n, 2), in pixels from the left and the top, lie in a box of width and height."""
    return np.asarray(((points >= 0) & (points < size)).all(axis=1), dtype=np.bool_)


def mark_outside(
    draw: ImageDraw.ImageDraw,
    points: NDArray[np.float64],
    box: tuple[int, int, int, int],
    font: Font,
    colour: tuple[int, int, int],
) -> None:
    """Draw what says of generated points (n, 2) that they are not all in the box; nothing where they are.

    The box stays as it is, so that pictures of one run compare: a point outside becomes a tick on the edge
    next to it, and how many of how many there are stands in the lower left corner.

    Args:
        draw: of the whole picture.
        points: in pixels from the box's left and top; what is not finite is counted apart.
        box: its left, top, right and bottom in the picture.
        font: of the words.
        colour: of the ticks.
    """
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    finite = np.isfinite(points).all(axis=1)
    outside = points[finite & ~is_inside(points, size)]
    for at in np.unique(np.rint(np.clip(outside, 0, (size[0] - 1, size[1] - 1))).astype(int), axis=0):
        draw.line(_tick(at, size, (left, top)), colour, _WIDTH)
    counts = ((len(outside), "outside the frame"), (int((~finite).sum()), "not finite"))
    said = [f"{count:,} of {len(points):,} generated {what}" for count, what in counts if count]
    if said:
        _write(draw, "\n".join(said), (left + 2 * _PAD + _TICK, bottom - 2 * _PAD - _TICK), font)


def _tick(
    at: NDArray[np.int_], size: tuple[int, int], corner: tuple[int, int]
) -> tuple[tuple[float, float], ...]:
    """Return both ends of a line from a point on the edge of a box inwards; from a corner it is slanted."""
    inwards = np.where(at == 0, 1, 0) - np.where(at == np.array(size) - 1, 1, 0)
    ends = (at + corner, at + corner + _TICK * inwards)
    return tuple((float(x), float(y)) for x, y in ends)


def _write(draw: ImageDraw.ImageDraw, text: str, place: tuple[int, int], font: Font) -> None:
    """Write lines whose lower left corner is at a place, on paper, so that they are read on any colour."""
    left, top, right, bottom = draw.multiline_textbbox(place, text, font, anchor="ld")
    draw.rectangle((left - _PAD, top - _PAD, right + _PAD, bottom + _PAD), _PAPER)
    draw.multiline_text(place, text, "black", font, anchor="ld")
