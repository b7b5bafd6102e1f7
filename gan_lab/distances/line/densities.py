"""Distributions on the line that have a density: Gaussians, their mixtures, uniforms."""

from abc import abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from gan_lab.config.checks import PositiveFloat
from gan_lab.config.errors import BadValueError
from gan_lab.distances.line.distribution import Density, Numbers, Scales, Weights
from gan_lab.distances.tails import GaussianTail
from gan_lab.distances.weighted import WeightedComponents, rescaled

Array = NDArray[np.float64]

LOG_ROOT_2_PI = 0.5 * np.log(2 * np.pi)
# In units of a component's scale. At 38.6 its density falls below the smallest float64.
KNOTS = np.array([-38.6, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 38.6])
ROUNDING = 4 * np.finfo(np.float64).eps
LOWEST = np.finfo(np.float64).min
# Bisection alone needs some 55 halvings to reach neighbouring floats.
MAX_ITERATIONS = 200


@dataclass(frozen=True)
class GaussianSum(Density):
    """A density sum over k of w_k N(m_k, s_k^2), whatever the fields that describe it."""

    @abstractmethod
    def components(self) -> tuple[Array, Array, Array]:
        """Return weights (sum 1), means and standard deviations of the components, each (K,)."""

    @cached_property
    def _parts(self) -> tuple[Array, Array, Array]:
        """The components of positive weight."""
        weights, means, scales = self.components()
        return weights[weights > 0], means[weights > 0], scales[weights > 0]

    def mean(self) -> float:
        """Return sum w m."""
        weights, means, _ = self._parts
        return float(weights @ means)

    def variance(self) -> float:
        """Return sum w (s^2 + (m - mean)^2)."""
        weights, means, scales = self._parts
        return float(weights @ (scales**2 + (means - self.mean()) ** 2))

    def log_pdf(self, x: ArrayLike) -> Array:
        """Return log sum w N(x; m, s^2), of the shape of ``x``, without underflow."""
        weights, _, scales = self._parts
        z = self._standardise(x)
        with np.errstate(over="ignore", divide="ignore"):
            terms = np.log(weights) - np.log(scales) - LOG_ROOT_2_PI - z * z / 2
            largest = np.maximum(terms.max(axis=-1), LOWEST)
            return np.asarray(largest + np.log(np.exp(terms - largest[..., None]).sum(axis=-1)))

    def cdf(self, x: ArrayLike) -> Array:
        """Return sum w Phi((x - m) / s), of the shape of ``x``."""
        return np.asarray(ndtr(self._standardise(x)) @ self._parts[0])

    def quantile(self, u: ArrayLike) -> Array:
        """Return the x with F(x) = u, of the shape of ``u``; with one component it is a closed form."""
        levels = np.asarray(u, dtype=np.float64)
        _, means, scales = self._parts
        candidates = means + scales * ndtri(levels)[..., None]
        low, high = candidates.min(axis=-1), candidates.max(axis=-1)
        is_open = (low < high) & np.isfinite(low) & np.isfinite(high)
        solved = np.array(low)
        solved[is_open] = self._solve(levels[is_open], low[is_open], high[is_open])
        return solved

    def _solve(self, levels: Array, low: Array, high: Array) -> Array:
        """Return the roots by Newton's method on the logarithm of the smaller tail, kept inside brackets."""
        sign = np.where(levels <= 0.5, 1.0, -1.0)
        wanted = np.where(levels <= 0.5, levels, 1 - levels)
        x = (low + high) / 2
        for _ in range(MAX_ITERATIONS):
            z = sign[:, None] * self._standardise(x)
            tail = ndtr(z) @ self._parts[0]
            low, high = (
                np.where(sign * (tail - wanted) < 0, x, low),
                np.where(sign * (tail - wanted) < 0, high, x),
            )
            with np.errstate(all="ignore"):  # between far components the density may be 0
                newton = x - sign * np.log(tail / wanted) * tail / self.pdf(x)
            following = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
            is_settled = np.abs(tail - wanted) <= ROUNDING * wanted
            is_settled |= np.abs(following - x) <= ROUNDING * (np.abs(x) + self._parts[2].min())
            if is_settled.all():
                break
            x = np.where(is_settled, x, following)
        return x

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n independent draws, (n,)."""
        weights, means, scales = self._parts
        chosen = rng.choice(len(weights), size=n, p=weights)
        return means[chosen] + scales[chosen] * rng.standard_normal(n)

    def support(self) -> tuple[float, float]:
        """Return the whole line."""
        return -np.inf, np.inf

    def knots(self) -> tuple[float, ...]:
        """Return multiples of the scale around the mean of every component."""
        _, means, scales = self._parts
        return tuple(np.unique(means[:, None] + scales[:, None] * KNOTS))

    def tail(self) -> GaussianTail:
        """Return the tail of the widest component or components."""
        _, means, scales = self._parts
        is_widest = scales == scales.max()
        return GaussianTail(np.array([[scales.max() ** -2]]), means[is_widest, None])

    def _standardise(self, x: ArrayLike) -> Array:
        """Return (x - m) / s of the shape of ``x`` with one more axis for the components."""
        _, means, scales = self._parts
        return np.asarray((np.asarray(x, dtype=np.float64)[..., None] - means) / scales)


@dataclass(frozen=True)
class Gaussian(GaussianSum):
    """N(m, s^2).

    Attributes:
        location: m; a config calls it ``mean``, which here is a method.
        scale: the standard deviation s.
    """

    location: float = field(metadata={"key": "mean"})
    scale: PositiveFloat

    def components(self) -> tuple[Array, Array, Array]:
        """Return the one component."""
        return np.ones(1), np.array([self.location]), np.array([self.scale])


@dataclass(frozen=True)
class LineMixture(WeightedComponents, GaussianSum):
    """Sum over k of w_k N(m_k, s_k^2).

    Attributes:
        weights: w_k, numbers >= 0 that sum to 1.
        means: m_k, as many.
        scales: standard deviations s_k, as many.

    Raises:
        BadValueError: if the lists differ in length.
    """

    weights: Weights
    means: Numbers
    scales: Scales

    def components(self) -> tuple[Array, Array, Array]:
        """Return the components, their weights rescaled to sum to 1 to the last digit."""
        return rescaled(self.weights), np.array(self.means), np.array(self.scales)


@dataclass(frozen=True)
class Uniform(Density):
    """The uniform distribution on an interval.

    Attributes:
        low: its left end.
        high: its right end.

    Raises:
        BadValueError: if ``high`` is not greater than ``low``.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.high <= self.low:
            raise BadValueError("high", f"greater than low, {self.low}", self.high)

    def mean(self) -> float:
        """Return the middle."""
        return (self.low + self.high) / 2

    def variance(self) -> float:
        """Return width^2 / 12."""
        return (self.high - self.low) ** 2 / 12

    def log_pdf(self, x: ArrayLike) -> Array:
        """Return -log(width) inside and -inf outside, of the shape of ``x``."""
        points = np.asarray(x, dtype=np.float64)
        is_inside = (points >= self.low) & (points <= self.high)
        return np.where(is_inside, -np.log(self.high - self.low), -np.inf)

    def cdf(self, x: ArrayLike) -> Array:
        """Return the part of the interval at or left of ``x``, of the shape of ``x``."""
        points = np.asarray(x, dtype=np.float64)
        return np.clip((points - self.low) / (self.high - self.low), 0, 1)

    def quantile(self, u: ArrayLike) -> Array:
        """Return low + u width, of the shape of ``u``."""
        return self.low + np.asarray(u, dtype=np.float64) * (self.high - self.low)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n independent draws, (n,)."""
        return rng.uniform(self.low, self.high, n)

    def support(self) -> tuple[float, float]:
        """Return the interval."""
        return self.low, self.high

    def knots(self) -> tuple[float, ...]:
        """Return the ends."""
        return self.low, self.high

    def tail(self) -> None:
        """Return None: the support is bounded."""
