"""Projection of the weights onto a norm ball, of which clipping is the one of the largest absolute value."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gan_lab.config.checks import PositiveFloat
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import OF_ALL_PARAMETERS, Bounds
from gan_lab.types import Params


@dataclass(frozen=True)
class NormBall(Constraint):
    """After each step the weights outside a ball move to the nearest point of it.

    In the norm l2 a vector w outside becomes r w / ‖w‖₂: its direction stays. In linf every coordinate is
    clamped to [-r, r], which is weight clipping. The vector is one layer's parameters, weight and bias
    together, or those of the whole network. As with clipping, parameters of normalisation layers count, and
    the initial ones need not lie in the ball.

    By how much it does: with l2, ‖W‖₂ ≤ ‖W‖_F ≤ r for every layer, so that a network of L linear layers with
    activations of slope at most 1 has a Lipschitz constant of at most r^L; with the ball over the whole
    network, at most (r / √L)^L, by the inequality of the means. A convolution in whose patches a pixel is up
    to k times has √k r in the place of r. With linf it is clipping's product of r √(n_in n_out). Batch, layer
    and instance normalisation divide by what they are given, and with them none of these products holds. What
    is bounded is the slope and not known exactly: the critic estimates at most that bound times W1.

    Attributes:
        radius: r, in the unit of the parameters.
        norm: ``l2`` or ``linf``.
        scope: ``layer`` for a ball to each layer, ``network`` for one ball.

    Reference:
        Arjovsky et al., "Wasserstein GAN", 2017, section 3, which reports "projecting the weights to a
        sphere" to differ little from clipping.
    """

    table_row: ClassVar[Bounds] = OF_ALL_PARAMETERS

    radius: PositiveFloat = 1.0
    norm: Literal["l2", "linf"] = "l2"
    scope: Literal["layer", "network"] = "layer"

    def project(self, params: Params) -> Params:
        """Return the nearest parameters whose layers, or which all together, lie in the ball."""
        if self.norm == "linf":
            return {name: value.clamp(-self.radius, self.radius) for name, value in params.items()}
        scales = {key: self._scale(values) for key, values in self._balls(params).items()}
        return {name: value * scales[self._ball_of(name)] for name, value in params.items()}

    def _balls(self, params: Params) -> dict[str, list[Tensor]]:
        balls: dict[str, list[Tensor]] = {}
        for name, value in params.items():
            balls.setdefault(self._ball_of(name), []).append(value)
        return balls

    def _ball_of(self, name: str) -> str:
        """Return the layer that a parameter belongs to, which its name begins with, or the network."""
        return name.rpartition(".")[0] if self.scope == "layer" else ""

    def _scale(self, values: list[Tensor]) -> Tensor:
        """Return r / max(r, ‖w‖₂) (): exactly 1 inside the ball."""
        vector = torch.cat([value.flatten() for value in values])
        # divided by the largest first, lest squares overflow
        largest = vector.abs().amax().clamp_min(torch.finfo(vector.dtype).tiny)
        length = largest * torch.linalg.vector_norm(vector / largest)
        scale: Tensor = self.radius / length.clamp_min(self.radius)
        return scale
