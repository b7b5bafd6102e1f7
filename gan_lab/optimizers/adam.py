"""Adam (Kingma and Ba, 2015, arXiv 1412.6980)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.config.checks import Decay, PositiveFloat
from gan_lab.optimizers.base import UpdateRule, move_mean_square, scaled_ratio
from gan_lab.types import OptimizerState


@dataclass(frozen=True)
class Adam(UpdateRule):
    """Divide a running mean of the gradient by its running root mean square, as ``torch.optim.Adam`` does.

    Attributes:
        lr: learning rate.
        beta1: decay of the mean per step; 0 keeps no momentum.
        beta2: decay of the mean square per step.
        eps: added to the root.
    """

    lr: PositiveFloat = 2e-4
    beta1: Decay = 0.5
    beta2: Decay = 0.999
    eps: PositiveFloat = 1e-8

    def init(self, parameters: Tensor) -> OptimizerState:
        """Return zero moments and a zero count, for parameters of shape (P,)."""
        return {
            "count": parameters.new_zeros(()),
            "mean": torch.zeros_like(parameters),
            "mean_square": torch.zeros_like(parameters),
        }

    def update(self, gradient: Tensor, state: OptimizerState) -> tuple[Tensor, OptimizerState]:
        """Return -lr m' / (sqrt(s') + eps) and the next state (Algorithm 1 of the paper).

        The moments m = beta1 m + (1 - beta1) g and s = beta2 s + (1 - beta2) g^2 start at zero, which
        m' = m / (1 - beta1^k) and s' = s / (1 - beta2^k) correct at step k.

        Args:
            gradient: g, (P,).
            state: ``count`` k - 1, (); ``mean`` m, (P,); ``mean_square`` s, (P,).
        """
        count = state["count"] + 1
        mean = torch.add(self.beta1 * state["mean"], gradient, alpha=1 - self.beta1)
        mean_square = move_mean_square(state["mean_square"], gradient, self.beta2)
        of_mean, of_square = bias_correction(self.beta1, count), bias_correction(self.beta2, count)
        # both sides of the fraction times of_mean: corrections are numbers, and vectors are read less often;
        # nothing in place, so that a generator can be differentiated through the critic's steps
        root = (mean_square * (of_mean.square() / of_square)).sqrt() + self.eps * of_mean
        step = scaled_ratio(-self.lr, mean, root)
        return step, {"count": count, "mean": mean, "mean_square": mean_square}


def bias_correction(decay: float, count: Tensor) -> Tensor:
    """Return 1 - decay^count, (), for count >= 1.

    Through expm1, because in float32 the plain difference loses four digits at 1 - 0.999.
    """
    log_decay = math.log(decay) if decay > 0 else -math.inf
    return -torch.expm1(count * log_decay)
