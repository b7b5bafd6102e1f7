"""What every distribution in the plane can be asked for."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.checks import Rule
from gan_lab.distances.line.distribution import Measure
from gan_lab.distances.tails import GaussianTail

Array = NDArray[np.float64]

Point = Annotated[tuple[float, ...], Rule("a point of two numbers", lambda v: len(v) == 2)]
Points = Annotated[tuple[Point, ...], Rule("points of two numbers each, at least one", lambda v: len(v) > 0)]


@dataclass(frozen=True)
class PlaneDistribution(Measure):
    """A distribution in the plane; numbers are float64, in the units of the data."""

    @abstractmethod
    def mean(self) -> Array:
        """Return E x, (2,)."""

    @abstractmethod
    def covariance(self) -> Array:
        """Return E (x - E x)(x - E x)', (2, 2), with no correction for a sample's size."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n independent draws, (n, 2)."""


@dataclass(frozen=True)
class PlaneDensity(PlaneDistribution):
    """A distribution that has a density with respect to area, positive all over one box."""

    @abstractmethod
    def log_pdf(self, x: Array) -> Array:
        """Return the natural logarithm of the density at points (n, 2), as (n,)."""

    @abstractmethod
    def support(self) -> tuple[Array, Array]:
        """Return the lower left and the upper right corner of the box, (2,) each; -inf and inf if none."""

    @abstractmethod
    def knots(self, axes: Array) -> tuple[Array, Array]:
        """Return where quadrature must break: ends, and the neighbourhood of every peak.

        Args:
            axes: the columns (2, 2) of the coordinates y, x = axes y, in which the knots are given; for a
                distribution of bounded support they are the usual ones.
        """

    @abstractmethod
    def tail(self) -> GaussianTail | None:
        """Return how the density decays far out, or None where the support is bounded."""
