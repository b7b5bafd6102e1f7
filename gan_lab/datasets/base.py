"""What every dataset offers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gan_lab.config.checks import Settings

if TYPE_CHECKING:  # what lies in files is looked for before torch is imported
    import torch

    from gan_lab.types import Sampler


class Contents(NamedTuple):
    """What tells one set of images from another, wherever they lie and whenever they were written.

    Attributes:
        images: how many there are.
        digest: hex digits of a hash of their bytes.
    """

    images: int
    digest: str


@dataclass(frozen=True)
class Dataset(Settings, ABC):
    """A source of real samples: images (C, H, W) in [-1, 1], or vectors (d,) in their own units."""

    @property
    @abstractmethod
    def data_shape(self) -> tuple[int, ...]:
        """Shape D of one sample, known before anything is read."""

    @abstractmethod
    def open(self, device: "torch.device") -> "Sampler":
        """Read what has to be read and return the sampler of real data on ``device``.

        A sampler draws with replacement and takes all its randomness from the generator that it is
        given, which lives on ``device``.

        Raises:
            UserError: if the data is missing, damaged or of another shape.
        """

    def contents(self) -> Contents | None:
        """Return what was read, once it is open; None of a distribution, which is drawn afresh.

        A run that goes on compares it with what it began with.
        """
        return None
