"""A divergence from a mixture as a landscape over the Gaussians: a height for every mean and scale.

Made for searching, where thousands of heights are wanted at once: the integrals run over Gauss-Legendre
panels that follow the target's components and the Gaussian itself, so that neither a narrow component nor a
far tail falls between nodes. :mod:`gan_lab.distances.divergences` has the same numbers one at a time, each
with a tolerance that is kept.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from gan_lab.distances.fits.panels import around, log_gaussian, mirrored, panels, sign_changes
from gan_lab.distances.generating_functions import GeneratingFunction
from gan_lab.distances.line.bends import creases, positive_components
from gan_lab.distances.line.densities import LOG_ROOT_2_PI, GaussianSum

Array = NDArray[np.float64]

# Panel edges to one side of a centre, in scales: even where a Gaussian lives, then growing, to where its
# density is less than float64 can express.
EDGES = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 20, 28, 39.0])
# To one side of a crease, in units of its width; it ends where exp(-width) is below the digits of float64.
CREASE_EDGES = np.array([0, 1, 2, 4, 8, 16, 40.0])
# The integrand of a chi-squared divergence is like a Gaussian itself, whose width has no bound where the
# divergence nears infinity.
FAR_EDGES = np.concatenate([EDGES, 39 * 1.4 ** np.arange(1, 11)])


@dataclass(frozen=True)
class Landscape(ABC):
    """A divergence between the target p and q = N(mean, scale²), as a function of mean and scale.

    Attributes:
        target: p.
    """

    target: GaussianSum

    @abstractmethod
    def integrand(self, x: Array, means: Array, scales: Array) -> Array:
        """Return what is integrated, at points (T, n) for T Gaussians of means and scales (T, 1)."""

    def gap(self, x: Array, means: Array, scales: Array) -> Array | None:
        """Return the function (T, n) at whose zeros the integrand has a kink; None if there is none."""
        del x, means, scales
        return None

    @property
    def is_distance(self) -> bool:
        """Whether the height is in the unit of the line, as transport is; a divergence has no unit."""
        return False

    @property
    def panel_edges(self) -> Array:
        """Panel edges to one side of a centre, in scales, ascending from 0."""
        return EDGES

    def is_infinite(self, scales: Array) -> NDArray[np.bool_]:
        """Return for which scales (T,) the divergence is infinite, whatever the mean."""
        return np.zeros(scales.shape, dtype=bool)

    def heights(self, means: Array, scales: Array) -> Array:
        """Return the divergences (T,) of T Gaussians: to a few digits where the integrand has kinks."""
        nodes, weights = panels(self._edges(means, scales))
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            totals = (weights * self.integrand(nodes, means[:, None], scales[:, None])).sum(axis=1)
        # beyond float64, or infinity in a panel of no width
        return np.where(self.is_infinite(scales) | np.isnan(totals), np.inf, totals)

    def height(self, mean: float, scale: float) -> float:
        """Return the divergence of one Gaussian, with panels that break at the kinks."""
        means, scales = np.array([[mean]]), np.array([[scale]])
        edges = self._edges(means[0], scales[0])
        nodes, _ = panels(edges)
        gap = self.gap(nodes, means, scales)
        if gap is None:
            return float(self.heights(means[0], scales[0])[0])

        def gap_at(x: float) -> float:
            return float(np.asarray(self.gap(np.array([[x]]), means, scales)).item())

        ends = sign_changes(nodes[0], gap[0])
        kinks = [brentq(gap_at, low, high, xtol=1e-12 * (high - low)) for low, high in ends]
        nodes, weights = panels(np.sort(np.append(edges[0], kinks))[None])
        return float((weights * self.integrand(nodes, means, scales)).sum())

    def _edges(self, means: Array, scales: Array) -> Array:
        """Return the edges of the panels for T Gaussians (T,), (T,), as (T, E), ascending."""
        _, centres, widths = positive_components(self.target)
        positions, extents = creases(self.target)
        of_target = np.concatenate(
            [around(centres, widths, self.panel_edges), around(positions, extents, CREASE_EDGES)]
        )
        of_gaussians = means[:, None] + scales[:, None] * mirrored(self.panel_edges)
        rows = np.broadcast_to(of_target, (len(means), len(of_target)))
        return np.sort(np.concatenate([rows, of_gaussians], axis=1), axis=1)


@dataclass(frozen=True)
class FDivergenceLandscape(Landscape):
    """A multiple of the f-divergence, the integral of q f(p/q).

    Attributes:
        f: the generating function.
        factor: the multiple.
        has_kink: whether f has a kink at p = q, as that of the total variation has.
    """

    f: GeneratingFunction
    factor: float = 1.0
    has_kink: bool = False

    def integrand(self, x: Array, means: Array, scales: Array) -> Array:
        """Return factor q f(p/q), (T, n)."""
        return self.factor * self.f.perspective(self.target.log_pdf(x), log_gaussian(x, means, scales))

    def gap(self, x: Array, means: Array, scales: Array) -> Array | None:
        """Return p - q in units of 1 / scale, (T, n), if f has a kink."""
        if not self.has_kink:
            return None
        return scales * (self.target.pdf(x) - np.exp(log_gaussian(x, means, scales)))

    @property
    def panel_edges(self) -> Array:
        """Panel edges to one side of a centre: far ones where the integrand may be wider than both."""
        return FAR_EDGES if self._outer_powers else EDGES

    @property
    def _outer_powers(self) -> list[float]:
        """The powers s outside [0, 1] for which the integrand is like p^s q^(1-s)."""
        return [s for s in (self.f.power_at_zero, self.f.power_at_infinity) if not 0 <= s <= 1]

    def is_infinite(self, scales: Array) -> NDArray[np.bool_]:
        """Return for which scales (T,) p^s q^(1-s) does not decay, s being a power that f grows like."""
        _, _, widths = positive_components(self.target)
        infinite = np.zeros(scales.shape, dtype=bool)
        for s in self._outer_powers:
            infinite |= s / widths.max() ** 2 + (1 - s) / scales**2 <= 0
        return infinite


@dataclass(frozen=True)
class FirstWassersteinLandscape(Landscape):
    """W1, the integral of the distance between the distribution functions."""

    is_distance = True

    def integrand(self, x: Array, means: Array, scales: Array) -> Array:
        """Return |F - G|, (T, n)."""
        return np.abs(self.gap(x, means, scales))

    def gap(self, x: Array, means: Array, scales: Array) -> Array:
        """Return F - G, (T, n)."""
        return np.asarray(self.target.cdf(x) - ndtr((x - means) / scales))


@dataclass(frozen=True)
class SecondWassersteinLandscape(Landscape):
    """W2 in closed form: W2² = (mean - m)² + (scale - c)² + v - c², with the target's mean m and variance v.

    The quantile function of N(mean, scale²) is mean + scale z at level Phi(z), so that all that is left to
    integrate is c = E[z Q(Phi(z))], over standard normal z and the target's quantile function Q; by parts it
    is the integral of phi(Phi^-1(F(x))) over x. The only minimum is at mean m and scale c.
    """

    is_distance = True

    def integrand(self, x: Array, means: Array, scales: Array) -> Array:
        """Return phi(Phi^-1(F)), (T, n), the same for all."""
        below = self.target.cdf(x)
        z = ndtri(np.minimum(below, 1 - below))
        return np.asarray(np.exp(-z * z / 2 - LOG_ROOT_2_PI) + 0 * (means + scales))

    def heights(self, means: Array, scales: Array) -> Array:
        """Return the distances (T,), the root and not the square."""
        m, v = self.target.mean(), self.target.variance()
        c = super().heights(np.array([m]), np.array([math.sqrt(v)]))[0]
        return np.asarray(np.sqrt(np.maximum((means - m) ** 2 + (scales - c) ** 2 + v - c**2, 0)))
