"""Spectral normalisation: every weight matrix of the critic divided by its largest singular value."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from gan_lab.config.checks import UpToThousand
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import Bounds
from gan_lab.constraints.operator_norm import Convolutions, find_convolutions
from gan_lab.constraints.scales import divided, near_one
from gan_lab.numerics.draws import normal
from gan_lab.types import ConstraintState, Params


@dataclass(frozen=True)
class SpectralNorm(Constraint):
    """Spectral normalisation: the critic is evaluated with W / σ(W) in place of each weight W.

    W is a parameter of two or more axes, with ``norm=matrix`` seen as a matrix of one row per output: a
    convolution (out, in, h, w) becomes (out, in h w). (The weight of a transposed convolution, which
    generators have, is (in, out, h, w): its rows are inputs.) σ(W), its largest singular value, is tracked by
    power iteration: v ← Wᵀu / ‖Wᵀu‖, u ← Wv / ‖Wv‖, σ = uᵀWv. One iteration per use is enough because
    W changes little in a step and u is kept between steps.

    The state holds u under the name of its parameter. u and v are constants to differentiation:
    at the singular vectors, dσ = uᵀ dW v exactly. A weight of zero, where W / σ(W) has no limit, stays zero
    and keeps its u, with a derivative of 1, so that it can be trained away from there.

    The matrix of a convolution acts on patches, which overlap, so that the convolution's own norm mostly is
    larger, at most by √(⌈h / stride⌉ ⌈w / stride⌉): DCGAN's 4x4 kernels of stride 2 have 1.25 times the norm
    where they are random, and up to 2 times where they are constant. A critic so normalised has some K, which
    is not 1. ``norm=operator`` divides by that own norm: power iteration through the convolution itself and
    its transpose, with its stride and padding and at the size that it sees; u then is shaped as an output.
    Either norm is an estimate from below until u has settled.

    Attributes:
        power_iterations: how many power iterations each use makes; the paper makes 1.
        norm: ``matrix`` as published, ``operator`` for that of the convolution itself.

    Reference:
        Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018, algorithm 1.
    """

    table_row: ClassVar[Bounds] = Bounds(
        none="everywhere",
        why="The gains of a normalisation are no matrices and stay free, so that no product of bounds holds.",
    )

    power_iterations: UpToThousand = 1
    norm: Literal["matrix", "operator"] = "matrix"

    def bind(self, network: nn.Module, data_shape: tuple[int, ...]) -> Constraint:
        """Return the constraint that knows the network's convolutions, where it asks for their own norms."""
        if self.norm == "matrix":
            return self
        return BoundSpectralNorm(self.power_iterations, self.norm, find_convolutions(network, data_shape))

    def init(self, params: Params, rng: torch.Generator) -> ConstraintState:
        """Return a random unit vector u (out,) for every parameter of two or more axes."""
        assert self.norm == "matrix" or isinstance(self, BoundSpectralNorm), "call bind first"
        return {name: _random_unit_vector(value, rng) for name, value in params.items() if value.ndim >= 2}

    def reparameterize(self, params: Params, state: ConstraintState) -> tuple[Params, ConstraintState]:
        """Return the parameters with each weight divided by its norm, and the next u of each."""
        normalised, next_state = dict(params), {}
        for name, left in state.items():
            norm, next_state[name] = spectral_norm(params[name], left, self.power_iterations)
            normalised[name] = divided(params[name], norm)
        return normalised, next_state


@dataclass(frozen=True)
class BoundSpectralNorm(SpectralNorm):
    """Spectral normalisation by the own norms of the convolutions of one network; of other weights as before.

    Attributes:
        convolutions: of the network.
    """

    convolutions: Convolutions = field(default_factory=Convolutions)

    def init(self, params: Params, rng: torch.Generator) -> ConstraintState:
        """Return a random unit output for every convolution, and a unit vector for every other matrix."""
        return self.convolutions.init(params, rng) | super().init(self._others(params), rng)

    def reparameterize(self, params: Params, state: ConstraintState) -> tuple[Params, ConstraintState]:
        """Return the parameters with each weight divided by its norm, and the next u of each."""
        weights, following = self.convolutions.normalise(params, state, self.power_iterations)
        others, after = super().reparameterize(self._others(params), self._others(state))
        made = weights | others
        return {name: made[name] for name in params}, following | after

    def _others(self, tensors: Params) -> Params:
        return {name: value for name, value in tensors.items() if name not in self.convolutions.by_name}


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
    vector = normal((weight.shape[0],), rng, weight.dtype)
    return normalize(vector, dim=0).to(weight.device)
