"""Arrays of samples, as people keep them, on their way into what measures them."""

import logging
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.datasets.resident import to_unit_range

log = logging.getLogger(__name__)

_CHANNELS = (1, 3)
_OUTSIDE = 1e-3  # by which images may leave [-1, 1]: rounding to half precision


def to_samples(values: NDArray[Any], name: str, data_shape: tuple[int, ...] | None = None) -> Tensor:
    """Return samples (n, *D) float32 of an array: images (n, C, H, W) in [-1, 1], or points (n, d).

    Args:
        values: images as (n, H, W, C), (n, C, H, W) or, grey, (n, H, W), of bytes or of floats in [-1, 1];
            or points (n, d) or (n,).
        name: what an error shall call them.
        data_shape: D, where it is known; otherwise arrays of three or four dimensions are images, with the
            channels where there are 1 or 3 of them.

    Raises:
        UserError: if they are of another shape or type, or hold what is not finite or not in [-1, 1].
    """
    found = np.asarray(values)
    if found.dtype.kind not in "uif":
        raise BadValueError(name, "numbers", found.dtype.name)
    is_image = found.ndim > 2 if data_shape is None else len(data_shape) == 3
    samples = _images(found, name, data_shape) if is_image else _points(found, name, data_shape)
    if not bool(samples.isfinite().all()):
        raise BadValueError(name, "finite numbers", float(samples[~samples.isfinite()][0]))
    if is_image and found.dtype.kind == "f":
        _check_range(samples, name)
    return samples


def _points(found: NDArray[Any], name: str, data_shape: tuple[int, ...] | None) -> Tensor:
    if found.ndim == 1:
        found = found[:, None]
    if found.ndim != 2 or (data_shape is not None and found.shape[1:] != data_shape):
        d = "d" if data_shape is None else data_shape[0]
        raise BadValueError(name, f"points of shape (n, {d})", found.shape)
    return torch.from_numpy(np.ascontiguousarray(found, np.float32))


def _images(found: NDArray[Any], name: str, data_shape: tuple[int, ...] | None) -> Tensor:
    given = found.shape
    if found.dtype.kind != "f" and found.dtype != np.uint8:
        raise BadValueError(name, "images as bytes (uint8) or as floats in [-1, 1]", found.dtype.name)
    if found.ndim == 3:
        found = found[:, None]
    if found.ndim != 4:
        raise BadValueError(name, "images of shape (n, H, W, C) or (n, C, H, W)", given)
    if data_shape is None:
        is_channels_last = found.shape[1] not in _CHANNELS and found.shape[3] in _CHANNELS
    else:
        is_channels_last = found.shape[1:] != data_shape
    if is_channels_last:
        found = found.transpose(0, 3, 1, 2)
    if data_shape is not None and found.shape[1:] != data_shape:
        rule = f"images of {_said(data_shape)}, as those of the dataset are (dataset.size says how large)"
        raise BadValueError(name, rule, given)
    if found.dtype == np.uint8:
        return to_unit_range(torch.from_numpy(np.ascontiguousarray(found)))
    return torch.from_numpy(np.ascontiguousarray(found, np.float32))


def _check_range(images: Tensor, name: str) -> None:
    low, high = float(images.min()), float(images.max())
    if low < -1 - _OUTSIDE or high > 1 + _OUTSIDE:
        worst = low if -low > high else high
        raise UserError(f"{name} must hold bytes, or floats in [-1, 1]; got {worst:.6g}.")
    if low >= 0:
        log.warning("%s has no value below 0; images in [0, 1] have to be scaled to [-1, 1] first.", name)


def _said(data_shape: tuple[int, ...]) -> str:
    channels, height, width = data_shape
    return f"{height}x{width} pixels and {channels} channel{'s' if channels > 1 else ''}"
