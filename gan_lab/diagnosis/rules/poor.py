"""Poor samples: they differ from real ones, whether or not they also differ from one another."""

from gan_lab.diagnosis.falls import fall_by_default
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import clip_bound, end_of, longer, to_larger_bound
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import (
    COVERAGE,
    HIGH_QUALITY_SHARE,
    RECALL,
    SLOPE,
    W1_DEBIASED,
    W1_DEBIASED_SCATTER,
    W1_EXACT,
)


def judge(run: Observed) -> Finding | None:
    """Return that samples fall short of real ones without having collapsed, by ``samples.Lines``.

    The way out is more iterations, unless weights are clipped to a box that leaves a critic less of a slope
    than its bound c, which f(x) = c x_1 has, a critic of one layer: deep ones pass on less in each layer than
    they get (WGAN, section 3), and then it is a larger bound. Living critics are observed at two c and more.
    """
    fall = fall_by_default(run)
    if fall is None or fall.outcome != "poor":
        return None
    text = f"The samples are poor. {fall.reason}"
    if cramped := _cramped(run):
        return Finding("poor", "warning", f"{text} {cramped}", to_larger_bound(run))
    return Finding("poor", "warning", text, longer(run))


def _cramped(run: Observed) -> str:
    """Say that the clipping bound leaves the critic next to no slope; empty where it does not."""
    clipped, slopes = clip_bound(run), run.values(SLOPE)
    if clipped is None or not to_larger_bound(run) or not len(slopes) or not run.end(SLOPE) < clipped[1]:
        return ""
    return (
        f"Its critic tells it little: the largest slope is {end_of(run, SLOPE, '.2g')}, below the "
        f"{clipped[1]:g} of one layer with a single weight at the clipping bound."
    )


RULE = Rule(
    name="poor",
    needs=(),
    judge=judge,
    symptom="Blurred pictures, or points between the modes.",
    shows=f"`{HIGH_QUALITY_SHARE}` of a mixture's points below half of that of real ones, `{COVERAGE}` of "
    "labelled images below a tenth, any other distance above three times its floor; or, where that is "
    f"`{W1_EXACT}`, samples closer together than real ones: `{W1_DEBIASED}` above three times "
    f"`{W1_DEBIASED_SCATTER}`, and two samples of the generator less than three quarters as far apart as "
    f"real ones; or `{RECALL}` below a tenth of that of real samples, or too few modes, of samples that are "
    "not good enough for a collapse.",
    cause="Most often too few iterations; else a critic that tells the generator too little.",
    cure=f"More `train.iterations`; where `{SLOPE}` is below the bound that weights are clipped to, a "
    "larger one; and what else is said of the run, which comes before.",
)
