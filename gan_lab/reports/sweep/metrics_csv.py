"""Reading ``metrics.csv``, and tables beside it, whatever state a run left them in."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas

from gan_lab.config.errors import UserError
from gan_lab.files.regular import read_regular
from gan_lab.tags.names import ITERATIONS_PER_SECOND, RAW

CENTRED, RUNNING = "centred", "running"
"""Columns of the medians that an archive keeps of an estimate: of the window around a row, and up to it."""

_INDEX = "iteration"
_MOST_BYTES = 1 << 32
_LAST_ITERATION = 2.0**53  # whole numbers beyond are not told apart
_OF_A_TABLE = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f\"']*")


def read_measurements(path: Path) -> tuple[pandas.DataFrame, str | None]:
    """Return a table of measurements by iteration, and one sentence on what is wrong with it, if anything.

    A line that was cut off, or that is no line of this table, ends it: what stands before is returned.

    Args:
        path: ``metrics.csv``.
    """
    return _read(path, RAW)


def read_medians(path: Path) -> tuple[pandas.DataFrame, str | None]:
    """Return likewise what an archive keeps of an estimate's medians: :data:`CENTRED` and :data:`RUNNING`.

    Args:
        path: ``medians.csv``.
    """
    return _read(path, CENTRED, RUNNING)


def read_timing(path: Path) -> tuple[pandas.DataFrame, str | None]:
    """Return likewise what the clock says of a run.

    Args:
        path: ``timing.csv``.
    """
    return _read(path, ITERATIONS_PER_SECOND)


def parse_measurements(data: bytes, name: str) -> tuple[pandas.DataFrame, str | None]:
    """Return what :func:`read_measurements` does of a file's content.

    Args:
        data: the content.
        name: of the file, for the sentence.
    """
    return _parse_file(data, name, (RAW,))


def _read(path: Path, *needed: str) -> tuple[pandas.DataFrame, str | None]:
    try:
        return _parse_file(read_regular(path, _MOST_BYTES), path.name, needed)
    except FileNotFoundError:
        return empty_table(), f"it has no {path.name}."
    except OSError as error:
        return empty_table(), f"{path.name} cannot be read: {error.strerror}."
    except UserError as error:
        return empty_table(), str(error)


def _parse_file(data: bytes, name: str, needed: Sequence[str]) -> tuple[pandas.DataFrame, str | None]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return empty_table(), f"{name} cannot be read: it is no text."
    if not text.strip():
        return empty_table(), f"{name} is empty."
    text = text.replace("\r\n", "\n")  # a spreadsheet has been there
    if not _OF_A_TABLE.fullmatch(text):
        return empty_table(), f"{name} cannot be read: it has quotes or control characters."
    lines, fault = _whole_lines(text)
    missing = [column for column in (_INDEX, *needed) if column not in lines[0].split(",")]
    if missing:
        return empty_table(), f"{name} has no column {missing[0]}."
    table, of_values = _parse("\n".join(lines) + "\n", needed)
    fault = of_values or fault
    return table, f"{name} {fault}." if fault else None


def empty_table() -> pandas.DataFrame:
    """Return the table of a run that measured nothing."""
    return pandas.DataFrame(index=pandas.Index([], name=_INDEX, dtype="int64"))


def _whole_lines(text: str) -> tuple[list[str], str | None]:
    """Return the lines up to the first that is not whole; floats and tags have no commas and no quotes."""
    lines = text.split("\n")
    last = lines.pop()
    commas = lines[0].count(",") if lines else last.count(",")
    for number, line in enumerate(lines):
        if line.count(",") != commas:
            return lines[:number], f"is damaged at line {number + 1}"
    if last:
        return lines or [last], f"is cut off in line {len(lines) + 1}"
    return lines, None


def _parse(text: str, needed: Sequence[str]) -> tuple[pandas.DataFrame, str | None]:
    """Return the table of whole lines, cut before the first value that is no number."""
    table = pandas.read_csv(io.StringIO(text), keep_default_na=False, na_values=["", "nan"], low_memory=False)
    words = table[_INDEX].isna()
    for name in table.select_dtypes(exclude="number"):
        numbers = pandas.to_numeric(table[name], errors="coerce")
        words = words | (numbers.isna() & table[name].notna())
        table[name] = numbers
    table = table.astype(float)
    # what is measured at every iteration is finite, or the run has ended; elsewhere an infinite value is none
    infinite = table.isin([np.inf, -np.inf])
    words |= infinite[[_INDEX, *needed]].any(axis=1) | (table[_INDEX].abs() >= _LAST_ITERATION)
    words |= table[_INDEX] % 1 != 0
    table = table.mask(infinite)
    fault = None
    repeats = ~words & (table[_INDEX].diff().fillna(1) <= 0)
    wrong = (words | repeats).to_numpy().nonzero()[0]
    if len(wrong):
        fault = f"is damaged at line {wrong[0] + 2}"
        table = table.iloc[: wrong[0]]
    return table.astype({_INDEX: "int64"}).set_index(_INDEX), fault
