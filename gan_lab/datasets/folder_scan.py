"""Which files below a folder are pictures, and what else lies there."""

import errno
import os
import re
import stat
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted

_OF_SYSTEMS = {
    *("__MACOSX", "@eaDir", "#recycle", "#snapshot"),  # macOS' archives, Synology's disks
    *("$RECYCLE.BIN", "System Volume Information", "lost+found"),  # Windows, Linux
}
_MOST_KINDS = 8

_PLURALS = {
    "hidden folder": "hidden folders",
    "hidden file": "hidden files",
    "link to a folder": "links to folders",
    "link that leads out of the folder": "links that lead out of the folder",
    "broken link": "broken links",
    "pipe or device": "pipes or devices",
    "file without a known ending": "files without a known ending",
}
_ENDING = re.compile(r"\.\w{1,12}", re.ASCII)

PACK_FOLDER = "packed"
_OF_PACKS = (".npy", ".json", ".lock", ".tmp")


@dataclass(frozen=True)
class Scan:
    """What was found below a folder.

    Attributes:
        pictures: regular files with the ending of a picture, sorted by path.
        passed_over: how many of what else, such as ``.txt`` or ``link to a folder``.
    """

    pictures: list[Path] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)

    def said(self) -> str:
        """Return what was passed over as the end of a sentence; empty if it was nothing."""
        common = self.passed_over.most_common()
        words = [counted(count, kind, _PLURALS.get(kind, kind)) for kind, count in common[:_MOST_KINDS]]
        rest = sum(count for _, count in common[_MOST_KINDS:])
        return ", ".join(words + [f"{rest:,} of other kinds"] * bool(rest))


def scan(root: Path, suffixes: Collection[str]) -> Scan:
    """Return the pictures below a folder, however deep.

    Hidden names, and the folders that systems leave, are passed over with all that is in them. Links to
    folders are not followed, so that none leads round in a circle, nor are links to files outside.

    Args:
        root: the folder; nothing is found in one that does not exist.
        suffixes: endings of pictures, in small letters.

    Raises:
        UserError: if a folder or a file below it cannot be looked at: what is in it would be missing.
    """
    found = Scan()
    if not root.is_dir():
        return found
    inside = os.path.realpath(root)
    for name, folders, files in os.walk(root, onerror=_refuse):
        folder = Path(name)
        kept = []
        for each in folders:
            kind = _kind_of_folder(folder / each)
            if kind is None:
                kept.append(each)
            else:
                found.passed_over[kind] += 1
        folders[:] = kept
        for each in files:
            path = folder / each
            kind = _kind_of_file(path, inside, suffixes)
            if kind is None:
                found.pictures.append(path)
            elif not (folder == root / PACK_FOLDER and path.suffix in _OF_PACKS):
                found.passed_over[kind] += 1
    found.pictures.sort()
    return found


def _kind_of_folder(path: Path) -> str | None:
    """Return what a folder is that is passed over; None if it is walked."""
    if path.is_symlink():
        return "link to a folder"
    return "hidden folder" if path.name.startswith(".") or path.name in _OF_SYSTEMS else None


def _kind_of_file(path: Path, inside: str, suffixes: Collection[str]) -> str | None:
    """Return what a file is that is passed over; None if it is a picture."""
    if path.name.startswith("."):
        return "hidden file"
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        return suffix if _ENDING.fullmatch(suffix) else "file without a known ending"
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return "broken link"
        raise _refusal(error) from error
    if not stat.S_ISREG(mode):
        return "pipe or device"
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(inside):
        return "link that leads out of the folder"
    return None


def _refuse(error: OSError) -> None:
    raise _refusal(error) from error


def _refusal(error: OSError) -> UserError:
    return UserError(
        f"{error.filename} cannot be read ({error.strerror}); allow it, or move it out of dataset.root."
    )
