"""Stacked MNIST, on which the literature counts modes: three digits as the colours of one image."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gan_lab.datasets.torchvision_sets import Mnist

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from gan_lab.datasets.resident import ImageSampler


@dataclass(frozen=True)
class StackedMnist(Mnist):
    """Three of MNIST's 60,000 training digits drawn independently, one in each colour channel: 1,000 modes.

    As in Metz et al. 2017 (Unrolled GANs) and Lin et al. 2018 (PacGAN); the stacks are drawn afresh here. The
    pack is that of MNIST.
    """

    name: ClassVar[str] = "stacked_mnist"
    channel_wise: ClassVar[bool] = True

    @property
    def data_shape(self) -> tuple[int, ...]:
        """One digit per channel."""
        return (3, self.size, self.size)

    @property
    def pack_name(self) -> str:
        """The pack of MNIST."""
        return Mnist.name

    @property
    def packed_shape(self) -> tuple[int, ...]:
        """A digit."""
        return (1, self.size, self.size)

    def sampler(self, images: "NDArray[np.uint8]", device: "torch.device") -> "ImageSampler":
        """Return what draws three digits (N, 1, size, size) for each sample."""
        from gan_lab.datasets.resident import StackSampler

        return StackSampler(images, device, self.resident, channels=3)
