"""The smallest generator: an affine map of the latents."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from gan_lab.architectures.base import GeneratorArchitecture
from gan_lab.architectures.shapes import Samples, require_vectors
from gan_lab.config.checks import PositiveFloat


@dataclass(frozen=True)
class AffineGenerator(GeneratorArchitecture):
    """x = b + A z: a Gaussian of mean b and covariance A Aᵀ, for standard normal latents.

    On the line, with one latent, it is the generator mu + sigma z of f-GAN's Gaussian fits, whose only
    parameters are ``bias``, mu, and ``weight``, sigma up to its sign. It starts at b = 0 and A = scale I.

    Attributes:
        scale: standard deviation of the first samples along each axis that a latent has been given to.

    Reference:
        Nowozin et al., "f-GAN: Training Generative Neural Samplers using Variational Divergence
        Minimization", 2016, section 2.5.
    """

    samples: ClassVar[Samples] = "vectors"

    scale: PositiveFloat = 1.0

    def build(self, latent_dim: int, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a generator of vectors: latents (B, Z) to (B, d).

        Raises:
            UserError: if the samples are not vectors.
        """
        dimension = require_vectors("generator", data_shape)
        affine = nn.Linear(latent_dim, dimension)
        with torch.no_grad():
            affine.weight.copy_(self.scale * torch.eye(dimension, latent_dim))
            affine.bias.zero_()
        return affine
