"""How good a run's samples are beside real ones, and where the line between good and other ones is drawn."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.checks import PositiveFloat, Probability, Rule, Settings
from gan_lab.diagnosis.observed import Numbers, Observed
from gan_lab.diagnosis.shrunken import own_floor_if_shrunken
from gan_lab.diagnosis.words import median_of
from gan_lab.tags.names import (
    COVERAGE,
    FRECHET_FEATURES,
    HIGH_QUALITY_SHARE,
    MODE_KL,
    PATCHES,
    W1_EXACT,
    floor_tag,
)

DISTANCES = (FRECHET_FEATURES, PATCHES, W1_EXACT)
"""What the quality of samples is measured by, the most telling first."""

_AT_FLOOR = 1.5
_EARLY = 1 / 3

# a perfect generator has the distance between two real samples on average: to ask for less is to ask for luck
DistanceFactor = Annotated[float, Rule("a number, 1 or greater", lambda v: v >= 1)]


@dataclass(frozen=True)
class Lines(Settings):
    """Where the lines between good and other samples are drawn: any such line is arbitrary.

    Attributes:
        modes_share: fewest modes, over those that real samples hit; also the least perplexity of their
            histogram, likewise.
        recall_share: least recall, over that of real samples.
        coverage_share: least coverage of labelled images, over that of real ones.
        high_quality_share: least share of high-quality points, over that of real ones.
        precision_share: least precision at which other samples are taken for good ones, likewise.
        confident_share: least share of labelled images of a clear class at which they are, likewise.
        distance_factor: greatest distance of other samples, over that between two real samples.
        spread_share: least distance between two of the generator's own samples, over that between two real
            ones, where the debiased distance says that they are others.
        untrained_share: least distance at the end of samples that were never trained, over the first one.
    """

    modes_share: Probability = 0.5
    recall_share: Probability = 0.1
    coverage_share: Probability = 0.1
    high_quality_share: Probability = 0.5
    precision_share: Probability = 0.5
    confident_share: Probability = 0.75
    distance_factor: DistanceFactor = 3.0
    spread_share: Probability = 0.75
    untrained_share: PositiveFloat = 0.9


class Grade(NamedTuple):
    """How a run's end compares with real samples.

    Attributes:
        tag: what decides whether its samples are poor.
        value: at its end.
        floor: what real samples get.
        share: the value over the floor, of a distance the inverse: from 0 to 1, what real samples get. More
            counts as 1: a distance below the floor is no evidence of better samples. Of samples closer
            together than real ones, which a distance rewards, no more than how far apart two samples of them
            are, over that of real ones.
        least: the share that the rule asks for.
        own_floor: the distance between two samples of the generator, where that decides.
    """

    tag: str
    value: float
    floor: float
    share: float
    least: float
    own_floor: float | None = None


class Ends(NamedTuple):
    """What a run's samples were measured at.

    Attributes:
        end: returns what a tag ended at; NaN if it was not measured.
        distance: the tag of the distance that stands for quality.
        first: what that was when it was first measured; NaN where that was late in the run, or not at all.
        since: the iteration of the first measurement.
        lasts: returns the last measurements of a tag (k,), of which ``end`` is the median; None where there
            is one of each.
        verb: what stands between a tag and its number: "is" of what has no course.
    """

    end: Callable[[str], float]
    distance: str
    first: float = math.nan
    since: int = 0
    lasts: Callable[[str], Numbers] | None = None
    verb: str = "ended at"

    def told(self, tag: str) -> str:
        """Return what a tag ended at, in words: of several measurements that it is their median."""
        return f"{tag} {self.verb} {self.end(tag):.3g}{median_of(len(self._lasts(tag)))}"

    def share(self, tag: str) -> float:
        """Return a number over that of real samples; NaN where either is missing or real ones have none."""
        value, floor = self.end(tag), self.end(floor_tag(tag))
        return value / floor if floor > 0 else math.nan

    def perplexity_share(self) -> float:
        """Return the perplexity of the histogram over that of as many real samples; NaN without a histogram.

        exp(d_real - d), of KL divergences from the weights. Few samples raise both, the fewer modes the less:
        1,024 on half of 1,000 modes read 0.66. Without real samples' own nothing is subtracted.
        """
        real = self.end(floor_tag(MODE_KL))
        return math.exp((0.0 if math.isnan(real) else real) - self.end(MODE_KL))

    def own_floor_if_shrunken(self, lines: Lines) -> float | None:
        """Return how far apart two of the samples are, where W1 decides and rewards that; else None."""
        return own_floor_if_shrunken(self._lasts, lines.spread_share) if self.distance == W1_EXACT else None

    def _lasts(self, tag: str) -> Numbers:
        if self.lasts is not None:
            return self.lasts(tag)
        value = self.end(tag)
        return np.zeros(0) if math.isnan(value) else np.array([value])


def ends_of(run: Observed) -> Ends | None:
    """Return what a run's samples were measured at; None if they were not."""
    tag = next((tag for tag in DISTANCES if run.has(tag)), None)
    return Ends(run.end, tag, *first_of(*run.measured(tag)), lasts=run.lasts) if tag else None


def first_of(iterations: Sequence[int] | NDArray[np.int64], values: Numbers) -> tuple[float, int]:
    """Return the first of a tag's numbers, and when it was measured.

    Args:
        iterations: when it was measured (n,), ascending.
        values: its numbers (n,).

    Returns:
        NaN and 0 where that was after more than a third of the time to the last measurement: what has not
        changed since says little of whether anything was learned.
    """
    if len(values) < 2 or iterations[0] > _EARLY * iterations[-1]:
        return math.nan, 0
    return float(values[0]), int(iterations[0])


def is_at_floor(run: Observed) -> bool:
    """Return whether the samples are measured to be about as good as real ones: at 1.5 times the floor.

    The distance of a perfect generator scatters around the floor, in the plane by two fifths: half of it more
    is within that. What is below it because it is closer together than real samples is not as good.
    """
    ends = ends_of(run)
    if ends is None or ends.own_floor_if_shrunken(Lines()) is not None:
        return False
    return run.end(ends.distance) <= _AT_FLOOR * run.end(floor_tag(ends.distance))


def grade_of(ends: Ends, lines: Lines) -> Grade | None:
    """Return how samples compare with real ones; None if that was not measured, or failed."""
    end = ends.end
    if not math.isnan(end(FRECHET_FEATURES)) and not math.isnan(end(COVERAGE)):
        tag, least = COVERAGE, lines.coverage_share
    elif not math.isnan(end(HIGH_QUALITY_SHARE)):
        tag, least = HIGH_QUALITY_SHARE, lines.high_quality_share
    else:
        tag, least = ends.distance, 1 / lines.distance_factor
    value, floor = end(tag), end(floor_tag(tag))
    is_share = tag != ends.distance
    if not value >= 0 or not floor >= 0 or (is_share and floor == 0):
        return None  # real samples that cover nothing say that the measurement failed
    top, bottom = (value, floor) if is_share else (floor, value)
    share = top / bottom if bottom > top else 1.0
    own_floor = None if is_share else ends.own_floor_if_shrunken(lines)
    if own_floor is None:
        return Grade(tag, value, floor, share, least)
    return Grade(tag, value, floor, min(share, own_floor / floor), lines.spread_share, own_floor)
