"""Image sets that lie in files: decoded once into a pack, then drawn from the device's memory or the disk."""

import hashlib
import logging
import math
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from gan_lab.config.checks import FolderName, PositiveInt
from gan_lab.config.command_lines import command_line, override
from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted, verb
from gan_lab.datasets.base import Contents, Dataset
from gan_lab.datasets.folder_scan import PACK_FOLDER
from gan_lab.datasets.packed import DamagedPackError, Residency, read_pack, read_sidecar, sidecar_path
from gan_lab.datasets.packing import Images, write_pack
from gan_lab.files.cache import cache_folder
from gan_lab.files.lock import sole_writer

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from gan_lab.datasets.resident import ImageSampler
    from gan_lab.types import Sampler

_WITH_TIMES = "times:"  # of a fingerprint; versions before 0.2 took names and sizes alone

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackedDataset(Dataset, ABC):
    """Base of the image sets that are packed; the pack lies in ``<root>/packed/<pack_name>-<C>x<H>x<W>.npy``.

    Where that cannot be written to, it lies in the user's cache folder.

    Args:
        size: height and width in pixels.
        root: folder of the data; relative to the current directory.
        resident: whether the images live in the device's memory as bytes: if they fit, always, never.
    """

    size: PositiveInt = 64
    root: FolderName = "data"
    resident: Residency = "auto"

    name: ClassVar[str]
    """Option of the group ``dataset``."""

    @property
    def pack_name(self) -> str:
        """Start of the pack's file name: the option's, unless several draw from one pack."""
        return self.name

    @property
    def packed_shape(self) -> tuple[int, ...]:
        """Shape (C, H, W) of an image of the pack: of a sample, unless those are put together of several."""
        return self.data_shape

    @abstractmethod
    def source_files(self) -> list[Path]:
        """Return the files by which a change of the data is noticed; none if any of them is missing."""

    @abstractmethod
    def check_obtainable(self) -> None:
        """Do nothing where ``images`` can download the sources, which are missing.

        Raises:
            UserError: that says where to put them.
        """

    @abstractmethod
    def images(self) -> Images:
        """Return the decoded images.

        Raises:
            UserError: if the sources are damaged or cannot be downloaded.
        """

    def fingerprint(self, *, times: bool = True) -> str | None:
        """Return a digest of the names, sizes and times of the source files; None if they are missing.

        A pack outlives its sources: while they are missing it is used as it is.

        Args:
            times: whether the times count; without them, copies elsewhere have the same digest.
        """
        files = self.source_files()
        if not files:
            return None
        digest = hashlib.blake2b(digest_size=16)
        for path in files:
            status = path.stat()
            time = f"\0{status.st_mtime_ns}" if times else ""
            digest.update(os.fsencode(path.relative_to(self.folder).as_posix()))
            digest.update(f"\0{status.st_size}{time}\n".encode())
        return f"{_WITH_TIMES if times else ''}{digest.hexdigest()}"

    @property
    def folder(self) -> Path:
        """The root as an absolute path."""
        return Path(self.root).expanduser().absolute()

    @property
    def pack_path(self) -> Path:
        """Where the pack lies: beside the data, or in the cache if there is none and can be none."""
        name = f"{self.pack_name}-{'x'.join(str(length) for length in self.packed_shape)}.npy"
        beside = self.folder / PACK_FOLDER / name
        if _may_write(beside.parent) or self._is_current(beside):
            return beside
        root = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return cache_folder() / PACK_FOLDER / root / name

    @property
    def prepare_command(self) -> str:
        """The command that packs this dataset, with the settings that are not the default."""
        set_here = {field.name: getattr(self, field.name) for field in fields(self)}
        overrides = [
            override(f"dataset.{field.name}", set_here[field.name])
            for field in fields(self)
            if set_here[field.name] != field.default
        ]
        return command_line(["gan-lab", "prepare", f"dataset={self.name}", *overrides])

    def require_obtainable(self) -> None:
        """Refuse a set of which there is neither a pack nor the sources, before anything is built for it.

        A pack that is damaged is the business of ``open`` and ``prepare``.

        Raises:
            UserError: that says where to put the sources.
        """
        try:
            packed = read_sidecar(self.pack_path) is not None
        except DamagedPackError:
            return
        if not packed and self.fingerprint() is None:
            self.check_obtainable()

    def contents(self) -> Contents | None:
        """Return how many images the pack holds and the hash of their bytes; None without a pack."""
        sidecar = read_sidecar(self.pack_path)
        return None if sidecar is None else Contents(sidecar.shape[0], sidecar.blake2b[:32])

    def prepare(self, *, force: bool = False) -> Path:
        """Pack the images unless an intact and current pack is there, and return its path.

        The whole pack is hashed, whatever its size, and replaced if it is damaged.

        Args:
            force: pack them in any case.

        Raises:
            UserError: if the sources are missing or damaged, or the pack cannot be written.
        """
        path = self.pack_path
        try:
            if not force and self._is_current(path):
                images = read_pack(path, self.packed_shape, hash_limit_bytes=math.inf)
                _log.info("%s was packed before: %s.", self.name, counted(len(images), "image"))
                return path
        except DamagedPackError as error:
            _log.warning("%s; packing it again.", error)
            if self.fingerprint() is None:
                self.check_obtainable()
            sidecar_path(path).unlink(missing_ok=True)
        return self._pack(path, force=force)

    def open(self, device: "torch.device") -> "Sampler":
        """Pack the images if the pack is missing or its sources have changed, and return the sampler.

        Raises:
            UserError: if the sources are missing or damaged, or the pack is damaged or cannot be written.
        """
        path = self.pack_path
        try:
            if not self._is_current(path):
                self._pack(path)
            images = read_pack(path, self.packed_shape)
        except DamagedPackError as error:
            raise UserError(f"{error}; run `{self.prepare_command}` to pack it again.") from error
        sampler = self.sampler(images, device)
        how = "resident" if sampler.resident else "streamed"
        _log.info("%s %s %s.", counted(len(images), "image"), verb(len(images), "is", "are"), how)
        return sampler

    def sampler(self, images: "NDArray[np.uint8]", device: "torch.device") -> "ImageSampler":
        """Return what draws samples of the images of the pack, (N, *packed_shape)."""
        from gan_lab.datasets.resident import ImageSampler

        return ImageSampler(images, device, self.resident)

    def _is_current(self, path: Path) -> bool:
        sidecar = read_sidecar(path)
        if sidecar is None:
            return False
        source = self.fingerprint()
        return source is None or source == sidecar.source

    def _pack(self, path: Path, *, force: bool = False) -> Path:
        if self.fingerprint() is None:
            self.check_obtainable()
        is_beside = path.is_relative_to(self.folder)
        with sole_writer(path, f"choose another {'dataset.root' if is_beside else 'GAN_LAB_CACHE'}"):
            if not force and self._is_current(path):  # another run has packed it while this one waited
                return path
            self._say_why(path, force)
            images = self.images()
            # after ``images``, which may have downloaded the files
            source = self.fingerprint() or ""
            write_pack(path, images, self.pack_name, self.packed_shape, source)
        return path

    def _say_why(self, path: Path, force: bool) -> None:
        sidecar = None if force else read_sidecar(path)
        if sidecar is not None:
            known = sidecar.source.startswith(_WITH_TIMES)
            earlier = "was packed by an earlier version, which did not notice every change"
            why = "has changed since it was packed" if known else earlier
            _log.warning("%s %s; packing it again.", self.name, why)
        _log.info("Packing %s into %s.", self.name, path)


def _may_write(folder: Path) -> bool:
    """Return whether files can be made in a folder, or the folder itself where it is not there yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)
