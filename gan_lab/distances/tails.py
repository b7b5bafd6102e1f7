"""Whether the integral of p^s q^(1-s) converges far out, decided from the tails and not from numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# What a user means as twice a variance is so only up to the rounding of its square root.
ROUNDING = 64 * np.finfo(np.float64).eps
N_DIRECTIONS = 720


@dataclass(frozen=True)
class GaussianTail:
    """Far out, the density is within constants of max over k of exp(-(x - m_k)' L (x - m_k) / 2).

    Attributes:
        precision: L, the inverse covariance (d, d) of the widest component.
        means: m_k (K, d), of the components that are as wide.
    """

    precision: Array
    means: Array

    def slope(self, directions: Array) -> Array:
        """Return the coefficient of r in log p(r u), max over k of u' L m_k, for each u in (n, d)."""
        return np.asarray((directions @ self.precision @ self.means.T).max(axis=1))


def power_diverges(p: GaussianTail | None, q: GaussianTail | None, power: float) -> bool:
    """Return whether int p^s q^(1-s) is infinite, s = ``power``, where both densities are positive.

    Along x = r u the logarithm of the integrand is -r^2 u' A u / 2 + r b(u) + O(1) with
    A = s L_p + (1 - s) L_q. The integral is infinite if A has a negative eigenvalue, or if A u = 0 and
    b(u) >= 0 for some direction u. Eigenvalues within rounding of 0 count as 0: so the chi-squared
    divergence from a Gaussian of exactly twice the variance is infinite, as it should be, and not 10^8.

    Args:
        p: tail of p, or None where its support is bounded.
        q: tail of q, likewise.
        power: s, any real number.
    """
    if p is None or q is None or 0 <= power <= 1:
        return False
    matrix = power * p.precision + (1 - power) * q.precision
    size = abs(power) * np.abs(p.precision).max() + abs(1 - power) * np.abs(q.precision).max()
    eigenvalues, vectors = np.linalg.eigh(matrix)
    if eigenvalues[0] < -ROUNDING * size:
        return True
    null = vectors[:, eigenvalues <= ROUNDING * size]
    if null.shape[1] == 0:
        return False
    directions = _unit_vectors(null)
    slopes = power * p.slope(directions), (1 - power) * q.slope(directions)
    return bool((slopes[0] + slopes[1] >= -ROUNDING * (np.abs(slopes[0]) + np.abs(slopes[1]))).any())


def _unit_vectors(basis: Array) -> Array:
    """Return unit vectors (n, d) that fill the span of one or two orthonormal columns (d, k)."""
    if basis.shape[1] == 1:
        return np.stack([basis[:, 0], -basis[:, 0]])
    angles = 2 * np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) @ basis.T
