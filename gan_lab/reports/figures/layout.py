"""Where a cell goes in a figure: its objective, what else it differs in, and what number orders it."""

import math
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from gan_lab.reports.sweep.cells import worded
from gan_lab.reports.sweep.model import Cell, Sweep

OBJECTIVE = "objective"
LINE_IN = 0.16  # inches of a line of text of 9 points


@dataclass(frozen=True)
class NumericAxis:
    """A swept setting whose values are numbers.

    Attributes:
        key: the setting.
        values: in rising order.
        is_log: whether the values are positive and span more than a decade.
    """

    key: str
    values: tuple[float, ...]
    is_log: bool


def objective_of(sweep: Sweep, cell: Cell) -> str:
    """Return the objective of a cell: what it is swept over, or what its runs have chosen."""
    chosen = [run.record.choices[OBJECTIVE] for run in sweep.runs_of(cell) if OBJECTIVE in run.record.choices]
    return cell.settings.get(OBJECTIVE) or (chosen[0] if chosen else "unknown")


def objectives_of(sweep: Sweep) -> list[str]:
    """Return the objectives of a sweep in its order."""
    return list(dict.fromkeys(objective_of(sweep, cell) for cell in sweep.cells))


def setting_of(cell: Cell) -> str:
    """Return what a cell is besides its objective: a panel's name, or other values with their keys."""
    parts = [worded(key, value) for key, value in cell.settings.items() if key != OBJECTIVE]
    return ", ".join(parts)


def settings_of_sweep(sweep: Sweep) -> list[str]:
    """Return what cells differ in besides the objective, in the order of the sweep."""
    return list(dict.fromkeys(setting_of(cell) for cell in sweep.cells))


def wrapped(text: str, width: int) -> str:
    """Return a name in lines of at most so many characters: a long one would leave a plot no room."""
    return textwrap.fill(text, width)


def lines_of(names: Iterable[str]) -> int:
    """Return how many lines the tallest of some names has, 1 without any."""
    return max((name.count("\n") + 1 for name in names), default=1)


def numeric_axis(sweep: Sweep) -> NumericAxis | None:
    """Return the numeric setting with the most values, the first of several; None without one."""
    axes = [_as_numbers(sweep, key) for key in dict.fromkeys(key for c in sweep.cells for key in c.settings)]
    found = [axis for axis in axes if axis is not None]
    return max(found, key=lambda axis: len(axis.values)) if found else None


def without(cell: Cell, key: str) -> str:
    """Return what a cell is besides one setting."""
    return ", ".join(worded(name, value) for name, value in cell.settings.items() if name != key)


def _as_numbers(sweep: Sweep, key: str) -> NumericAxis | None:
    try:
        values = {float(cell.settings[key]) for cell in sweep.cells}
    except (KeyError, ValueError):
        return None
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    ordered = tuple(sorted(values))
    return NumericAxis(key, ordered, ordered[0] > 0 and ordered[-1] / ordered[0] > 10)
