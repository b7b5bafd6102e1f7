"""``gan-lab archive``: run folders in, one file out that a report says the same of."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import gan_lab
from gan_lab.config.errors import UserError
from gan_lab.files.atomic import write_atomically
from gan_lab.files.plain_yaml import dump_plain
from gan_lab.files.zip_file import zip_bytes
from gan_lab.reports.archive.one_run import PackedRun, pack_run
from gan_lab.reports.archive.places import typed_without_places
from gan_lab.reports.sweep.sweep_command import MULTIRUN_NAME, typed_part
from gan_lab.runs.archived import ARCHIVE_NAME, FORMAT
from gan_lab.runs.reading import runs_of
from gan_lab.runs.record import RECORD_NAME


class Packed(NamedTuple):
    """What an archive has become.

    Attributes:
        size: in bytes.
        runs: what is in it of each run, by name.
        left_out: a sentence for each run that could not be read, and is not in it.
    """

    size: int
    runs: dict[str, PackedRun]
    left_out: tuple[str, ...]


def write_archive(folders: Sequence[Path], target: Path, every: int | None = None) -> Packed:
    """Pack runs into one file: the same runs give the same bytes, wherever they lie.

    Args:
        folders: of runs, or that hold runs.
        target: the file; must not be there.
        every: of rows in which only what every iteration measures stands, those of its multiples are kept;
            None for as many as leave about 2,000 a run.

    Raises:
        UserError: if there is no such folder, no run that can be read, or a name that no archive can hold; or
            the file is there already or cannot be written.
    """
    _require_new(target)
    found = {record.path.resolve(): record for folder in folders for record in runs_of(folder)}
    left_out = tuple(
        f"{each.path} is left out of the archive: {each.message}"
        for each in found.values()
        if not each.started
    )
    root = _root_of(folders)
    readable = {_below(root, each.path): each for each in found.values() if each.started}
    if not readable:
        raise UserError(f"There is no run to archive: {left_out[0]}")
    runs: dict[str, PackedRun] = {}

    def files() -> Iterator[tuple[str, bytes]]:
        about = {"format": FORMAT, "gan_lab": gan_lab.__version__, "runs": len(readable)}
        yield ARCHIVE_NAME, (json.dumps(about, indent=2) + "\n").encode()
        yield from sorted(_commands(root, folders).items())
        for name, record in sorted(readable.items()):
            content, runs[name] = pack_run(record, every)
            yield from ((f"{name}/{file}", data) for file, data in sorted(content.items()))

    data = zip_bytes(files())
    _require_new(target)
    write_atomically(target, data)
    return Packed(len(data), runs, left_out)


def _require_new(target: Path) -> None:
    if os.path.lexists(target):
        raise UserError(f"{target} is there already; choose another name with --to.")
    if not target.parent.is_dir():
        raise UserError(f"{target.parent} is not a folder; choose another place with --to.")


def _root_of(folders: Sequence[Path]) -> Path:
    """Return the folder that names in the archive are seen from: none of them leads out of it."""
    whole = [_absolute(folder) for folder in folders]
    root = Path(os.path.commonpath(whole))
    return root.parent if (root / RECORD_NAME).exists() else root


def _commands(root: Path, folders: Sequence[Path]) -> Mapping[str, bytes]:
    """Return what was typed to start each sweep, without what else Hydra has written of it."""
    found = {_below(root, folder, MULTIRUN_NAME): typed_part(folder) for folder in folders}
    return {name: dump_plain(typed_without_places(part)) for name, part in found.items() if part}


def _below(root: Path, path: Path, *names: str) -> str:
    return _absolute(path).joinpath(*names).relative_to(root).as_posix()


def _absolute(path: Path) -> Path:
    # links stay as they are: what a folder is called decides
    return Path(os.path.abspath(path))
