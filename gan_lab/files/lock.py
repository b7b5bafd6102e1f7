"""One writer in a folder, or of a file, at a time."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from gan_lab.config.checks import conform
from gan_lab.config.errors import UserError
from gan_lab.files.process import is_alive, this_process
from gan_lab.files.regular import NotRegularError, open_regular, read_regular, unshare

LOCK_NAME = ".lock"

# a reader that looks whether a folder is locked holds the lock for microseconds itself
_ATTEMPTS = 10
_PAUSE_S = 0.02

_MOST_BYTES = 10_000  # of what a lock file says


class FolderLock:
    """The right to write into a folder: held until ``release``, or until the process ends.

    It is a ``flock`` on a file in the folder, which the kernel gives up when a process dies, however it
    dies: nothing stale can stay. It holds between threads and jobs of one process, too. On NFS it holds
    between hosts only if the server keeps locks (the default since NFSv4, off with ``local_lock``);
    where a file system has no locks at all, the process named in the file decides.

    Args:
        folder: an existing folder.

    Raises:
        UserError: if another process, or another part of this one, holds the lock.
        NotRegularError: if the lock file is a link or a pipe.
        OSError: if the lock file cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_NAME
        self._descriptor: int | None = open_regular(path, os.O_RDWR | os.O_CREAT)
        try:
            if not _acquire(self._descriptor, path):
                raise UserError(
                    f"{folder} is being trained by {_name(_owner(path))}; wait until it ends or choose "
                    "another hydra.run.dir."
                )
            self._write(json.dumps(this_process()).encode())
        except BaseException:
            os.close(self._descriptor)
            self._descriptor = None
            raise

    @property
    def held(self) -> bool:
        """Whether the lock has not been released."""
        return self._descriptor is not None

    def release(self) -> None:
        """Let others in; does nothing the second time."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            self._write(b"")
            # closing alone would not do: forked data loaders hold copies of the descriptor
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
        self._descriptor = None

    def _write(self, owner: bytes) -> None:
        assert self._descriptor is not None
        # a hard link to it is another file's name, too: that is not written to
        if os.fstat(self._descriptor).st_nlink == 1:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, owner, 0)


@contextlib.contextmanager
def sole_writer(path: Path, way_out: str) -> Iterator[None]:
    """Make the folder of the file at ``path`` and hold that file's lock, waiting for whoever has it.

    Jobs that start together so make a file once and share it. The system lets go of the lock when the
    process ends, however it ends. File systems without locks go without: there each job makes it for itself.

    Args:
        path: what is to be written, by other means; the lock lies beside it.
        way_out: what to do where the folder cannot be written to, such as "choose another dataset.root".

    Raises:
        UserError: if the folder cannot be written to, or a link or a pipe lies where the lock belongs.
    """
    lock_path = path.with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unshare(lock_path)  # a FileLock empties it
        os.close(open_regular(lock_path, os.O_WRONLY | os.O_CREAT))
    except OSError as error:
        raise UserError(f"{path.parent} cannot be written to ({error.strerror}); {way_out}.") from error
    with contextlib.ExitStack() as held:
        # the file can be written to: an error that comes now says that there are no locks here
        with contextlib.suppress(OSError):
            # no soft lock instead: that is a file, which a process that was killed would leave behind
            held.enter_context(FileLock(lock_path, fallback_to_soft=False))
        yield


def is_locked(folder: Path) -> bool:
    """Return whether somebody writes into a folder at this moment; changes nothing in it."""
    path = folder / LOCK_NAME
    try:
        descriptor = open_regular(path, os.O_RDONLY)
    except (OSError, NotRegularError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return _owner_is_alive(path)
    else:
        return False
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path) -> bool:
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        except OSError:  # a file system without locks
            return not _owner_is_alive(path)
        else:
            return True
    return False


def _owner(path: Path) -> dict[str, int | str] | None:
    try:
        owner: dict[str, int | str] = conform(
            "owner", json.loads(read_regular(path, _MOST_BYTES)), dict[str, int | str]
        )
    except (OSError, ValueError, RecursionError):
        return None
    return owner


def _owner_is_alive(path: Path) -> bool:
    owner = _owner(path)
    return owner is not None and is_alive(owner)


def _name(owner: dict[str, int | str] | None) -> str:
    if owner is None:
        return "another process"
    return f"process {owner.get('pid')} on {owner.get('host')}"
