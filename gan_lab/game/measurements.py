"""What is measured of the steps of an iteration."""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_lab.game.rules import Game
from gan_lab.numerics.trees import cosine
from gan_lab.objectives.base import Objective
from gan_lab.tags.names import (
    CRITIC_ACCURACY,
    CRITIC_GRADIENT_NORM,
    CRITIC_LOSS,
    PENALTY,
    RAW,
    STEP_GRADIENT_COSINE,
    distance_tag,
)
from gan_lab.types import Measurements, State


class CriticStep(NamedTuple):
    """What is known of a critic step once it is taken."""

    objective_loss: Tensor  # ()
    penalty: Tensor  # ()
    gradient: Tensor  # (P,)
    step: Tensor  # (P,), before the constraint's projection


def measure_critic_step(game: Game, state: State, step: CriticStep) -> Measurements:
    """Return what a critic step tells, as scalars (); ``state`` is the one after it."""
    measurements = {
        CRITIC_LOSS: step.objective_loss,
        CRITIC_GRADIENT_NORM: torch.linalg.vector_norm(step.gradient),
        # negative: momentum carries the step against the gradient (WGAN, section 4.2)
        STEP_GRADIENT_COSINE: -cosine(step.step, step.gradient),
        **game.constraint.measure(state.critic),
    }
    if game.constraint.has_penalty:
        measurements[PENALTY] = step.penalty
    return measurements


def measure_scores(objective: Objective, real: Tensor, fake: Tensor) -> Measurements:
    """Return what scores (B,), (B,) say of the distance and of the critic, as scalars ().

    ``distance/critic_raw`` is the same for every objective: mean real minus mean fake score.
    ``health/critic_accuracy`` is the share of samples on the right side of the objective's threshold.
    """
    threshold = objective.threshold(real, fake)
    accuracy = ((real > threshold).float().mean() + (fake < threshold).float().mean()) / 2
    measurements = {RAW: real.mean() - fake.mean(), CRITIC_ACCURACY: accuracy}
    if objective.estimate_tag is not None:
        measurements[distance_tag(objective.estimate_tag)] = objective.estimate(real, fake)
    return measurements
