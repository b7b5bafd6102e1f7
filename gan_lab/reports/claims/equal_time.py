"""What an equal time buys: how near each cell's samples were when the quickest cell came to its end."""

import math
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import numpy as np
import pandas
from numpy.typing import NDArray

from gan_lab.numerics.statistics import t_mean
from gan_lab.reports.sweep.metrics_csv import read_timing
from gan_lab.reports.sweep.model import Cell, ReportRun, Sweep
from gan_lab.tags.names import ITERATIONS_PER_SECOND, LOGGING_FRACTION

_COLUMNS = ["cell", "label", "n", "seconds", "iterations", "quality", "low", "high", "at_end"]


class Pace(NamedTuple):
    """How much time a run had taken at each of some iterations.

    Attributes:
        iterations: (k,), increasing.
        seconds: (k,), of iterations alone: without measuring and drawing. The first one compiles where that
            was asked for; ``auto`` compiles before the clock starts.
    """

    iterations: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def reached(self, seconds: float) -> float:
        """Return how many iterations were completed by then, at an even pace between two that are known."""
        return float(np.interp(seconds, [0, *self.seconds], [0, *self.iterations]))


def equal_time(sweep: Sweep) -> pandas.DataFrame:
    """Return a row for each cell of at least two: what its samples were like at one time for all.

    That time is what the quickest cell takes until the last of its runs is through. Of seeds that were
    trained together each has an equal share of their time, while it goes on. Left out are runs that diverged,
    do not count, or have no ``timing.csv``.

    - ``seconds``: of 1,000 iterations, median over the cell's ``n`` runs;
    - ``iterations``: completed by then, likewise;
    - ``quality``: the last measurement by then, its mean over runs with Student's interval; NaN where one of
      the runs had none yet;
    - ``at_end``: the mean of the last measurements, whenever they were.
    """
    timed = [(cell, found) for cell in sweep.cells if (found := _timed(sweep, cell))]
    if sweep.quality is None or len(timed) < 2:
        return pandas.DataFrame(columns=_COLUMNS)
    budget = min(max(pace.seconds[-1] for _, pace in found) for _, found in timed)
    rows = [_row(cell, found, budget, sweep.quality.tag) for cell, found in timed]
    return pandas.DataFrame(rows, columns=_COLUMNS)


def pace_of(run: ReportRun, ended: Sequence[int] = ()) -> Pace | None:
    """Return the pace of a run; None without a ``timing.csv`` that says one.

    Args:
        run: alone, or with others that it shares the time with.
        ended: last iterations of those among them that it shares no time with from the next row on.
    """
    table, _ = read_timing(run.record.timing_path)
    if ITERATIONS_PER_SECOND not in table:
        return None
    table = table[table[ITERATIONS_PER_SECOND] > 0]
    iterations = table.index.to_numpy(dtype=float)
    if not len(iterations) or iterations[-1] < run.record.iteration:
        return None
    with np.errstate(over="ignore"):
        seconds = np.diff(iterations, prepend=0.0) / table[ITERATIONS_PER_SECOND].to_numpy(dtype=float)
    if LOGGING_FRACTION in table:  # earlier versions had no such column
        seconds *= 1 - table[LOGGING_FRACTION].fillna(0).clip(0, 1).to_numpy(dtype=float)
    together = 1 if run.record.execution is None else run.record.execution.seeds
    begins = np.concatenate([[0], iterations[:-1]])
    playing = together - sum(np.less(last, begins).astype(int) for last in ended)
    total = np.cumsum(seconds / np.maximum(playing, 1))
    return Pace(iterations, total) if np.isfinite(total[-1]) and total[-1] > 0 else None


def _turns_ended(sweep: Sweep, run: ReportRun) -> list[int]:
    """Return the last iterations of the seeds that a run took turns with and that diverged.

    Of seeds in a stack there are none: it stays as high as it was.
    """
    execution = run.record.execution
    if execution is None or execution.stacked or execution.seeds == 1:
        return []
    together = [other.record for other in sweep.runs if other.record.path.parent == run.record.path.parent]
    return [record.iteration for record in together if record.status == "diverged"]


def _timed(sweep: Sweep, cell: Cell) -> list[tuple[ReportRun, Pace]]:
    counted = [run for run in sweep.runs_of(cell) if not run.fault and run.record.status == "completed"]
    return [(run, pace) for run in counted if (pace := pace_of(run, _turns_ended(sweep, run))) is not None]


def _row(cell: Cell, found: list[tuple[ReportRun, Pace]], budget: float, tag: str) -> dict[str, object]:
    reached = [pace.reached(budget) for _, pace in found]
    measured = [_last_by(run, tag, by) for (run, _), by in zip(found, reached, strict=True)]
    quality, low, high = t_mean(measured) if not any(map(math.isnan, measured)) else (math.nan,) * 3
    return {
        "cell": cell.key,
        "label": cell.label,
        "n": len(found),
        "seconds": median(1000 * pace.seconds[-1] / pace.iterations[-1] for _, pace in found),
        "iterations": median(reached),
        "quality": quality,
        "low": low,
        "high": high,
        "at_end": float(np.mean([_last_by(run, tag, math.inf) for run, _ in found])),
    }


def _last_by(run: ReportRun, tag: str, iteration: float) -> float:
    """Return the last measurement up to an iteration; NaN without one."""
    if tag not in run.numbers:
        return math.nan
    values = run.numbers.loc[run.numbers.index <= iteration, tag].dropna()
    return float(values.iloc[-1]) if len(values) else math.nan
