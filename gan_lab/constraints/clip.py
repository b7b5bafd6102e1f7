"""Weight clipping, the constraint of the original WGAN."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from gan_lab.config.checks import PositiveFloat
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import OF_ALL_PARAMETERS, Bounds
from gan_lab.tags.names import AT_CLIP
from gan_lab.types import Measurements, Params


@dataclass(frozen=True)
class WeightClip(Constraint):
    """Weight clipping: after each step every critic parameter is clamped to [-c, c].

    All parameters are clamped, those of normalisation layers too, as in the released code. That code
    clamps before each step, which leaves the parameters outside the box after the last one; here, as in
    the paper's algorithm, they lie in it after every step (the initial ones need not).

    Where the box bounds the critic's Lipschitz constant, it does so by some K that is not known: the critic
    estimates K times the Wasserstein distance at best.

    Attributes:
        bound: c, in the unit of the parameters; the paper uses 0.01.

    Reference:
        Arjovsky et al., "Wasserstein GAN", 2017, algorithm 1, line 7.
    """

    table_row: ClassVar[Bounds] = OF_ALL_PARAMETERS

    bound: PositiveFloat = 0.01

    def project(self, params: Params) -> Params:
        """Return the parameters clamped to [-c, c]."""
        return {name: value.clamp(-self.bound, self.bound) for name, value in params.items()}

    def measure(self, params: Params) -> Measurements:
        """Return the fraction of parameters that lie on the edge of the box."""
        flat = torch.cat([value.flatten() for value in params.values()])  # (P,)
        return {AT_CLIP: (flat.abs() >= self.bound).sum() / len(flat)}
