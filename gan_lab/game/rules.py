"""The rules of a game, and the state that it starts from."""

from dataclasses import dataclass

import torch
from torch import nn

from gan_lab.constraints.base import Constraint
from gan_lab.numerics.averages import begin_average
from gan_lab.numerics.processes import ALONE, Processes
from gan_lab.numerics.trees import flatten
from gan_lab.objectives.base import Objective
from gan_lab.optimizers.base import UpdateRule
from gan_lab.types import Params, State

UNCONSTRAINED = Constraint()


@dataclass(frozen=True)
class Game:
    """What alternates, and the rules it alternates by.

    Attributes:
        generator: template, latents (B, Z), and labels (B,) if it is conditional, to samples (B, *D); its
            parameters are never read.
        critic: template, samples (B, *D), and labels (B,) likewise, to scores (B,); its parameters are never
            read.
        constraint: of the critic.
        generator_constraint: of the generator's weights.
        n_critic: critic steps per iteration.
        ema: decay of the generator's moving average, None for no average; see ``numerics/averages.py``.
        generator_mixes: whether a sample depends on the other latents of its batch, as batch normalisation
            makes it; False lets one pass make the samples of several batches.
        critic_mixes: whether a score depends on the other samples of its batch; False lets one pass score
            real and generated samples.
        dtype: of what the networks compute; parameters, scores and all that is made of them stay float32.
        channels_last: whether images and convolutions are laid out with the channels of a pixel side by
            side; that changes the time they take and nothing else.
        processes: that play it together, each on its rows of every batch; losses are means over rows, so that
            the mean of their gradients is that of the whole batch.
    """

    generator: nn.Module
    critic: nn.Module
    objective: Objective
    constraint: Constraint
    generator_optimizer: UpdateRule
    critic_optimizer: UpdateRule
    n_critic: int
    generator_constraint: Constraint = UNCONSTRAINED
    ema: float | None = None
    generator_mixes: bool = True
    critic_mixes: bool = True
    dtype: torch.dtype = torch.float32
    channels_last: bool = False
    processes: Processes = ALONE


def init_state(game: Game, generator: Params, critic: Params, rng: torch.Generator) -> State:
    """Return the state before the first iteration.

    Args:
        game: the rules.
        generator: initial generator parameters.
        critic: initial critic parameters.
        rng: where the constraints draw their initial states from.
    """
    average, averaging = ({}, {}) if game.ema is None else begin_average(generator)
    return State(
        generator=generator,
        critic=critic,
        generator_optimizer=game.generator_optimizer.init(flatten(generator)),
        critic_optimizer=game.critic_optimizer.init(flatten(critic)),
        constraint=game.constraint.init(critic, rng),
        generator_constraint=game.generator_constraint.init(generator, rng),
        average=average,
        averaging=averaging,
        iteration=torch.zeros((), dtype=torch.int64, device=next(iter(generator.values())).device),
    )
