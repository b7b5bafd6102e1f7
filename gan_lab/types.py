"""The words that every layer shares: parameters, batches, states. No logic.

Shape letters used throughout the project:
    B  samples in a batch
    D  shape of one sample, ``(C, H, W)`` for images and ``(d,)`` for vectors
    Z  latent dimension
    N  critic steps per iteration (n_critic)
    P  parameters of one network, flattened
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

Params = dict[str, Tensor]
Measurements = dict[str, Tensor]
ConstraintState = dict[str, Tensor]
OptimizerState = dict[str, Tensor]
AverageState = dict[str, Tensor]

Score = Callable[[Tensor], Tensor]
"""A critic with its parameters bound: samples ``(B, *D)`` to raw scores ``(B,)``."""

Sampler = Callable[[int, torch.Generator], Tensor]
"""``sampler(n, generator)`` draws ``(n, *D)`` float32 real samples on the generator's device."""


class Batch(NamedTuple):
    """Everything real or random that one iteration consumes.

    Row k feeds critic step k, the last row the generator step.
    """

    real: Tensor  # (N + 1, B, *D)
    latent: Tensor  # (N + 1, B, Z)
    noise: Tensor  # (N + 1, B, *noise_shape), uniform on [0, 1); no rule reads the last row yet
    label: Tensor  # (N + 1, B) int64, the classes of real and generated samples alike; (N + 1, 0) without any


class State(NamedTuple):
    """Everything that training changes."""

    generator: Params
    critic: Params
    generator_optimizer: OptimizerState
    critic_optimizer: OptimizerState
    constraint: ConstraintState  # of the critic
    generator_constraint: ConstraintState
    average: Params  # exponential moving average of the generator; empty when it is off
    iteration: Tensor  # () int64, completed iterations
    averaging: AverageState = {}  # noqa: RUF012  # of how many generators the average is; empty likewise
