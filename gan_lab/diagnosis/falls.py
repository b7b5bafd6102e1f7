"""How a run's samples fall short of real ones: collapsed, poor or untrained; the report's rule, too."""

import math
from typing import Literal, NamedTuple

from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.samples import Ends, Grade, Lines, ends_of, grade_of
from gan_lab.diagnosis.words import percent
from gan_lab.tags.names import (
    CONFIDENT_SHARE,
    FRECHET_FEATURES,
    HIGH_QUALITY_SHARE,
    MODE_KL,
    MODES_HIT,
    PATCHES,
    PRECISION,
    RECALL,
    floor_tag,
)


class Fall(NamedTuple):
    """How samples fall short.

    Attributes:
        outcome: ``collapsed`` only where quality is there and diversity is not.
        reason: a sentence or two with the numbers that decided.
    """

    outcome: Literal["collapsed", "poor", "untrained"]
    reason: str


def fall_of(ends: Ends, graded: Grade, lines: Lines) -> Fall | None:
    """Return how samples fall short of real ones; None if they do not.

    ``collapsed`` asks for both: samples that are good by themselves, and too few kinds of them. What counts
    as good: the share of high quality of a mixture's points; of others the precision and, of labelled
    images, the share that a classifier is sure of. Precision alone does not see blur: blurred samples lie in
    the middle of the features, inside the balls around real images, so that their precision is above that of
    real ones. Of digits and stacked digits, sets of few real images keep 80% or more of the clear classes,
    averages of five images have 26 to 69%, and a generator that makes one blurred shape has 18%, all at a
    precision of 0.7 to 1.1 of the real one. Nor do recall and coverage tell the two apart on images: balls
    around blurred ones reach no real one. What tells few kinds is how many classes there are, and how
    evenly: a histogram with a KL divergence d from K equal modes is spread over K exp(-d) of them, its
    perplexity; over half of them at log 2. (Of modes with weights: exp(-d) is the weight of those that are
    left where some are missing, and the others in proportion.) Few real samples are uneven by chance: of
    1,000 modes 1,024 of them hit 657, at a divergence of 0.53, and theirs is subtracted. In the plane a point
    is good or it is not, and recall counts.

    Args:
        ends: what was measured.
        graded: of ``grade_of``.
        lines: where they are drawn.
    """
    diversity = _too_few_modes(ends, lines)
    narrow = _below(ends, RECALL, lines.recall_share)
    quality = _poverty(graded, ends.told(graded.tag))
    if diversity is None and narrow is None and quality is None:
        return None
    is_image = not math.isnan(ends.end(FRECHET_FEATURES)) or not math.isnan(ends.end(PATCHES))
    missing = diversity or (None if is_image else narrow)
    if missing and _is_good(ends, lines):
        return Fall("collapsed", missing)
    blurred = _not_good(ends, lines) if missing else None  # few kinds, and why that is no collapse
    reason = " ".join(filter(None, (quality or (None if diversity else narrow), diversity, blurred)))
    if _is_untrained(ends, lines):
        at = f"{ends.told(ends.distance)}, after {ends.first:.3g}"
        return Fall("untrained", f"{at} at iteration {ends.since:,}. {reason}")
    return Fall("poor", reason)


def _is_good(ends: Ends, lines: Lines) -> bool:
    of_points = ends.share(HIGH_QUALITY_SHARE)
    if not math.isnan(of_points):
        return of_points >= lines.high_quality_share
    if ends.share(CONFIDENT_SHARE) < lines.confident_share:
        return False
    return ends.share(PRECISION) >= lines.precision_share


def _not_good(ends: Ends, lines: Lines) -> str | None:
    """Say by which number samples are not good by themselves; None of points, whose quality decides."""
    if not math.isnan(ends.share(HIGH_QUALITY_SHARE)):
        return None
    return _below(ends, CONFIDENT_SHARE, lines.confident_share) or _below(
        ends, PRECISION, lines.precision_share
    )


def _is_untrained(ends: Ends, lines: Lines) -> bool:
    """Return whether samples are no nearer to real ones than at first, and next to none is good.

    Where it is not known which are good, as of images without labels, a distance that stands still may be
    that of samples which were as good when they were first measured.
    """
    if not ends.end(ends.distance) >= lines.untrained_share * ends.first:
        return False
    good = [share for tag in (HIGH_QUALITY_SHARE, PRECISION) if not math.isnan(share := ends.share(tag))]
    return bool(good) and good[0] < lines.recall_share


def _too_few_modes(ends: Ends, lines: Lines) -> str | None:
    few = _below(ends, MODES_HIT, lines.modes_share)
    if few is not None:
        return few
    share = ends.perplexity_share()
    if not share < lines.modes_share:
        return None
    real = ends.end(floor_tag(MODE_KL))
    beside, of = "", "them by weight"
    if not math.isnan(real):
        beside, of = f", that of real samples is {real:.3g}", "those that real samples hit"
    return (
        f"{ends.told(MODE_KL)}{beside}: the modes are hit as unevenly as if there were {share:.1%} of {of}, "
        f"below {percent(lines.modes_share)}."
    )


def _below(ends: Ends, tag: str, share: float) -> str | None:
    value, floor = ends.end(tag), ends.end(floor_tag(tag))
    if not value < share * floor:
        return None
    return f"{ends.told(tag)}, below {percent(share)} of the {floor:.3g} of real samples."


def _poverty(graded: Grade, told: str) -> str | None:
    if graded.share >= graded.least:
        return None
    if graded.own_floor is not None:
        return (
            f"{told}, which samples closer together than real ones make "
            f"too small: two of the generator's are {graded.own_floor:.3g} apart, below "
            f"{percent(graded.least)} of the {graded.floor:.3g} of real ones."
        )
    asked = graded.least * graded.floor if graded.value < graded.floor else graded.floor / graded.least
    side = "below" if graded.value < asked else "above"
    return f"{told}, {side} {asked:.3g}; real samples have {graded.floor:.3g}."


def fall_by_default(run: Observed) -> Fall | None:
    """Return how the samples of a run that did not diverge fall short, by the default lines; None if not."""
    ends, lines = ends_of(run), Lines()
    graded = grade_of(ends, lines) if ends else None
    if ends is None or graded is None or run.record.status == "diverged":
        return None
    return fall_of(ends, graded, lines)
