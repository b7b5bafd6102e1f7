"""A critic that knows its own batch better than the data."""

import math

from gan_lab.diagnosis.observed import END_MEASUREMENTS, Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import end_of, scaled
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import HELD_OUT_ACCURACY, SEEN_ACCURACY

_SHARE = 0.5
_CHANCE = 0.5
_LEAST = 0.25


def judge(run: Observed) -> Finding | None:
    """Return that half of what the critic knows of its last batch does not hold for other batches.

    What it knows is its accuracy above that of chance, a half. The share of it that is lost on held-out
    batches is what Karras et al. ("Training Generative Adversarial Networks with Limited Data", 2020,
    equation 1) measure by scores: 0 without overfitting, 1 where a critic knows its own data alone. A half
    is half of the way. A critic that is right about fewer than three quarters of its batch, half of the way
    from chance to always, is left out: it has little to lose.

    The loss must also be more than chance: an accuracy of 2B scores has a standard error of at most
    0.5 / sqrt(2B), the median of three two thirds of that, and three of these are 1 / sqrt(2B).
    """
    seen, held_out = run.end(SEEN_ACCURACY), run.end(HELD_OUT_ACCURACY)
    scores = 2 * (run.number("train.batch_size") or 0)
    if seen < _CHANCE + _LEAST or len(run.values(SEEN_ACCURACY)) < END_MEASUREMENTS or scores <= 0:
        return None
    if seen - held_out < max(_SHARE * (seen - _CHANCE), 1 / math.sqrt(scores)):
        return None
    text = (
        f"The critic is overfitted to its last batch: it is right about {end_of(run, SEEN_ACCURACY, '.0%')} "
        f"of that, and about {end_of(run, HELD_OUT_ACCURACY, '.0%')} of held-out batches."
    )
    return Finding("overfitted_critic", "warning", text, scaled(run, "train.batch_size", 4))


RULE = Rule(
    name="overfitted_critic",
    needs=(SEEN_ACCURACY, HELD_OUT_ACCURACY),
    judge=judge,
    symptom="The critic's loss falls, and the samples get worse.",
    shows=f"`{SEEN_ACCURACY}` above 0.75, and above `{HELD_OUT_ACCURACY}` by half of what it has above 0.5 "
    "or more, medians of the last three measurements. Of a small dataset held-out "
    "batches repeat images that were seen, so that this says too little rather than too much.",
    cause="Small batches and large steps: each step fits the batch at hand (Karras et al., 2020, of small "
    "datasets).",
    cure="A larger `train.batch_size`, a lower rate of the critic, `constraint=r1` or "
    "`constraint=spectral_norm_consistency`.",
)
