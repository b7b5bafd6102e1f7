"""The Wasserstein distances on the line, by distribution functions and by quantiles."""

import math

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import UserError
from gan_lab.distances.line.atoms import Atomic
from gan_lab.distances.line.distribution import Density, LineDistribution
from gan_lab.distances.quadrature import integrate
from gan_lab.metrics.transport import Order, check_order

Array = NDArray[np.float64]

# The least and the greatest level short of 0 and 1, as far as 1 - u goes: beyond, squares weigh nothing.
LEVELS = np.array([1e-16, 1 - 1.2e-16])


def wasserstein_line(p: LineDistribution, q: LineDistribution, order: Order = 1) -> float:
    """Return W_1(P, Q) = int |F - G| dx or W_2(P, Q) = (int_0^1 |F^-1(u) - G^-1(u)|^2 du)^(1/2).

    Densities and points mix freely. Between points it is a finite sum; otherwise a quadrature that comes
    within 1e-11 of W_1 (of W_2^2) or within about 1e-12 of the distributions' extent (its square).

    Args:
        p: a distribution on the line.
        q: another.
        order: 1 or 2.

    Returns:
        The distance, for order 2 the root and not the square, in the units of the data.

    Raises:
        BadValueError: if ``order`` is another.
        UserError: if one of the two does not lie on the line.

    Reference:
        Villani, "Topics in Optimal Transportation", 2003, section 2.2.
    """
    check_order(order)
    if not (isinstance(p, LineDistribution) and isinstance(q, LineDistribution)):
        raise UserError("wasserstein_line takes two distributions on the line.")
    if isinstance(p, Atomic) and isinstance(q, Atomic):
        return math.pow(_between_points(p, q, order), 1 / order)
    if p == q:
        return 0.0
    return _by_cdfs(p, q) if order == 1 else math.sqrt(_by_quantiles(p, q))


def quantile_gap(p: LineDistribution, q: LineDistribution, u: Array) -> Array:
    """Return F^-1(u) - G^-1(u): how far monotone transport carries the mass at level u, of its shape."""
    return p.quantile(u) - q.quantile(u)


def _between_points(p: Atomic, q: Atomic, order: int) -> float:
    """Return W_p^p: both quantile functions are constant on each cell of the merged levels.

    Levels that are equal but for the rounding of their sums leave cells of no width between them, which count
    for nothing, however far the points on their two sides are from each other.
    """
    levels = np.union1d(p.cumulative, q.cumulative)
    widths = np.diff(levels, prepend=0.0)
    widths = np.where(widths > len(levels) * np.finfo(np.float64).eps * levels, widths, 0.0)
    return float(np.abs(quantile_gap(p, q, levels)) ** order @ widths)


def _by_cdfs(p: LineDistribution, q: LineDistribution) -> float:
    edges = np.union1d(p.knots(), q.knots())
    absolute = 1e-14 * (edges[-1] - edges[0])
    return integrate(lambda x: np.abs(p.cdf(x[:, 0]) - q.cdf(x[:, 0])), [edges], absolute=absolute)


def _by_quantiles(p: LineDistribution, q: LineDistribution) -> float:
    """Return the integral over u = F(x), so that the quantiles of only one of the two are needed."""
    other, moved = sorted((p, q), key=_cost_of_quantiles)
    assert isinstance(moved, Density)
    low, high = moved.quantile(LEVELS)
    edges = np.union1d(moved.knots(), moved.quantile(other.cdf(np.array(other.knots()))))
    inner = edges[(edges > low) & (edges < high)]

    def integrand(x: Array) -> Array:
        u = np.clip(moved.cdf(x[:, 0]), *LEVELS)
        return (x[:, 0] - other.quantile(u)) ** 2 * moved.pdf(x[:, 0])

    edges = np.concatenate([[low], inner, [high]])
    return integrate(integrand, [edges], absolute=1e-14 * (p.variance() + q.variance()))


def _cost_of_quantiles(distribution: LineDistribution) -> tuple[bool, int]:
    """Return what sorts points first, whose quantiles jump, and the larger mixture last."""
    return isinstance(distribution, Density), len(distribution.knots())
