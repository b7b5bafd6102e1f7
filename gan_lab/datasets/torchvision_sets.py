"""Published image sets, read and downloaded by torchvision: the training split of each.

The files lie below ``root`` where torchvision puts them, and torchvision checks the sums of CIFAR-10 and of
the lists of CelebA. LSUN has a reader of its own, ``lsun.py``.

torchvision is imported when a set is decoded: it takes two seconds, and a packed set needs none of it. Nor is
torch, which a set that is missing is refused without.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.checks import PositiveInt
from gan_lab.config.command_lines import command_line
from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted
from gan_lab.datasets.labelled import LabelledDataset
from gan_lab.datasets.packed import read_pack
from gan_lab.datasets.packed_dataset import PackedDataset
from gan_lab.datasets.packing import DamagedImageError, Images
from gan_lab.datasets.pixels import DECODING_ERRORS, first_line, frame, reason_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class TorchvisionDataset(PackedDataset, ABC):
    """Base of the sets that torchvision knows.

    Args:
        size: height and width in pixels; other sizes than the original are resized.
        root: folder of the data; relative to the current directory.
        resident: whether the images live in the device's memory as bytes: if they fit, always, never.
        download: whether to fetch the files when they are missing.
    """

    download: bool = False

    channels: ClassVar[int]
    layout: ClassVar[tuple[str, ...]]
    """The files that matter, below ``root``; the set counts as missing unless all of them are there."""

    @abstractmethod
    def torchvision_set(self) -> Any:
        """Return torchvision's dataset, whose items begin with a PIL image; raise what torchvision raises."""

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Square images with the channels of the set."""
        return (self.channels, self.size, self.size)

    def source_files(self) -> list[Path]:
        """Return the files of ``layout``."""
        files = [self.folder / name for name in self.layout]
        return files if all(path.is_file() for path in files) else []

    def check_obtainable(self) -> None:
        """Refuse missing files unless they are to be downloaded."""
        if self.download:
            return
        names = [self.folder / f"{name}.gz" for name in self.layout]
        folders = dict.fromkeys(path.parent for path in names if path.is_file())
        if folders:
            files = " ".join(f"{command_line([str(folder)])}/*.gz" for folder in folders)
            raise UserError(f"{self._said} is still zipped; run gunzip --keep {files} first.")
        raise self._refusal("was not found")

    def images(self) -> Images:
        """Return the images, after a download where that is asked for."""
        source = self.source()
        return Images(
            len(source), lambda index: self._decode(source, index), self._said, lambda _: self._way_out
        )

    def source(self) -> Any:
        """Return ``torchvision_set()``.

        Raises:
            UserError: if the files are damaged or cannot be downloaded.
        """
        try:
            return self.torchvision_set()
        # torchvision lets through whatever gdown, urllib, zipfile, pickle and numpy raise, and asserts
        except Exception as error:
            raise self._refusal(f"could not be read ({first_line(error)})") from error

    def _decode(self, source: Any, index: int) -> NDArray[np.uint8]:
        try:
            with source[index][0] as image:
                return frame(image, self.size, self.channels)
        except DECODING_ERRORS as error:  # also of labels that are fewer than the images
            short = f"{index} ({reason_of(error)})"
            raise DamagedImageError(f"{self._said} has a damaged image {short}", short) from error

    def _refusal(self, problem: str) -> UserError:
        return UserError(f"{self._said} {problem}; {self._way_out}.")

    @property
    def _said(self) -> str:
        return f"dataset={self.name}"

    @property
    def _way_out(self) -> str:
        how = "free the way to the network" if self.download else "set dataset.download=true"
        return f"put {self._what_is_needed} below {self.folder}, or {how}"

    @property
    def _what_is_needed(self) -> str:
        return ", ".join(self.layout)


@dataclass(frozen=True)
class TenClasses(TorchvisionDataset, LabelledDataset, ABC):
    """Base of the sets with ten classes, whose torchvision dataset holds all labels as ``targets``."""

    n_classes: ClassVar[int] = 10

    def labelled(self) -> "tuple[Tensor, Tensor]":
        """Return the images, from the pack, which is made where it is missing, and torchvision's labels.

        Raises:
            UserError: if the sources, which a pack can outlive, are missing or damaged, or the pack
                cannot be written.
        """
        if self.fingerprint() is None:
            self.check_obtainable()
        import torch

        # before ``prepare``, which notices by the sources whether the pack is theirs
        source = self.source()
        labels = torch.as_tensor(source.targets, dtype=torch.int64)
        if len(labels) != len(source):
            raise self._refusal(f"has {counted(len(labels), 'label')} for {counted(len(source), 'image')}")
        images = np.array(read_pack(self.prepare(), self.packed_shape))
        return torch.from_numpy(images), labels


@dataclass(frozen=True)
class Mnist(TenClasses):
    """60,000 grey handwritten digits (LeCun et al. 1998), 28x28."""

    size: PositiveInt = 32

    name: ClassVar[str] = "mnist"
    channels: ClassVar[int] = 1
    layout: ClassVar[tuple[str, ...]] = tuple(
        f"MNIST/raw/{part}-ubyte"
        for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    )

    def torchvision_set(self) -> Any:
        """Return the training split."""
        from torchvision import datasets

        return datasets.MNIST(self.folder, download=self.download)


@dataclass(frozen=True)
class FashionMnist(TenClasses):
    """60,000 grey photographs of clothes (Xiao et al. 2017), 28x28."""

    size: PositiveInt = 32

    name: ClassVar[str] = "fashion_mnist"
    channels: ClassVar[int] = 1
    layout: ClassVar[tuple[str, ...]] = tuple(path.replace("MNIST", "FashionMNIST") for path in Mnist.layout)

    def torchvision_set(self) -> Any:
        """Return the training split."""
        from torchvision import datasets

        return datasets.FashionMNIST(self.folder, download=self.download)


@dataclass(frozen=True)
class Cifar10(TenClasses):
    """50,000 colour photographs of ten kinds of things (Krizhevsky 2009), 32x32."""

    size: PositiveInt = 32

    name: ClassVar[str] = "cifar10"
    channels: ClassVar[int] = 3
    layout: ClassVar[tuple[str, ...]] = tuple(
        f"cifar-10-batches-py/{part}"
        for part in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch", "batches.meta")
    )

    def torchvision_set(self) -> Any:
        """Return the training split."""
        from torchvision import datasets

        return datasets.CIFAR10(self.folder, download=self.download)


@dataclass(frozen=True)
class CelebA(TorchvisionDataset):
    """162,770 aligned faces (Liu et al. 2015), 178x218: the centred 178x178 square, resized.

    The folder ``img_align_celeba`` holds the images. A change is noticed by the lists beside it and by the
    folder's own time, which files that come, go or are renamed change; to look at every image would take
    longer than to start a run. `gan-lab prepare --force` packs images that were written over.
    """

    name: ClassVar[str] = "celeba"
    channels: ClassVar[int] = 3
    layout: ClassVar[tuple[str, ...]] = tuple(
        f"celeba/{part}.txt"
        for part in (
            "list_eval_partition",
            "list_attr_celeba",
            "identity_CelebA",
            "list_bbox_celeba",
            "list_landmarks_align_celeba",
        )
    )

    def torchvision_set(self) -> Any:
        """Return the training split, without its attributes."""
        from torchvision import datasets

        return datasets.CelebA(self.folder, target_type=[], download=self.download)

    def fingerprint(self, *, times: bool = True) -> str | None:
        """Return a digest of the lists, and the time of the folder of the images."""
        images, lists = self.folder / "celeba" / "img_align_celeba", super().fingerprint(times=times)
        if lists is None or not images.is_dir():
            return None
        return f"{lists}-{images.stat().st_mtime_ns}" if times else lists

    @property
    def _what_is_needed(self) -> str:
        return f"{super()._what_is_needed} and the folder celeba/img_align_celeba"
