"""Arrays of strangers: NumPy's ``.npy`` files, of which nothing is believed before it is checked."""

import math
import os
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import UserError
from gan_lab.files.regular import open_regular

_MAGIC = b"\x93NUMPY"
_HEADERS: dict[tuple[int, int], Callable[[BinaryIO], tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# what NumPy raises on a header that is no literal, or one that is too large or too deep
_MALFORMED = (
    *(ValueError, TypeError, SyntaxError, tokenize.TokenError),
    *(RecursionError, MemoryError, OverflowError),
)
_KINDS = "uif"  # whole numbers without and with sign, floats


def open_array(path: Path) -> NDArray[Any]:
    """Return the array of a ``.npy`` file without reading it: rows are read as they are asked for.

    A pickle in it is never opened, and its shape is held to the size of the file before anything is made of
    that size.

    Args:
        path: a regular file; the user may name one through a link to its folder, but not a link itself.

    Raises:
        UserError: if it is no regular file, no ``.npy`` file of numbers, or its header contradicts its size.
    """
    try:
        with open(open_regular(path, os.O_RDONLY), "rb") as file:
            return _mapped(path, file)
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror or error}.") from error


def _mapped(path: Path, file: BinaryIO) -> NDArray[Any]:
    try:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"version {version}")
        shape, is_fortran, dtype = _HEADERS[version](file)
    except _MALFORMED as error:
        raise UserError(f"{path} is no .npy file of numbers.") from error
    if dtype.kind not in _KINDS or dtype.subdtype is not None:
        held = (
            "Python objects, which would have to be unpickled" if dtype.hasobject else f"{dtype.name} values"
        )
        raise UserError(f"{path} must hold numbers; it holds {held}.")
    begin, size = file.tell(), os.fstat(file.fileno()).st_size
    claimed = math.prod(shape) * dtype.itemsize
    if min(shape, default=1) < 0 or claimed != size - begin:
        raise UserError(f"{path} has {size - begin:,} bytes of numbers, and its header says {claimed:,}.")
    if claimed == 0:
        raise UserError(f"{path} holds an array of shape {shape}: no samples.")
    return np.memmap(file, dtype, "r", begin, shape, order="F" if is_fortran else "C")
