"""One file of bytes for a whole image set: a memory-mapped .npy with a .json beside it that vouches for it.

The ``.npy`` holds (N, C, H, W) uint8. The ``.json`` is written last and holds ``format``, ``name``,
``shape``, ``bytes`` (size of the ``.npy``), ``blake2b`` (of the whole ``.npy``) and ``source`` (fingerprint
of the files that the images came from). Without its ``.json`` a pack counts as unfinished.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from gan_lab.config.errors import UserError

FORMAT = 1
HASH_LIMIT_BYTES = 1 << 30
"""Packs up to 1 GiB are hashed whenever they are opened, which takes a second or two."""

_CHUNK_IMAGES = 512
_DECODING_THREADS = min(8, os.cpu_count() or 1)


@dataclass(frozen=True)
class Images:
    """Images that are decoded when they are asked for.

    Args:
        count: how many there are.
        decode: index to image (C, H, W); called from several threads at once, and raises nothing but
            UserError for an image that cannot be read.
    """

    count: int
    decode: Callable[[int], NDArray[np.uint8]]


class DamagedPackError(UserError):
    """A pack that does not hold what its sidecar says."""


@dataclass(frozen=True)
class Sidecar:
    """What the ``.json`` says of the ``.npy``."""

    format: int
    name: str
    shape: tuple[int, ...]
    bytes: int
    blake2b: str
    source: str


def sidecar_path(path: Path) -> Path:
    """Return where the ``.json`` of the pack at ``path`` lies."""
    return path.with_suffix(".json")


def read_sidecar(path: Path) -> Sidecar | None:
    """Return the sidecar of the pack at ``path``; None if that is missing, unfinished or of another format.

    Raises:
        DamagedPackError: if the sidecar cannot be read.
    """
    if not (path.is_file() and sidecar_path(path).is_file()):
        return None
    try:
        content = json.loads(sidecar_path(path).read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            return None
        return Sidecar(**{**content, "shape": tuple(content["shape"])})
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedPackError(f"{sidecar_path(path)} is damaged") from error


def read_pack(
    path: Path, shape: tuple[int, ...], hash_limit_bytes: float = HASH_LIMIT_BYTES
) -> NDArray[np.uint8]:
    """Check the pack at ``path`` and map it into memory.

    Args:
        path: the ``.npy``.
        shape: (C, H, W) that is expected.
        hash_limit_bytes: files above this size are not hashed, only measured.

    Returns:
        (N, C, H, W), read-only.

    Raises:
        DamagedPackError: if it is not what its sidecar says or not of ``shape``.
    """
    sidecar = read_sidecar(path)
    if sidecar is None:
        raise DamagedPackError(f"{path} is not finished")
    size = path.stat().st_size
    if size != sidecar.bytes:
        raise DamagedPackError(f"{path} holds {size:,} bytes where {sidecar.bytes:,} were written")
    if size <= hash_limit_bytes and _hash(path) != sidecar.blake2b:
        raise DamagedPackError(f"{path} has changed since it was written")
    try:
        images: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise DamagedPackError(f"{path} does not begin as an array") from error
    if images.shape != sidecar.shape or images.shape[1:] != shape or images.dtype != np.uint8:
        raise DamagedPackError(f"{path} holds {images.dtype} {images.shape} instead of images {shape}")
    return images


def write_pack(path: Path, images: Images, name: str, shape: tuple[int, ...], source: str) -> None:
    """Decode all images and write the pack and, last of all, its sidecar; each appears whole or not at all.

    Args:
        path: the ``.npy``; its folder must exist.
        images: at least one image of ``shape``.
        name: option of the dataset, for a reader of the sidecar.
        shape: (C, H, W).
        source: fingerprint of the files that the images come from.

    Raises:
        UserError: if there is no image or one cannot be read, or the disk is full or cannot be written to.
    """
    if images.count == 0:
        raise UserError(f"dataset={name} holds no images.")
    discard_leftovers(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        digest = _write_images(temporary, images, shape, name)
        size = temporary.stat().st_size
        # from here to the last line the pack counts as unfinished
        sidecar_path(path).unlink(missing_ok=True)
        os.replace(temporary, path)
        sidecar = Sidecar(FORMAT, name, (images.count, *shape), size, digest, source)
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
        temporary.unlink(missing_ok=True)


def discard_leftovers(path: Path) -> None:
    """Remove what an earlier packing left when it was killed; call it while holding the lock."""
    for leftover in path.parent.glob(f"{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)


def _write_images(temporary: Path, images: Images, shape: tuple[int, ...], name: str) -> str:
    digest = hashlib.blake2b()
    count = images.count
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    with (
        open(temporary, "w+b") as file,
        ThreadPoolExecutor(_DECODING_THREADS) as pool,
        tqdm(total=count, desc=f"packing {name}", unit="image", disable=None) as progress,
    ):
        np.lib.format.write_array_header_1_0(file, header)
        file.seek(0)
        digest.update(file.read())
        for start in range(0, count, _CHUNK_IMAGES):
            rows = range(start, min(start + _CHUNK_IMAGES, count))
            block = np.stack(list(pool.map(images.decode, rows)))  # (<= 512, C, H, W)
            assert block.shape[1:] == shape, (block.shape, shape)
            assert block.dtype == np.uint8, block.dtype
            file.write(block.tobytes())
            digest.update(block.tobytes())
            progress.update(len(block))
        _flush(file)
    return digest.hexdigest()


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()
