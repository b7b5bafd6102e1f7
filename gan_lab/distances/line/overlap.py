"""The common part of two densities on the line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_lab.distances.generating_functions import GeneratingFunction
from gan_lab.distances.line.distribution import Density
from gan_lab.distances.overlap import Disjoint, Overlap
from gan_lab.distances.quadrature import integrate
from gan_lab.distances.tails import power_diverges

Array = NDArray[np.float64]

# Mass outside a support is never none, though it may be less than float64 can express.
LEAST_MASS = float(np.finfo(np.float64).smallest_subnormal)
# An integrand exp(-80) times its largest value is beyond the last digit of the integral.
NEGLIGIBLE = 80.0
DOUBLINGS = 2.0 ** np.arange(60)


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
        bound = log_bound(self.p.log_pdf(fine), self.q.log_pdf(fine), powers).max(axis=1)
        needed = np.flatnonzero(bound > bound.max() - NEGLIGIBLE)
        first = min(needed[0], len(rings))
        last = max(needed[-1] + 1, len(rings) + len(knots) - 1)
        return further[first : last + 1]


def log_bound(log_p: Array, log_q: Array, powers: tuple[float, ...]) -> Array:
    """Return the largest logarithm of p^s q^(1-s), s in 0, 1 and ``powers``, which bounds an integrand.

    It is -inf where the rounding of the terms, which cancel far out, exceeds their sum's meaning: the
    integral converges, so there is nothing there.
    """
    terms = np.array([(s * log_p, (1 - s) * log_q) for s in (0.0, 1.0, *powers)])
    is_known = np.abs(terms).max(axis=1) < 1 / np.finfo(np.float64).eps
    return np.asarray(np.where(is_known, terms.sum(axis=1), -np.inf).max(axis=0))


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
