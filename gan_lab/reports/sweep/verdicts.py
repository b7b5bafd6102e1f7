"""The failure rule: which runs succeeded, and how the others failed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import pandas

from gan_lab.config.checks import PositiveFloat, PositiveInt, Probability, Rule, Settings
from gan_lab.reports.sweep.model import END_MEASUREMENTS, Quality, ReportRun, Verdict, end_of
from gan_lab.runs.record import RunRecord
from gan_lab.tags.names import (
    COVERAGE,
    FRECHET_FEATURES,
    HIGH_QUALITY_SHARE,
    MODES_HIT,
    PATCHES,
    RECALL,
    W1_EXACT,
    floor_tag,
)
from gan_lab.tags.table import label_of

_QUALITIES = tuple(Quality(tag, label_of(tag)) for tag in (FRECHET_FEATURES, PATCHES, W1_EXACT))
_FEWEST_TO_STAND_STILL = 3

# a perfect generator has the distance between two real samples on average: to ask for less is to ask for luck
DistanceFactor = Annotated[float, Rule("a number, 1 or greater", lambda v: v >= 1)]


@dataclass(frozen=True)
class FailureRule(Settings):
    """Where the failure rule draws its lines: any such line is arbitrary, so a report also varies them.

    Attributes:
        frozen_range: largest range, over its mean, of the distance of samples that no longer change.
        modes_share: fewest modes, over those that real samples hit.
        recall_share: least recall, over that of real samples.
        coverage_share: least coverage of labelled images, over that of real ones.
        high_quality_share: least share of high-quality points, over that of real ones.
        distance_factor: greatest distance of other samples, over that between two real samples.
        end_measurements: how many of the last measurements the median is taken of.
    """

    frozen_range: PositiveFloat = 0.01
    modes_share: Probability = 0.5
    recall_share: Probability = 0.1
    coverage_share: Probability = 0.1
    high_quality_share: Probability = 0.5
    distance_factor: DistanceFactor = 3.0
    end_measurements: PositiveInt = END_MEASUREMENTS

    def describe(self) -> str:
        """Return the rule as one paragraph for readers of a report."""
        modes, recall, coverage, quality, still = map(
            _percent,
            (
                self.modes_share,
                self.recall_share,
                self.coverage_share,
                self.high_quality_share,
                self.frozen_range,
            ),
        )
        return (
            "A run has failed if it diverged; or collapsed: at its end it hits fewer than "
            f"{modes} of the modes that real samples hit, or its recall is below "
            f"{recall} of theirs; or is poor: at its end, labelled images have a coverage "
            f"below {coverage} of that of real ones, points of a mixture a share of high "
            f"quality below {quality} of that of real ones, any other samples a distance "
            f"above {self.distance_factor:g} times that between two real samples. A collapsed or poor run "
            f"whose distance ranged over less than {still} of its mean in the second half of "
            "training is called frozen instead. The end is the median of the last "
            f"{self.end_measurements} measurements. Runs that did not end, and those without measurements, "
            "are counted but judged neither way."
        )


class Grade(NamedTuple):
    """How a run's end compares with real samples.

    Attributes:
        tag: what decides whether its samples are poor.
        value: at its end.
        floor: what real samples get.
        share: the value over the floor, of a distance the inverse: from 0 to 1, what real samples get. More
            counts as 1: a distance below the floor, as that of samples closer together than real ones can be,
            is no evidence of better samples.
        least: the share that the rule asks for.
    """

    tag: str
    value: float
    floor: float
    share: float
    least: float


def choose_quality(tables: Sequence[pandas.DataFrame]) -> Quality | None:
    """Return the first metric that all tables hold numbers of, of those that measured any."""
    measured = [table for table in tables if any(_measured(table, each.tag) for each in _QUALITIES)]
    if not measured:
        return None
    return next((each for each in _QUALITIES if all(_measured(t, each.tag) for t in measured)), None)


def grade(numbers: pandas.DataFrame, quality: Quality, rule: FailureRule) -> Grade | None:
    """Return how a run's samples compare with real ones; None if that was not measured, or failed."""
    if _measured(numbers, FRECHET_FEATURES) and _measured(numbers, COVERAGE):
        tag, least = COVERAGE, rule.coverage_share
    elif _measured(numbers, HIGH_QUALITY_SHARE):
        tag, least = HIGH_QUALITY_SHARE, rule.high_quality_share
    else:
        tag, least = quality.tag, 1 / rule.distance_factor
    value, floor = (end_of(numbers, each, rule.end_measurements) for each in (tag, floor_tag(tag)))
    is_share = tag != quality.tag
    if math.isnan(value) or math.isnan(floor) or (is_share and floor <= 0):
        return None  # real samples that cover nothing say that the measurement failed
    top, bottom = (value, floor) if is_share else (floor, value)
    return Grade(tag, value, floor, top / bottom if bottom > top else 1.0, least)


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
    fall = _collapse(numbers, rule) or _poverty(graded)
    if fall is None:
        return Verdict(
            "success", f"{graded.tag} ended at {graded.value:.3g}; real samples have {graded.floor:.3g}."
        )
    still = _standstill(numbers[quality.tag], record.iterations, rule)
    return Verdict("frozen", f"{still} {fall.reason}") if still else fall


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


def _collapse(numbers: pandas.DataFrame, rule: FailureRule) -> Verdict | None:
    for tag, share in ((MODES_HIT, rule.modes_share), (RECALL, rule.recall_share)):
        value, floor = (end_of(numbers, each, rule.end_measurements) for each in (tag, floor_tag(tag)))
        if value < share * floor:
            text = f"{tag} ended at {value:.3g}, below {_percent(share)} of the {floor:.3g} of real samples."
            return Verdict("collapsed", text)
    return None


def _poverty(graded: Grade) -> Verdict | None:
    if graded.share >= graded.least:
        return None
    asked = graded.least * graded.floor if graded.value < graded.floor else graded.floor / graded.least
    side = "below" if graded.value < asked else "above"
    text = (
        f"{graded.tag} ended at {graded.value:.3g}, {side} {asked:.3g}; real samples have {graded.floor:.3g}."
    )
    return Verdict("poor", text)


def _standstill(column: pandas.Series, iterations: int, rule: FailureRule) -> str | None:
    """Say how little a distance moved in the second half; None if it moved, or was seldom measured."""
    values = column[column.index > iterations / 2].dropna()
    if len(values) < _FEWEST_TO_STAND_STILL:
        return None
    spread, mean = float(values.max() - values.min()), abs(float(values.mean()))
    if spread >= rule.frozen_range * mean:
        return None
    return f"{column.name} moved by {spread:.2g} around {mean:.3g} in the second half of training."


def _percent(share: float) -> str:
    """Return a share as it was given: 0.125 is 12.5%, which no reader shall take for 12%."""
    return f"{100 * share:.6g}%"


def _measured(numbers: pandas.DataFrame, tag: str) -> bool:
    return tag in numbers and bool(numbers[tag].notna().any())
