"""An estimate below what equal distributions have: 0, which no distance is below."""

import numpy as np

from gan_lab.config.phrases import counted
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.samples import is_at_floor
from gan_lab.diagnosis.words import more_critic_steps
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import F_DIVERGENCE, JSD, MEDIAN_WINDOW, RAW

_LEAST_SHARE = 2 / 3
_OF_USUAL, _QUANTILE = 0.05, 0.75
_WORSE = "the critic is worse than one that scores all samples alike can be, and"


def judge(run: Observed) -> Finding | None:
    """Return that the estimate is below 0 near the end, for more than chance.

    A distance is at least 0, and the best constant critic proves as much: a critic below 0 is worse than
    none. (Of a divergence that is not 0 between equal distributions, as 2 JSD - log 4, 0 stands for what it
    is.) Of
    101 values that scatter around 0, at least two thirds (68) lie below with a probability of 0.0003, so
    that two thirds are asked for, and 101 values at least. An estimate that has come near 0 because the
    generator is good overshoots by little: the median must lie below 0 by a twentieth of the size that three
    quarters of the run's values stay below, and the samples must not be as good as real ones.
    """
    tag = next((tag for tag in (JSD, F_DIVERGENCE, RAW) if run.has(tag)), RAW)
    least = run.estimate_at_equality
    values = run.late(tag) - least
    if len(values) < MEDIAN_WINDOW or float((values < 0).mean()) < _LEAST_SHARE or is_at_floor(run):
        return None
    median, usual = float(np.median(values)), float(np.quantile(np.abs(run.values(tag) - least), _QUANTILE))
    if median > -_OF_USUAL * usual:
        return None
    ranked = "the critic ranks generated samples above real ones, and" if tag == RAW else _WORSE
    text = (
        f"{tag} is below {_named(least)} in {(values < 0).mean():.0%} of the last "
        f"{counted(len(values), 'iteration')}, with a median of {least + median:.3g}: {ranked} lags behind "
        "the generator."
    )
    return Finding("estimate_negative", "warning", text, more_critic_steps(run))


def _named(least: float) -> str:
    return f"the {least:.3g} of equal distributions" if least else "0"


RULE = Rule(
    name="estimate_negative",
    needs=(RAW,),
    judge=judge,
    symptom="The curve of a distance runs below 0.",
    shows=f"The estimate (`{JSD}`, `{F_DIVERGENCE}`, else `{RAW}`) is below 0 in two thirds of the last "
    "tenth of the run, and its median by a twentieth of what its size usually is. Of `fgan_gan` -1.386, its "
    "value between equal distributions, stands for 0.",
    cause="The generator moves faster than the critic follows: it is scored by a critic of where it was. "
    "With points also a gradient penalty as heavy as for images: at weight 10 the critic of `ring8` scores "
    "the empty centre highest.",
    cure="More critic steps (`train.n_critic`), or a warm-up of the critic: "
    "`train.warmup_critic_steps=100 train.warmup_iterations=25`; with points "
    "`constraint=gp constraint.weight=0.1`.",
)
