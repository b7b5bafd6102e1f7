"""What is done now and then while a run is trained."""

from typing import NamedTuple

from gan_lab.game.setup import Setup

EARLY_LOOKS = (10, 30, 100)
"""Iterations after which samples are shown besides: the first seconds are when somebody watches."""


class Schedule(NamedTuple):
    """What is due after an iteration."""

    logging: bool
    evaluating: bool
    looking: bool
    saving: bool


def due_after(setup: Setup, done: int, *, leaving: bool = False) -> Schedule:
    """Return what is due after ``done`` completed iterations; a run that is left is saved."""
    settings, metrics = setup.train, setup.metrics
    return Schedule(
        logging=done % settings.log_every == 0,
        evaluating=metrics.every > 0 and done % metrics.every == 0,
        looking=done % settings.sample_every == 0 or done in EARLY_LOOKS,
        saving=done % settings.checkpoint_every == 0 or leaving,
    )
