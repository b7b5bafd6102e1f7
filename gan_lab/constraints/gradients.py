"""Gradients of the critic's score by its input, one per sample: what gradient penalties are made of."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import Bounds
from gan_lab.numerics.derivatives import input_gradients
from gan_lab.types import Score

_MIXED = (
    "Batch norm mixes the samples of a batch, so that the gradient by a sample is one of all scores, and the "
    "penalty is on something else."
)

LOCAL = Bounds("local", "local", "nothing", "local", why=_MIXED)
"""The row of a penalty at some samples."""

BETWEEN = Bounds("between", "between", "nothing", "between", why=_MIXED)
"""The row of a penalty that draws slopes on the way between real and generated samples to 1, or below it."""


@dataclass(frozen=True)
class GradientConstraint(Constraint, ABC):
    """A penalty on the gradient of the score by each sample.

    No critic with batch normalisation can be held to it: its scores have no gradient of their own.
    """

    @abstractmethod
    def penalty(self, score: Score, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        """Return the term () added to the critic's loss."""


def sample_gradients(score: Score, points: Tensor) -> Tensor:
    """Differentiate the score of each sample by that sample.

    The gradient of the *sum* of scores holds all of them in one backward pass: sample i appears in no
    score but its own, so d/dx_i Σ_j D(x_j) = ∇D(x_i). Batch normalisation breaks this, because every
    score then depends on every sample through the batch's statistics.

    Args:
        score: the critic, samples (B, *D) to scores (B,).
        points: where to differentiate, (B, *D).

    Returns:
        The gradients, flattened: (B, number of entries in D).
    """
    return input_gradients(score, points).flatten(1)


def gradient_norms(score: Score, points: Tensor) -> Tensor:
    """Return ‖∇D(x_i)‖₂ for each of the points (B, *D): (B,).

    Where a gradient vanishes, the derivative of its norm is taken to be 0, a subgradient;
    ``vector_norm`` does so in its backward pass, whereas √(Σg²) would give NaN and √(Σg² + ε) a
    biased norm.
    """
    norms: Tensor = torch.linalg.vector_norm(sample_gradients(score, points), dim=1)
    return norms
