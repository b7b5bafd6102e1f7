"""Samples of any generator, read from files of its own: a folder of pictures, or one array."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.datasets.folder_scan import scan
from gan_lab.datasets.pixels import (
    DECODING_ERRORS,
    decode,
    readable_formats,
    readable_suffixes,
    reason_of,
)
from gan_lab.evaluation.arrays import as_grey, to_samples
from gan_lab.evaluation.layouts import open_samples
from gan_lab.numerics.draws import permutation
from gan_lab.numerics.streams import make_rng

DEFAULT_SAMPLES = 1024
"""Samples on either side that nobody asked for more or less of: exact distances take n³."""


def read_samples(path: Path, data_shape: tuple[int, ...], n: int | None, seed: int) -> Tensor:
    """Return samples (n, *D) of a file or folder, in its order; some of them at random if it holds more.

    Args:
        path: a folder of pictures, however deep, or a ``.npy`` file.
        data_shape: D.
        n: how many; None for 1,024, or all if there are less.
        seed: of which are taken.

    Raises:
        UserError: if there is neither, a picture or the array is damaged or of another shape, or there are
            less than ``n``.
    """
    if path.is_dir():
        return _read_pictures(path, data_shape, n, seed)
    values = open_samples(path, data_shape)
    rows = _rows(path, len(values), n, seed)
    return to_samples(values[rows], str(path), data_shape)


def _read_pictures(folder: Path, data_shape: tuple[int, ...], n: int | None, seed: int) -> Tensor:
    if len(data_shape) != 3:
        rule = f"a .npy file for points of shape (n, {data_shape[0]})"
        raise UserError(f"--samples must be {rule}; got the folder {str(folder)!r}.")
    found = scan(folder, readable_suffixes())
    if not found.pictures:
        passed_over = f", but {found.said()}" if found.said() else ""
        raise UserError(f"{folder} holds no pictures{passed_over}.")
    rows = _rows(folder, len(found.pictures), n, seed)
    pictures = np.stack([_read_picture(found.pictures[row], data_shape) for row in rows])
    return to_samples(pictures, str(folder), data_shape)


def _read_picture(path: Path, data_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    channels, height, width = data_shape
    try:
        with Image.open(path, formats=readable_formats()) as image:
            size = image.size
        # resized, they would be others: resizing alone moves distances of images
        picture = decode(path, height, 3) if size == (width, height) else None
    except DECODING_ERRORS as error:
        raise UserError(f"{path} is not an image that can be read ({reason_of(error)}).") from error
    if picture is None:
        raise UserError(
            f"{path} has {size[1]}x{size[0]} pixels, and images of the dataset {height}x{width}; "
            "dataset.size says how large they are."
        )
    return as_grey(picture, str(path)) if channels == 1 else picture


def _rows(path: Path, total: int, n: int | None, seed: int) -> NDArray[np.int64]:
    if n is not None and n > total:
        raise BadValueError("--n", f"at most {total:,}, which is what {path} holds", n)
    n = min(DEFAULT_SAMPLES, total) if n is None else n
    chosen = permutation(total, make_rng(seed, "chosen samples"))[:n]
    rows: NDArray[np.int64] = chosen.sort().values.numpy()
    return rows
