"""Tables of numbers as a reader sees them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas


@dataclass(frozen=True)
class TableCell:
    """One field of a table.

    Attributes:
        text: what stands there.
        is_number: whether it is set to the right.
        link: where it leads, relative to the page; empty if nowhere.
    """

    text: str
    is_number: bool = False
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A table with what is said of it.

    Attributes:
        title: a few words.
        note: sentences above it.
        header: names of the columns.
        rows: a cell for each column.
    """

    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]


def table_from(frame: pandas.DataFrame, title: str, note: str, columns: Mapping[str, str]) -> Table:
    """Return a data frame as a table: numbers with three digits, what is missing as a dash.

    Args:
        frame: a row per line.
        title: of the table.
        note: what its numbers are.
        columns: which to show, in this order, and their headings.
    """
    rows = tuple(tuple(_cell(value) for value in row) for row in frame[list(columns)].itertuples(index=False))
    return Table(title, note, tuple(columns.values()), rows)


def _cell(value: Any) -> TableCell:
    if isinstance(value, str):
        return TableCell(value)
    if isinstance(value, bool) or value is None:
        return TableCell("-" if value is None else str(value))
    number = float(value)
    if math.isnan(number):
        return TableCell("-", is_number=True)
    return TableCell(
        f"{number:,.0f}" if number.is_integer() or abs(number) >= 1000 else f"{number:.3g}", is_number=True
    )
