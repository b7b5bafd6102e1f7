"""What is measured of the steps of an iteration.

Beside a number that rounding may make up entirely stands its resolution, under ``resolution_tag``: whoever
writes the number leaves it out where it is smaller than that.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_lab.game.resolution import are_alike, spacing_of, with_resolution
from gan_lab.game.rules import Game
from gan_lab.numerics.trees import cosine
from gan_lab.objectives.base import Objective
from gan_lab.tags.names import (
    CRITIC_ACCURACY,
    CRITIC_GRADIENT_NORM,
    CRITIC_LOSS,
    PENALTY,
    RAW,
    SCORES_ALIKE,
    STEP_GRADIENT_COSINE,
    distance_tag,
    resolution_tag,
)
from gan_lab.types import Measurements, State


class CriticStep(NamedTuple):
    """What is known of a critic step once it is taken."""

    scores: tuple[Tensor, Tensor]  # (B,) of real, (B,) of generated samples, before the step
    penalty: Tensor  # ()
    gradient: Tensor  # (P,)
    step: Tensor  # (P,), before the constraint's projection


def measure_critic_step(game: Game, state: State, step: CriticStep) -> Measurements:
    """Return what a critic step tells, as scalars (); ``state`` is the one after it."""
    real, fake = (scores.double() for scores in step.scores)
    spacing = spacing_of(real, fake, game.dtype)
    measurements = {
        **with_resolution(CRITIC_LOSS, game.objective.critic_loss, real, fake, spacing),
        **_measure_gradient(game, step, are_alike(real, fake, spacing)),
        **game.constraint.measure(state.critic),
    }
    if game.constraint.has_penalty:
        measurements[PENALTY] = step.penalty
    return measurements


def _measure_gradient(game: Game, step: CriticStep, alike: Tensor) -> Measurements:
    norm = torch.linalg.vector_norm(step.gradient)
    unknown = (step.gradient == 0).all() | (step.step == 0).all()
    noise = torch.zeros_like(unknown)
    if game.objective.estimate_tag is None and not game.constraint.has_penalty:
        # a loss that sees nothing but differences of scores: its gradient is one of numbers that agree
        noise = alike
    return {
        CRITIC_GRADIENT_NORM: norm,
        resolution_tag(CRITIC_GRADIENT_NORM): torch.where(noise, torch.inf, 0.0),
        # negative: momentum carries the step against the gradient (WGAN, section 4.2)
        STEP_GRADIENT_COSINE: -cosine(step.step, step.gradient),
        # without a direction there is no angle; 2 is more than any cosine
        resolution_tag(STEP_GRADIENT_COSINE): torch.where(noise | unknown, 2.0, 0.0),
    }


def measure_scores(
    objective: Objective, real: Tensor, fake: Tensor, dtype: torch.dtype = torch.float32
) -> Measurements:
    """Return what scores (B,), (B,) say of the distance and of the critic, as scalars ().

    ``distance/critic_raw`` is the same for every objective: mean real minus mean fake score.
    ``health/critic_accuracy`` is the share of samples on the right side of the objective's threshold; one
    on the threshold counts half.

    A gap of 0 says nothing of a distance, and counts as unresolved whatever the spacing. A bound on a
    divergence may be 0 or below, which then is what it says.

    Args:
        objective: whose threshold and estimate are taken.
        real: scores of real samples.
        fake: scores of generated samples.
        dtype: of what the critic computes.
    """
    real, fake = real.double(), fake.double()
    spacing = spacing_of(real, fake, dtype)
    threshold = objective.threshold(real, fake)
    right = torch.sign(real - threshold).mean() + torch.sign(threshold - fake).mean()
    measurements = with_resolution(RAW, _gap, real, fake, spacing)
    least = torch.finfo(torch.float32).tiny
    measurements[resolution_tag(RAW)] = measurements[resolution_tag(RAW)].clamp(min=least)
    measurements[CRITIC_ACCURACY] = (right + 2) / 4
    measurements[SCORES_ALIKE] = are_alike(real, fake, spacing)
    if objective.estimate_tag is not None:
        tag = distance_tag(objective.estimate_tag)
        measurements |= with_resolution(tag, objective.estimate, real, fake, spacing)
    return measurements


def _gap(real: Tensor, fake: Tensor) -> Tensor:
    return real.mean() - fake.mean()
