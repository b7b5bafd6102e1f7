"""Writing a pack: every image decoded once, and what is damaged named."""

import hashlib
import json
import logging
import math
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted, verb
from gan_lab.datasets.packed import FORMAT, Sidecar, hash_of, sidecar_path

_CHUNK_IMAGES = 512
_DECODING_THREADS = min(8, os.cpu_count() or 1)

MOST_NAMED = 10
"""Damaged images that are named at once; the search for them ends there."""

_log = logging.getLogger(__name__)


class DamagedImageError(UserError):
    """One image that cannot be read.

    Args:
        sentence: what is wrong, without a full stop, where it is the only one.
        short: its name and why, for a list.
    """

    def __init__(self, sentence: str, short: str) -> None:
        super().__init__(sentence)
        self.short = short


@dataclass(frozen=True)
class Images:
    """Images that are decoded when they are asked for.

    Args:
        count: how many there are.
        decode: index to image (C, H, W); called from several threads at once, and raises nothing but
            DamagedImageError for an image that cannot be read.
        where: what they are read from, such as a folder.
        way_out: the number of damaged ones to what there is to do, as the end of a sentence.
        spared: largest share of them that is left out with a warning; more are refused.
        close: lets go of what they are read from.
    """

    count: int
    decode: Callable[[int], NDArray[np.uint8]]
    where: str
    way_out: Callable[[int], str]
    spared: float = 0.0
    close: Callable[[], object] = lambda: None


@dataclass
class _Damage:
    """What was found damaged so far."""

    images: Images
    count: int = 0
    named: list[DamagedImageError] = field(default_factory=list)

    def add(self, error: DamagedImageError) -> None:
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(error)

    @property
    def is_spared(self) -> bool:
        return self.count <= self.images.spared * self.images.count

    def sentence(self) -> str:
        if self.count == 1:
            return str(self.named[0])
        return f"{self.images.where} has {self.count:,} images that cannot be read: {self.listed()}"

    def listed(self) -> str:
        more = self.count - len(self.named)
        return ", ".join(error.short for error in self.named) + (f" and {more:,} more" if more else "")


def write_pack(path: Path, images: Images, name: str, shape: tuple[int, ...], source: str) -> None:
    """Decode all images and write the pack and, last of all, its sidecar; each appears whole or not at all.

    Args:
        path: the ``.npy``; its folder must exist.
        images: at least one image of ``shape``.
        name: option of the dataset, for a reader of the sidecar.
        shape: (C, H, W).
        source: fingerprint of the files that the images come from.

    Raises:
        UserError: if there is no image, or the disk is full or cannot be written to, or more images are
            damaged than may be left out: it names up to ``MOST_NAMED``. An older pack is then untouched.
    """
    if images.count == 0:
        raise UserError(f"dataset={name} holds no images.")
    discard_leftovers(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        count, digest = _write_images(temporary, images, shape, name)
        size = temporary.stat().st_size
        # from here to the last line the pack counts as unfinished
        sidecar_path(path).unlink(missing_ok=True)
        os.replace(temporary, path)
        sidecar = Sidecar(FORMAT, name, (count, *shape), size, digest, source)
        with open(temporary, "wb") as file:
            file.write(json.dumps(asdict(sidecar), indent=2).encode())
            _flush(file)
        os.replace(temporary, sidecar_path(path))
    except OSError as error:
        megabytes = images.count * math.prod(shape) / 1e6
        raise UserError(
            f"{path} could not be written ({error.strerror or error}); "
            f"it needs {megabytes:,.0f} MB of free disk and a folder that may be written to."
        ) from error
    finally:
        images.close()
        temporary.unlink(missing_ok=True)


def discard_leftovers(path: Path) -> None:
    """Remove what an earlier packing left when it was killed; call it while holding the lock."""
    for leftover in path.parent.iterdir():
        if leftover.name.startswith(f"{path.name}.") and leftover.suffix == ".tmp":
            leftover.unlink(missing_ok=True)


def _write_images(temporary: Path, images: Images, shape: tuple[int, ...], name: str) -> tuple[int, str]:
    """Write the ``.npy`` and return how many images it holds, and its hash."""
    digest, damage, count = hashlib.blake2b(), _Damage(images), 0
    with open(temporary, "w+b") as file:
        _write_header(file, (images.count, *shape))
        file.seek(0)
        digest.update(file.read())
        for block in _blocks(images, damage, name):
            assert block.shape[1:] == shape, (block.shape, shape)
            assert block.dtype == np.uint8, block.dtype
            file.write(block.tobytes())
            digest.update(block.tobytes())
            count += len(block)
        if not damage.is_spared or count == 0:
            raise UserError(f"{damage.sentence()}; {images.way_out(damage.count)}.")
        if damage.count:
            share = f"{damage.count:,} of {counted(images.count, 'image')}"
            are = verb(damage.count, "is damaged and was", "are damaged and were")
            _log.warning("%s %s left out: %s.", share, are, damage.listed())
            file.seek(0)
            _write_header(file, (count, *shape))  # as long as before: numpy leaves room for the count
        _flush(file)
    return count, hash_of(temporary) if damage.count else digest.hexdigest()


def _blocks(images: Images, damage: _Damage, name: str) -> Iterator[NDArray[np.uint8]]:
    """Yield the intact images in order, (n, C, H, W) with n <= 512; none once the damage is too much.

    The search for more of it goes on, so that one need not start again for each.
    """
    with (
        ThreadPoolExecutor(_DECODING_THREADS) as pool,
        tqdm(total=images.count, desc=f"packing {name}", unit="image", disable=None) as progress,
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", module=r"PIL\.")  # of metadata that does not make sense
        for start in range(0, images.count, _CHUNK_IMAGES):
            rows = range(start, min(start + _CHUNK_IMAGES, images.count))
            intact = []
            for decoded in pool.map(lambda row: _decode(images, row), rows):
                if isinstance(decoded, DamagedImageError):
                    damage.add(decoded)
                else:
                    intact.append(decoded)
            progress.update(len(rows))
            if damage.is_spared and intact:
                yield np.stack(intact)
            elif not damage.is_spared and damage.count >= MOST_NAMED:
                return


def _decode(images: Images, row: int) -> NDArray[np.uint8] | DamagedImageError:
    try:
        return images.decode(row)
    except DamagedImageError as error:
        return error


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
