"""Modes that are missing, or hit far too often, by samples that are good one by one."""

import math

from gan_lab.diagnosis.falls import fall_by_default
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.samples import Ends, Lines, ends_of
from gan_lab.diagnosis.words import median_of, to_wgan_gp
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import HIGH_QUALITY_SHARE, MODE_KL, MODES_HIT, W1_EXACT, floor_tag

_MISSING = 0.05  # a share of the modes: less than one of the eight of ring8


def judge(run: Observed) -> Finding | None:
    """Return that points of a mixture lie on its modes, and are yet far from it, as these are hit unevenly.

    Whether such samples are good is decided by the share that lies on modes, which says nothing of how many
    points each mode has: a generator that leaves out two of eight loses nothing by it. W1 does say, as what
    is missing has to be carried there. The line is the one for samples of other data, three times what two
    real samples have (``diagnosis.samples.Lines``). Points beside the modes are far, too: that modes are hit
    unevenly is said only where one is missing, or where the histogram tells.
    """
    ends = ends_of(run)
    if ends is None or math.isnan(run.end(HIGH_QUALITY_SHARE)) or fall_by_default(run) is not None:
        return None
    distance, floor = run.end(W1_EXACT), run.end(floor_tag(W1_EXACT))
    if not distance > Lines().distance_factor * floor > 0 or not _is_uneven(ends):
        return None
    histogram = f", and {ends.told(MODE_KL)}" if run.has(MODE_KL) else ""
    of_several = median_of(run.end_count(MODES_HIT))
    text = (
        f"The modes are not hit evenly: {run.end(MODES_HIT):g} of {run.end(floor_tag(MODES_HIT)):g} are hit"
        f"{of_several}{histogram}. So {ends.told(W1_EXACT)}, "
        f"{distance / floor:.1f} times the {floor:.3g} of real samples, although "
        f"{run.end(HIGH_QUALITY_SHARE):.0%} of the points lie on modes{of_several}."
    )
    return Finding("mode_imbalance", "warning", text, to_wgan_gp(run))


def _is_uneven(ends: Ends) -> bool:
    """Return whether a mode is missing that real samples hit, or their histogram is much more even.

    Without a share s of the modes, and even otherwise, a histogram has a KL divergence of -log(1 - s). What
    chance adds, real samples have as well.
    """
    return ends.end(MODES_HIT) < ends.end(floor_tag(MODES_HIT)) or ends.perplexity_share() < 1 - _MISSING


RULE = Rule(
    name="mode_imbalance",
    needs=(HIGH_QUALITY_SHARE, MODES_HIT, W1_EXACT),
    judge=judge,
    symptom="Points on the modes, but some modes are empty or thin, and others crowded.",
    shows=f"`{W1_EXACT}` above three times its floor, though `{HIGH_QUALITY_SHARE}` is at half of that of "
    f"real samples or more; and `{MODES_HIT}` below that of real samples, or `{MODE_KL}` above that of real "
    "samples by what one missing mode of twenty makes, 0.051; without the signs of a collapse.",
    cause="A generator gains by any point that the critic takes for real, wherever it is; a critic whose "
    "scores are flat between the modes does not lead points from one to another (Goodfellow, 2016, section "
    "5.1).",
    cure="`objective=wgan_gp`; `constraint=r1`; more critic steps (`train.n_critic`).",
)
