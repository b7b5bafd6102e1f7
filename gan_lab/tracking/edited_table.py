"""A table of measurements that somebody edited: read with what spreadsheets and editors do to one.

They write a byte order mark, other line ends, quotes, other separators, blank lines, more columns and other
orders of rows, and leave out empty cells at the end of a row. None of that changes a number.
"""

import csv
import math
from collections.abc import Iterator
from typing import NamedTuple, Self

from gan_lab.tags.names import MEDIAN, RAW

_FIRST = "iteration"
_SEPARATORS = ",;\t"


class EditedTable(NamedTuple):
    """Rows of an edited table, as text.

    Attributes:
        header: names of the columns, the iteration first.
        rows: of iterations 1, 2, ..., each as long as the header.
    """

    header: list[str]
    rows: list[list[str]]

    @classmethod
    def parse(cls, data: bytes, count: int, columns: int | None) -> Self:
        """Read the rows of iterations 1 to ``count``; what else there is counts for nothing.

        Args:
            data: the file.
            count: rows that it must hold, each once, in any order.
            columns: how many columns of numbers it had, if that is known.

        Raises:
            ValueError: saying, without a full stop, what it lacks.
        """
        header, found = _split(data, count)
        numbered: dict[int, list[str]] = {}
        for cells in found:
            number = int(cells[0]) if cells[0].isdecimal() else 0
            if number in numbered:
                raise ValueError(f"the row of iteration {number} is there twice")
            if 1 <= number <= count:
                numbered[number] = cells
        for number in range(1, count + 1):
            if number not in numbered:
                raise ValueError(f"the row of iteration {number} is missing")
        table = cls(header, [numbered[number] for number in range(1, count + 1)])
        numeric = table._numeric()
        lacks = [tag for tag in (RAW, MEDIAN) if tag not in numeric]
        if lacks or len(numeric) < (columns or 0):
            named = f", {lacks[0]} not among them" if lacks else ""
            raise ValueError(
                f"{len(numeric)} of its columns hold numbers{named}; there were {columns or 'more'}"
            )
        return table

    def candidates(self, columns: int | None) -> Iterator[bytes]:
        """Yield what the file may have been before columns were added side by side."""
        added = len(self.header) - (columns or len(self.header))
        for start in range(len(self.header), added - 1, -1):
            yield self._to_bytes([k for k in range(len(self.header)) if not start - added <= k < start])
            if added <= 0:
                return

    def as_it_stands(self) -> bytes:
        """Return the columns of numbers in the form of the file."""
        numeric = self._numeric()
        return self._to_bytes([k for k, name in enumerate(self.header) if name in numeric])

    def _numeric(self) -> list[str]:
        columns = zip(*self.rows, strict=True) if self.rows else [[] for _ in self.header]
        return [name for name, cells in zip(self.header, columns, strict=True) if all(map(_is_number, cells))]

    def _to_bytes(self, columns: list[int]) -> bytes:
        lines = [",".join(cells[k] for k in columns) + "\n" for cells in [self.header, *self.rows]]
        return "".join(lines).encode()


def _split(data: bytes, count: int) -> tuple[list[str], list[list[str]]]:
    """Return header and rows, the iteration first, all of them of one length."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8") from None
    lines = [line for line in lines if line.strip(f'{_SEPARATORS}" ')]
    if not data.endswith((b"\n", b"\r")) and len(lines) > count + 1:
        lines.pop()  # cut short as its writer was killed
    separator = max(_SEPARATORS, key=lines[0].count) if lines else ","
    try:
        header, *rows = csv.reader(lines, delimiter=separator, strict=True)
    except (ValueError, csv.Error):
        raise ValueError("it is no table") from None
    if _FIRST not in header or len(set(header)) < len(header):
        raise ValueError(f"its first line does not name each column, {_FIRST} among them, once")
    if separator == ";":  # where that is usual, decimals have a comma
        rows = [[cell.replace(",", ".") for cell in cells] for cells in rows]
    at, length = header.index(_FIRST), len(header)
    rows = [(cells + [""] * length)[:length] for cells in rows]
    return _moved_first(header, at), [_moved_first(cells, at) for cells in rows]


def _moved_first(cells: list[str], at: int) -> list[str]:
    return [cells[at], *cells[:at], *cells[at + 1 :]]


def _is_number(cell: str) -> bool:
    try:
        return not cell or math.isfinite(float(cell))
    except ValueError:
        return False
