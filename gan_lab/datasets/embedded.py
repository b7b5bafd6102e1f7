"""Small image sets that ship with scikit-learn: nothing to download, nothing to pack.

scikit-learn is imported when a set is opened: it takes two seconds, and ``gan-lab sample`` opens none.
"""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.config.checks import PositiveInt
from gan_lab.config.errors import BadValueError
from gan_lab.datasets.base import Contents, Dataset
from gan_lab.datasets.labelled import LabelledDataset
from gan_lab.datasets.resident import ImageSampler, to_unit_range
from gan_lab.numerics.draws import integers
from gan_lab.types import Sampler

PHOTO_HEIGHT, PHOTO_WIDTH = 427, 640


def digit_bytes(size: int) -> Tensor:
    """Return scikit-learn's 1,797 handwritten digits as bytes, (1797, 1, size, size) uint8.

    The 8x8 pixels, whole numbers from 0 to 16, are scaled by 255 / 16, resized bilinearly and rounded.
    """
    from sklearn.datasets import load_digits

    pixels = torch.from_numpy(load_digits().images).unsqueeze(1) * (255 / 16)  # (1797, 1, 8, 8) float64
    resized = F.interpolate(pixels, (size, size), mode="bilinear", antialias=True)
    return resized.round().clamp(0, 255).to(torch.uint8)


def digit_labels() -> Tensor:
    """Return which digit each of ``digit_bytes`` shows, (1797,) int64 from 0 to 9."""
    from sklearn.datasets import load_digits

    return torch.from_numpy(load_digits().target).long()


def digit_contents() -> Contents:
    """Return the number and the hash of the digits as scikit-learn ships them, before any resizing."""
    from sklearn.datasets import load_digits

    return _contents_of(load_digits().images.astype(np.uint8))


def _contents_of(pixels: NDArray[np.uint8]) -> Contents:
    return Contents(len(pixels), hashlib.blake2b(pixels.tobytes(), digest_size=16).hexdigest())


@dataclass(frozen=True)
class Digits(LabelledDataset):
    """1,797 grey handwritten digits (UCI Optical Recognition of Handwritten Digits, 1998).

    Args:
        size: height and width in pixels; the originals are 8x8.
    """

    size: PositiveInt = 16

    n_classes: ClassVar[int] = 10

    @property
    def data_shape(self) -> tuple[int, ...]:
        """One grey channel."""
        return (1, self.size, self.size)

    def open(self, device: torch.device) -> Sampler:
        """Load the digits onto ``device``."""
        return ImageSampler(digit_bytes(self.size).numpy(), device, "always")

    def contents(self) -> Contents:
        """Return ``digit_contents``."""
        return digit_contents()

    def labelled(self) -> tuple[Tensor, Tensor]:
        """Return the digits (1797, 1, size, size) and which they are (1797,)."""
        return digit_bytes(self.size), digit_labels()


@dataclass(frozen=True)
class StackedDigits(LabelledDataset):
    """Three digits drawn independently, one in each colour channel: 10³ = 1,000 modes.

    Stacked MNIST (Metz et al. 2017) with the digits of scikit-learn; the stacks are drawn afresh.

    Args:
        size: height and width in pixels; the originals are 8x8.
    """

    size: PositiveInt = 16

    n_classes: ClassVar[int] = 10
    channel_wise: ClassVar[bool] = True

    @property
    def data_shape(self) -> tuple[int, ...]:
        """One digit per channel."""
        return (3, self.size, self.size)

    def open(self, device: torch.device) -> Sampler:
        """Load the digits onto ``device``."""
        digits = digit_bytes(self.size).squeeze(1).to(device)  # (1797, size, size)

        def sample(n: int, generator: torch.Generator) -> Tensor:
            rows = integers(len(digits), (n, 3), generator)
            return to_unit_range(digits[rows])  # (n, 3, size, size)

        return sample

    def contents(self) -> Contents:
        """Return ``digit_contents``: of the digits, which are stacked when they are drawn."""
        return digit_contents()

    def labelled(self) -> tuple[Tensor, Tensor]:
        """Return what a channel can be: the digits (1797, 1, size, size) and which they are (1797,)."""
        return digit_bytes(self.size), digit_labels()


@dataclass(frozen=True)
class Photos(Dataset):
    """Square colour patches of the two 427x640 sample photographs, cut on a regular grid.

    There are 2 ((427 - size) // stride + 1) ((640 - size) // stride + 1) patches: 6,716 of 64x64 at
    stride 8. They overlap where the stride is below the size.

    Args:
        size: height and width of a patch in pixels, 1 to 427.
        stride: pixels between neighbouring patches, down and across.
    """

    size: PositiveInt = 64
    stride: PositiveInt = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size > PHOTO_HEIGHT:
            raise BadValueError("size", f"at most {PHOTO_HEIGHT}, the height of the photographs", self.size)

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Three colour channels."""
        return (3, self.size, self.size)

    @property
    def n_patches(self) -> int:
        """Patches on the grid, of both photographs together."""
        down, across = PHOTO_HEIGHT - self.size, PHOTO_WIDTH - self.size
        return 2 * (down // self.stride + 1) * (across // self.stride + 1)

    def open(self, device: torch.device) -> Sampler:
        """Load the photographs onto ``device``; patches are cut from them when they are drawn."""
        from sklearn.datasets import load_sample_images

        photos = torch.from_numpy(np.stack(load_sample_images().images)).to(device)  # (2, H, W, 3)
        planes = photos.permute(
            0, 3, 1, 2
        ).contiguous()  # pixels of a row side by side: gathers 15 times faster
        patches = planes.unfold(2, self.size, self.stride).unfold(3, self.size, self.stride)
        # a view, so that overlapping patches cost no memory
        patches = patches.permute(0, 2, 3, 1, 4, 5)  # (2, n_rows, n_columns, 3, size, size)
        _, n_rows, n_columns = patches.shape[:3]

        def sample(n: int, generator: torch.Generator) -> Tensor:
            index = integers(self.n_patches, (n,), generator)
            photo, place = index // (n_rows * n_columns), index % (n_rows * n_columns)
            return to_unit_range(patches[photo, place // n_columns, place % n_columns])

        return sample

    def contents(self) -> Contents:
        """Return the number of patches, and the hash of the photographs."""
        from sklearn.datasets import load_sample_images

        return _contents_of(np.stack(load_sample_images().images))._replace(images=self.n_patches)
