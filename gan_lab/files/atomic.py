"""Files that are either the old version or the new one, whatever happens in between."""

import contextlib
import errno
import os
import secrets
from pathlib import Path

from gan_lab.config.errors import UserError

_SUFFIX = ".partial"


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace a file by ``data``, so that a reader or a crash never meets half of it.

    The bytes go to a temporary file in the same folder and reach the disk before the one atomic step,
    the renaming; the folder is synchronised after it, so that the new file outlives a power cut. A link of
    that name is replaced, never followed, and other names of the old file keep what it held.

    Args:
        path: the file; its folder must exist.
        data: everything that it shall hold.
        durable: whether to wait for the disk; without, a power cut may lose or empty the file.

    Raises:
        UserError: if it cannot be written, for example on a full disk; the old file is then untouched.
    """
    # nothing of the file's own name: TensorBoard reads whatever has "tfevents" in it
    partial = path.with_name(f".{secrets.token_hex(4)}{_SUFFIX}")
    try:
        _write_new(partial, data, durable)
        os.replace(partial, path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"{path} could not be written: {reason}; make room or choose another folder."
        ) from error
    finally:
        # gone already after the renaming; left over after an error or Ctrl-C
        with contextlib.suppress(OSError):
            partial.unlink()


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or deleted in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # some network file systems have nothing to synchronise in a folder, and say so
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def remove_partials(folder: Path) -> None:
    """Delete the temporary files of writers that were killed; only for the one writer of a folder."""
    for partial in folder.glob(f".*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            partial.unlink()


def _write_new(path: Path, data: bytes, durable: bool) -> None:
    # not tempfile: that makes files which the rest of a research group cannot read
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            # one call writes 2 GiB at most, and less where the disk is nearly full
            rest = rest[os.write(descriptor, rest) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
