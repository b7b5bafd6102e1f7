"""Arrays of samples, as people keep them, on their way into what measures them."""

import logging
import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.datasets.resident import to_unit_range
from gan_lab.evaluation.layouts import layout_of

log = logging.getLogger(__name__)

_TINT = 4 / 255  # of white, between channels: what lossy files leave of a grey picture
_OUTSIDE = 1e-3  # by which images may leave [-1, 1]: rounding to half precision


def to_samples(values: NDArray[Any], name: str, data_shape: tuple[int, ...] | None = None) -> Tensor:
    """Return samples (n, *D) float32 of an array: images (n, C, H, W) in [-1, 1], or points (n, d).

    Args:
        values: images as (n, H, W, C), (n, C, H, W) or, grey, (n, H, W), of bytes or of floats in [-1, 1];
            or points (n, d) or (n,).
        name: what an error shall call them.
        data_shape: D, where it is known; otherwise arrays of three or four dimensions are images, with the
            channels where there are 1 or 3 of them. Grey images may be stored with three equal channels,
            and where D has three, with one.

    Raises:
        UserError: if they are of another shape or type, or hold what is not finite or not in [-1, 1], or
            colours where D has none.
    """
    found = np.asarray(values)
    layout = layout_of(found.shape, found.dtype, name, data_shape)
    if layout.adds_axis:
        found = found[:, None]
    if layout.channels_last:
        found = found.transpose(0, 3, 1, 2)
    if layout.is_image and data_shape is not None and found.shape[1] != data_shape[0]:
        found = as_grey(found, name) if data_shape[0] == 1 else np.repeat(found, data_shape[0], axis=1)
    if layout.is_image and found.dtype == np.uint8:
        samples = to_unit_range(torch.from_numpy(np.ascontiguousarray(found)))
    else:
        with np.errstate(over="ignore"):  # said below
            samples = torch.from_numpy(np.ascontiguousarray(found, np.float32))
    lost = ~samples.isfinite().numpy()
    if lost.any():
        first = float(found[lost][0])
        rule = (
            "of a size up to 3.4e+38, what single precision holds"
            if math.isfinite(first)
            else "finite numbers"
        )
        raise BadValueError(name, rule, first)
    if layout.is_image and found.dtype.kind == "f":
        _check_range(samples, name)
    return samples


def as_grey(images: NDArray[Any], name: str) -> NDArray[Any]:
    """Return images (..., 3, H, W) whose channels are alike as grey ones (..., 1, H, W): ITU-R 601 luma.

    Args:
        images: of bytes, or of floats in [-1, 1].
        name: what an error shall call them.

    Raises:
        UserError: if one is in colour.
    """
    white = 255 if images.dtype == np.uint8 else 2
    channels = np.moveaxis(images, -3, 0).astype(np.float64)
    with np.errstate(invalid="ignore"):  # what is not finite is said of all samples alike
        if np.ptp(channels, axis=0).max(initial=0) > _TINT * white:
            raise UserError(
                f"{name} is in colour, and the images of the dataset are grey: make it grey, or choose a "
                "dataset in colour."
            )
        red, green, blue = channels
        grey = red + 0.587 * (green - red) + 0.114 * (blue - red)  # to the bit that of equal ones
    grey = grey.round() if images.dtype == np.uint8 else grey
    return np.expand_dims(grey.astype(images.dtype), -3)


def _check_range(images: Tensor, name: str) -> None:
    low, high = float(images.min()), float(images.max())
    if low < -1 - _OUTSIDE or high > 1 + _OUTSIDE:
        worst = low if -low > high else high
        raise UserError(f"{name} must hold bytes, or floats in [-1, 1]; got {worst:.6g}.")
    if low >= 0:
        log.warning("%s has no value below 0; images in [0, 1] have to be scaled to [-1, 1] first.", name)
