"""Opening what lies in a folder that may be a stranger's: regular files alone, and nothing through a link.

A link in such a folder could lead a write to a file of the user's own, a pipe would keep a reader waiting for
ever, and a device does what it does. A folder that the user names may itself be a link, to a larger disk say;
what lies below it may not.
"""

import errno
import os
import stat
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from gan_lab.config.errors import UserError
from gan_lab.files.atomic import write_atomically

_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotRegularError(UserError):
    """Something other than a regular file, or a folder, where the lab keeps one."""

    def __init__(self, path: Path, mode: int) -> None:
        kind = _KINDS.get(stat.S_IFMT(mode), "no regular file")
        super().__init__(f"{path} is {kind}, where gan-lab keeps files of its own; nothing was written.")
        self.path, self.mode = path, mode

    def __reduce__(self) -> tuple[type["NotRegularError"], tuple[Path, int]]:
        # launchers send errors between processes
        return type(self), (self.path, self.mode)


def open_regular(path: Path, flags: int, mode: int = 0o666) -> int:
    """Open a regular file, or make it where ``flags`` say so, and return its descriptor.

    Args:
        path: the file.
        flags: of ``os.open``; a link at the end of the path is never followed, and nothing is waited for.
        mode: of a file that is made, before the umask.

    Raises:
        NotRegularError: if something else is there: a link, a pipe, a device.
        OSError: if it cannot be opened, or is a folder.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    except OSError:
        _refuse_other_kinds(path)
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        _refuse_other_kinds(path)
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return descriptor


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return what a regular file holds.

    Args:
        path: the file.
        most_bytes: what the largest honest file has; a larger one is not read.

    Raises:
        NotRegularError: if it is no regular file.
        UserError: if it is larger.
        OSError: if it cannot be read.
    """
    with open(open_regular(path, os.O_RDONLY), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise UserError(f"{path} has {size:,} bytes, and gan-lab writes {most_bytes:,} at most.")
        return file.read(size)  # of a file that grows, what it held


def append_regular(path: Path, data: bytes | bytearray) -> None:
    """Append to a regular file, which is made where it is missing.

    Raises:
        NotRegularError: if something else is there.
        OSError: if it cannot be written.
    """
    with open(open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as file:
        file.write(data)


def unshare(path: Path) -> None:
    """Give a file that has other names elsewhere, hard links, content of its own, before it is written to.

    Does nothing where there is no such file.

    Raises:
        NotRegularError: if something else is there.
        OSError: if it cannot be read or written.
    """
    try:
        descriptor = open_regular(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    with open(descriptor, "rb") as file:
        if os.fstat(descriptor).st_nlink > 1:
            write_atomically(path, file.read())


def require_regular(folder: Path, names: Iterable[str], whole: Iterable[str] = ()) -> None:
    """Check that what a folder holds under some names are regular files and folders.

    Args:
        folder: may be a link itself, and may be missing.
        names: patterns of the names that matter; others are not looked at.
        whole: patterns of folders among them that are looked at as a whole, however deep.

    Raises:
        NotRegularError: naming the first that is something else.
    """
    names, whole = tuple(names), tuple(whole)
    for entry in _entries(folder):
        if any(fnmatchcase(entry.name, pattern) for pattern in names):
            _require_plain(entry, deep=any(fnmatchcase(entry.name, pattern) for pattern in whole))


def _require_plain(entry: os.DirEntry[str], deep: bool) -> None:
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # renamed or removed since by its writer
        return
    if stat.S_ISDIR(found.st_mode):
        for inner in _entries(Path(entry.path)) if deep else ():
            _require_plain(inner, deep)
    elif not stat.S_ISREG(found.st_mode):
        raise NotRegularError(Path(entry.path), found.st_mode)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _refuse_other_kinds(path: Path) -> None:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise NotRegularError(path, mode) from None
