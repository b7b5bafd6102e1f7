"""What every generator and critic architecture offers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from gan_lab.architectures.shapes import Samples
from gan_lab.config.checks import Settings


@dataclass(frozen=True)
class GeneratorArchitecture(Settings, ABC):
    """Builds generators: latents (B, Z) to samples (B, *D)."""

    samples: ClassVar[Samples | None] = None
    """Which samples it makes, to refuse others before torch is imported; None: ``build`` alone knows."""

    @abstractmethod
    def build(self, latent_dim: int, data_shape: tuple[int, ...]) -> nn.Module:
        """Return an initialised generator; draws from torch's global generator.

        The module holds no dropout and no running statistics: batch normalisation uses the statistics of the
        batch, so that its forward pass is a pure function of parameters and input. Buffers, such as a fixed
        filter, are constants: the same for every seed, and never drawn.

        Raises:
            UserError: if the architecture cannot make samples of ``data_shape``.
        """


@dataclass(frozen=True)
class CriticArchitecture(Settings, ABC):
    """Builds critics: samples (B, *D) to raw scores (B,), without a final activation."""

    samples: ClassVar[Samples | None] = None
    """Which samples it scores, likewise."""

    @abstractmethod
    def build(self, data_shape: tuple[int, ...]) -> nn.Module:
        """Return an initialised critic; draws from torch's global generator.

        Raises:
            UserError: if the architecture cannot score samples of ``data_shape``.
        """
