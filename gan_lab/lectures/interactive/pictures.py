"""The picture of a frame in as few bytes as its lines and letters need: a page holds dozens of them."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLOURS = 64  # the steps from ink to paper at the edges of letters merge, by less than an eye sees
_OF_AREAS = 32  # at most so many of these are colours of areas: areas side by side stay apart
_AREA = 200  # pixels inside of areas that a colour must have to be kept for them


def shrink_picture(png: bytes) -> bytes:
    """Return a PNG as a lossless WebP of the same size in pixels, with 64 colours and without dithering.

    Every browser since 2020 shows WebP, which for these drawings takes two thirds of the bytes of a PNG.

    Args:
        png: of at most 256 colours, or it is brought to them first.
    """
    with Image.open(io.BytesIO(png)) as image:
        # no more than 256 colours: this tells them apart, and changes none of a picture with a palette
        indexed = image if image.mode == "P" else image.convert("RGB").quantize(dither=Image.Dither.NONE)
        numbers = np.asarray(indexed)
        colours = np.array(indexed.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
    corner = numbers[1:, 1:]
    inside = corner[(corner == numbers[:-1, 1:]) & (corner == numbers[1:, :-1])]
    fewer = _fewer(colours, np.bincount(inside, minlength=len(colours)))
    webp = io.BytesIO()
    Image.fromarray(fewer[numbers]).save(webp, format="WEBP", lossless=True, method=4, quality=100)
    return webp.getvalue()


def _fewer(colours: NDArray[np.uint8], inside: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return for each colour (N, 3) the nearest of those that stay.

    These are the colours with most pixels (N,) inside of areas, and then again and again the one that is
    farthest from all that stay.
    """
    points = colours.astype(np.int64)
    far = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    stay = [each for each in np.argsort(-inside, kind="stable")[:_OF_AREAS] if inside[each] >= _AREA]
    stay = stay or [inside.argmax()]
    while len(stay) < min(COLOURS, len(colours)):
        stay.append(far[:, stay].min(axis=1).argmax())
    nearest: NDArray[np.uint8] = colours[np.array(stay)[far[:, stay].argmin(axis=1)]]
    return nearest
