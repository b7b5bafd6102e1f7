"""A critic that lags behind its optimum, so that its estimate is too low."""

import numpy as np

from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.samples import is_at_floor
from gan_lab.diagnosis.words import median_of, more_critic_steps
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import HELD_OUT, HELD_OUT_FURTHER
from gan_lab.tags.table import estimate_of

_SHARE = 1 / 3
_OF_LARGEST = 0.25
_WINDOW = 11  # single batches are noise


def judge(run: Observed) -> Finding | None:
    """Return that a copy of the critic, trained on for some steps, sees more than three times as much.

    An estimate is the objective's value of the critic, and the distance that it stands for is the largest
    value of any critic (WGAN, equation 2; f-GAN, equation 4): what a copy reaches on samples that neither
    was trained on is a lower bound of that, so that the critic's own share of it bounds from above how much
    of the distance it sees. Below a third, an estimate that falls may be the critic's as well as the
    generator's. What it does not see must be a quarter of the largest value of the run, too, on held-out
    samples or as a median over 11 iterations: an estimate is read by how far it has fallen, and near its end
    a share of next to nothing is nothing. How far that was the measurements do not show where a generator of
    a few points arrives before the first of them. A third, because critics under a soft penalty steepen
    without end on a generator that stands still: those of healthy runs on ring8 are observed to double in
    20 steps.
    """
    least = run.estimate_at_equality
    here, further = run.end(HELD_OUT) - least, run.end(HELD_OUT_FURTHER) - least
    largest = max(float(np.abs(run.values(tag) - least).max()) for tag in (HELD_OUT, HELD_OUT_FURTHER))
    largest = max(largest, _largest_estimate(run, least))
    if here >= _SHARE * further or further - here < _OF_LARGEST * largest or is_at_floor(run):
        return None
    beyond = f" (above the {least:.3g} of equal distributions)" if least else ""
    text = (
        f"The critic is far from its optimum: on held-out samples it sees {here:.3g}"
        f"{median_of(run.end_count(HELD_OUT))}, and a copy of it that was given some more steps {further:.3g}"
        f"{median_of(run.end_count(HELD_OUT_FURTHER))}{beyond}."
    )
    return Finding("critic_not_near_optimum", "warning", text, more_critic_steps(run))


def _largest_estimate(run: Observed, least: float) -> float:
    """Return how far the run's estimate was from that of equal distributions; 0 without an estimate."""
    tag = estimate_of([tag for tag in run.columns if run.has(tag)])
    if tag is None:
        return 0.0
    values = run.values(tag)
    windows = np.lib.stride_tricks.sliding_window_view(values, min(_WINDOW, len(values)))
    return float(np.abs(np.median(windows, axis=1) - least).max())


RULE = Rule(
    name="critic_not_near_optimum",
    needs=(HELD_OUT, HELD_OUT_FURTHER),
    judge=judge,
    symptom="The estimate falls while the samples do not get better, or jumps at a warm-up of the critic.",
    shows=f"`{HELD_OUT}` below a third of `{HELD_OUT_FURTHER}`, by a quarter of the largest of the run or "
    "more; medians of the last three measurements. The largest may be one of the training estimate, whose "
    "medians over 11 iterations count as well. All are counted from what equal distributions have, which is "
    "-1.386 of `fgan_gan` and 0 else.",
    cause="The critic gets too few steps, or too small ones, to follow the generator; theory takes it at "
    "its optimum (WGAN, section 3).",
    cure="More critic steps (`train.n_critic`), a larger rate of the critic (`critic_lr_share=4`).",
)
