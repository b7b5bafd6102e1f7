"""What every dataset offers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

from gan_lab.config.checks import Settings
from gan_lab.types import Sampler


@dataclass(frozen=True)
class Dataset(Settings, ABC):
    """A source of real samples: images (C, H, W) in [-1, 1], or vectors (d,) in their own units."""

    @property
    @abstractmethod
    def data_shape(self) -> tuple[int, ...]:
        """Shape D of one sample, known before anything is read."""

    @abstractmethod
    def open(self, device: torch.device) -> Sampler:
        """Read what has to be read and return the sampler of real data on ``device``.

        A sampler draws with replacement and takes all its randomness from the generator that it is
        given, which lives on ``device``.

        Raises:
            UserError: if the data is missing, damaged or of another shape.
        """
