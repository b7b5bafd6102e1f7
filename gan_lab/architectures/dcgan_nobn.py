"""The generator without batch normalisation of "Wasserstein GAN", figure 6."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from gan_lab.architectures.base import GeneratorArchitecture
from gan_lab.architectures.dcgan import doublings, transposed_convolutions
from gan_lab.architectures.shapes import Samples, require_dcgan_images
from gan_lab.config.checks import PositiveInt


@dataclass(frozen=True)
class ConstantWidthGenerator(GeneratorArchitecture):
    """DCGAN's generator without batch normalisation and with as many filters in every layer.

    For 64x64 images it has more than ten times fewer parameters than DCGAN's, as the paper says.
    ``DCGAN_G_nobn`` of the released code is another network: it lacks batch normalisation, too, but
    halves its filters from layer to layer as DCGAN does. Convolutions have a bias here, for want of the
    shifts of batch normalisation; weights start from N(0, 0.02²), as for the convolutions of that code.

    Attributes:
        width: filters of every hidden layer.

    Reference:
        Arjovsky et al., "Wasserstein GAN", 2017, section 4.3 and figure 6.
    """

    samples: ClassVar[Samples] = "dcgan_images"

    width: PositiveInt = 64

    def build(self, latent_dim: int, data_shape: tuple[int, ...]) -> nn.Module:
        """Return a generator of images: latents (B, Z) to (B, C, size, size) in [-1, 1].

        Raises:
            UserError: if the samples are not square images of 16, 32, 64 or 128 pixels.
        """
        channels, size = require_dcgan_images("generator", data_shape)
        return transposed_convolutions(latent_dim, [self.width] * doublings(size), channels, "none")
