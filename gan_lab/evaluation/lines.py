"""What was measured of runs, as lines and tables for the terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_lab.config.command_lines import shown_path
from gan_lab.files.text_table import Column, lay_out
from gan_lab.tags.words import BESIDES, HEADLINES, number_text, short_of


class Line(NamedTuple):
    """A metric of a run; None for what it does not have."""

    metric: str
    value: float
    floor: float | None = None
    p_value: float | None = None


def format_lines(lines: Sequence[Line]) -> str:
    """Return a table as aligned text."""
    titles = ("metric", "value", "real against real", "p-value")
    rows = [titles, *((line.metric, *(_shown(cell) for cell in line[1:])) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(titles))]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in rows
    )


def compared(measured: Mapping[Path, Sequence[Line]]) -> str:
    """Return one table of several runs, a row each, the best by its first number first.

    Args:
        measured: run folder to what was measured of it. Columns are what is read first, as far as they fit.
    """
    values = {path: {line.metric: line.value for line in lines} for path, lines in measured.items()}
    told = [tag for tag in (*HEADLINES, *BESIDES) if any(tag in each for each in values.values())]
    order = sorted(values, key=lambda path: tuple(_first_or_last(values[path].get(tag)) for tag in told[:1]))
    # other data have other floors
    floors = {tag: floor for tag in told if (floor := _common_floor(tag, measured.values())) is not None}
    rows = {str(shown_path(path)): values[path] for path in order} | (
        {"real against real": floors} if floors else {}
    )
    columns = [Column("run", list(rows))]
    columns += [
        Column(short_of(tag), [number_text(row.get(tag)) for row in rows.values()], right=True, rank=place)
        for place, tag in enumerate(told)
    ]
    return lay_out(columns)


def _common_floor(tag: str, measured: Iterable[Sequence[Line]]) -> float | None:
    floors = {line.floor for lines in measured for line in lines if line.metric == tag}
    return floors.pop() if len(floors) == 1 else None


def _first_or_last(value: float | None) -> float:
    return math.inf if value is None or math.isnan(value) else value


def _shown(value: float | None) -> str:
    return "" if value is None else number_text(value)
