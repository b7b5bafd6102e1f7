"""From a file or a picture to bytes of one shape: the one rule by which every image set is framed."""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gan_lab.config.errors import UserError

# What Pillow raises on damaged or unknown files: each decoder has its own habits.
DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def decode(file: Path | BinaryIO, size: int, channels: int) -> NDArray[np.uint8]:
    """Return the picture in ``file`` as bytes (channels, size, size); of an animation, the first frame.

    Raises:
        DECODING_ERRORS: if it is damaged or no picture.
    """
    with Image.open(file) as image:
        return frame(image, size, channels)


def frame(image: Image.Image, size: int, channels: int) -> NDArray[np.uint8]:
    """Cut out the largest centred square and resize it, bilinear with antialiasing.

    Resizing the shorter side first and cropping then would differ in the outermost pixels alone, which would
    mix in what lies outside of the square. The picture is turned as its EXIF orientation says, and
    transparent parts show a white page.

    Args:
        image: of any mode with at most 8 bits per channel, or 16-bit grey.
        size: height and width of the result in pixels.
        channels: 1 for grey (ITU-R 601 luma), 3 for RGB.

    Returns:
        (channels, size, size).
    """
    upright = ImageOps.exif_transpose(image)
    square = _opaque(upright).convert("RGB" if channels == 3 else "L")
    width, height = square.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = square.crop((left, top, left + side, top + side))
    if side != size:
        square = square.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(square, dtype=np.uint8).reshape(size, size, channels)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def decode_file(path: Path, size: int, channels: int, command: str) -> NDArray[np.uint8]:
    """Return ``decode`` of a file on the disk.

    Raises:
        UserError: naming the file, if it cannot be decoded; ``command`` is what to run once it is mended.
    """
    try:
        return decode(path, size, channels)
    except DECODING_ERRORS as error:
        raise UserError(
            f"{path} is not an image that can be read ({first_line(error)}); "
            f"replace or remove it and run `{command}` again."
        ) from error


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, without its full stop; its type if it has none."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".:") if lines else type(error).__name__


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow would clip 16-bit grey to 255 instead of scaling it
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(f"its pixels are of the unbounded type {image.mode}")
    if not image.has_transparency_data:
        return image
    layer = image.convert("RGBA")
    page = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(page, layer)
