"""Fully connected networks for images."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.architectures.shapes import Samples, require_images
from gan_lab.config.checks import Depth, PositiveInt


def linear_layers(
    inputs: int, width: int, depth: int, outputs: int, activation: Callable[[], nn.Module] = nn.ReLU
) -> list[nn.Module]:
    """Return ``depth`` hidden layers of ``width`` with an activation, then a linear one to ``outputs``."""
    layers: list[nn.Module] = []
    for fan_in in [inputs, *[width] * (depth - 1)]:
        layers += [nn.Linear(fan_in, width), activation()]
    return [*layers, nn.Linear(width, outputs)]


@dataclass(frozen=True)
class MLPGenerator(GeneratorArchitecture):
    """A perceptron with ReLU, from latents to all pixels at once, ending in tanh.

    The paper's has 4 hidden layers of 512. The released code's (``MLP_G``) has 3 and no tanh; the tanh
    here keeps images in [-1, 1], as in the code of "Improved Training of Wasserstein GANs", 2017.
    Weights start as torch's linear layers do, as in the released code.

    Attributes:
        width: units of each hidden layer.
        depth: hidden layers.

    Reference:
        Arjovsky et al., "Wasserstein GAN", 2017, section 4.3 and figure 7.
    """

    samples: ClassVar[Samples] = "images"

    width: PositiveInt = 512
    depth: Depth = 4

    def build(self, latent_dim: int, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a generator of images: latents (B, Z) to (B, C, H, W) in [-1, 1].

        Raises:
            UserError: if the samples are not images.
        """
        shape = require_images("generator", data_shape)
        layers = linear_layers(latent_dim, self.width, self.depth, math.prod(shape))
        return nn.Sequential(*layers, nn.Tanh(), nn.Unflatten(1, shape))


@dataclass(frozen=True)
class MLPCritic(CriticArchitecture):
    """A perceptron with ReLU, from all pixels to one number; the released code's has 3 hidden layers.

    Weights start as torch's linear layers do, as in the released code.

    Attributes:
        width: units of each hidden layer.
        depth: hidden layers.

    Reference:
        Arjovsky et al., "Wasserstein GAN", 2017, section 4.2 and figure 3.
    """

    samples: ClassVar[Samples] = "images"

    width: PositiveInt = 512
    depth: Depth = 4

    def build(self, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a critic of images: (B, C, H, W) to scores (B,).

        Raises:
            UserError: if the samples are not images.
        """
        shape = require_images("critic", data_shape)
        layers = linear_layers(math.prod(shape), self.width, self.depth, 1)
        return nn.Sequential(nn.Flatten(), *layers, nn.Flatten(0))
