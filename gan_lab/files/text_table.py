"""Tables as aligned text that fits a terminal."""

from collections.abc import Sequence
from typing import NamedTuple

WIDEST = 100
"""Characters of a line: what fits an ordinary terminal, a mail and a page of documentation."""

MOST_ROWS = 60
"""Rows of a table that ends a command: more would push away what was said before."""

_GAP = "  "
_NARROWEST = 12


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: what stands above it.
        cells: its texts, one for each row.
        right: whether they end below each other, as numbers do.
        rank: columns of the highest rank are left out first where a table is too wide; those of 1 only where
            cells that lose their middle do not make it fit, and those of 0 never.
        least: characters that a cell keeps when it loses its middle.
        whole: whether its cells never lose it, as what is to be pasted somewhere: lines get longer instead.
    """

    title: str
    cells: Sequence[str]
    right: bool = False
    rank: int = 0
    least: int = _NARROWEST
    whole: bool = False

    @property
    def width(self) -> int:
        """Characters of its widest cell or of its title."""
        return max(map(len, [self.title, *self.cells]))


def lay_out(columns: Sequence[Column], widest: int = WIDEST) -> str:
    """Return a table, its titles first.

    Args:
        columns: of equally many cells.
        widest: characters of a line. Columns are left out by their rank until the table fits, and the widest
            one loses the middle of its cells. Where a column stays whole, those of rank 1 stay, too, and
            lines may be longer.
    """
    columns = list(columns)
    while _width(columns) > widest and any(column.rank > 1 for column in columns):
        columns.remove(max(reversed(columns), key=lambda column: column.rank))
    is_bound = not any(column.whole for column in columns)
    while is_bound and _width(_cut(columns, widest)) > widest and any(column.rank for column in columns):
        columns.remove(max(reversed(columns), key=lambda column: column.rank))
    shortened = _cut(columns, widest)
    columns = shortened if is_bound or _width(shortened) <= widest else columns
    padded = [[_pad(cell, column) for cell in [column.title, *column.cells]] for column in columns]
    return "\n".join(_GAP.join(row).rstrip() for row in zip(*padded, strict=True))


def _width(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + len(_GAP) * (len(columns) - 1)


def _cut(columns: list[Column], widest: int) -> list[Column]:
    """Return the columns, of which the widest has lost the middle of its cells if they are too wide."""
    excess = _width(columns) - widest
    if excess <= 0 or all(column.whole for column in columns):
        return columns
    longest = max((column for column in columns if not column.whole), key=lambda column: column.width)
    room = max(longest.width - excess, longest.least)
    shortened = longest._replace(cells=[without_middle(cell, room) for cell in longest.cells])
    return [shortened if column is longest else column for column in columns]


def _pad(cell: str, column: Column) -> str:
    return cell.rjust(column.width) if column.right else cell.ljust(column.width)


def without_middle(text: str, room: int) -> str:
    """Return a text, of which dots take the middle if it has more characters than there is room for."""
    if len(text) <= room:
        return text
    end = (room - 3) // 2
    return f"{text[: room - 3 - end]}...{text[len(text) - end :]}"
