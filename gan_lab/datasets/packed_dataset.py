"""Image sets that lie in files: decoded once into a pack, then drawn from the device's memory or the disk."""

import hashlib
import logging
import math
import shlex
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

import torch

from gan_lab.config.checks import PositiveInt
from gan_lab.config.errors import UserError
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.packed import (
    DamagedPackError,
    Images,
    read_pack,
    read_sidecar,
    sidecar_path,
    write_pack,
)
from gan_lab.datasets.resident import ImageSampler, Residency
from gan_lab.files.lock import sole_writer
from gan_lab.types import Sampler

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackedDataset(Dataset, ABC):
    """Base of the image sets that are packed; the pack lies in ``<root>/packed/<name>-<C>x<H>x<W>.npy``.

    Args:
        size: height and width in pixels.
        root: folder of the data; relative to the current directory.
        resident: whether the images live in the device's memory as bytes: if they fit, always, never.
    """

    size: PositiveInt = 64
    root: str = "data"
    resident: Residency = "auto"

    name: ClassVar[str]
    """Option of the group ``dataset``."""

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

    def fingerprint(self) -> str | None:
        """Return a digest of the source files' names and sizes; None if they are missing.

        A pack outlives its sources: while they are missing it is used as it is.
        """
        files = self.source_files()
        if not files:
            return None
        digest = hashlib.blake2b(digest_size=16)
        for path in files:
            digest.update(f"{path.relative_to(self.folder).as_posix()}\0{path.stat().st_size}\n".encode())
        return digest.hexdigest()

    @property
    def folder(self) -> Path:
        """The root as an absolute path."""
        return Path(self.root).expanduser().absolute()

    @property
    def pack_path(self) -> Path:
        """Where the pack lies."""
        shape = "x".join(str(length) for length in self.data_shape)
        return self.folder / "packed" / f"{self.name}-{shape}.npy"

    @property
    def prepare_command(self) -> str:
        """The command that packs this dataset, with the settings that are not the default."""
        words = ["gan-lab prepare", f"dataset={self.name}"]
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                words.append(shlex.quote(f"dataset.{field.name}={text}"))
        return " ".join(words)

    def prepare(self) -> Path:
        """Pack the images unless an intact and current pack is there, and return its path.

        The whole pack is hashed, whatever its size, and replaced if it is damaged.

        Raises:
            UserError: if the sources are missing or damaged, or the pack cannot be written.
        """
        try:
            if self._is_current():
                read_pack(self.pack_path, self.data_shape, hash_limit_bytes=math.inf)
                return self.pack_path
        except DamagedPackError as error:
            _log.warning("%s; packing it again.", error)
            if self.fingerprint() is None:
                self.check_obtainable()
            sidecar_path(self.pack_path).unlink(missing_ok=True)
        self._pack()
        return self.pack_path

    def open(self, device: torch.device) -> Sampler:
        """Pack the images if the pack is missing or its sources have changed, and return the sampler.

        Raises:
            UserError: if the sources are missing or damaged, or the pack is damaged or cannot be written.
        """
        try:
            if not self._is_current():
                self._pack()
            images = read_pack(self.pack_path, self.data_shape)
        except DamagedPackError as error:
            raise UserError(f"{error}; run `{self.prepare_command}` to pack it again.") from error
        sampler = ImageSampler(images, device, self.resident)
        _log.info("%s images are %s.", f"{len(images):,}", "resident" if sampler.resident else "streamed")
        return sampler

    def _is_current(self) -> bool:
        source, sidecar = self.fingerprint(), read_sidecar(self.pack_path)
        if sidecar is None:
            return False
        return source is None or source == sidecar.source

    def _pack(self) -> None:
        if self.fingerprint() is None:
            self.check_obtainable()
        with sole_writer(self.pack_path, "choose another dataset.root"):
            if self._is_current():  # another run has packed it while this one waited
                return
            if sidecar_path(self.pack_path).is_file():
                _log.warning("%s has changed since it was packed; packing it again.", self.name)
            _log.info("Packing %s into %s.", self.name, self.pack_path)
            images = self.images()
            # after ``images``, which may have downloaded the files
            source = self.fingerprint() or ""
            write_pack(self.pack_path, images, self.name, self.data_shape, source)
