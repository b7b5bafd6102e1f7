"""RMSprop (Tieleman and Hinton, 2012, lecture 6.5 of Neural Networks for Machine Learning)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.config.checks import Decay, PositiveFloat
from gan_lab.optimizers.base import UpdateRule, move_mean_square, scaled_ratio
from gan_lab.types import OptimizerState


@dataclass(frozen=True)
class RMSprop(UpdateRule):
    """Divide the gradient by a running root mean square of itself, as ``torch.optim.RMSprop`` does.

    Attributes:
        lr: learning rate.
        alpha: decay of the mean square per step.
        eps: added to the root.
    """

    lr: PositiveFloat = 5e-5
    alpha: Decay = 0.99
    eps: PositiveFloat = 1e-8

    def init(self, parameters: Tensor) -> OptimizerState:
        """Return a mean square of zero, for parameters of shape (P,)."""
        return {"mean_square": torch.zeros_like(parameters)}

    def update(self, gradient: Tensor, state: OptimizerState) -> tuple[Tensor, OptimizerState]:
        """Return -lr g / (sqrt(s) + eps) with s = alpha s + (1 - alpha) g^2, and the next state.

        Args:
            gradient: g, (P,).
            state: ``mean_square`` s, (P,).
        """
        mean_square = move_mean_square(state["mean_square"], gradient, self.alpha)
        step = scaled_ratio(-self.lr, gradient, mean_square.sqrt() + self.eps)
        return step, {"mean_square": mean_square}
