"""Distributions on the line that sit on finitely many points."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_lab.distances.line.distribution import LineDistribution, Numbers, Weights
from gan_lab.distances.weighted import EqualAtoms, WeightedAtoms

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Atomic(LineDistribution):
    """A sum over k of w_k times the unit mass at x_k, whatever the fields that describe it."""

    @abstractmethod
    def masses(self) -> tuple[Array, Array]:
        """Return points x_k in any order and their weights, which sum to 1, each (K,)."""

    def distinct_masses(self) -> tuple[Array, Array]:
        """Return the distinct points of positive weight, increasing, and their weights, each (K,)."""
        return self._sorted

    @cached_property
    def _sorted(self) -> tuple[Array, Array]:
        points, weights = self.masses()
        points, weights = points[weights > 0], weights[weights > 0]
        distinct, where = np.unique(points, return_inverse=True)
        return distinct, np.bincount(where, weights=weights).astype(np.float64)

    @cached_property
    def cumulative(self) -> Array:
        """F at each of the sorted points, (K,); the last is exactly 1."""
        total = np.cumsum(self._sorted[1])
        return np.asarray(np.minimum(np.append(total[:-1], 1.0), 1.0))

    def mean(self) -> float:
        """Return sum w x."""
        points, weights = self._sorted
        return float(weights @ points)

    def variance(self) -> float:
        """Return sum w (x - mean)^2."""
        points, weights = self._sorted
        return float(weights @ (points - self.mean()) ** 2)

    def cdf(self, x: ArrayLike) -> Array:
        """Return the mass at or left of ``x``, of the shape of ``x``."""
        steps = np.concatenate([[0.0], self.cumulative])
        return np.asarray(steps[np.searchsorted(self._sorted[0], np.asarray(x), side="right")])

    def quantile(self, u: ArrayLike) -> Array:
        """Return the first point up to which the mass is at least u, of the shape of ``u``."""
        points = self._sorted[0]
        return np.asarray(points[np.searchsorted(self.cumulative, np.asarray(u, dtype=np.float64))])

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n independent draws, (n,)."""
        points, weights = self._sorted
        return np.asarray(rng.choice(points, size=n, p=weights / weights.sum()))

    def knots(self) -> tuple[float, ...]:
        """Return the points."""
        return tuple(self._sorted[0])


@dataclass(frozen=True)
class Discrete(WeightedAtoms, Atomic):
    """Finitely many points with weights.

    Attributes:
        atoms: the points, in any order; a repeated one has the sum of its weights.
        weights: one for each, numbers >= 0 that sum to 1.

    Raises:
        BadValueError: if the lists differ in length.
    """

    atoms: Numbers
    weights: Weights


@dataclass(frozen=True)
class Dirac(Atomic):
    """All mass at one point.

    Attributes:
        location: the point.
    """

    location: float

    def masses(self) -> tuple[Array, Array]:
        """Return the point with weight 1."""
        return np.array([self.location]), np.ones(1)


@dataclass(frozen=True)
class Empirical(EqualAtoms, Atomic):
    """A sample of size n, each draw with weight 1/n.

    A distance to it estimates the distance to the distribution that was sampled. Transport distances are
    biased upwards, E W_p^p(P_n, Q) >= W_p^p(P, Q). An f-divergence to a distribution with a density is no
    estimate at all: the two are mutually singular at every n.

    Attributes:
        samples: the draws, at least one.
    """

    samples: Numbers
