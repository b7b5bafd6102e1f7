"""The first claim of "Wasserstein GAN" as numbers: does the critic's estimate follow the samples' quality?"""

import math
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import pandas
from numpy.typing import NDArray

from gan_lab.numerics.statistics import bootstrap_mean, chance_of_spearman, spearman
from gan_lab.reports.claims.bands import filtered
from gan_lab.reports.sweep.cells import replicate_of
from gan_lab.reports.sweep.model import ReportRun, Sweep, estimate_tag

_COLUMNS = [
    *("cell", "label", "objective", "estimate", "n_seeds", "spearman", "low", "high"),
    *("lowest", "highest"),
    *("n_changes", "changes", "changes_low", "changes_high", "chance_low", "chance_high", "across_runs"),
    *("undefined", "undefined_runs", "left_out"),
]

FEWEST_RESAMPLED = 5
"""Runs that a bootstrap interval is told of: that of two covers 50 means in 100, of three 74, of four 79."""


class Course(NamedTuple):
    """What a run's estimate and its samples went through, at the measurements (n,) of the samples."""

    iterations: NDArray[np.int64]
    estimate: NDArray[np.float64]
    """The median of the 101 estimates around each measurement."""
    quality: NDArray[np.float64]

    @property
    def correlation(self) -> float:
        """Spearman's, NaN of fewer than three measurements or a constant."""
        return spearman(self.estimate, self.quality)

    @property
    def changes(self) -> "Course":
        """The changes from each measurement to the next, (n - 1,)."""
        return Course(self.iterations[1:], np.diff(self.estimate), np.diff(self.quality))

    def with_samples_of(self, other: "Course") -> "Course":
        """Return this run's estimate beside the samples of another run, where both were measured."""
        common, here, there = np.intersect1d(self.iterations, other.iterations, return_indices=True)
        return Course(common, self.estimate[here], other.quality[there])


def correlations(sweep: Sweep) -> pandas.DataFrame:
    """Return claim 1, one row a cell: how the estimate follows the quality of samples along training.

    - ``spearman``: the mean over seeds, ``low`` and ``high`` its bootstrap interval; 1 means that the
      estimate falls whenever the samples get better. Two series that both fall have 1, whatever ties them.
      ``lowest`` and ``highest`` are of single seeds.
    - ``changes``: the same of the changes from one measurement to the next, of ``n_changes`` runs. A drift
      at a constant rate has no part in it; one that slows down has, because both series then change most at
      first. ``chance_low`` to ``chance_high`` is where 95 of 100 such means lie if nothing ties the two, not
      even a drift, and no change depends on those before (a permutation of the changes within each run). Of
      noise about a line, which turns back, it is 89 of 100.
    - ``across_runs``: the mean correlation of a run's changes of the estimate with those of the samples of
      the next run of its cell (of the last, the first). Runs share their course and nothing else: what
      ``changes`` has beyond it is of the run itself. NaN of a single run.
    - Of an estimate or a metric that is constant, or was measured fewer than three times, there is no
      correlation: such runs are ``undefined`` and named. ``left_out`` counts runs with a fault.
    """
    rows = [_row(sweep.runs_of(cell), sweep) for cell in sweep.cells]
    return pandas.DataFrame(rows, columns=_COLUMNS)


def course_of(run: ReportRun, sweep: Sweep) -> Course:
    """Return a run's filtered estimate and the quality of its samples; of length 0 without either."""
    quality, tag = sweep.quality, estimate_tag(run)
    if quality is None or quality.tag not in run.numbers or tag not in run.numbers:
        return Course(np.empty(0, np.int64), np.empty(0), np.empty(0))
    estimate = filtered(run, tag, centred=True)
    measured = pandas.DataFrame({"estimate": estimate, "quality": run.numbers[quality.tag]}).dropna()
    return Course(measured.index.to_numpy(), *(measured[name].to_numpy() for name in measured))


def correlation_of(run: ReportRun, sweep: Sweep) -> float:
    """Return Spearman's rank correlation of a run's estimate with its samples' quality; NaN if undefined."""
    return course_of(run, sweep).correlation


def label_of_run(run: ReportRun) -> str:
    """Return what tells a run from others of its cell, such as "seed 3"."""
    draw, seed = replicate_of(run.record, run.config)
    return f"draw {draw}, seed {seed}" if draw >= 0 else f"seed {seed}"


def _row(runs: Sequence[ReportRun], sweep: Sweep) -> dict[str, Any]:
    counted = [run for run in runs if run.fault is None]
    courses = {label_of_run(run): course_of(run, sweep) for run in counted}
    values = {name: course.correlation for name, course in courses.items()}
    defined = _defined(values.values())
    mean, low, high = bootstrap_mean(defined)
    changes = [course.changes for course in courses.values()]
    of_changes = _defined(each.correlation for each in changes)
    changes_mean, changes_low, changes_high = bootstrap_mean(of_changes)
    chance_low, chance_high = chance_of_spearman([(each.estimate, each.quality) for each in changes])
    return {
        "cell": runs[0].cell.key,
        "label": runs[0].cell.label,
        "objective": runs[0].record.choices.get("objective", ""),
        "estimate": estimate_tag((counted or runs)[0]),
        "n_seeds": len(defined),
        "spearman": mean,
        "low": low,
        "high": high,
        "lowest": min(defined, default=math.nan),
        "highest": max(defined, default=math.nan),
        "n_changes": len(of_changes),
        "changes": changes_mean,
        "changes_low": changes_low,
        "changes_high": changes_high,
        "chance_low": chance_low,
        "chance_high": chance_high,
        "across_runs": _across(list(courses.values())),
        "undefined": len(values) - len(defined),
        "undefined_runs": "; ".join(name for name, value in values.items() if math.isnan(value)),
        "left_out": len(runs) - len(counted),
    }


def _across(courses: Sequence[Course]) -> float:
    """Return the mean correlation of changes of each run's estimate with those of the next run's samples."""
    if len(courses) < 2:
        return math.nan
    pairs = zip(courses, [*courses[1:], courses[0]], strict=True)
    defined = _defined(run.with_samples_of(other).changes.correlation for run, other in pairs)
    return fmean(defined) if defined else math.nan


def _defined(values: Iterable[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]
