"""A generator and a critic of one parameter each: the rules of a Dirac-GAN."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.config.checks import Settings
from gan_lab.constraints.base import Constraint
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.base import Objective
from gan_lab.types import Score

_NEAR, _NEARER = 1e-6, 1e-9  # distances from the equilibrium between which a smooth field shrinks as they do
_BESIDE, _DIGITS = 1e-12, 10  # where the Jacobian is taken, and what is left of it


@dataclass(frozen=True)
class DiracGame(Settings):
    """The rules of one game: data all at 0, a generator all at θ, a critic D(x) = ψ x + t.

    t is the objective's threshold (1/2 for least squares, else 0): where a critic that knows nothing scores.

    Attributes:
        objective: whose losses both sides descend.
        constraint: its penalty is added to the critic's, its map and projection are applied to ψ.
    """

    objective: Objective
    constraint: Constraint

    def critic_loss(self, psi: Tensor, theta: Tensor) -> Tensor:
        """Return what the critic minimises by ψ (), with the penalty."""
        score = self._score(psi)
        real, fake = torch.zeros_like(theta).view(1, 1), theta.view(1, 1)
        # a linear critic has one slope everywhere, wherever a penalty looks
        noise = real.new_full((1, *self.constraint.noise_shape((1,))), 0.5)
        loss = self.objective.critic_loss(score(real), score(fake))
        return loss + self.constraint.penalty(score, real, fake, noise)

    def generator_loss(self, psi: Tensor, theta: Tensor) -> Tensor:
        """Return what the generator minimises by θ ()."""
        score = self._score(psi)
        return self.objective.generator_loss(
            score(torch.zeros_like(theta).view(1, 1)), score(theta.view(1, 1))
        )

    def field(self, state: Tensor) -> Tensor:
        """Return the directions (2,) in which both sides descend, at ψ and θ (2,)."""
        psi, theta = state.unbind()
        by_psi = torch.func.grad(self.critic_loss)(psi, theta)
        by_theta = torch.func.grad(self.generator_loss, argnums=1)(psi, theta)
        return -torch.stack([by_psi, by_theta])

    def step(self, state: Tensor, lr: float, *, alternating: bool, n_critic: int = 1) -> Tensor:
        """Return ψ and θ (2,) after a step of gradient descent by both sides.

        Args:
            state: ψ and θ, (2,).
            lr: step size of both.
            alternating: whether the generator answers the critic's new ψ, after ``n_critic`` steps of it,
                instead of the one before its single step.
            n_critic: critic steps per generator step.
        """
        psi, theta = state.unbind()
        for _ in range(n_critic if alternating else 1):
            psi = self._project(psi - lr * torch.func.grad(self.critic_loss)(psi, theta))
        seen = psi if alternating else state[0]
        return torch.stack([psi, theta - lr * torch.func.grad(self.generator_loss, argnums=1)(seen, theta)])

    def eigenvalues(self) -> NDArray[np.complex128]:
        """Return the eigenvalues (2,) of the field's Jacobian at the equilibrium, ψ = θ = 0.

        NaN where the field does not come to rest there, so that there is no Jacobian.
        """
        # beside it, because a norm has no second derivative at 0 even where nothing comes of it
        rest = torch.full((2,), _BESIDE, dtype=torch.float64)
        if self._field_at(_NEARER) > self._field_at(_NEAR) / 2:
            return np.full(2, complex(math.nan, math.nan))
        jacobian = torch.func.jacrev(self.field)(rest).numpy().round(_DIGITS)
        found = np.linalg.eigvals(jacobian).astype(np.complex128)
        return found[np.argsort(-found.imag)] + 0.0  # no negative zeros

    def _field_at(self, distance: float) -> float:
        """Return the largest component of the field at points that far from the equilibrium on both axes."""
        points = (distance * torch.tensor(at, dtype=torch.float64) for at in ((1, 1), (-1, 1)))
        return float(torch.stack([self.field(point) for point in points]).abs().amax())

    def _score(self, psi: Tensor) -> Score:
        params = {"weight": psi.view(1, 1)}
        state = self.constraint.init(params, make_rng(0, "constraint"))
        weights, _ = self.constraint.reparameterize(params, state)
        knows_nothing = torch.zeros(1, dtype=psi.dtype)
        threshold = self.objective.threshold(knows_nothing, knows_nothing)
        return lambda x: (x @ weights["weight"]).squeeze(1) + threshold

    def _project(self, psi: Tensor) -> Tensor:
        return self.constraint.project({"weight": psi.view(1, 1)})["weight"].view(())
