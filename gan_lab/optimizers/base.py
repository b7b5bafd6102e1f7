"""What every optimizer offers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.config.checks import Settings
from gan_lab.types import OptimizerState


@dataclass(frozen=True)
class UpdateRule(Settings, ABC):
    """An elementwise rule from gradients to steps, as pure functions of one flat vector of parameters.

    All state is in tensors, the count of steps included, so that a rule runs under ``vmap`` and
    ``torch.compile`` and is saved with the rest. Nothing changes a tensor in place, so that a step can be
    differentiated by the gradient that it was made from; not where that gradient has been 0 at every step, as
    of a dead unit: a root mean square has no derivative there, and the result is NaN.
    """

    @abstractmethod
    def init(self, parameters: Tensor) -> OptimizerState:
        """Return the state before the first step, for parameters of shape (P,)."""

    @abstractmethod
    def update(self, gradient: Tensor, state: OptimizerState) -> tuple[Tensor, OptimizerState]:
        """Return the step (P,) to be *added* to the parameters, and the next state."""


def move_mean_square(mean_square: Tensor, gradient: Tensor, decay: float) -> Tensor:
    """Return decay s + (1 - decay) g² for a mean square s (P,) and a gradient g (P,).

    In as few passes over memory as can be, which is what large networks wait for.
    """
    return torch.addcmul(decay * mean_square, gradient, gradient, value=1 - decay)


def scaled_ratio(scale: float, numerator: Tensor, denominator: Tensor) -> Tensor:
    """Return scale · numerator / denominator of vectors (P,), in one pass."""
    return torch.addcdiv(numerator.new_zeros(()), numerator, denominator, value=scale)
