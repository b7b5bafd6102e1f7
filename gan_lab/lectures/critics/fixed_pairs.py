"""Pairs of distributions that critics are tried on; of some the Wasserstein distance is known."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gan_lab.config.checks import PositiveInt, Settings
from gan_lab.config.errors import UserError
from gan_lab.datasets.base import Dataset
from gan_lab.types import Sampler

CPU = torch.device("cpu")


class FixedPair(Settings, ABC):
    """Two distributions that stand still, as samplers of points (n, d)."""

    @abstractmethod
    def samplers(self) -> tuple[Sampler, Sampler]:
        """Return the samplers of the real and of the generated side."""


class ConePair(FixedPair):
    """Points on unit spheres about some centres (real) against the centres themselves (fake): W1 is 1.

    No point of a sphere is nearer than 1 to any centre: nothing is cheaper than to take it to its own, and
    the potential is the distance to the nearest centre, of slope 1 almost everywhere and not linear. Point i
    of either side belongs to the same centre, so that W1 is 1 between samples, too.

    Reference:
        Anil et al., "Sorting out Lipschitz function approximation", 2019, section 7.1: sizes of its own.
    """

    @property
    @abstractmethod
    def centres(self) -> Tensor:
        """(K, d)."""

    def samplers(self) -> tuple[Sampler, Sampler]:
        """Return the samplers of the spheres and of their centres."""
        centres = self.centres

        def fake(n: int, rng: torch.Generator) -> Tensor:
            del rng
            return centres[torch.arange(n) % len(centres)]

        def real(n: int, rng: torch.Generator) -> Tensor:
            normal = torch.randn(n, centres.shape[1], generator=rng)
            return fake(n, rng) + normalize(normal, dim=1)

        return real, fake


@dataclass(frozen=True)
class AbsoluteValue(ConePair):
    """-1 and 1 against 0 on the line; the potential is |x|."""

    @property
    def centres(self) -> Tensor:
        """The origin, (1, 1)."""
        return torch.zeros(1, 1)


@dataclass(frozen=True)
class ThreeCones(ConePair):
    """Circles about three points of the plane, 2 apart, that touch; the potential is three cones."""

    @property
    def centres(self) -> Tensor:
        """(-2, 0), (0, 0) and (2, 0): (3, 2)."""
        return torch.tensor([[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]])


@dataclass(frozen=True)
class HighCone(ConePair):
    """The unit sphere of many dimensions against its centre; the potential is ‖x‖.

    Attributes:
        dimension: of the space; the paper has 128.
    """

    dimension: PositiveInt = 128

    @property
    def centres(self) -> Tensor:
        """The origin, (1, d)."""
        return torch.zeros(1, self.dimension)


@dataclass(frozen=True)
class DatasetPair(FixedPair):
    """Any two of the lab's datasets of vectors.

    Attributes:
        real: what critics shall score high.
        fake: what they shall score low.
    """

    real: Dataset
    fake: Dataset

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = self.real.data_shape, self.fake.data_shape
        if shapes[0] != shapes[1] or len(shapes[0]) != 1:
            raise UserError(
                f"real and fake must be vectors of one dimension; got shapes {shapes[0]}, {shapes[1]}."
            )

    def samplers(self) -> tuple[Sampler, Sampler]:
        """Return the samplers of both."""
        return self.real.open(CPU), self.fake.open(CPU)
