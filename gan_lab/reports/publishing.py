"""A folder of files that one command writes again and again, and nobody else's files are lost in."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from gan_lab.config.errors import UserError
from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import read_regular, require_regular

_MOST_BYTES = 1 << 24
MANIFEST = ".gan-lab-report"
"""Names the files that a report has written below its folder, one a line; no other is touched."""

# of a writer that was killed, see gan_lab.files.atomic
_PARTIAL = re.compile(r"\.(.+\.)?[0-9a-f]{8}\.partial")


def check_folder(folder: Path) -> None:
    """Check that a report may be written to a folder.

    Raises:
        UserError: if it is a file, or holds something that no report has written, such as a link.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        raise UserError(f"{folder} is not a folder; choose another place with -o.")
    foreign = sorted(_files_in(folder) - _written_before(folder) - {MANIFEST})
    foreign = [name for name in foreign if not _PARTIAL.fullmatch(PurePosixPath(name).name)]
    if foreign:
        raise UserError(
            f"{folder} holds {foreign[0]}, which no report has written; choose another folder with -o."
        )
    # its own list of names is anybody's, too
    require_regular(folder, ["*"], whole=["*"])


def publish(files: Mapping[str, bytes], folder: Path, last: str) -> None:
    """Replace the report in a folder; each file is the old one or the new one at any time.

    Args:
        files: path below the folder, with slashes, to content.
        folder: made if it is missing.
        last: the file that is written after all others, because it shows them.

    Raises:
        UserError: if the folder holds something that no report has written, or cannot be written.
    """
    assert all(_is_below(name) for name in files), "a report writes below its folder"
    check_folder(folder)
    before = _written_before(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # what is written is named first: a killed command leaves nothing that the next one takes for foreign
    _write_manifest(folder, before | files.keys())
    for name in sorted(files, key=lambda name: (name == last, name)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, files[name])
    for name in before - files.keys():
        (folder / name).unlink(missing_ok=True)
    _remove_empty(folder)
    _write_manifest(folder, files.keys())


def _files_in(folder: Path) -> set[str]:
    found = set()
    for path, folders, names in os.walk(folder):
        # a link to a folder is somebody's: files must not be written through it
        links = [name for name in folders if (Path(path) / name).is_symlink()]
        found |= {(Path(path) / name).relative_to(folder).as_posix() for name in (*names, *links)}
    return found


def _written_before(folder: Path) -> set[str]:
    try:
        lines = read_regular(folder / MANIFEST, _MOST_BYTES).decode().splitlines()
    except (OSError, ValueError):
        return set()
    # the file may be anybody's: it can name nothing outside the folder
    return {PurePosixPath(line).as_posix() for line in lines if line and _is_below(line)}


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _write_manifest(folder: Path, names: Iterable[str]) -> None:
    write_atomically(folder / MANIFEST, "".join(f"{name}\n" for name in sorted(names)).encode())


def _remove_empty(folder: Path) -> None:
    for path, _, _ in os.walk(folder, topdown=False):
        if Path(path) != folder and not os.listdir(path):
            os.rmdir(path)
