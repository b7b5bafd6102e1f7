"""What a discriminator tells a frozen generator: the size of the gradient, its noise and its tails."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from gan_lab.config.checks import Rule
from gan_lab.constraints.gradients import gradient_norms
from gan_lab.lectures.frozen.frozen_generators import FrozenGenerator
from gan_lab.objectives.gan import GAN
from gan_lab.types import Score

Several = Annotated[int, Rule("a whole number, 2 or greater", lambda v: v >= 2)]

_MOST_COORDINATES = 4096


@dataclass(frozen=True)
class GradientSize:
    """What the generator's gradients on several batches of latents come to, against one discriminator.

    Attributes:
        mean: their mean (P,).
        smallest: least norm of a batch's gradient.
        largest: greatest norm of a batch's gradient.
        variance: expected squared distance of a batch's gradient from its expectation.
    """

    mean: Tensor
    smallest: float
    largest: float
    variance: float

    @property
    def norm(self) -> float:
        """The norm of the mean."""
        return float(torch.linalg.vector_norm(self.mean))

    @property
    def noise(self) -> float:
        """The standard deviation over the norm of the mean: above 1, a step is more chance than signal."""
        return math.sqrt(self.variance) / self.norm if self.norm > 0 else math.nan


def measure_gradient(
    generator: FrozenGenerator, objective: GAN, score: Score, batches: Sequence[Tensor]
) -> GradientSize:
    """Differentiate the generator's cost on each of two or more batches of latents (B, Z).

    Args:
        generator: by whose parameters.
        objective: whose cost of the generator, the discriminator held fixed.
        score: the discriminator's raw score; it can be differentiated by the samples.
        batches: latents, the same for every discriminator that is to be compared.
    """
    gradients = batch_gradients(generator, objective, score, batches)
    mean, norms = gradients.mean(0), torch.linalg.vector_norm(gradients, dim=1)
    # unbiased: one degree of freedom went into the mean
    variance = float((gradients - mean).square().sum()) / (len(batches) - 1)
    return GradientSize(mean, float(norms.min()), float(norms.max()), variance)


def batch_gradients(
    generator: FrozenGenerator, objective: GAN, score: Score, batches: Sequence[Tensor]
) -> Tensor:
    """Return the gradient of the generator's cost on each of n batches of latents (B, Z), as (n, P)."""

    def cost(samples: Tensor) -> Tensor:
        scores = score(samples)
        # neither cost of the standard GAN depends on real samples
        return objective.generator_loss(scores, scores)

    return torch.stack([generator.gradient(cost, latents) for latents in batches])


def jacobian_norm(generator: FrozenGenerator, batches: Sequence[Tensor], rng: torch.Generator) -> float:
    """Estimate M = sqrt(E ‖J(z)‖²) of theorem 2.4, J the Jacobian of a sample by the generator's parameters.

    In the Frobenius norm, which is at least the spectral one: for standard normal u_i, the squared norm of
    sum_i J(z_i)ᵀ u_i has the expectation sum_i ‖J(z_i)‖².

    Args:
        generator: whose samples; batch normalisation would make one sample depend on all latents.
        batches: latents (B, Z).
        rng: of u.
    """
    squares = []
    for latents in batches:
        gradient = generator.gradient(_along_noise(rng), latents)
        squares.append(float(gradient.square().sum()) / len(latents))
    return math.sqrt(sum(squares) / len(squares))


def distance_from_perfect(score: Score, fake: Tensor) -> float:
    """Return sup |D - D*| + sup ‖∇D - ∇D*‖ over generated samples, where the perfect D* and ∇D* are 0.

    The norm of theorem 2.4, as far as these samples (n, *D) show it.
    """
    largest = float(score(fake).sigmoid().max())
    return largest + float(gradient_norms(lambda x: score(x).sigmoid(), fake).max())


def gradients_under_white_noise(
    generator: FrozenGenerator, latents: Tensor, draws: int, rng: torch.Generator
) -> Tensor:
    """Return gradients of -E log D for perfect discriminators with white noise, as theorem 2.6 assumes them.

    At a generated sample x_i, D = ε_i and ∇D = r_i are independent standard normal numbers, so that the
    gradient is -mean_i J(z_i)ᵀ r_i / ε_i. (A D outside of [0, 1] has no meaning but this; the scale of either
    noise scales the gradient and changes nothing else.)

    Args:
        generator: by whose parameters.
        latents: the one batch (B, Z) of all draws.
        draws: of the noise.
        rng: of the noise.

    Returns:
        (draws, P): each coordinate has a centred Cauchy distribution.
    """
    along_noise = _along_noise(rng)

    def cost(samples: Tensor) -> Tensor:
        discriminator = torch.randn(len(samples), generator=rng).view(-1, *[1] * (samples.ndim - 1))
        return -along_noise(samples / discriminator) / len(samples)

    return torch.stack([generator.gradient(cost, latents) for _ in range(draws)])


def tail_shares(gradients: Tensor, thresholds: Sequence[float]) -> list[float]:
    """Return the share of coordinates further from their median than multiples of the usual distance.

    The usual distance is the median one, of each coordinate its own. Of the Cauchy distribution the share is
    1 - (2/π) arctan(s), of the normal one 2 Φ(-0.6745 s).

    Args:
        gradients: n samples of each of P coordinates, (n, P); a few thousand of them, evenly chosen, stand
            for all. Those that hardly ever change do not count.
        thresholds: s, in median distances.
    """
    chosen = gradients[:, :: max(1, gradients.shape[1] // _MOST_COORDINATES)]
    distances = (chosen - chosen.median(0).values).abs()
    usual = distances.median(0).values
    relative = distances[:, usual > 0] / usual[usual > 0]
    return [float((relative > threshold).float().mean()) for threshold in thresholds]


def _along_noise(rng: torch.Generator) -> Callable[[Tensor], Tensor]:
    """Return x -> sum of u x, with u standard normal, drawn afresh, and of the shape of x."""

    def product(samples: Tensor) -> Tensor:
        return (samples * torch.randn(samples.shape, generator=rng)).sum()

    return product
