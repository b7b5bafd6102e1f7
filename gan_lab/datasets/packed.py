"""One file of bytes for a whole image set: a memory-mapped .npy with a .json beside it that vouches for it.

The ``.npy`` holds (N, C, H, W) uint8. The ``.json`` is written last and holds ``format``, ``name``,
``shape``, ``bytes`` (size of the ``.npy``), ``blake2b`` (of the whole ``.npy``) and ``source`` (fingerprint
of the files that the images came from). Without its ``.json`` a pack counts as unfinished.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.checks import NonNegativeInt, PositiveInt, Settings
from gan_lab.config.errors import UserError
from gan_lab.files.regular import read_regular, require_regular

Residency = Literal["auto", "always", "never"]
"""Whether images live in the device's memory: if they fit, always, never."""

FORMAT = 1
_MOST_BYTES = 10_000  # of a sidecar
HASH_LIMIT_BYTES = 1 << 30
"""Packs up to 1 GiB are hashed whenever they are opened, which takes a second or two."""


class DamagedPackError(UserError):
    """A pack that does not hold what its sidecar says."""


@dataclass(frozen=True)
class Sidecar(Settings):
    """What the ``.json`` says of the ``.npy``."""

    format: int
    name: str
    shape: tuple[PositiveInt, ...]
    bytes: NonNegativeInt
    blake2b: str
    source: str


def sidecar_path(path: Path) -> Path:
    """Return where the ``.json`` of the pack at ``path`` lies."""
    return path.with_suffix(".json")


def read_sidecar(path: Path) -> Sidecar | None:
    """Return the sidecar of the pack at ``path``; None if that is missing, unfinished or of another format.

    Raises:
        DamagedPackError: if the sidecar cannot be read.
        NotRegularError: if it, or the pack, is a link or a pipe.
    """
    require_own(path)
    if not (path.is_file() and sidecar_path(path).is_file()):
        return None
    try:
        content = json.loads(read_regular(sidecar_path(path), _MOST_BYTES))
        if content["format"] != FORMAT:
            return None
        return Sidecar(**content)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DamagedPackError(f"{sidecar_path(path)} is damaged") from error


def require_own(path: Path) -> None:
    """Check that what lies where a pack belongs is neither link nor pipe, its folder included.

    Raises:
        NotRegularError: naming what is.
    """
    require_regular(path.parent.parent, [path.parent.name])
    require_regular(path.parent, [f"{path.stem}.*"])


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
    if size <= hash_limit_bytes and hash_of(path) != sidecar.blake2b:
        raise DamagedPackError(f"{path} has changed since it was written")
    try:
        images: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    # of a header that anybody wrote: lengths below 0 or beyond the file, or nested without end
    except (ValueError, TypeError, OSError, OverflowError, MemoryError, RecursionError) as error:
        raise DamagedPackError(f"{path} does not begin as an array") from error
    if images.shape != sidecar.shape or images.shape[1:] != shape or images.dtype != np.uint8:
        raise DamagedPackError(f"{path} holds {images.dtype} {images.shape} instead of images {shape}")
    return images


def hash_of(path: Path) -> str:
    """Return the BLAKE2b of a whole file, in hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()
