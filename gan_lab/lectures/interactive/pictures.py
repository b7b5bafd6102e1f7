"""The pictures of a page in as few bytes as their lines and letters need: what they share is kept once."""

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from gan_lab.plotting.style import draw_pixels

WIDTH = 1280  # pixels of a frame: what its column takes on a projector of 1920
COLOURS = 64  # the steps from ink to paper at the edges of letters merge, by less than an eye sees
_OF_AREAS = 32  # at most so many of these are colours of areas: areas side by side stay apart
_AREA = 200  # pixels inside of areas that a colour must have to be kept for them
_NUMBERS = 256  # colours that a picture of numbers has room for
_MARGIN = 4  # pixels around what differs: a browser that shows pictures smaller blends so many of them

Pixels = NDArray[np.uint8]


class Pictures(NamedTuple):
    """Pictures of one size as a browser puts them together.

    Attributes:
        base: what most of them show at each pixel, as a lossless WebP.
        overlays: of each picture what differs from the base, with a margin of 4 pixels, and nothing
            elsewhere, as lossless WebPs. A browser scales base and overlay each by itself: without the
            margin, lines of the base would shine through at the edges of the overlay.
    """

    base: bytes
    overlays: tuple[bytes, ...]


def draw_alike(figures: Sequence[Figure]) -> list[Pixels]:
    """Return figures as pixels (H, W, 3), with the axes of all of them at the same places.

    Each is laid out by itself first, at the resolution that it is drawn at: letters are as wide there as the
    layout made room for. What an axis then has in all of them it gets in each: axes that moved
    with the width of a number would make a reader look at what does not matter.

    Args:
        figures: of one size; laid out for good afterwards.
    """
    for figure in figures:
        figure.set_dpi(WIDTH / figure.get_size_inches()[0])
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    if len({len(figure.axes) for figure in figures}) == 1:
        for same in zip(*(figure.axes for figure in figures), strict=True):
            corners = np.array([axes.get_position(original=True).extents for axes in same])  # (n, 4)
            left, bottom = corners[:, :2].max(axis=0)
            right, top = corners[:, 2:].min(axis=0)
            if left < right and bottom < top:
                for axes in same:
                    axes.set_position((left, bottom, right - left, top - bottom))
    return [draw_pixels(figure, WIDTH) for figure in figures]


def shrink_pictures(pictures: Sequence[Pixels]) -> Pictures:
    """Return pictures (H, W, 3) with 64 colours in all, without dithering, and with what they share once.

    Every browser since 2020 shows WebP. Axes, letters and paper hardly move with a slider: an overlay takes a
    fraction of the whole picture.

    Args:
        pictures: at least one, all of one size.
    """
    colours, numbers = _numbered(pictures)
    inside = np.zeros(len(colours), np.intp)
    for each in numbers:
        corner = each[1:, 1:]
        alike = (corner == each[:-1, 1:]) & (corner == each[1:, :-1])
        inside += np.bincount(corner[alike], minlength=len(colours))
    nearest = _nearest(colours, inside // len(numbers))
    numbers = nearest[numbers]
    base = _most_common(numbers)
    paper = np.full((*base.shape, 1), 255, np.uint8)
    overlays = []
    for each in numbers:
        overlay = np.concatenate([colours[each], paper], axis=2)
        overlay[~_with_margin(each != base)] = 0
        overlays.append(_encode(overlay))
    return Pictures(_encode(colours[base]), tuple(overlays))


def put_together(base: bytes, overlay: bytes) -> Pixels:
    """Return the picture (H, W, 3) that a base and an overlay make, as a browser shows it."""
    with Image.open(io.BytesIO(base)) as below, Image.open(io.BytesIO(overlay)) as above:
        whole = Image.alpha_composite(below.convert("RGBA"), above.convert("RGBA"))
    pixels: Pixels = np.asarray(whole.convert("RGB"))
    return pixels


def _numbered(pictures: Sequence[Pixels]) -> tuple[Pixels, Pixels]:
    """Return at most 256 colours (N, 3), the same for all pictures, and their numbers (n, H, W)."""
    shape = (len(pictures), *pictures[0].shape[:2])
    every = Image.fromarray(np.concatenate(pictures))  # one below another
    # what has no more colours than that keeps each of them
    indexed = every.quantize(_NUMBERS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = np.array(indexed.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
    return colours, np.asarray(indexed).reshape(shape)


def _with_margin(differs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what of a picture (H, W) is at most a margin away from what differs, in both directions."""
    mask = Image.fromarray(differs.astype(np.uint8))
    return np.asarray(mask.filter(ImageFilter.MaxFilter(2 * _MARGIN + 1))).astype(bool)


def _most_common(numbers: Pixels) -> Pixels:
    """Return at each pixel the number that most of the pictures (n, H, W) have there."""
    base: Pixels = numbers[0].copy()
    most = np.zeros(numbers.shape[1:], np.uint16)
    for number in np.unique(numbers):
        count = (numbers == number).sum(axis=0, dtype=np.uint16)
        base[count > most] = number
        most = np.maximum(most, count)
    return base


def _nearest(colours: Pixels, inside: NDArray[np.intp]) -> Pixels:
    """Return for each colour (N, 3) the number of the nearest of those that stay (N,).

    These are the colours with most pixels (N,) inside of areas, and then again and again the one that is
    farthest from all that stay.
    """
    points = colours.astype(np.int64)
    far = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    stay = [each for each in np.argsort(-inside, kind="stable")[:_OF_AREAS] if inside[each] >= _AREA]
    stay = stay or [inside.argmax()]
    while len(stay) < min(COLOURS, len(colours)):
        stay.append(far[:, stay].min(axis=1).argmax())
    nearest: Pixels = np.array(stay, dtype=np.uint8)[far[:, stay].argmin(axis=1)]
    return nearest


def _encode(pixels: Pixels) -> bytes:
    webp = io.BytesIO()
    Image.fromarray(pixels).save(webp, format="WEBP", lossless=True, method=4, quality=100)
    return webp.getvalue()
