"""Pictures of every mode that Pillow knows, as grey or RGB on a white page."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
_KEYED = ("1", "L", "RGB", *_SIXTEEN_BITS)
"""Modes without alpha, of which PNG can call one colour transparent."""

_GREY_STEP = {"L;2": 85, "L;4": 17}  # from the levels of a file with 2 or 4 bits a pixel to bytes


def raw_mode(image: Image.Image) -> str:
    """Return how the file of a picture that is not loaded yet holds its pixels, such as ``L;2``.

    Empty where that is not known: once the pixels are loaded, Pillow has forgotten it.
    """
    tile = getattr(image, "tile", None)
    arguments: Any = tile[0][3] if tile else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return raw if isinstance(raw, str) else ""


def on_white(image: Image.Image, raw: str = "") -> Image.Image:
    """Return a picture as mode ``L`` or ``RGB``, its transparent parts showing a white page.

    Of 16-bit grey the upper 8 bits are kept, or of 12 bits the upper 8.

    Args:
        image: loaded, of any mode.
        raw: its ``raw_mode``.

    Raises:
        ValueError: if its pixels have no largest value that would be white.
    """
    key = image.info.get("transparency") if image.mode in _KEYED else None
    keyed = None if key is None else _is_colour(image, key, raw)
    image = _eight_bits(image, raw)
    if keyed is None and image.has_transparency_data:
        layer = image.convert("LA" if image.mode == "La" else "RGBA").convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    plain = image.convert("L" if image.mode in ("1", "L") else "RGB")
    if keyed is not None and keyed.any():
        plain.paste("white", mask=Image.fromarray(keyed))
    return plain


def _eight_bits(image: Image.Image, raw: str) -> Image.Image:
    """Return pictures of more than 8 bits, or in LAB, as ``L`` or ``RGB``; others without tRNS."""
    if image.mode in _SIXTEEN_BITS:
        # Pillow would clip 16-bit grey to 255 instead of scaling it
        return Image.fromarray((np.asarray(image) >> (4 if raw.startswith("I;12") else 8)).astype(np.uint8))
    if image.mode == "I" and image.format in ("PNG", "PPM"):  # 16 bits in 32
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(f"its pixels are of the unbounded type {image.mode}")
    if image.mode == "LAB":
        return _lab_to_rgb().apply(image)
    if image.mode in _KEYED:
        image = image.copy()
        image.info.pop("transparency", None)
    return image


def _is_colour(image: Image.Image, key: Any, raw: str) -> NDArray[np.bool_] | None:
    """Return which pixels have the colour that PNG's chunk tRNS calls transparent, (height, width).

    The chunk counts in the file's own levels, of which Pillow makes bytes: 2 bits become 0, 85, 170, 255.
    Of RGB with 16 bits Pillow has kept the upper 8, and only those can be compared.
    """
    pixels = np.asarray(image)
    if image.mode == "RGB":
        if not isinstance(key, tuple | list) or len(key) != 3:
            return None
        shift = 8 if raw.startswith("RGB;16") else 0
        colour = (np.array([int(level) for level in key]) >> shift) & 255
        return np.asarray((pixels == colour).all(axis=2))
    if not isinstance(key, int):
        return None
    if image.mode == "1":
        return np.asarray(pixels == bool(key & 1))
    if image.mode == "L":
        step = _GREY_STEP.get(raw, 1)
        return np.asarray(pixels == key % (255 // step + 1) * step)
    return np.asarray(pixels == key)


@cache
def _lab_to_rgb() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
