"""The table of measurements on disk: appended to, and cut back to a checkpoint, whatever was done to it.

A checkpoint knows how many bytes of the table it stands for, and a checksum of them. A table that was edited
since, with other line ends, quotes, a blank line, other columns or another order of rows, as spreadsheets
make, is put back as it was where its numbers still stand as they were written: the checksum tells. Otherwise
its rows up to the checkpoint are taken as they stand. In either case the edited file is kept beside it.
"""

import csv
import hashlib
import io
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gan_lab.config.errors import UserError
from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import open_regular
from gan_lab.tracking.edited_table import EditedTable
from gan_lab.tracking.event_file import append

log = logging.getLogger(__name__)

_CHECKSUM_BYTES = 7  # a whole number that every reader of numbers takes


class TableMark(NamedTuple):
    """The prefix of a table that a checkpoint stands for."""

    bytes: int = 0
    checksum: int | None = None
    """Of that prefix; None in checkpoints of earlier versions."""
    columns: int | None = None

    @classmethod
    def of(cls, counters: Mapping[str, int]) -> "TableMark":
        """Return the mark that a checkpoint's counters hold."""
        return cls(
            counters.get("metrics_bytes", 0),
            counters.get("metrics_checksum"),
            counters.get("metrics_columns"),
        )

    def as_counters(self) -> dict[str, int]:
        """Return what a checkpoint keeps."""
        return {f"metrics_{name}": value for name, value in self._asdict().items() if value is not None}


BEGINNING = TableMark()
"""That of a table without rows."""


class TableFile:
    """A table that one process appends to.

    Attributes:
        path: the file.

    Args:
        path: the file; ``begin`` or ``cut_to`` comes before the first ``append``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sum, self._bytes, self._columns = hashlib.sha256(), 0, 0

    def begin(self) -> None:
        """Make the table empty."""
        write_atomically(self.path, b"")

    def append(self, text: str) -> None:
        """Append whole lines.

        Raises:
            UserError: if they cannot be written.
        """
        append(self.path, text.encode())
        self._count(text.encode())

    def sync(self) -> TableMark:
        """Force the table to disk and return what was written of it, for a resumed run to cut it back to.

        That is what this process wrote: what others did to the file meanwhile is no part of it.
        """
        with open(open_regular(self.path, os.O_RDONLY), "rb") as file:
            os.fsync(file.fileno())
        return TableMark(self._bytes, _as_int(self._sum), self._columns)

    def cut_to(self, mark: TableMark, rows: int) -> list[dict[str, str]]:
        """Cut the table back to what a checkpoint knew, and return its rows, column to cell.

        Args:
            mark: of the checkpoint.
            rows: how many rows it stands for: iterations 1 to ``rows``.

        Raises:
            UserError: if the table does not hold those rows; it is then untouched.
        """
        try:
            with open(open_regular(self.path, os.O_RDONLY), "rb") as file:
                data = file.read()
        except OSError as error:
            raise UserError(
                f"{self.path} could not be read ({error.strerror}); the run cannot be continued without it."
            ) from error
        prefix = data[: mark.bytes]
        if _is_prefix(prefix, mark, rows):
            if not _goes_on(data[mark.bytes :], rows):
                keep_copy(self.path, data)
            with open(open_regular(self.path, os.O_RDWR), "r+b") as file:
                file.truncate(mark.bytes)
        else:
            prefix = self._restore(data, mark, rows)
        self._count(prefix)
        return list(csv.DictReader(io.StringIO(prefix.decode())))

    def _count(self, data: bytes) -> None:
        if not self._bytes and data:
            self._columns = data.partition(b"\n")[0].count(b",") + 1
        self._sum.update(data)
        self._bytes += len(data)

    def _restore(self, data: bytes, mark: TableMark, rows: int) -> bytes:
        """Put an edited table back, as it was or as it stands, and return its bytes."""
        try:
            edited = EditedTable.parse(data, rows, mark.columns)
        except ValueError as error:
            raise UserError(
                f"{self.path} was changed since its checkpoint: {error}; put the file back as it was and "
                "resume again."
            ) from error
        originals = (text for text in edited.candidates(mark.columns) if _checksum(text) == mark.checksum)
        restored = next(originals, None)
        copy = keep_copy(self.path, data)
        if restored is None:
            told = (
                "%s was edited and goes on with the numbers that it holds now; the edited file is kept as %s."
            )
            restored = edited.as_it_stands()
        else:
            told = "%s was edited and is again as it was before; the edited file is kept as %s."
        log.warning(told, self.path, copy.name)
        write_atomically(self.path, restored)
        return restored


def keep_copy(path: Path, data: bytes) -> Path:
    """Write what a table was edited to beside it, and return where: ``<name>.edited-<k>.csv``."""
    number = 1
    while (copy := path.with_name(f"{path.stem}.edited-{number}.csv")).exists():
        number += 1
    write_atomically(copy, data)
    return copy


def _is_prefix(prefix: bytes, mark: TableMark, rows: int) -> bool:
    if len(prefix) < mark.bytes:
        return False
    if mark.checksum is not None:
        return _checksum(prefix) == mark.checksum
    # an earlier version's: it ends with the row of its iteration, and every row before is there
    lines = prefix.split(b"\n")
    first = [line.partition(b",")[0] for line in lines[1:-1]]
    return lines[-1] == b"" and b"\r" not in prefix and first == [b"%d" % k for k in range(1, rows + 1)]


def _goes_on(tail: bytes, rows: int) -> bool:
    """Return whether what follows a prefix is what a killed process wrote: rows, the last cut short."""
    lines = tail.split(b"\n")[:-1]
    return [line.partition(b",")[0] for line in lines] == [
        b"%d" % (rows + k) for k in range(1, len(lines) + 1)
    ]


def _checksum(data: bytes) -> int:
    return _as_int(hashlib.sha256(data))


def _as_int(checksum: Any) -> int:
    return int.from_bytes(checksum.digest()[:_CHECKSUM_BYTES])
