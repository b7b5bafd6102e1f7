"""What a command that reads runs was given: folders, and archives, which are unpacked while it reads."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gan_lab.config.errors import UserError
from gan_lab.files.zip_file import unpack
from gan_lab.runs.archived import most_bytes_of, require_format
from gan_lab.runs.reading import find_runs, require_folder
from gan_lab.runs.record import RECORD_NAME, RunRecord


@dataclass(frozen=True)
class Source:
    """A folder of runs, or an archive of one.

    Attributes:
        given: what the user named.
        folder: where its runs lie: the same, or where the archive is unpacked.
        name: what tells its runs from those of other sources, before their names; empty of a single source.
    """

    given: Path
    folder: Path
    name: str = ""

    @property
    def is_archive(self) -> bool:
        """Whether its runs lie in a folder that will be gone."""
        return self.given != self.folder

    def name_of(self, path: Path) -> str:
        """Return the name of a folder in it, as tables have it."""
        below = path.relative_to(self.folder).as_posix()
        return "/".join(part for part in (self.name, below) if part not in ("", ".")) or "."


@dataclass(frozen=True)
class Sources:
    """Several of them; a folder belongs to the first that it lies below."""

    parts: tuple[Source, ...]

    def of(self, path: Path) -> Source:
        """Return what a folder came from."""
        return next(each for each in self.parts if path.is_relative_to(each.folder))

    def name_of(self, path: Path) -> str:
        """Return a folder's name as seen from what it came from, and behind its name if there are several."""
        return self.of(path).name_of(path)

    def path_of(self, path: Path) -> Path:
        """Return a folder's path as a user would write it, in an archive as if that were a folder."""
        source = self.of(path)
        return source.given / path.relative_to(source.folder)

    @cached_property
    def runs(self) -> tuple[RunRecord, ...]:
        """The runs of all of them, read once: each once where one folder lies in another; the oldest first.

        Raises:
            UserError: if one is no folder, or holds no run.
        """
        found: dict[Path, RunRecord] = {}
        for source in self.parts:
            require_folder(source.folder)
            records = find_runs(source.folder)
            if not records:
                raise UserError(f"{source.given} holds no runs; a run's folder has a {RECORD_NAME}.")
            for record in records:
                found.setdefault(record.path.resolve(), record)
        # as those of one folder stand, whichever was named first
        return tuple(sorted(found.values(), key=lambda record: record.started))

    def as_given(self, text: str) -> str:
        """Return a text in which archives stand for the folders that they were unpacked into."""
        for each in self.parts:
            text = text.replace(str(each.folder), str(each.given))
        return text

    def told(self, text: str) -> str:
        """Return a text with the paths in it as seen from what they came from."""
        for each in self.parts:
            text = text.replace(f"{each.folder}{os.sep}", f"{each.name}/" if each.name else "")
        return text


def folder_source(folder: Path) -> Sources:
    """Return a single folder."""
    return Sources((Source(folder, folder),))


@contextlib.contextmanager
def open_sources(given: Sequence[Path]) -> Iterator[Sources]:
    """Unpack the archives among what was given, until the block is left.

    Args:
        given: folders and files, each of which is taken for an archive; what is neither is left to whoever
            reads it.

    Raises:
        UserError: if a file is no archive, or of a format that is not known.
    """
    given = list(dict.fromkeys(given))
    names = _names(given) if len(given) > 1 else [""]
    with tempfile.TemporaryDirectory(prefix="gan-lab-", ignore_cleanup_errors=True) as scratch:
        parts = []
        for number, (path, name) in enumerate(zip(given, names, strict=True)):
            folder = path
            if path.is_file():
                folder = Path(scratch) / str(number)
                folder.mkdir()
                unpack(path, folder, most_bytes_of)
                require_format(folder, path)
            parts.append(Source(path, folder, name))
        yield Sources(tuple(parts))


def _names(given: Sequence[Path]) -> list[str]:
    """Return for each path as many of its last parts as tell it from the others."""
    whole = [Path(os.path.abspath(path)).parts for path in given]
    for count in range(1, max(map(len, whole)) + 1):
        names = ["/".join(parts[-count:]).lstrip("/") for parts in whole]
        if len({*names}) == len(names):
            return names
    return [str(path) for path in given]
