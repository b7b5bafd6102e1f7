"""Modes that are missing, or hit far too often, by samples that are good one by one."""

import math

from gan_lab.diagnosis.falls import fall_by_default
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.samples import Lines, ends_of
from gan_lab.diagnosis.words import to_wgan_gp
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import HIGH_QUALITY_SHARE, MODES_HIT, W1_EXACT, floor_tag


def judge(run: Observed) -> Finding | None:
    """Return that points of a mixture lie on its modes, and are yet far from it as a whole.

    Whether such samples are good is decided by the share that lies on modes, which says nothing of how many
    points each mode has: a generator that leaves out two of eight loses nothing by it. W1 does say, as what
    is missing has to be carried there. The line is the one for samples of other data, three times what two
    real samples have (``diagnosis.samples.Lines``).
    """
    ends = ends_of(run)
    if ends is None or math.isnan(run.end(HIGH_QUALITY_SHARE)) or fall_by_default(run) is not None:
        return None
    distance, floor = run.end(W1_EXACT), run.end(floor_tag(W1_EXACT))
    if not distance > Lines().distance_factor * floor > 0:
        return None
    text = (
        f"The modes are not hit evenly: {run.end(MODES_HIT):.0f} of {run.end(floor_tag(MODES_HIT)):.0f} are "
        f"hit at all, and while the points lie on them as a whole, {ends.told(W1_EXACT)}, "
        f"{distance / floor:.1f} times the {floor:.3g} of real samples."
    )
    return Finding("mode_imbalance", "warning", text, to_wgan_gp(run))


RULE = Rule(
    name="mode_imbalance",
    needs=(HIGH_QUALITY_SHARE, MODES_HIT, W1_EXACT),
    judge=judge,
    symptom="Points on the modes, but some modes are empty or thin, and others crowded.",
    shows=f"`{W1_EXACT}` above three times its floor, though `{HIGH_QUALITY_SHARE}` is at half of that of "
    "real samples or more; without the signs of a collapse.",
    cause="A generator gains by any point that the critic takes for real, wherever it is; a critic whose "
    "scores are flat between the modes does not lead points from one to another (Goodfellow, 2016, section "
    "5.1).",
    cure="`objective=wgan_gp`; `constraint=r1`; more critic steps (`train.n_critic`).",
)
