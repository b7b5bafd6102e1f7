"""Gaussians in the plane and their mixtures."""

from abc import abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import BadValueError
from gan_lab.distances.gaussians import covariance_matrix
from gan_lab.distances.line.distribution import Scales, Weights
from gan_lab.distances.plane.distribution import PlaneDensity, Point, Points
from gan_lab.distances.tails import GaussianTail
from gan_lab.distances.weighted import WeightedComponents, rescaled

Array = NDArray[np.float64]

# In units of a component's deviation along an axis; beyond 12 lies less than 1e-32 of its mass.
KNOTS = np.array([-12.0, -5, -2, 0, 2, 5, 12])


@dataclass(frozen=True)
class PlaneGaussianSum(PlaneDensity):
    """A density sum over k of w_k N(m_k, S_k), whatever the fields that describe it."""

    @abstractmethod
    def components(self) -> tuple[Array, Array, Array]:
        """Return weights (K,), which sum to 1, means (K, 2) and covariances (K, 2, 2)."""

    @cached_property
    def _parts(self) -> tuple[Array, Array, Array]:
        """The components of positive weight."""
        weights, means, covariances = self.components()
        return weights[weights > 0], means[weights > 0], covariances[weights > 0]

    @cached_property
    def _whitening(self) -> tuple[Array, Array]:
        """Matrices A_k (K, 2, 2) with A' A = S^-1, and the logarithm of each component's peak (K,)."""
        weights, _, covariances = self._parts
        whitening = np.linalg.inv(np.linalg.cholesky(covariances))
        log_determinants = np.log(np.abs(np.linalg.det(whitening)))
        return whitening, np.log(weights) + log_determinants - np.log(2 * np.pi)

    @cached_property
    def _centres(self) -> Array:
        """The whitened means A m, (K, 1, 2)."""
        return np.asarray(self._parts[1][:, None] @ self._whitening[0].mT)

    def mean(self) -> Array:
        """Return sum w m, (2,)."""
        weights, means, _ = self._parts
        return np.asarray(weights @ means)

    def covariance(self) -> Array:
        """Return sum w (S + (m - mean)(m - mean)'), (2, 2)."""
        weights, means, covariances = self._parts
        centred = means - self.mean()
        return np.asarray(np.tensordot(weights, covariances, 1) + (weights[:, None] * centred).T @ centred)

    def log_pdf(self, x: Array) -> Array:
        """Return log sum w N(x; m, S) at points (n, 2), as (n,), without underflow."""
        whitening, log_peaks = self._whitening
        z = x @ whitening.mT - self._centres  # (K, n, 2)
        terms = log_peaks[:, None] - (z[..., 0] ** 2 + z[..., 1] ** 2) / 2
        largest = terms.max(axis=0)
        return np.asarray(largest + np.log(np.exp(terms - largest).sum(axis=0)))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n independent draws, (n, 2)."""
        weights, means, covariances = self._parts
        chosen = rng.choice(len(weights), size=n, p=weights)
        noise = rng.standard_normal((n, 2))
        return np.asarray(
            means[chosen] + np.einsum("nij,nj->ni", np.linalg.cholesky(covariances)[chosen], noise)
        )

    def support(self) -> tuple[Array, Array]:
        """Return the whole plane."""
        return np.full(2, -np.inf), np.full(2, np.inf)

    def knots(self, axes: Array) -> tuple[Array, Array]:
        """Return multiples of the deviation along each axis around the mean of every component.

        A thin component that is slanted in these coordinates runs along the diagonals of the cells between
        its knots, where product rules have nodes: it is seen, and halving does the rest.
        """
        _, means, covariances = self._parts
        inverse = np.linalg.inv(axes)
        centres, shapes = means @ inverse.T, inverse @ covariances @ inverse.T
        deviations = np.sqrt(np.diagonal(shapes, axis1=1, axis2=2))  # (K, 2)
        x, y = (np.unique(centres[:, [i]] + deviations[:, [i]] * KNOTS) for i in (0, 1))
        return x, y

    def tail(self) -> GaussianTail:
        """Return the tail of the widest component or components, which are round unless there is one."""
        _, means, covariances = self._parts
        widths = np.trace(covariances, axis1=1, axis2=2)
        widest = int(np.argmax(widths))
        return GaussianTail(np.linalg.inv(covariances[widest]), means[widths == widths[widest]])


@dataclass(frozen=True)
class PlaneGaussian(PlaneGaussianSum):
    """N(m, S).

    Attributes:
        location: m; a config calls it ``mean``, which here is a method.
        matrix: S, symmetric and positive definite; a config calls it ``covariance``.

    Raises:
        BadValueError: if the matrix is singular or no covariance matrix; :class:`Segment` is a singular
            distribution.
    """

    location: Point = field(metadata={"key": "mean"})
    matrix: Points = field(metadata={"key": "covariance"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.matrix) != 2:
            raise BadValueError("covariance", "two rows of two numbers", self.matrix)
        covariance_matrix("covariance", self.matrix, is_definite=True)

    def components(self) -> tuple[Array, Array, Array]:
        """Return the one component."""
        return np.ones(1), np.array([self.location]), covariance_matrix("covariance", self.matrix)[None]


@dataclass(frozen=True)
class PlaneMixture(WeightedComponents, PlaneGaussianSum):
    """Sum over k of w_k N(m_k, s_k^2 I).

    Attributes:
        weights: w_k, numbers >= 0 that sum to 1.
        means: m_k, as many points.
        scales: s_k, as many; the standard deviation along every axis.

    Raises:
        BadValueError: if the lists differ in length.
    """

    weights: Weights
    means: Points
    scales: Scales

    def components(self) -> tuple[Array, Array, Array]:
        """Return the components, their weights rescaled to sum to 1 to the last digit."""
        covariances = np.array(self.scales)[:, None, None] ** 2 * np.eye(2)
        return rescaled(self.weights), np.array(self.means), covariances
