"""Spectral normalisation: every weight matrix of the critic divided by its largest singular value."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gan_lab.config.checks import PositiveInt
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import Bounds
from gan_lab.constraints.scales import divided, near_one
from gan_lab.types import ConstraintState, Params


@dataclass(frozen=True)
class SpectralNorm(Constraint):
    """Spectral normalisation: the critic is evaluated with W / σ(W) in place of each weight W.

    W is a parameter of two or more axes, seen as a matrix of one row per output, so that a convolution
    of shape (out, in, h, w) becomes (out, in h w). (The weight of a transposed convolution, which
    generators have, is (in, out, h, w): its rows are inputs.) σ(W), its largest singular value, is tracked by
    power iteration: v ← Wᵀu / ‖Wᵀu‖, u ← Wv / ‖Wv‖, σ = uᵀWv. One iteration per use is enough because
    W changes little in a step and u is kept between steps.

    The state holds u under the name of its parameter. u and v are constants to differentiation:
    at the singular vectors, dσ = uᵀ dW v exactly. A weight of zero, where W / σ(W) has no limit, stays zero
    and keeps its u, with a derivative of 1, so that it can be trained away from there.

    Attributes:
        power_iterations: how many power iterations each use makes; the paper makes 1.

    Reference:
        Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018, algorithm 1.
    """

    table_row: ClassVar[Bounds] = Bounds(
        none="everywhere",
        why="The gains of a normalisation are no matrices and stay free, so that no product of bounds holds.",
    )

    power_iterations: PositiveInt = 1

    def init(self, params: Params, rng: torch.Generator) -> ConstraintState:
        """Return a random unit vector u (out,) for every parameter of two or more axes."""
        return {name: _random_unit_vector(value, rng) for name, value in params.items() if value.ndim >= 2}

    def reparameterize(self, params: Params, state: ConstraintState) -> tuple[Params, ConstraintState]:
        """Return the parameters with each weight divided by its norm, and the next u of each."""
        normalised, next_state = dict(params), {}
        for name, left in state.items():
            norm, next_state[name] = spectral_norm(params[name], left, self.power_iterations)
            normalised[name] = divided(params[name], norm)
        return normalised, next_state


def spectral_norm(weight: Tensor, left: Tensor, power_iterations: int) -> tuple[Tensor, Tensor]:
    """Estimate the largest singular value of a weight by power iteration.

    Args:
        weight: W, (out, ...); flattened to a matrix of ``out`` rows.
        left: u, the present guess of the left singular vector, (out,).
        power_iterations: how often to improve it, at least 1.

    Returns:
        σ = uᵀWv (), differentiable by W alone, and the improved u (out,). Of W = 0 these are 0 and u itself.
    """
    matrix = weight.flatten(1)  # (out, rest)
    scale = near_one(matrix)
    fixed = matrix.detach() / scale
    right = torch.zeros_like(fixed[0])
    for _ in range(power_iterations):
        right = normalize(fixed.mT @ left, dim=0)  # (rest,)
        # a guess that lies across all columns has no image; the largest row is one that has
        right = torch.where(right.any(), right, _largest_row(fixed))
        image = normalize(fixed @ right, dim=0)  # (out,)
        left = torch.where(image.any(), image, left)
    return scale * (left @ (matrix / scale) @ right), left


def _largest_row(matrix: Tensor) -> Tensor:
    """Return the longest row of a matrix (m, n), brought to length 1: (n,); zeros of a matrix of zeros."""
    largest = torch.linalg.vector_norm(matrix, dim=1).argmax(keepdim=True)
    return normalize(matrix.index_select(0, largest)[0], dim=0)


def _random_unit_vector(weight: Tensor, rng: torch.Generator) -> Tensor:
    vector = torch.randn(weight.shape[0], generator=rng, device=rng.device, dtype=weight.dtype)
    return normalize(vector, dim=0).to(weight.device)
