"""A critic that learns the variational function of an f-divergence, followed on its way."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.architectures.base import CriticArchitecture
from gan_lab.constraints.base import Constraint
from gan_lab.distances.line import Density
from gan_lab.distances.variational import make_bound
from gan_lab.lectures.critics.critic_fit import fit_critic
from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.optimizers.base import UpdateRule
from gan_lab.types import Sampler, Score

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Lesson:
    """What was seen of one critic.

    Attributes:
        steps: at which it was looked at.
        bounds: E_P[T] - E_Q[f*(T)] at each of them, by quadrature.
        functions: T on a grid (n,) at each of them.
    """

    steps: list[int]
    bounds: list[float]
    functions: list[Array]


def follow_bound(
    objective: FDivergence,
    p: Density,
    q: Density,
    x: Array,
    *,
    critic: CriticArchitecture,
    optimizer: UpdateRule,
    steps: int,
    batch_size: int,
    seed: int,
    look_every: int,
) -> Lesson:
    """Fit a critic from scratch to fresh draws of two densities on the line.

    Args:
        objective: whose bound it ascends.
        p: what is real.
        q: what is generated.
        x: the grid (n,) that T is stated at.
        critic: builds it, for points (1,).
        optimizer: of its parameters.
        steps: how many.
        batch_size: draws of either side in a step.
        seed: of initial parameters and draws.
        look_every: steps between two looks.
    """
    bound, points = make_bound(p, q), torch.from_numpy(x)[:, None].float()
    lesson = Lesson([], [], [])

    def look(step: int, score: Score) -> None:
        with torch.no_grad():
            function = objective.output_activation(score(points).double())
        lesson.steps.append(step)
        lesson.bounds.append(bound(objective, score))
        lesson.functions.append(function.numpy())

    fit_critic(
        sampler_of(p),
        sampler_of(q),
        objective=objective,
        constraint=Constraint(),
        critic=critic,
        optimizer=optimizer,
        steps=steps,
        batch_size=batch_size,
        seed=seed,
        look_every=look_every,
        look=look,
    )
    return lesson


def sampler_of(density: Density) -> Sampler:
    """Return a sampler of points (n, 1); all its randomness is that of the generator it is given."""

    def sample(n: int, rng: torch.Generator) -> Tensor:
        seed = int(torch.randint(2**62, (), generator=rng))
        return torch.from_numpy(density.sample(n, np.random.default_rng(seed)))[:, None].float()

    return sample
