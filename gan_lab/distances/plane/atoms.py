"""Distributions in the plane that sit on finitely many points."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_lab.distances.line.distribution import Weights
from gan_lab.distances.plane.distribution import PlaneDistribution, Points
from gan_lab.distances.weighted import EqualAtoms, WeightedAtoms

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PlaneAtomic(PlaneDistribution):
    """A sum over k of w_k times the unit mass at x_k, whatever the fields that describe it."""

    @abstractmethod
    def masses(self) -> tuple[Array, Array]:
        """Return points (K, 2) in any order and their weights (K,), which sum to 1."""

    def distinct_masses(self) -> tuple[Array, Array]:
        """Return the distinct points of positive weight (K, 2) and their weights (K,)."""
        points, weights = self.masses()
        points, where = np.unique(points[weights > 0], axis=0, return_inverse=True)
        return points, np.bincount(where, weights=weights[weights > 0]).astype(np.float64)

    def mean(self) -> Array:
        """Return sum w x, (2,)."""
        points, weights = self.masses()
        return np.asarray(weights @ points)

    def covariance(self) -> Array:
        """Return sum w (x - mean)(x - mean)', (2, 2)."""
        points, weights = self.masses()
        centred = points - self.mean()
        return np.asarray((weights[:, None] * centred).T @ centred)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n independent draws, (n, 2)."""
        points, weights = self.masses()
        return np.asarray(points[rng.choice(len(points), size=n, p=weights)])


@dataclass(frozen=True)
class PlaneDiscrete(WeightedAtoms, PlaneAtomic):
    """Finitely many points with weights.

    Attributes:
        atoms: the points, in any order; a repeated one has the sum of its weights.
        weights: one for each, numbers >= 0 that sum to 1.

    Raises:
        BadValueError: if the lists differ in length.
    """

    atoms: Points
    weights: Weights


@dataclass(frozen=True)
class PlaneSamples(EqualAtoms, PlaneAtomic):
    """A sample of size n, each draw with weight 1/n.

    As an estimate of the distance to what was sampled, W_p^p to it is biased upwards and an f-divergence
    to a density is none at all; see :class:`gan_lab.distances.line.Empirical`.

    Attributes:
        samples: the draws, at least one.
    """

    samples: Points
