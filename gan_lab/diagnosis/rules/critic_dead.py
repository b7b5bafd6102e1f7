"""A dead critic: its slope has vanished, and with it what the generator is told."""

import math

from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.samples import is_at_floor
from gan_lab.diagnosis.words import (
    clip_bound,
    end_of,
    median_of,
    rounding_of,
    to_larger_bound,
    to_wgan_gp,
)
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import GENERATOR_GRADIENT_NORM, RAW, SLOPE

_FEWEST, _FEWEST_TO_FALL = 2, 3  # slopes: they are logged now and then, and one may be of the beginning
_SHARE = 0.1
_FALL = 0.1
_FLAT = 1e-3  # a thousandth of a slope that keeps lengths, as of vanishing gradients
_STEEP = 1000.0  # above which a slope is called exploding, whatever it fell from
_PENALTIES = ("GradientPenalty", "OneSidedGradientPenalty")
_ASK_FOR_A_SLOPE = (*_PENALTIES, "DRAGAN")


def judge(run: Observed) -> Finding | None:
    """Return that the critic is dead, by the first that holds of a Wasserstein critic near its end.

    - Its slope is below a tenth of what is known to be possible. An optimal critic has the largest slope
      allowed almost everywhere on its samples, however near the generator is (Gulrajani et al., 2017,
      proposition 1), so that a good generator is no reason for a small one. What is possible: 1 under a
      gradient penalty; under clipping the bound c, which is that of f(x) = c x_1, a critic of one layer.
    - Where what is possible is not known: its slope is below a thousandth, and in half of the iterations the
      difference of its mean scores is below what rounding may move it by. That alone says nothing: of a
      critic with a slope whose scores have drifted far from 0, rounding takes the difference, too.
    - Slope and generator gradient have both fallen below a tenth of the largest that they had in the run,
      under no penalty that asks for a slope, and the slope is not one that explodes.

    A tenth, because the largest gradient at 256 points is compared: of a living critic some point comes near
    the largest, and a factor of ten is far outside of what one batch changes.

    Critics of divergences are left out: as the generator becomes perfect, their optimum is flat (f-GAN,
    equation 5). So are runs whose samples are measured to be as good as real ones.
    """
    few = len(run.values(SLOPE)) < _FEWEST or not len(run.late(GENERATOR_GRADIENT_NORM))
    if few or not run.part("objective", "Wasserstein") or is_at_floor(run):
        return None
    slope = run.end(SLOPE)
    reason = _small(run, slope) or _flat(run, slope) or _fallen(run, slope)
    if reason is None:
        return None
    median = run.late_median(RAW)
    of_several = median_of(len(run.late(RAW)))
    estimate = "that is rounding" if math.isnan(median) else f"of {median:.2g}{of_several}"
    text = f"The critic is dead: {reason}. Its estimate {estimate} says nothing of the distance."
    return Finding("critic_dead", "failure", text, to_larger_bound(run) or to_wgan_gp(run))


def _small(run: Observed, slope: float) -> str | None:
    """Say which slope was possible; None if that is unknown, or nearly reached."""
    possible, words = _possible(run)
    if slope >= _SHARE * possible:
        return None
    return f"its largest slope is {end_of(run, SLOPE, '.2g')}, where {words}"


def _possible(run: Observed) -> tuple[float, str]:
    if clipped := clip_bound(run):
        _, bound = clipped
        return bound, f"one layer with a single weight at the bound has {bound:g}"
    if run.part("constraint", *_PENALTIES):
        return 1.0, "the penalty allows 1"
    return -math.inf, ""


def _flat(run: Observed, slope: float) -> str | None:
    """Say how flat it is, and how often its estimate is rounding; None unless both."""
    known, _ = _possible(run)
    if known > 0 or not slope < _FLAT or (rounding := rounding_of(run, RAW)) is None:
        return None
    return f"its largest slope is {end_of(run, SLOPE, '.2g')}, and its estimate {rounding}"


def _fallen(run: Observed, slope: float) -> str | None:
    """Say how far slope and generator gradient fell; None unless both did."""
    slopes, gradients = run.values(SLOPE), run.values(GENERATOR_GRADIENT_NORM)
    gradient = run.late_median(GENERATOR_GRADIENT_NORM)
    highest, steepest = float(slopes.max()), float(gradients.max())
    if len(slopes) < _FEWEST_TO_FALL or run.part("constraint", *_ASK_FOR_A_SLOPE):
        return None  # what comes down to the slope that is asked for has settled
    if slope > _STEEP or slope >= _FALL * highest or gradient >= _FALL * steepest:
        return None
    return (
        f"its largest slope fell from {highest:.2g} to {end_of(run, SLOPE, '.2g')}, and the generator's "
        f"gradient from {steepest:.2g} to {gradient:.2g}{median_of(len(run.late(GENERATOR_GRADIENT_NORM)))}"
    )


RULE = Rule(
    name="critic_dead",
    needs=(SLOPE, GENERATOR_GRADIENT_NORM),
    judge=judge,
    symptom="The Wasserstein estimate is near 0 from early on, while the samples stay bad.",
    shows=f"`{SLOPE}` below a tenth of what a single weight at the clipping bound has, or of the 1 that a "
    f"gradient penalty allows; or, without such a penalty, both it and `{GENERATOR_GRADIENT_NORM}` below a "
    f"tenth of the largest of the run; or, where no such slope is known, it below 0.001 and `{RAW}` empty in "
    "half of the last 101 iterations.",
    cause="With a small clipping bound each layer passes on less than it gets, and biases are all that is "
    "left of a score (WGAN, section 3; WGAN-GP, figure 1). Dead units under a large rate do the same.",
    cure="A larger `constraint.bound`, 0.1, but 0.01 first for images that had less, or `objective=wgan_gp`; "
    "where the rate is above 0.1, `optimizer.lr=0.001`. An estimate of 0 is good news only from a critic "
    "that lives.",
)
