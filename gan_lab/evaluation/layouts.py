"""What arrays of samples look like: held to a dataset's shape by their headers, without torch."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.phrases import counted
from gan_lab.files.arrays import open_array

_CHANNELS = (1, 3)


class Layout(NamedTuple):
    """How an array becomes samples (n, *D).

    Attributes:
        is_image: whether they are images (n, C, H, W); else points (n, d).
        adds_axis: whether the array has no axis for the one channel, or for the one coordinate.
        channels_last: whether images then are (n, H, W, C).
    """

    is_image: bool
    adds_axis: bool
    channels_last: bool = False


def layout_of(
    shape: tuple[int, ...], dtype: np.dtype[Any], name: str, data_shape: tuple[int, ...] | None = None
) -> Layout:
    """Return how an array becomes samples.

    Args:
        shape: of images (n, H, W, C), (n, C, H, W) or, grey, (n, H, W); or of points (n, d) or (n,).
        dtype: of its numbers.
        name: what an error shall call it.
        data_shape: D, where it is known; otherwise arrays of three or four dimensions are images, with the
            channels where there are 1 or 3 of them.

    Raises:
        BadValueError: if it is of another shape, or of no type that samples have.
    """
    if dtype.kind not in "uif":
        raise BadValueError(name, "numbers", dtype.name)
    is_image = len(shape) > 2 if data_shape is None else len(data_shape) == 3
    return _of_images(shape, dtype, name, data_shape) if is_image else _of_points(shape, name, data_shape)


def open_samples(path: Path, data_shape: tuple[int, ...] | None) -> NDArray[Any]:
    """Return the array (n, ...) of a ``.npy`` file, of which no row is read yet.

    Args:
        path: the file.
        data_shape: shape D of a sample; None to take any.

    Raises:
        UserError: if it is no such file, it is damaged, or its header says another shape or type.
    """
    if path.suffix != ".npy":
        raise UserError(f"--samples must be a folder of pictures or a .npy file; got {str(path)!r}.")
    values = open_array(path)
    if values.ndim == 0:
        raise UserError(f"{path} holds a single number: no samples.")
    if data_shape is not None:
        layout_of(values.shape, values.dtype, str(path), data_shape)
    return values


def _of_points(shape: tuple[int, ...], name: str, data_shape: tuple[int, ...] | None) -> Layout:
    points = (*shape, 1) if len(shape) == 1 else shape
    if len(points) != 2 or (data_shape is not None and points[1:] != data_shape):
        d = "d" if data_shape is None else data_shape[0]
        raise BadValueError(name, f"points of shape (n, {d})", shape)
    return Layout(is_image=False, adds_axis=len(shape) == 1)


def _of_images(
    shape: tuple[int, ...], dtype: np.dtype[Any], name: str, data_shape: tuple[int, ...] | None
) -> Layout:
    if dtype.kind != "f" and dtype != np.uint8:
        raise BadValueError(name, "images as bytes (uint8) or as floats in [-1, 1]", dtype.name)
    images = (shape[0], 1, *shape[1:]) if len(shape) == 3 else shape
    if len(images) != 4:
        raise BadValueError(name, "images of shape (n, H, W, C) or (n, C, H, W)", shape)
    if data_shape is None:
        channels_last = images[1] not in _CHANNELS and images[3] in _CHANNELS
        return Layout(is_image=True, adds_axis=len(shape) == 3, channels_last=channels_last)
    first, last = images[1:], (images[3], *images[1:3])
    # grey images may be stored as colours, and colours as grey: as a picture's file may, too
    stored = [data_shape, *((channels, *data_shape[1:]) for channels in _CHANNELS)]
    found = next((each for each in stored if each in (first, last)), None)
    if found is None:
        rule = f"images of {_said(data_shape)}, as those of the dataset are (dataset.size says how large)"
        raise BadValueError(name, rule, shape)
    return Layout(is_image=True, adds_axis=len(shape) == 3, channels_last=found != first)


def _said(data_shape: tuple[int, ...]) -> str:
    channels, height, width = data_shape
    return f"{height}x{width} pixels and {counted(channels, 'channel')}"
