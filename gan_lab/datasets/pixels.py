"""From a file or a picture to bytes of one shape: the one rule by which every image set is framed."""

import io
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from gan_lab.datasets.colours import on_white, raw_mode
from gan_lab.datasets.metadata import orientation_in, without_metadata

# What Pillow raises on damaged or unknown files: each decoder has its own habits.
DECODING_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(AssertionError, MemoryError, NotImplementedError, struct.error, zlib.error),
    Image.DecompressionBombError,
)

_NOT_READ = {
    *("BUFR", "GRIB", "HDF5", "WMF", "MPEG"),  # Pillow knows how they begin, and has no decoder
    "EPS",  # a program, which Ghostscript would run
}

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF's tag Orientation: what makes a picture upright."""


def readable_formats() -> tuple[str, ...]:
    """Return Pillow's names of the formats that are read: all that it decodes by itself."""
    Image.init()
    return tuple(name for name in Image.ID if name in Image.OPEN and name not in _NOT_READ)


def readable_suffixes() -> frozenset[str]:
    """Return the endings of files of ``readable_formats``, in small letters, such as ``.jpg``."""
    formats = readable_formats()
    return frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in formats)


def decode(file: Path | BinaryIO, size: int, channels: int) -> NDArray[np.uint8]:
    """Return the picture in ``file`` as bytes (channels, size, size); of an animation, the first frame.

    What else a file says, of cameras, colours or texts, does not decide whether its picture is read: one that
    Pillow refuses is tried once more without its metadata.

    Raises:
        DECODING_ERRORS: if it is damaged or no picture.
    """
    try:
        with Image.open(file, formats=readable_formats()) as image:
            return frame(image, size, channels)
    except DECODING_ERRORS:
        bared = without_metadata(_content(file))
        if bared is None:
            raise
        content, exif = bared
        try:
            with Image.open(io.BytesIO(content), formats=readable_formats()) as image:
                return frame(image, size, channels, orientation_in(exif))
        except DECODING_ERRORS:
            pass
        raise  # the first fault is of the file as it is


def frame(image: Image.Image, size: int, channels: int, orientation: int | None = None) -> NDArray[np.uint8]:
    """Cut out the largest centred square and resize it, bilinear with antialiasing.

    Resizing the shorter side first and cropping then would differ in the outermost pixels alone, which would
    mix in what lies outside of the square. The picture is turned as its EXIF orientation says, and
    transparent parts show a white page.

    Args:
        image: of any mode with at most 8 bits per channel, or 16-bit grey.
        size: height and width of the result in pixels.
        channels: 1 for grey (ITU-R 601 luma), 3 for RGB.
        orientation: as EXIF counts, 1 to 8; None for what the picture itself says.

    Returns:
        (channels, size, size).
    """
    raw = raw_mode(image)
    square = on_white(_upright(image, orientation), raw).convert("RGB" if channels == 3 else "L")
    width, height = square.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = square.crop((left, top, left + side, top + side))
    if side != size:
        square = square.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(square, dtype=np.uint8).reshape(size, size, channels)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def reason_of(error: BaseException) -> str:
    """Return why a picture cannot be read, in a few words without a full stop."""
    if isinstance(error, UnidentifiedImageError):
        # Pillow names the object that it was given, by its address in memory
        return "it begins as no picture does"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return first_line(error)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, without its full stop; its type if it has none."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".:") if lines else type(error).__name__


def _upright(image: Image.Image, orientation: int | None) -> Image.Image:
    """Return a picture as it is to be looked at.

    Pillow's own ``exif_transpose`` would also write the metadata anew, and fails on what it can only read.
    """
    image.load()  # which turns a TIFF, and forgets its orientation
    turn = _TURNS.get(_orientation_of(image) if orientation is None else orientation)
    return image if turn is None else image.transpose(turn)


def _orientation_of(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except DECODING_ERRORS:  # of other metadata, or of an orientation that is no number
        return 1


def _content(file: Path | BinaryIO) -> bytes:
    if isinstance(file, Path):
        return file.read_bytes()
    file.seek(0)
    return file.read()
