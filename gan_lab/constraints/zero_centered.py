"""Zero-centred gradient penalties: R1 on real samples, R2 on generated ones."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from gan_lab.config.checks import PositiveFloat
from gan_lab.constraints.bounds import Bounds
from gan_lab.constraints.gradients import LOCAL, GradientConstraint, sample_gradients
from gan_lab.types import Score


@dataclass(frozen=True)
class R1(GradientConstraint):
    """The gradient penalty on real samples: γ/2 E_x ‖∇D(x)‖₂².

    The paper prints the factor 1/2 and γ = 10. Its released trainer adds reg_param E_x ‖∇D(x)‖₂² without the
    1/2, with reg_param = 10: twice the printed penalty, and ``weight=20`` here.

    Attributes:
        weight: γ; 10 as printed.

    Reference:
        Mescheder et al., "Which Training Methods for GANs do actually Converge?", 2018, equation 9.
    """

    table_row: ClassVar[Bounds] = LOCAL

    weight: PositiveFloat = 10.0

    def penalty(self, score: Score, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        """Return γ/2 times the mean squared slope at real samples, as ()."""
        del fake, noise
        return self.weight / 2 * mean_squared_slope(score, real)


@dataclass(frozen=True)
class R2(GradientConstraint):
    """The gradient penalty on generated samples: γ/2 E_x̃ ‖∇D(x̃)‖₂², printed and released as R1 is.

    Attributes:
        weight: γ, as in R1.

    Reference:
        Mescheder et al., "Which Training Methods for GANs do actually Converge?", 2018, equation 10.
    """

    table_row: ClassVar[Bounds] = LOCAL

    weight: PositiveFloat = 10.0

    def penalty(self, score: Score, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        """Return γ/2 times the mean squared slope at generated samples, as ()."""
        del real, noise
        return self.weight / 2 * mean_squared_slope(score, fake)


def mean_squared_slope(score: Score, points: Tensor) -> Tensor:
    """Return the mean of ‖∇D(x_i)‖₂² over the points (B, *D), as ()."""
    return sample_gradients(score, points).square().sum(dim=1).mean()
