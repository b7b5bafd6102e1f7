"""Zip files: written the same to the byte, and unpacked though they may be a stranger's.

Names and sizes are all looked at before anything is unpacked, and what is unpacked are regular files below
one folder, of names that were asked for.
"""

import errno
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gan_lab.config.errors import UserError
from gan_lab.config.quoting import LONGEST_VALUE, quoted, shortened, shown

MOST_MEMBERS = 60_000
MOST_BYTES = 1 << 31
"""Of all that a file holds, unpacked: neither that nor so many members need ZIP64."""

_LONGEST_PART, _MOST_PARTS = 255, 30  # bytes of a name that file systems take, and folders in one another
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can say
_ENCRYPTED = 0x1
_BEGIN, _END, _ZIP64 = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES, _ZIP64_BYTES = 22, 20
_MOST_OF_NAMES = 1 << 25  # bytes of the table at the end, all of which is read at once
_DAMAGED = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)


def zip_bytes(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip file: the same of the same files, for it says neither when nor where it was made.

    Args:
        files: name, with slashes, and content; in the order in which they shall stand.

    Raises:
        UserError: if :func:`unpack` would refuse a name, or they are more than it takes.
    """
    target, count, size = io.BytesIO(), 0, 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, content in files:
            if fault := fault_of(name):
                raise UserError(f"{quoted(name)} cannot be archived: its name {fault}; rename the folder.")
            count, size = count + 1, size + len(content)
            if count > MOST_MEMBERS or size > MOST_BYTES:
                raise UserError(
                    f"An archive holds {MOST_MEMBERS:,} files and {MOST_BYTES:,} bytes at most; "
                    "archive fewer runs, or keep fewer rows with a larger --every."
                )
            member = zipfile.ZipInfo(name, _EARLIEST)
            member.compress_type, member.create_system = zipfile.ZIP_DEFLATED, 3
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            made.writestr(member, content)
    if fault := _fault_of_end(target):
        raise UserError(f"The runs cannot be archived: the file {fault}; archive fewer of them.")
    return target.getvalue()


def unpack(path: Path, folder: Path, most_bytes: Callable[[str], int | None]) -> None:
    """Unpack a zip file that may be anybody's into a new folder.

    Args:
        path: a regular file.
        folder: exists and is empty.
        most_bytes: what a file of some name holds at most; None where no such file is unpacked.

    Raises:
        UserError: if it is no zip file, or damaged, or holds anything but such files. What had been unpacked
            until a damage was met is left in the folder.
        OSError: if it cannot be read, or the folder cannot be written to.
    """
    with open(path, "rb") as file:
        if file.read(len(_BEGIN)) != _BEGIN:
            raise UserError(f"{path} is neither a folder nor an archive of gan-lab: it is no zip file.")
        if fault := _fault_of_end(file):
            raise UserError(f"{path} is damaged, such as cut off on its way here: it {fault}.")
        try:
            with zipfile.ZipFile(file) as opened:
                members = _checked(path, opened.infolist(), most_bytes)
                for member in members:
                    target = folder / member.filename
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with open(target, "xb") as made:
                        made.write(_content(opened, member))
        except UserError:
            raise
        except (*_DAMAGED, OSError) as error:
            if isinstance(error, OSError) and error.errno != errno.EINVAL:  # sought where a header says
                raise
            said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            reason = shown(shortened(said, LONGEST_VALUE))
            raise UserError(f"{path} is damaged, such as cut off on its way here: {reason}.") from None


def fault_of(name: str) -> str | None:
    """Return what is wrong with the name of a file in an archive, to follow "its name"; None if nothing."""
    parts = name.split("/")
    try:
        longest = max(len(part.encode()) for part in parts)
    except UnicodeEncodeError:
        return "is no UTF-8"
    if name.startswith("/") or ".." in parts:
        return "leads out of it"
    if "\\" in name or shown(name) != name:
        return "has backslashes or control characters"
    if "" in parts or "." in parts:
        return "has empty parts"
    if longest > _LONGEST_PART or len(parts) > _MOST_PARTS:
        return "is too long"
    return None


def _fault_of_end(file: BinaryIO) -> str | None:
    """Return what is wrong with the end of a zip file, which says how long its table of names is.

    ``zipfile`` reads that table as a whole, and makes an object of every 46 bytes of it.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - _END_BYTES - _ZIP64_BYTES, 0))
    tail = file.read()
    end = tail[-_END_BYTES:]
    if len(end) < _END_BYTES or not end.startswith(_END) or end[-2:] != bytes(2):
        return "has no end"
    names: int = struct.unpack_from("<I", end, 12)[0]
    if names > _MOST_OF_NAMES or tail.startswith(_ZIP64):
        return "names more files than an archive holds"
    return None


def _checked(
    path: Path, members: list[zipfile.ZipInfo], most_bytes: Callable[[str], int | None]
) -> list[zipfile.ZipInfo]:
    """Return the members that are files.

    Raises:
        UserError: naming the first of which something is wrong.
    """
    if len(members) > MOST_MEMBERS:
        raise UserError(f"{path} holds {len(members):,} files, and an archive {MOST_MEMBERS:,} at most.")
    files = [member for member in members if not member.is_dir()]  # folders, as other programs write them
    folders = {str(each) for member in files for each in PurePosixPath(member.filename).parents}
    seen: set[str] = set()
    for member in members:
        name = member.filename
        fault = _fault_of_entry(member) or _fault_of_file(member, most_bytes(name))
        fault = "twice" if name in seen else "as a file and as a folder" if name in folders else fault
        if fault:
            raise UserError(f"{path} holds {quoted(name)} {fault}; gan-lab writes no such archive.")
        seen.add(name)
    size = sum(member.file_size for member in files)
    if size > MOST_BYTES:
        raise UserError(f"{path} holds {size:,} bytes, and an archive {MOST_BYTES:,} at most.")
    return files


def _fault_of_entry(member: zipfile.ZipInfo) -> str | None:
    """Return why neither a file nor a folder is made of a member, to follow its name."""
    if fault := fault_of(member.filename.removesuffix("/")):
        return f"whose name {fault}"
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "as a link or a device"
    return None


def _fault_of_file(member: zipfile.ZipInfo, most: int | None) -> str | None:
    """Return why a member is not unpacked, likewise."""
    if member.is_dir():
        return None
    if member.flag_bits & _ENCRYPTED:
        return "encrypted"
    if most is None:
        return "which no report reads"
    if member.file_size > most:
        return f"of {member.file_size:,} bytes, of at most {most:,}"
    return None


def _content(opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return what a member holds, and no more of it than its header says, whatever is compressed in it."""
    with opened.open(member) as file:
        content = file.read(member.file_size)
    if len(content) != member.file_size:
        raise zipfile.BadZipFile(f"{member.filename} is cut off")
    return content
