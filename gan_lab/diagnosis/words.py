"""How rules word their numbers and ways out."""

import math

import numpy as np

from gan_lab.config.phrases import counted
from gan_lab.diagnosis.observed import Observed
from gan_lab.tags.names import MEDIAN_WINDOW

_LARGEST_RATE = 0.1  # of Adam, whose first steps have the rate as their length: more than weights begin with
_RATE = 1e-3  # Adam's own default (Kingma and Ba, 2015, algorithm 1)
_LARGEST_BOUND = 0.1  # that is offered: on ring8 0.3 already lets gradients explode in 2 of 3 runs
_OF_POINTS = "gan_lab.datasets.toy."
_PUBLISHED_BOUND = 0.01  # WGAN, algorithm 1
_OFTEN = 0.5
_MOST_STEPS = 1_000_000  # of a critic, in one iteration
_MOST_EXACT = 1e15  # of whole numbers that a float holds exactly


def percent(share: float) -> str:
    """Return a share as it was given: 0.125 is 12.5%, which no reader shall take for 12%."""
    return f"{100 * share:.6g}%"


def median_of(count: int) -> str:
    """Return what is said behind a number that is the median of so many last ones; empty for one alone."""
    return f" (median of its last {count:,})" if count > 1 else ""


def end_of(run: Observed, tag: str, form: str = ".3g") -> str:
    """Return what a tag ended at in words: of several measurements that it is their median."""
    return f"{run.end(tag):{form}}{median_of(run.end_count(tag))}"


def rounding_of(run: Observed, tag: str) -> str | None:
    """Say how often a number is of late within what rounding may move it by; None if seldom.

    Such a number is an empty cell of the table, in a column that every iteration has.
    """
    late = run.columns.get(tag, np.zeros(0))[-MEDIAN_WINDOW:]
    missing = int(np.isnan(late).sum())
    if not len(late) or missing < _OFTEN * len(late):
        return None
    return (
        f"is within what rounding may move it by in {missing} of the last {counted(len(late), 'iteration')}"
    )


def scaled(run: Observed, key: str, factor: float, default: float | None = None) -> str:
    """Return an override that multiplies a number, such as "optimizer.lr=5e-06"; empty without a number."""
    value = run.number(key)
    value = default if value is None else value
    return "" if value is None else f"{key}={_written(value * factor)}"


def _written(value: float) -> str:
    """Return a number as it is typed: a whole one with all its digits, which iterations have to be."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < _MOST_EXACT else f"{value:g}"


def longer(run: Observed) -> str:
    """Return an override with four times the iterations; nothing for a run that has not done its own yet.

    Its record counts them, not its config: a run may have been given more since it began.
    """
    return f"train.iterations={4 * run.record.iterations}" if run.record.status == "completed" else ""


def critic_key(run: Observed, name: str) -> str:
    """Return the key of a setting of the critic's optimizer: its own where it has one."""
    own = f"critic_optimizer.{name}"
    return own if own in run.settings else f"optimizer.{name}"


def to_usual_rate(run: Observed, at_least: float = 1, key: str | None = None) -> str:
    """Return an override with a usual rate for a network whose own is out of all proportion; else nothing.

    Args:
        run: what is diagnosed.
        at_least: how many times the largest rate in proportion its own has to be above.
        key: of the rate; None for the critic's, which may be a share of the generator's.
    """
    share = 1.0 if key or "critic_optimizer.lr" in run.settings else run.number("critic_lr_share") or 1.0
    key = key or critic_key(run, "lr")
    rate = run.number(key)
    rate = None if rate is None else rate * share
    return "" if rate is None or rate <= at_least * _LARGEST_RATE else f"{key}={_RATE:g}"


def more_critic_steps(run: Observed, factor: int = 2) -> str:
    """Return an override that gives the critic more steps per iteration, in a warm-up no fewer."""
    steps = run.number("train.n_critic") or 1
    more = min(max(5, round(min(steps, _MOST_STEPS) * factor)), _MOST_STEPS)
    in_warmup = run.number("train.warmup_critic_steps") or 0
    return f"train.n_critic={more}" + (f" train.warmup_critic_steps={more}" if 0 < in_warmup < more else "")


def clip_bound(run: Observed) -> tuple[str, float] | None:
    """Return the key and the number of the bound that weights are clipped to; None where none are."""
    clip = run.part("constraint", "WeightClip")
    bound = run.number(f"{clip}.bound") if clip else None
    return None if bound is None else (f"{clip}.bound", bound)


def to_larger_bound(run: Observed) -> str:
    """Return an override with a larger bound for weights that are clipped to a small one; else nothing.

    Below the published one that is offered first, but for synthetic points, whose small critics are dead
    by it, too.
    """
    key, bound = clip_bound(run) or ("", math.inf)
    of_points = str(run.settings.get("dataset._target_", "")).startswith(_OF_POINTS)
    larger = _PUBLISHED_BOUND if bound < _PUBLISHED_BOUND and not of_points else _LARGEST_BOUND
    return f"{key}={larger:g}" if bound < larger else ""


def to_wgan_gp(run: Observed) -> str:
    """Return an override that turns to WGAN-GP; of a run that has its critic already, more critic steps."""
    is_one = run.part("objective", "Wasserstein") and run.part("constraint", "GradientPenalty")
    return more_critic_steps(run) if is_one else "objective=wgan_gp"
