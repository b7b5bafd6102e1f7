"""The gradient penalty of DRAGAN, around the real samples."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from gan_lab.config.checks import PositiveFloat
from gan_lab.constraints.bounds import Bounds
from gan_lab.constraints.gradients import LOCAL, GradientConstraint, gradient_norms
from gan_lab.types import Score


@dataclass(frozen=True)
class DRAGAN(GradientConstraint):
    """The gradient penalty around real samples: λ E_x,δ (‖∇D(x + δ)‖₂ - 1)².

    δ = 1/2 std(X) U, with std over all entries of the batch X of real samples and U uniform on [0, 1)
    for each entry. Public code differs in δ. This is the perturbation of the authors' code without the
    second, per-sample factor on U[0, 1] by which that code moves from x towards x + δ; like that code,
    and unlike a centred perturbation, δ is never negative.

    Attributes:
        weight: λ; the paper uses 10.

    Reference:
        Kodali et al., "On Convergence and Stability of GANs", 2017.
    """

    table_row: ClassVar[Bounds] = LOCAL
    shares_batch: ClassVar[bool] = True

    weight: PositiveFloat = 10.0

    def noise_shape(self, data_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of a sample: every entry is perturbed on its own."""
        return data_shape

    def penalty(self, score: Score, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        """Return λ times the mean squared distance of the slopes around ``real`` from 1, as ()."""
        del fake
        perturbed = real + 0.5 * real.std(correction=0) * noise
        return self.weight * (gradient_norms(score, perturbed) - 1).square().mean()
