"""The common part of two densities, or of two segments, in the plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from gan_lab.distances.generating_functions import GeneratingFunction
from gan_lab.distances.line.densities import Uniform
from gan_lab.distances.line.overlap import LEAST_MASS, NEGLIGIBLE, interval_in_common, log_bound
from gan_lab.distances.overlap import Disjoint, Overlap
from gan_lab.distances.plane.distribution import PlaneDensity
from gan_lab.distances.plane.shapes import Segment
from gan_lab.distances.quadrature import integrate
from gan_lab.distances.tails import power_diverges

Array = NDArray[np.float64]

TOLERANCE = {"relative": 1e-6, "absolute": 1e-8}
# Ends this far off one line lie on it, as a part of what is multiplied and subtracted: decimals were rounded.
ROUNDING = 4 * float(np.finfo(np.float64).eps)
OCTAVES = 40
RADII = 2.0 ** (np.arange(16) / 16)  # within one octave
ANGLES = 2 * np.pi * np.arange(64) / 64


@dataclass(frozen=True)
class CommonBox(Overlap):
    """The box on which both densities are positive.

    Attributes:
        p: the one.
        q: the other.
    """

    p: PlaneDensity
    q: PlaneDensity

    def diverges(self, f: GeneratingFunction) -> bool:
        """Return whether q f(p/q) has infinite mass far out."""
        tails = self.p.tail(), self.q.tail()
        return any(power_diverges(*tails, power) for power in (f.power_at_zero, f.power_at_infinity))

    def integral(self, f: GeneratingFunction) -> float:
        """Return the integral of q f(p/q), by quadrature within 1e-6 of itself or within 1e-8."""
        axes = self._axes()
        volume = abs(float(np.linalg.det(axes)))

        def integrand(y: Array) -> Array:
            return volume * f.perspective(self.p.log_pdf(y @ axes.T), self.q.log_pdf(y @ axes.T))

        return integrate(integrand, self._edges(f, axes), **TOLERANCE)

    def _axes(self) -> Array:
        """Return the columns of coordinates y, x = axes y, in which neither density is slanted.

        Cells along the usual axes could miss a ridge that is far thinner than it is long.
        """
        tails = self.p.tail(), self.q.tail()
        if tails[0] is None or tails[1] is None:
            return np.eye(2)
        return np.asarray(eigh(tails[0].precision, tails[1].precision)[1])

    def _edges(self, f: GeneratingFunction, axes: Array) -> list[Array]:
        corners = _common_support(self.p, self.q)
        knots = [np.union1d(*pair) for pair in zip(self.p.knots(axes), self.q.knots(axes), strict=True)]
        powers = f.power_at_zero, f.power_at_infinity
        if np.isinf(corners).all() and not all(0 <= power <= 1 for power in powers):
            knots = self._extended(knots, powers, axes)
        return _within(knots, *corners)

    def _extended(self, knots: list[Array], powers: tuple[float, ...], axes: Array) -> list[Array]:
        """Add knots outwards until p^s q^(1-s), a bound on the integrand, is negligible."""
        centre = np.array([(axis[0] + axis[-1]) / 2 for axis in knots])
        reach = np.array([(axis[-1] - axis[0]) / 2 for axis in knots])
        circle = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
        radii = (2.0 ** np.arange(-1, OCTAVES))[:, None] * RADII  # (octaves, 16), from within the knots
        points = centre + radii[..., None, None] * circle * reach  # (octaves, 16, 64, 2)
        log_p, log_q = (d.log_pdf(points.reshape(-1, 2) @ axes.T) for d in (self.p, self.q))
        bound = log_bound(log_p, log_q, powers).reshape(len(radii), -1).max(axis=1)
        last = int(np.flatnonzero(bound > bound.max() - NEGLIGIBLE)[-1])
        rings = 2.0 ** np.arange(1, last + 1)
        signed = np.concatenate([-rings, rings])
        return [np.union1d(axis, c + r * signed) for axis, c, r in zip(knots, centre, reach, strict=True)]


def box_in_common(p: PlaneDensity, q: PlaneDensity) -> Overlap:
    """Return the overlap of two densities in the plane."""
    low, high = _common_support(p, q)
    if (low >= high).any():
        return Disjoint()
    return CommonBox(_mass_outside(p, low, high), _mass_outside(q, low, high), p, q)


def segment_in_common(p: Segment, q: Segment) -> Overlap:
    """Return the overlap of two segments: an interval if they lie on one line, else at most a point.

    Decimals are rounded, so that a slanted line is hit only up to the last digits. A line along an axis is
    hit exactly or not at all, however near the other one is.
    """
    ends = np.array([q.start, q.end]) - np.array(p.start)
    length = np.hypot(*p.vector)
    along, across = ends @ p.vector / length, ends @ np.array([-p.vector[1], p.vector[0]]) / length
    largest = np.abs([p.start, p.end, q.start, q.end]).max(axis=0)  # of each coordinate
    if (np.abs(across) > ROUNDING * (largest @ np.abs(p.vector[::-1])) / length).any():
        return Disjoint()
    return interval_in_common(Uniform(0.0, float(length)), Uniform(float(along.min()), float(along.max())))


def _common_support(p: PlaneDensity, q: PlaneDensity) -> tuple[Array, Array]:
    (p_low, p_high), (q_low, q_high) = p.support(), q.support()
    return np.maximum(p_low, q_low), np.minimum(p_high, q_high)


def _within(knots: Sequence[Array], low: Array, high: Array) -> list[Array]:
    """Return the knots of each axis inside a box, with its ends where they are finite."""
    edges = []
    for axis, first, last in zip(knots, low, high, strict=True):
        ends = [end for end in (first, last) if np.isfinite(end)]
        edges.append(np.union1d(axis[(axis > first) & (axis < last)], ends))
    return edges


def _mass_outside(p: PlaneDensity, low: Array, high: Array) -> float:
    corners = p.support()
    if np.array_equal(corners[0], low) and np.array_equal(corners[1], high):
        return 0.0
    inside = integrate(lambda x: np.exp(p.log_pdf(x)), _within(p.knots(np.eye(2)), low, high), **TOLERANCE)
    return max(1 - inside, LEAST_MASS)
