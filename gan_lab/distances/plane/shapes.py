"""Uniform distributions in the plane: on a rectangle and on a segment."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import BadValueError
from gan_lab.distances.plane.distribution import PlaneDensity, PlaneDistribution, Point

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rectangle(PlaneDensity):
    """The uniform distribution on a rectangle along the axes.

    Attributes:
        low: its lower left corner.
        high: its upper right corner.

    Raises:
        BadValueError: if ``high`` is not above and to the right of ``low``.
    """

    low: Point
    high: Point

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(high > low for low, high in zip(self.low, self.high, strict=True)):
            raise BadValueError("high", f"above and to the right of low, {list(self.low)}", list(self.high))

    @cached_property
    def sides(self) -> Array:
        """The lengths of the sides, (2,)."""
        return np.subtract(self.high, self.low)

    def mean(self) -> Array:
        """Return the centre, (2,)."""
        return np.add(self.low, self.high) / 2

    def covariance(self) -> Array:
        """Return the diagonal matrix of side^2 / 12, (2, 2)."""
        return np.diag(self.sides**2 / 12)

    def log_pdf(self, x: Array) -> Array:
        """Return -log(area) inside and -inf outside, for points (n, 2), as (n,)."""
        is_inside = ((x >= self.low) & (x <= self.high)).all(axis=1)
        return np.where(is_inside, -np.log(self.sides).sum(), -np.inf)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n independent draws, (n, 2)."""
        return rng.uniform(self.low, self.high, (n, 2))

    def support(self) -> tuple[Array, Array]:
        """Return the corners."""
        return np.array(self.low), np.array(self.high)

    def knots(self, axes: Array) -> tuple[Array, Array]:
        """Return the ends of the sides."""
        del axes
        x, y = np.array([self.low, self.high]).T
        return x, y

    def tail(self) -> None:
        """Return None: the support is bounded."""


@dataclass(frozen=True)
class Segment(PlaneDistribution):
    """The uniform distribution on a line segment: no density in the plane, no points either.

    Attributes:
        start: one end.
        end: the other.

    Raises:
        BadValueError: if the ends are the same point.
    """

    start: Point
    end: Point

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start == self.end:
            raise BadValueError("end", f"another point than start, {list(self.start)}", list(self.end))

    @cached_property
    def vector(self) -> Array:
        """From start to end, (2,)."""
        return np.subtract(self.end, self.start)

    def mean(self) -> Array:
        """Return the middle, (2,)."""
        return np.add(self.start, self.end) / 2

    def covariance(self) -> Array:
        """Return v v' / 12 with v from start to end, (2, 2)."""
        return np.outer(self.vector, self.vector) / 12

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n independent draws, (n, 2)."""
        return np.array(self.start) + rng.uniform(size=(n, 1)) * self.vector
