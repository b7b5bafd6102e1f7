"""Orthonormal weights: every singular value of each weight matrix of the critic brought to 1."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gan_lab.config.checks import UpToThousand
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import Bounds
from gan_lab.constraints.scales import divided, near_one
from gan_lab.types import ConstraintState, Params


@dataclass(frozen=True)
class Bjorck(Constraint):
    """Björck orthonormalisation: the critic is evaluated with the orthonormal matrix nearest to each weight.

    W is a parameter of two or more axes, seen as a matrix of one row per output as for spectral
    normalisation. From A = W / s with s ≥ σ(W), repeat A ← A (I + ½ (I − AᵀA)), the iteration of order 1 with
    β = ½: each singular value a becomes a (3 − a²) / 2, which rises from anywhere in (0, 1] to 1. The limit
    is the polar factor of W, whose rows (or columns, if these are fewer) are orthonormal. A singular value of
    zero stays zero, with the finite derivative that the iteration has there; so does a weight of zeros.

    No singular value exceeds 1 after any number of iterations, up to rounding, so that a perceptron with
    1-Lipschitz activations is 1-Lipschitz at once. Spectral normalisation promises as much when it has
    settled, but leaves all but the largest value below 1: gradients then shrink from layer to layer. Here a
    layer with no more outputs than inputs keeps the length of every gradient that comes down through it, and
    one with more, such as the first of a critic of the plane, of those that lie in its range: training has
    to turn them there.

    A convolution (out, in, h, w) becomes the matrix (out, in h w) that acts on patches. Each entry of the
    input lies in at most ⌈h / stride⌉ ⌈w / stride⌉ patches, so that the layer is Lipschitz with
    √(⌈h / stride⌉ ⌈w / stride⌉): 2 for DCGAN's 4x4 kernels of stride 2, and only an upper bound. (Divided by
    its own norm, as spectral normalisation offers it, the matrix would be orthonormal no more.)

    Attributes:
        iterations: per use; each multiplies small singular values by 3/2. 20 bring to 1 what is at least a
            thousandth of the bound that the matrix is first divided by: up to m^⅛ times the largest.

    Reference:
        Björck and Bowie, "An iterative algorithm for computing the best estimate of an orthogonal matrix",
        1971; Anil et al., "Sorting out Lipschitz function approximation", 2019, section 4.2.1.
    """

    table_row: ClassVar[Bounds] = Bounds(
        none="everywhere",
        why="The gains of a normalisation are no matrices and stay free, so that no product of bounds holds.",
    )

    iterations: UpToThousand = 20

    def reparameterize(self, params: Params, state: ConstraintState) -> tuple[Params, ConstraintState]:
        """Return the parameters with each weight orthonormalised; there is no state."""
        weights = {
            name: orthonormalize(value, self.iterations) for name, value in params.items() if value.ndim >= 2
        }
        return {**params, **weights}, state


def orthonormalize(weight: Tensor, iterations: int) -> Tensor:
    """Return the matrix that Björck's iteration reaches from a weight, in the weight's shape.

    Args:
        weight: W, (out, ...); flattened to a matrix of ``out`` rows.
        iterations: how many, at least 1.
    """
    matrix = weight.flatten(1)
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT  # whose A Aᵀ is the smaller one
    # the limit does not depend on the scale, which therefore is a constant to differentiation
    a = divided(wide, singular_bound(wide.detach()))
    for _ in range(iterations):
        a = torch.addmm(a, a @ a.mT, a, beta=1.5, alpha=-0.5)
    return (a if wide is matrix else a.mT).reshape(weight.shape)


def singular_bound(matrix: Tensor) -> Tensor:
    """Return (Σ_i σ_i⁸)^⅛ ≥ σ_1 of a matrix (m, n) as (), at most m^⅛ times too large.

    Exact for a single row or column, and for zeros. From the Gram matrix alone: ‖(A Aᵀ)²‖_F = √(Σ σ_i⁸).
    """
    extreme = near_one(matrix)
    scale = torch.linalg.matrix_norm(matrix / extreme)
    scaled = divided(matrix / extreme, scale)
    square = torch.linalg.matrix_power(scaled @ scaled.mT, 2)
    bound: Tensor = extreme * (scale * torch.linalg.matrix_norm(square).pow(0.25))
    return bound
