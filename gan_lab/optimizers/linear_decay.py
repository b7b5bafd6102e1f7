"""Any optimizer with steps that shrink to nothing: what a fit to the optimum ends with."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.config.checks import PositiveInt
from gan_lab.optimizers.base import UpdateRule
from gan_lab.types import OptimizerState


@dataclass(frozen=True)
class LinearDecay(UpdateRule):
    """Scale another rule's steps by a factor that falls linearly from 1 to 0.

    Step k of K, counted from 0, is (1 - k / K) times what ``rule`` would take; from step K on there is none.

    Attributes:
        rule: whose steps are scaled.
        steps: K.

    Reference:
        Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, appendix F, which decays the rate so.
    """

    rule: UpdateRule
    steps: PositiveInt

    def init(self, parameters: Tensor) -> OptimizerState:
        """Return the other rule's state and how many steps were taken, for parameters of shape (P,)."""
        return {"taken": parameters.new_zeros(()), **self.rule.init(parameters)}

    def update(self, gradient: Tensor, state: OptimizerState) -> tuple[Tensor, OptimizerState]:
        """Return the scaled step (P,) and the next state."""
        step, next_state = self.rule.update(gradient, state)
        factor = torch.clamp(1 - state["taken"] / self.steps, min=0)
        return factor * step, {**next_state, "taken": state["taken"] + 1}
