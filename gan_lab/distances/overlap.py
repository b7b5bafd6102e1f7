"""Where two distributions both have mass, and how much each has where the other has none."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_lab.checks import UserError
from gan_lab.distances.atoms import Atomic
from gan_lab.distances.generating_functions import GeneratingFunction
from gan_lab.distances.measure import Density, LineDistribution, Measure
from gan_lab.distances.quadrature import integrate
from gan_lab.distances.tails import power_diverges

Array = NDArray[np.float64]

# Mass outside a support is never none, though it may be less than float64 can express.
LEAST_MASS = float(np.finfo(np.float64).smallest_subnormal)
# An integrand exp(-80) times its largest value is beyond the last digit of the integral.
NEGLIGIBLE = 80.0
DOUBLINGS = 2.0 ** np.arange(60)


@dataclass(frozen=True)
class Overlap(ABC):
    """The common part of P and Q.

    Attributes:
        p_alone: P's mass where Q has none; exactly 0 if and only if there is none.
        q_alone: Q's mass where P has none, likewise.
    """

    p_alone: float
    q_alone: float

    @abstractmethod
    def diverges(self, f: GeneratingFunction) -> bool:
        """Return whether the integral below is infinite."""

    @abstractmethod
    def integral(self, f: GeneratingFunction) -> float:
        """Return the integral, or the sum, of q f(p/q) over the common part, where it is finite."""


def overlap(p: Measure, q: Measure) -> Overlap:
    """Return the common part of two distributions.

    Raises:
        UserError: if one lies on the line and the other in the plane.
    """
    if isinstance(p, LineDistribution) != isinstance(q, LineDistribution):
        raise UserError("A distribution on the line has no divergence to one in the plane.")
    if isinstance(p, Atomic) and isinstance(q, Atomic):
        return points_in_common(p.sorted_masses, q.sorted_masses)
    if isinstance(p, Density) and isinstance(q, Density):
        return interval_in_common(p, q)
    return Disjoint()


@dataclass(frozen=True)
class Disjoint(Overlap):
    """No common part: P and Q are mutually singular."""

    p_alone: float = 1.0
    q_alone: float = 1.0

    def diverges(self, f: GeneratingFunction) -> bool:
        """Return False: there is nothing to sum."""
        del f
        return False

    def integral(self, f: GeneratingFunction) -> float:
        """Return 0."""
        del f
        return 0.0


@dataclass(frozen=True)
class CommonPoints(Overlap):
    """The points on which both have mass.

    Attributes:
        log_p: logarithms of P's weights there, (K,).
        log_q: of Q's, (K,).
    """

    log_p: Array
    log_q: Array

    def diverges(self, f: GeneratingFunction) -> bool:
        """Return False: the sum is finite."""
        del f
        return False

    def integral(self, f: GeneratingFunction) -> float:
        """Return the sum of q f(p/q)."""
        return float(f.perspective(self.log_p, self.log_q).sum())


def points_in_common(p: tuple[Array, Array], q: tuple[Array, Array]) -> CommonPoints:
    """Return the overlap of two sets of distinct points, each with positive weights.

    Args:
        p: points, (K,) or (K, d), and weights (K,).
        q: the same of the other.
    """
    points, where = np.unique(np.concatenate([p[0], q[0]]), axis=0, return_inverse=True)
    weights = np.zeros((2, len(points)))
    weights[0, where[: len(p[0])]] = p[1]
    weights[1, where[len(p[0]) :]] = q[1]
    is_common = (weights > 0).all(axis=0)
    alone = weights[:, ~is_common].sum(axis=1)
    return CommonPoints(float(alone[0]), float(alone[1]), *np.log(weights[:, is_common]))


@dataclass(frozen=True)
class CommonInterval(Overlap):
    """The interval on which both densities are positive.

    Attributes:
        p: the one.
        q: the other.
    """

    p: Density
    q: Density

    def diverges(self, f: GeneratingFunction) -> bool:
        """Return whether q f(p/q) has infinite mass in the tails."""
        tails = self.p.tail(), self.q.tail()
        return any(power_diverges(*tails, power) for power in (f.power_at_zero, f.power_at_infinity))

    def integral(self, f: GeneratingFunction) -> float:
        """Return the integral of q f(p/q), by quadrature."""

        def integrand(x: Array) -> Array:
            return f.perspective(self.p.log_pdf(x[:, 0]), self.q.log_pdf(x[:, 0]))

        return integrate(integrand, [self._edges(f)])

    def _edges(self, f: GeneratingFunction) -> Array:
        low, high = _common_support(self.p, self.q)
        knots = np.union1d(self.p.knots(), self.q.knots())
        powers = f.power_at_zero, f.power_at_infinity
        if np.isinf(high) and not all(0 <= power <= 1 for power in powers):
            knots = self._extended(knots, powers)
        inner = knots[(knots > low) & (knots < high)]
        return np.concatenate([[low] if np.isfinite(low) else [], inner, [high] if np.isfinite(high) else []])

    def _extended(self, knots: Array, powers: tuple[float, ...]) -> Array:
        """Add knots outwards until p^s q^(1-s), a bound on the integrand, is negligible."""
        rings = (knots[-1] - knots[0]) / 2 * DOUBLINGS
        further = np.concatenate([knots[0] - rings[::-1], knots, knots[-1] + rings])
        fine = further[:-1, None] + np.diff(further)[:, None] * np.linspace(0, 1, 17)  # (cells, 17)
        log_p, log_q = self.p.log_pdf(fine), self.q.log_pdf(fine)
        bound = np.max([s * log_p + (1 - s) * log_q for s in (0, 1, *powers)], axis=0).max(axis=1)
        needed = np.flatnonzero(bound > bound.max() - NEGLIGIBLE)
        first = min(needed[0], len(rings))
        last = max(needed[-1] + 1, len(rings) + len(knots) - 1)
        return further[first : last + 1]


def interval_in_common(p: Density, q: Density) -> Overlap:
    """Return the overlap of two densities on the line."""
    low, high = _common_support(p, q)
    if low >= high:
        return Disjoint()
    return CommonInterval(_mass_outside(p, low, high), _mass_outside(q, low, high), p, q)


def _common_support(p: Density, q: Density) -> tuple[float, float]:
    (p_low, p_high), (q_low, q_high) = p.support(), q.support()
    return max(p_low, q_low), min(p_high, q_high)


def _mass_outside(p: Density, low: float, high: float) -> float:
    if p.support() == (low, high):
        return 0.0
    return max(float(p.cdf(low) + 1 - p.cdf(high)), LEAST_MASS)
