"""Exact values of MMD² and of the energy distance: no samples, no bias.

Both follow from means over independent X ~ P and Y ~ Q, of a Gaussian kernel or of |X - Y|, and these are
elementary wherever P and Q are sums of Gaussians and points. Estimates from samples, with tests, are in
:mod:`gan_lab.metrics.mmd` and :mod:`gan_lab.metrics.energy`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gan_lab.config.checks import PositiveFloat, conform
from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import counted
from gan_lab.distances.line import Atomic, GaussianSum, LineDistribution
from gan_lab.distances.plane import PlaneAtomic, PlaneDistribution, PlaneGaussianSum

Array = NDArray[np.float64]


class GaussianTerms(NamedTuple):
    """A distribution Σ_k w_k N(m_k, S_k) in d dimensions; a point is a term with S = 0."""

    weights: Array  # w (K,), summing to 1
    means: Array  # m (K, d)
    covariances: Array  # S (K, d, d), positive semidefinite


Terms = LineDistribution | PlaneDistribution | GaussianTerms


def terms_of(distribution: LineDistribution | PlaneDistribution) -> GaussianTerms:
    """Return a distribution on the line or in the plane as a sum of Gaussians and points.

    Raises:
        BadValueError: if it is none, as a uniform distribution.
    """
    if isinstance(distribution, PlaneGaussianSum):
        return GaussianTerms(*distribution.components())
    if isinstance(distribution, PlaneAtomic):
        means, weights = distribution.distinct_masses()
        return GaussianTerms(weights, means, np.zeros((len(means), 2, 2)))
    if isinstance(distribution, GaussianSum):
        weights, means, scales = distribution.components()
        return GaussianTerms(weights, means[:, None], (scales**2)[:, None, None])
    if isinstance(distribution, Atomic):
        means, weights = distribution.distinct_masses()
        return GaussianTerms(weights, means[:, None], np.zeros((len(means), 1, 1)))
    raise BadValueError("distribution", "a sum of Gaussians or of points", type(distribution).__name__)


def mmd_squared(p: Terms, q: Terms, bandwidth: float) -> float:
    """Return MMD²(P, Q) for the kernel k(x, y) = exp(-‖x - y‖² / (2 s²)), s = ``bandwidth``; from 0 to 2.

    Args:
        p: a sum of Gaussians or of points, on the line, in the plane, or in d dimensions as its terms.
        q: another, in as many dimensions.
        bandwidth: s, in the units of the data.

    Raises:
        BadValueError: if a distribution is of another kind, the dimensions differ, or the bandwidth is not
            greater than 0.

    Reference:
        Gretton et al., "A Kernel Two-Sample Test", 2012, lemma 6.
    """
    s = conform("bandwidth", bandwidth, PositiveFloat)
    x, y = (each if isinstance(each, GaussianTerms) else terms_of(each) for each in (p, q))
    if x.means.shape[1] != y.means.shape[1]:
        raise BadValueError("q", f"in {counted(x.means.shape[1], 'dimension')}, as p is", y.means.shape[1])
    return mean_kernel(x, x, s) + mean_kernel(y, y, s) - 2 * mean_kernel(x, y, s)


def mean_kernel(p: GaussianTerms, q: GaussianTerms, bandwidth: float) -> float:
    """Return E exp(-‖X - Y‖² / (2 s²)) for independent X ~ P and Y ~ Q.

    For X - Y ~ N(δ, S) it is exp(-δᵀ (s² I + S)⁻¹ δ / 2) / √det(I + S / s²): the kernel is, but for a factor,
    a density N(0, s² I), and the mean of one Gaussian density under another is a third one.
    """
    gaps = p.means[:, None] - q.means  # δ (K, L, d)
    spreads = p.covariances[:, None] + q.covariances  # S (K, L, d, d)
    if not spreads.any():  # points: one matrix for all pairs
        spreads = spreads[:1, :1]
    wider = spreads + bandwidth**2 * np.eye(gaps.shape[2])
    squares = ((gaps[..., None, :] @ np.linalg.inv(wider))[..., 0, :] * gaps).sum(axis=2)
    heights = 1 / np.sqrt(np.linalg.det(wider / bandwidth**2))
    return float(p.weights @ (heights * np.exp(-squares / 2)) @ q.weights)


def energy_distance(p: LineDistribution, q: LineDistribution) -> float:
    """Return 2 E|X - Y| - E|X - X'| - E|Y - Y'|, in the units of the data: 0 only for P = Q.

    It is the square of what ``scipy.stats.energy_distance`` calls by this name, and equals
    2 ∫ (F - G)² dx, twice Cramér's distance.

    Args:
        p: a sum of Gaussians or of points on the line.
        q: another.

    Raises:
        BadValueError: if a distribution is of another kind.

    Reference:
        Székely and Rizzo, "Energy statistics: a class of statistics based on distances", 2013, definition 2.
    """
    x, y = terms_of(p), terms_of(q)
    return 2 * mean_distance(x, y) - mean_distance(x, x) - mean_distance(y, y)


def mean_distance(p: GaussianTerms, q: GaussianTerms) -> float:
    """Return E|X - Y| for independent X ~ P and Y ~ Q on the line.

    For X - Y ~ N(δ, v²) it is v √(2/π) exp(-δ² / (2 v²)) + δ (2 Φ(δ / v) - 1), and |δ| for v = 0: the mean of
    a folded normal distribution (Leone, Nelson and Nottingham, 1961).
    """
    gap = (p.means[:, None] - q.means)[..., 0]  # δ (K, L)
    v = np.sqrt((p.covariances[:, None] + q.covariances)[..., 0, 0])
    ratio = np.divide(gap, v, out=np.zeros_like(gap), where=v > 0)
    folded = v * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + gap * (2 * ndtr(ratio) - 1)
    return float(p.weights @ np.where(v > 0, folded, np.abs(gap)) @ q.weights)
