"""Draw images held as bytes: from the device's memory where they fit, from the disk where they do not."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.datasets.packed import Residency
from gan_lab.numerics.draws import integers
from gan_lab.numerics.memory import available_bytes
from gan_lab.types import Sampler

RESIDENT_FRACTION = 0.25
"""Largest part of the device's free memory that ``auto`` gives to a dataset; networks need the rest."""

_COPY_BYTES = 64 << 20


def to_unit_range(images: Tensor) -> Tensor:
    """Map bytes to [-1, 1]: x / 127.5 - 1, so that 0 and 255 become -1 and 1 exactly.

    Args:
        images: uint8 of any shape.

    Returns:
        float32 of the same shape.
    """
    return images.float().div_(127.5).sub_(1)


class ImageSampler:
    """Draw images with replacement; streaming and resident give the same draws, bit for bit.

    Streaming reads the rows in the order of the file and copies bytes, a quarter of the floats. On CUDA it
    waits for the indices at each call, because the host has to know which rows to read.
    """

    def __init__(self, images: NDArray[np.uint8], device: torch.device, resident: Residency) -> None:
        """Take ``images`` (N, C, H, W), memory-mapped or not; copy them to ``device`` if they shall stay."""
        self.device = device
        self.resident = resident == "always" or (resident == "auto" and fits(images.nbytes, device))
        self._host = images
        self._device_images = copy_to_device(images, device) if self.resident else None

    def __call__(self, n: int, generator: torch.Generator) -> Tensor:
        """Return (n, C, H, W) float32 in [-1, 1]."""
        rows = integers(len(self._host), (n,), generator)
        if self._device_images is not None:
            return to_unit_range(self._device_images.index_select(0, rows))
        return to_unit_range(self._read(rows))

    def _read(self, rows: Tensor) -> Tensor:
        ordered, order = rows.sort()
        # page-locked memory lets the copy to the GPU run while the host goes on
        shape = (len(rows), *self._host.shape[1:])
        block = torch.empty(shape, dtype=torch.uint8, pin_memory=self.device.type == "cuda")
        # mode="clip" writes straight into ``out``; randint cannot leave the range
        np.take(self._host, ordered.cpu().numpy(), axis=0, out=block.numpy(), mode="clip")
        return block.to(self.device, non_blocking=True)[order.argsort()]


class StackSampler(ImageSampler):
    """Draw several grey images for each sample, independently of one another, as its colour channels."""

    def __init__(
        self, images: NDArray[np.uint8], device: torch.device, resident: Residency, channels: int
    ) -> None:
        """Take ``images`` (N, 1, H, W); the rest as :class:`ImageSampler` does."""
        super().__init__(images, device, resident)
        self._channels = channels

    def __call__(self, n: int, generator: torch.Generator) -> Tensor:
        """Return (n, channels, H, W) float32 in [-1, 1]."""
        images = super().__call__(n * self._channels, generator)
        return images.reshape(n, self._channels, *images.shape[2:])


def is_streamed(sampler: Sampler) -> bool:
    """Return whether a sampler reads from a disk at every call, so that drawing ahead of the need pays."""
    return isinstance(sampler, ImageSampler) and not sampler.resident


def copy_to_device(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Copy images (N, ...) to ``device`` in blocks, so that the host never holds a second copy."""
    result = torch.empty(images.shape, dtype=torch.uint8, device=device)
    step = max(1, _COPY_BYTES * len(images) // max(1, images.nbytes))
    for start in range(0, len(images), step):
        result[start : start + step] = torch.from_numpy(np.array(images[start : start + step]))
    return result


def fits(n_bytes: int, device: torch.device) -> bool:
    """Return whether ``n_bytes`` are at most ``RESIDENT_FRACTION`` of the memory that is free."""
    return n_bytes <= RESIDENT_FRACTION * available_bytes(device)
