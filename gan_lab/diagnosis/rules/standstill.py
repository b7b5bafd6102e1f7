"""Advice to stop: nothing has moved for a thousand iterations."""

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.phrases import counted
from gan_lab.diagnosis.observed import Numbers, Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.samples import ends_of
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import FRECHET_FEATURES, PATCHES, W1_EXACT

_ITERATIONS = 1000
_FEWEST = 3
_RANGE = 0.01


def judge(run: Observed) -> Finding | None:
    """Return that the distance of samples has not moved in the last 1,000 iterations or more.

    It has not moved where its largest and smallest value differ by less than a hundredth of its mean, in
    three measurements or more: the same samples and latents are compared each time, so that no draw moves
    it, and any step of a generator that still learns does. A hundredth is the report's own line for frozen.
    """
    ends = ends_of(run)
    if ends is None:
        return None
    at, values = run.measured(ends.distance)
    last = int(at[-1])
    since = _still_since(at, values)
    if last - since < _ITERATIONS or len(values[at >= since]) < _FEWEST:
        return None
    text = (
        f"Nothing has moved for {counted(last - since, 'iteration')}: {ends.distance} stayed within 1% of "
        f"{values[-1]:.3g} since iteration {since:,}; more of the same will not change it."
    )
    return Finding("nothing_moves", "advice", text, f"train.iterations={max(since, 1)}")


def _still_since(at: NDArray[np.int64], values: Numbers) -> int:
    """Return the first iteration from which on all values lie within a hundredth of their mean."""
    # from the end: the range of the last k values, for every k
    backwards = values[::-1]
    spread = np.maximum.accumulate(backwards) - np.minimum.accumulate(backwards)
    mean = np.abs(np.cumsum(backwards) / np.arange(1, len(values) + 1))
    moved = (spread > _RANGE * mean).nonzero()[0]
    first = int(moved[0]) if len(moved) else len(values)
    return int(at[len(values) - first])


RULE = Rule(
    name="nothing_moves",
    needs=(),
    judge=judge,
    symptom="Pictures and curves look the same for a long time.",
    shows=f"`{FRECHET_FEATURES}`, `{W1_EXACT}` or `{PATCHES}` within 1% of its mean for 1,000 iterations, "
    "in three measurements or more.",
    cause="The generator gets no gradient, or has arrived.",
    cure="Stop it (`train.iterations`), and look at what else is said of the run: a dead critic or a "
    "saturated discriminator comes first.",
)
