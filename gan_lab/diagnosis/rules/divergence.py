"""Divergence, and what came before it."""

import numpy as np

from gan_lab.diagnosis.observed import Numbers, Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import critic_key, scaled, to_usual_rate
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import (
    CRITIC_GRADIENT_NORM,
    CRITIC_LOSS,
    GENERATOR_GRADIENT_NORM,
    GENERATOR_LOSS,
    RAW,
    SLOPE,
)

_BEFORE = 10  # iterations
_GREW = 10.0
_GENERATORS = ("generator ", GENERATOR_GRADIENT_NORM)  # how a message names what is the generator's own
_SIGNS = (CRITIC_GRADIENT_NORM, GENERATOR_GRADIENT_NORM, SLOPE, CRITIC_LOSS, GENERATOR_LOSS, RAW)


def judge(run: Observed) -> Finding | None:
    """Return how a run diverged, and which of its numbers had grown most by then.

    A number has grown if its largest size in the last 10 iterations, or of one that is measured more seldom
    its last, is ten times its median size before: gradients of batches scatter by a factor of two or three,
    so that a factor of ten is no batch's luck.
    """
    if run.record.status != "diverged":
        return None
    why = run.record.message or f"It diverged after iteration {run.record.iteration:,}."
    known = any(len(_split(run, tag)[0]) for tag in _SIGNS)
    grown = {tag: growth for tag in _SIGNS if (growth := _growth(run, tag)) is not None}
    tag = max(grown, key=lambda each: grown[each][1] / grown[each][0], default=None)
    if not known:
        before = "It was too early for its table to tell what came before."
    elif tag is None:
        before = "Nothing in its table had grown tenfold before: it went within a few iterations."
    else:
        low, high = grown[tag]
        before = f"Before, {tag} rose from {low:.3g} (its median) to {high:.3g}."
    return Finding("divergence", "failure", f"{why} {before}", _remedy(run))


def _remedy(run: Observed) -> str:
    """Return a tenth of the rate; of one that a tenth leaves out of all proportion, one that is usual.

    It is the generator's, where that has one of its own and it is the generator that was not finite.
    """
    if run.record.message and run.record.message.startswith(_GENERATORS):
        return to_usual_rate(run, at_least=10, key="optimizer.lr") or scaled(run, "optimizer.lr", 0.1)
    return to_usual_rate(run, at_least=10) or scaled(run, critic_key(run, "lr"), 0.1)


def _growth(run: Observed, tag: str) -> tuple[float, float] | None:
    """Return a number's median size and its largest at the end, where that is ten times as large."""
    earlier, last = _split(run, tag)
    if not len(earlier):
        return None
    low, high = float(np.median(earlier)), float(last.max())
    return (low, high) if low > 0 and high >= _GREW * low else None


def _split(run: Observed, tag: str) -> tuple[Numbers, Numbers]:
    """Return a number's sizes before the last 10 iterations of the run, and in them, or the last one."""
    at, values = run.measured(tag)
    if not len(at):
        return np.zeros(0), np.zeros(0)
    is_late = at > min(run.iterations[-1] - _BEFORE, at[-1] - 1)
    return np.abs(values[~is_late]), np.abs(values[is_late])


RULE = Rule(
    name="divergence",
    needs=(),
    judge=judge,
    symptom="The run ends early with the status `diverged`.",
    shows="A number or a parameter that is not finite; and of gradients, losses and slope the one whose "
    "largest size in the last 10 iterations (its last one, if it is measured more seldom) exceeds its median "
    "size before by most, if tenfold at least.",
    cause="Steps too large for the loss: f-GANs with an exponential in their conjugate (`fgan_kl`, f-GAN, "
    "table 2) overflow first. An unconstrained Wasserstein critic has no largest score to stop at.",
    cure="A tenth of the rate (`optimizer.lr`), or 0.001 where it was above 1; or a critic whose slope is "
    "held (`constraint=gp`, `constraint=r1` or `constraint=spectral_norm`).",
)
