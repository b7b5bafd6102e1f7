"""Which runs of a sweep succeeded, and how the others failed, by the failure rule."""

import math
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
import pandas

from gan_lab.diagnosis.falls import fall_of
from gan_lab.diagnosis.observed import Numbers
from gan_lab.diagnosis.samples import DISTANCES, Ends, Grade, first_of, grade_of
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.model import Quality, ReportRun, Verdict, end_of
from gan_lab.runs.record import RunRecord
from gan_lab.tags.table import label_of

NO_QUALITY = "No quality of samples was measured"
"""What :func:`why_no_quality` says of a sweep of which no run has a distance of samples."""

_QUALITIES = tuple(Quality(tag, label_of(tag)) for tag in DISTANCES)
_FEWEST_TO_STAND_STILL = 3


def choose_quality(tables: Sequence[pandas.DataFrame]) -> Quality | None:
    """Return the first metric that all tables hold numbers of, of those that measured any."""
    measured = [table for table in tables if any(_measured(table, each.tag) for each in _QUALITIES)]
    if not measured:
        return None
    return next((each for each in _QUALITIES if all(_measured(t, each.tag) for t in measured)), None)


def why_no_quality(runs: Iterable[tuple[pandas.DataFrame, str | None]]) -> str:
    """Return why there is no metric to judge a sweep's runs by, without a full stop.

    Args:
        runs: the table of each, and why it is left out of means; None if it counts.
    """
    measured = [fault for table, fault in runs if any(_measured(table, each.tag) for each in _QUALITIES)]
    if not measured:
        return NO_QUALITY
    if None not in measured:
        return "No quality of samples was measured in a run that counts, only in runs that are left out"
    return "No one distance of samples was measured in all runs that count"


def grade(numbers: pandas.DataFrame, quality: Quality, rule: FailureRule) -> Grade | None:
    """Return how a run's samples compare with real ones; None if that was not measured, or failed."""
    return grade_of(_ends(numbers, quality, rule), rule)


def judge(
    record: RunRecord,
    numbers: pandas.DataFrame,
    fault: str | None,
    quality: Quality | None,
    rule: FailureRule,
    *,
    without: str = NO_QUALITY,
) -> Verdict:
    """Return what the failure rule says of a run.

    Args:
        record: its status.
        numbers: its table.
        fault: why it is left out of means.
        quality: the sweep's metric, a distance of samples.
        rule: where the lines are.
        without: why there is no such metric, as :func:`why_no_quality` says it.
    """
    if fault:
        return Verdict("unmeasured", fault)
    if quality is None:
        # of completed runs nobody could say more; a rate over diverged ones alone would be 0 by selection
        return Verdict("unmeasured", f"{without}.")
    if record.status == "diverged":
        return Verdict("diverged", record.message or f"It diverged after iteration {record.iteration:,}.")
    graded = grade(numbers, quality, rule)
    if graded is None:
        return Verdict("unmeasured", "The quality of its samples was not measured.")
    ends = _ends(numbers, quality, rule)
    fall = fall_of(ends, graded, rule)
    if fall is None:
        return Verdict("success", f"{ends.told(graded.tag)}; real samples have {graded.floor:.3g}.")
    still = _standstill(numbers[quality.tag], record.iterations, rule)
    return Verdict("frozen", f"{still} {fall.reason}") if still else Verdict(*fall)


def share_reached(run: ReportRun, quality: Quality | None, rule: FailureRule) -> float | None:
    """Return which share of what real samples get a run's samples reach; None if nobody knows.

    A run that diverged reaches none, -inf. This is the grade alone, without modes and recall, as in WGAN-GP's
    table 2, where success is a score above a threshold.
    """
    if run.fault:
        return None
    if run.record.status == "diverged":
        return -math.inf
    graded = grade(run.numbers, quality, rule) if quality else None
    return None if graded is None else graded.share


def _ends(numbers: pandas.DataFrame, quality: Quality, rule: FailureRule) -> Ends:
    column = numbers[quality.tag].dropna() if quality.tag in numbers else pandas.Series(dtype=float)
    first = first_of(column.index.to_numpy(), column.to_numpy())
    return Ends(partial(_end, numbers, rule), quality.tag, *first, lasts=partial(_lasts, numbers, rule))


def _end(numbers: pandas.DataFrame, rule: FailureRule, tag: str) -> float:
    return end_of(numbers, tag, rule.end_measurements)


def _lasts(numbers: pandas.DataFrame, rule: FailureRule, tag: str) -> Numbers:
    column = numbers[tag].dropna() if tag in numbers else pandas.Series(dtype=float)
    return column.tail(rule.end_measurements).to_numpy(dtype=np.float64)


def _standstill(column: pandas.Series, iterations: int, rule: FailureRule) -> str | None:
    """Say how little a distance moved in the second half; None if it moved, or was seldom measured."""
    values = column[column.index > iterations / 2].dropna()
    if len(values) < _FEWEST_TO_STAND_STILL:
        return None
    spread, mean = float(values.max() - values.min()), abs(float(values.mean()))
    if spread >= rule.frozen_range * mean:
        return None
    return f"{column.name} moved by {spread:.2g} around {mean:.3g} in the second half of training."


def _measured(numbers: pandas.DataFrame, tag: str) -> bool:
    return tag in numbers and bool(numbers[tag].notna().any())
