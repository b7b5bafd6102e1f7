"""Gradient penalties on lines between real and generated samples: WGAN-GP and WGAN-LP."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from gan_lab.config.checks import PositiveFloat
from gan_lab.constraints.bounds import Bounds
from gan_lab.constraints.gradients import BETWEEN, GradientConstraint, gradient_norms
from gan_lab.types import Score


def interpolate(real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
    """Return x̂ = ε x + (1 - ε) x̃ for x in ``real`` and x̃ in ``fake``.

    Args:
        real: (B, *D).
        fake: (B, *D).
        noise: ε (B,), one number for a whole sample, so that x̂ lies on the straight line between them.
    """
    mix = noise.reshape(-1, *[1] * (real.ndim - 1))  # (B, 1, ..., 1)
    return mix * real + (1 - mix) * fake


@dataclass(frozen=True)
class GradientPenalty(GradientConstraint):
    """The two-sided gradient penalty of WGAN-GP: λ E_x̂ (‖∇D(x̂)‖₂ - 1)².

    The optimal critic of the Wasserstein distance has slope 1 almost everywhere on lines between
    coupled real and generated samples; this draws it towards slope 1, on lines between uncoupled ones.

    Drawn, not held: slopes just above 1 gain more score gap than they cost. Between two points, or two far
    clusters, the gap of the best critic is 1 + W1 / (2 λ) times W1.

    Attributes:
        weight: λ; the paper uses 10 throughout, the released code of its experiments in the plane 0.1.

    Reference:
        Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, equation 3 and algorithm 1.
    """

    table_row: ClassVar[Bounds] = BETWEEN

    weight: PositiveFloat = 10.0

    def noise_shape(self, data_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (): one ε per sample."""
        del data_shape
        return ()

    def penalty(self, score: Score, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        """Return λ times the mean squared distance of the slopes from 1, as ()."""
        norms = gradient_norms(score, interpolate(real, fake, noise))  # (B,)
        return self.weight * (norms - 1).square().mean()


@dataclass(frozen=True)
class OneSidedGradientPenalty(GradientConstraint):
    """The one-sided gradient penalty of WGAN-LP: λ E_x̂ max(0, ‖∇D(x̂)‖₂ - 1)².

    It asks for slopes of at most 1, which is all that the Lipschitz condition asks for.

    Attributes:
        weight: λ; the paper uses 5.

    Reference:
        Petzka et al., "On the regularization of Wasserstein GANs", 2018; of the ways to draw x̂ that it
        compares, this is the one of WGAN-GP.
    """

    table_row: ClassVar[Bounds] = BETWEEN

    weight: PositiveFloat = 5.0

    def noise_shape(self, data_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (): one ε per sample."""
        del data_shape
        return ()

    def penalty(self, score: Score, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        """Return λ times the mean square of what the slopes exceed 1 by, as ()."""
        norms = gradient_norms(score, interpolate(real, fake, noise))  # (B,)
        return self.weight * (norms - 1).relu().square().mean()
