"""DCGANs of any depth, activation and normalisation: the space that WGAN-GP's table 1 draws from."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.architectures.dcgan import Norm, doublings, init_dcgan, normalisation
from gan_lab.architectures.shapes import Samples, require_dcgan_images
from gan_lab.config.checks import Depth, PositiveInt
from gan_lab.config.errors import BadValueError

Activation = Literal["relu", "leaky_relu", "smooth_relu", "tanh"]


class SmoothReLU(nn.Module):
    """softplus(2x + 2) / 2 − 1: a ReLU with a second derivative, which gradient penalties see."""

    steep_by_weights_alone = True

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation of x, elementwise."""
        return F.softplus(2 * x + 2) / 2 - 1


@dataclass(frozen=True)
class DeepGenerator(GeneratorArchitecture):
    """DCGAN's generator with 3x3 convolutions between its doublings, as evenly as they divide.

    Attributes:
        width: filters of the last hidden layer; each earlier map has twice as many as the next.
        depth: convolutions in all; DCGAN's own are the first, one per doubling.
        activation: after every layer but the last.
        norm: before every activation.

    Reference:
        Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, table 1. How its code places further
        layers is not published; weights start from N(0, 0.02²) as in DCGAN.
    """

    samples: ClassVar[Samples] = "dcgan_images"

    width: PositiveInt = 64
    depth: Depth = 8
    activation: Activation = "relu"
    norm: Norm = "batch"

    def build(self, latent_dim: int, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a generator of images: latents (B, Z) to (B, C, size, size) in [-1, 1].

        Raises:
            UserError: if the samples are not square images of 16, 32, 64 or 128 pixels, or there are fewer
                layers than doublings need.
        """
        channels, size = require_dcgan_images("generator", data_shape)
        filters = [self.width * 2**level for level in reversed(range(doublings(size)))]
        further = further_layers("generator", self.depth, doublings(size))
        bias = self.norm == "none"
        layers: list[nn.Module] = [nn.Unflatten(1, (latent_dim, 1, 1))]
        layers += [nn.ConvTranspose2d(latent_dim, filters[0], 4, 1, 0, bias=bias)]
        for count, before, after in zip(further, filters, [*filters[1:], channels], strict=True):
            for _ in range(count):
                layers += [*normalisation(self.norm, before), activation(self.activation)]
                layers += [nn.Conv2d(before, before, 3, 1, 1, bias=bias)]
            layers += [*normalisation(self.norm, before), activation(self.activation)]
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias)]
        return nn.Sequential(*layers, nn.Tanh()).apply(init_dcgan)


@dataclass(frozen=True)
class DeepCritic(CriticArchitecture):
    """DCGAN's critic with 3x3 convolutions between its halvings, as evenly as they divide.

    Attributes:
        width: filters of the first layer; each later map has twice as many.
        depth: convolutions in all, the last, which makes the score, included.
        activation: after every layer but the last.
        norm: before every activation but the first.

    Reference:
        As for the generator.
    """

    samples: ClassVar[Samples] = "dcgan_images"

    width: PositiveInt = 64
    depth: Depth = 8
    activation: Activation = "leaky_relu"
    norm: Norm = "batch"

    def build(self, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a critic of images: (B, C, size, size) to scores (B,).

        Raises:
            UserError: as for the generator.
        """
        channels, size = require_dcgan_images("critic", data_shape)
        filters = [self.width * 2**level for level in range(doublings(size))]
        further = further_layers("critic", self.depth, doublings(size))
        bias = self.norm == "none"
        layers: list[nn.Module] = []
        for count, (before, after) in zip(further, pairwise([channels, *filters]), strict=True):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=bias)]
            layers += normalisation(self.norm, after) if before != channels else []
            layers += [activation(self.activation)]
            for _ in range(count):
                layers += [nn.Conv2d(after, after, 3, 1, 1, bias=bias)]
                layers += [*normalisation(self.norm, after), activation(self.activation)]
        layers += [nn.Conv2d(filters[-1], 1, 4, 1, 0, bias=bias), nn.Flatten(0)]
        return nn.Sequential(*layers).apply(init_dcgan)


def further_layers(role: str, depth: int, sizes: int) -> list[int]:
    """Return how many convolutions come in addition at each of the sizes that maps have, large numbers first.

    Raises:
        BadValueError: if the depth is less than what the sizes need: a layer each, and one at the end.
    """
    fewest = sizes + 1
    if depth < fewest:
        raise BadValueError(f"architecture.{role}.depth", f"at least {fewest} for images of this size", depth)
    each, rest = divmod(depth - fewest, sizes)
    return [each + (place < rest) for place in range(sizes)]


def activation(name: Activation) -> nn.Module:
    """Return the layer of an activation."""
    layers: dict[str, nn.Module] = {
        "relu": nn.ReLU(),
        "leaky_relu": nn.LeakyReLU(0.2),
        "smooth_relu": SmoothReLU(),
        "tanh": nn.Tanh(),
    }
    return layers[name]
