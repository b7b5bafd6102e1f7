"""DCGAN: strided convolutions and no fully connected layer, as in the released code of WGAN."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

from torch import nn

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.architectures.shapes import Samples, require_dcgan_images
from gan_lab.config.checks import PositiveInt

Norm = Literal["batch", "layer", "none"]


@dataclass(frozen=True)
class DCGANGenerator(GeneratorArchitecture):
    """Transposed convolutions from a 4x4 map up to the image, halving the filters at each doubling.

    A 4x4 kernel throughout, without bias; batch normalisation and ReLU after each layer but the last,
    which ends in tanh. Batch normalisation always uses the statistics of its batch.

    Attributes:
        width: filters of the last hidden layer; a 64x64 image starts from 8 times as many.

    Reference:
        Radford et al., "Unsupervised Representation Learning with Deep Convolutional Generative
        Adversarial Networks", 2016; ``DCGAN_G`` in the code released with "Wasserstein GAN", 2017.
    """

    samples: ClassVar[Samples] = "dcgan_images"

    width: PositiveInt = 64

    def build(self, latent_dim: int, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a generator of images: latents (B, Z) to (B, C, size, size) in [-1, 1].

        Raises:
            UserError: if the samples are not square images of 16, 32, 64 or 128 pixels.
        """
        channels, size = require_dcgan_images("generator", data_shape)
        filters = [self.width * 2**level for level in reversed(range(doublings(size)))]
        return transposed_convolutions(latent_dim, filters, channels, "batch")


@dataclass(frozen=True)
class DCGANCritic(CriticArchitecture):
    """Strided convolutions down to a 4x4 map, doubling the filters at each halving, then one number.

    A 4x4 kernel throughout and LeakyReLU of slope 0.2; normalisation after each convolution but the
    first and the last. With ``batch`` it is the released critic, which has no bias anywhere. ``layer``
    swaps the normalisation alone, for penalties that batch normalisation breaks: statistics over all
    of one sample, a gain and a shift per channel. ``none`` has no shifts of a normalisation left, and
    without any D(a x) = a D(x) would hold for a > 0; there convolutions have a bias.

    Attributes:
        width: filters of the first layer.
        norm: what normalises hidden layers.

    Reference:
        ``DCGAN_D`` in the code released with Arjovsky et al., "Wasserstein GAN", 2017; layer
        normalisation from Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, section 4.
    """

    samples: ClassVar[Samples] = "dcgan_images"

    width: PositiveInt = 64
    norm: Norm = "batch"

    def build(self, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a critic of images: (B, C, size, size) to scores (B,).

        Raises:
            UserError: if the samples are not square images of 16, 32, 64 or 128 pixels.
        """
        channels, size = require_dcgan_images("critic", data_shape)
        filters = [self.width * 2**level for level in range(doublings(size))]
        bias = self.norm == "none"
        layers: list[nn.Module] = [nn.Conv2d(channels, filters[0], 4, 2, 1, bias=bias), nn.LeakyReLU(0.2)]
        for before, after in pairwise(filters):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=bias), *normalisation(self.norm, after)]
            layers += [nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(filters[-1], 1, 4, 1, 0, bias=bias), nn.Flatten(0)]
        return nn.Sequential(*layers).apply(init_dcgan)


def doublings(size: int) -> int:
    """Return how many doublings lead from 4 pixels to ``size``, 4 times a power of two."""
    return (size // 4).bit_length() - 1


def transposed_convolutions(latent_dim: int, filters: list[int], channels: int, norm: Norm) -> nn.Sequential:
    """Return DCGAN's generator, initialised.

    Args:
        latent_dim: Z.
        filters: filters of the hidden layers; the first makes a 4x4 map, each other doubles its size.
        channels: of the image, which is made by a last doubling.
        norm: what follows each hidden layer; convolutions have a bias where it is ``none``.

    Returns:
        Latents (B, Z) to images (B, channels, 4 · 2ⁿ, 4 · 2ⁿ) in [-1, 1], for n hidden layers.
    """
    bias = norm == "none"
    layers: list[nn.Module] = [nn.Unflatten(1, (latent_dim, 1, 1))]
    layers += [nn.ConvTranspose2d(latent_dim, filters[0], 4, 1, 0, bias=bias)]
    for before, after in zip(filters, [*filters[1:], channels], strict=True):
        layers += [*normalisation(norm, before), nn.ReLU()]
        layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias)]
    return nn.Sequential(*layers, nn.Tanh()).apply(init_dcgan)


def normalisation(norm: Norm, channels: int) -> list[nn.Module]:
    """Return the layers, at most one, that normalise a map of that many channels; none has buffers."""
    if norm == "batch":
        return [nn.BatchNorm2d(channels, track_running_stats=False)]
    if norm == "layer":
        return [nn.GroupNorm(1, channels)]
    return []


def init_dcgan(module: nn.Module) -> None:
    """Draw weights as DCGAN does: convolutions from N(0, 0.02²), batch-norm gains from N(1, 0.02²).

    Shifts and biases start at 0, and gains of layer normalisation at 1.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if isinstance(bias := getattr(module, "bias", None), nn.Parameter):
        nn.init.zeros_(bias)
