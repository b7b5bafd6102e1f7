"""The failure rule: which runs succeeded, and how the others failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas

from gan_lab.config.checks import PositiveFloat, PositiveInt
from gan_lab.diagnosis.falls import fall_of
from gan_lab.diagnosis.samples import DISTANCES, Ends, Grade, Lines, first_of, grade_of
from gan_lab.diagnosis.words import percent
from gan_lab.reports.sweep.model import END_MEASUREMENTS, Quality, ReportRun, Verdict, end_of
from gan_lab.runs.record import RunRecord
from gan_lab.tags.table import label_of

_QUALITIES = tuple(Quality(tag, label_of(tag)) for tag in DISTANCES)
_FEWEST_TO_STAND_STILL = 3


@dataclass(frozen=True)
class FailureRule(Lines):
    """Where the failure rule draws its lines: any such line is arbitrary, so a report also varies them.

    Attributes:
        frozen_range: largest range, over its mean, of the distance of samples that no longer change.
        end_measurements: how many of the last measurements the median is taken of.
    """

    frozen_range: PositiveFloat = 0.01
    end_measurements: PositiveInt = END_MEASUREMENTS

    def describe(self) -> str:
        """Return the rule as one paragraph for readers of a report."""
        return (
            "A run has failed if it diverged; or if, at its end, it hits fewer than "
            f"{percent(self.modes_share)} of the modes that real samples hit, or as unevenly as if there "
            "were fewer (exp(d_real - d) is below that share, of the KL divergences of real samples' "
            "histogram and of its own), or its recall is "
            f"below {percent(self.recall_share)} of theirs, or its samples are not good enough: labelled "
            f"images with a coverage below {percent(self.coverage_share)} of that of real ones, points of "
            f"a mixture with a share of high quality below {percent(self.high_quality_share)} of that of "
            f"real ones, any other samples at a distance above {self.distance_factor:g} times that between "
            "two real samples, or, where that is W1, closer together than real ones (a debiased distance of "
            "more than three times its scatter, and two samples of the generator less than "
            f"{percent(self.spread_share)} as far apart as real ones). It has collapsed where quality is "
            "there and diversity is not: points of a "
            "mixture with that share of high quality, other samples with a precision of "
            f"{percent(self.precision_share)} of that of real ones and, of labelled images, a share of those "
            f"of a clear class of {percent(self.confident_share)}, of too few modes, in the plane also of "
            "too little recall; on images recall and coverage do not tell blurred samples from few. Else "
            "it is poor; or untrained, where next to no sample is good (below "
            f"{percent(self.recall_share)} of what real ones have) and the distance is at least "
            f"{percent(self.untrained_share)} of the first one measured. A run that fell short in any of "
            f"these ways, and whose distance ranged over less than {percent(self.frozen_range)} of its "
            "mean in the second half of training, is called frozen instead. The end is the median of the "
            f"last {self.end_measurements} measurements. Runs that did not end, and those without "
            "measurements, are counted but judged neither way."
        )


def choose_quality(tables: Sequence[pandas.DataFrame]) -> Quality | None:
    """Return the first metric that all tables hold numbers of, of those that measured any."""
    measured = [table for table in tables if any(_measured(table, each.tag) for each in _QUALITIES)]
    if not measured:
        return None
    return next((each for each in _QUALITIES if all(_measured(t, each.tag) for t in measured)), None)


def grade(numbers: pandas.DataFrame, quality: Quality, rule: FailureRule) -> Grade | None:
    """Return how a run's samples compare with real ones; None if that was not measured, or failed."""
    return grade_of(_ends(numbers, quality, rule), rule)


def judge(
    record: RunRecord,
    numbers: pandas.DataFrame,
    fault: str | None,
    quality: Quality | None,
    rule: FailureRule,
) -> Verdict:
    """Return what the failure rule says of a run.

    Args:
        record: its status.
        numbers: its table.
        fault: why it is left out of means.
        quality: the sweep's metric, a distance of samples.
        rule: where the lines are.
    """
    if fault:
        return Verdict("unmeasured", fault)
    if quality is None:
        # of completed runs nobody could say more; a rate over diverged ones alone would be 0 by selection
        return Verdict("unmeasured", "The sweep measured no quality of samples.")
    if record.status == "diverged":
        return Verdict("diverged", record.message or f"It diverged after iteration {record.iteration}.")
    graded = grade(numbers, quality, rule)
    if graded is None:
        return Verdict("unmeasured", "The quality of its samples was not measured.")
    ends = _ends(numbers, quality, rule)
    fall = fall_of(ends, graded, rule)
    if fall is None:
        return Verdict("success", f"{ends.told(graded.tag)}; real samples have {graded.floor:.3g}.")
    still = _standstill(numbers[quality.tag], record.iterations, rule)
    return Verdict("frozen", f"{still} {fall.reason}") if still else Verdict(*fall)


def success_at(run: ReportRun, quality: Quality | None, least: float, rule: FailureRule) -> bool | None:
    """Return whether a run's samples reach a share of what real samples get; None if nobody knows.

    A run that diverged never does. This is the grade alone, without modes and recall, as in WGAN-GP's
    table 2, where success is a score above a threshold.
    """
    if run.fault:
        return None
    if run.record.status == "diverged":
        return False
    graded = grade(run.numbers, quality, rule) if quality else None
    return None if graded is None else graded.share >= least


def _ends(numbers: pandas.DataFrame, quality: Quality, rule: FailureRule) -> Ends:
    column = numbers[quality.tag].dropna() if quality.tag in numbers else pandas.Series(dtype=float)
    first = first_of(column.index.to_numpy(), column.to_numpy())
    return Ends(partial(_end, numbers, rule), quality.tag, *first, last=partial(_count, numbers, rule))


def _end(numbers: pandas.DataFrame, rule: FailureRule, tag: str) -> float:
    return end_of(numbers, tag, rule.end_measurements)


def _count(numbers: pandas.DataFrame, rule: FailureRule, tag: str) -> int:
    measured = int(numbers[tag].notna().sum()) if tag in numbers else 0
    return min(rule.end_measurements, measured)


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
