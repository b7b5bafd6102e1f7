"""Closed forms between Gaussians in any dimension."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import counted
from gan_lab.metrics.transport import Order, check_order

Array = NDArray[np.float64]

# Decimals of a covariance as people write them are symmetric and non-negative up to this part of its size.
ROUNDING = 1e-10
# Eigenvalues below this part of the largest may be 0 but for rounding.
SINGULAR = 16 * float(np.finfo(np.float64).eps)
N_DIRECTIONS = 4096


def bures_squared(first: ArrayLike, second: ArrayLike) -> float:
    """Return tr S1 + tr S2 - 2 tr (S1^(1/2) S2 S1^(1/2))^(1/2), the squared Bures distance.

    It is W_2^2 between Gaussians of equal means. Singular matrices are allowed. It is computed as the least
    |S1^(1/2) - U S2^(1/2)|^2 (Frobenius) over orthogonal U, where nothing cancels: between matrices that
    nearly agree its root is within some 1e-15 of the larger deviation.

    Args:
        first: covariance matrix S1 (d, d).
        second: covariance matrix S2 (d, d).

    Raises:
        BadValueError: if one is not a covariance matrix, or their sizes differ.

    Reference:
        Bhatia, Jain & Lim, "On the Bures-Wasserstein distance between positive definite matrices", 2019,
        theorem 1.
    """
    first, second = covariance_matrix("first", first), covariance_matrix("second", second)
    if first.shape != second.shape:
        raise BadValueError("second", f"a matrix of shape {first.shape}, as first is", second.shape)
    # in a unit of their own, in which products neither overflow nor vanish
    unit = float(max(np.abs(first).max(), np.abs(second).max())) or 1.0
    roots = _square_root(first / unit), _square_root(second / unit)
    left, _, right = np.linalg.svd(roots[0] @ roots[1])
    return unit * float(np.square(roots[0] - (left @ right) @ roots[1]).sum())


def wasserstein_2_gaussians(
    first_mean: ArrayLike, first: ArrayLike, second_mean: ArrayLike, second: ArrayLike
) -> float:
    """Return W_2(N(m1, S1), N(m2, S2)) = (|m1 - m2|^2 + Bures^2(S1, S2))^(1/2); its square is the FID.

    Args:
        first_mean: m1 (d,).
        first: covariance matrix S1 (d, d).
        second_mean: m2 (d,).
        second: covariance matrix S2 (d, d).

    Raises:
        BadValueError: if a matrix is not a covariance matrix, or sizes differ.

    Reference:
        Gelbrich, "On a formula for the L2 Wasserstein metric between measures on Euclidean and Hilbert
        spaces", 1990.
    """
    gap = _mean_gap(first_mean, second_mean, first)
    return math.hypot(*gap, math.sqrt(bures_squared(first, second)))


def wasserstein_1_gaussians_on_line(gap: ArrayLike, scale_gap: ArrayLike) -> Array:
    """Return W_1(N(m1, s1^2), N(m2, s2^2)) = E|m + s Z| with m = m2 - m1, s = s2 - s1, Z standard normal.

    This is |s| sqrt(2/pi) exp(-m^2 / (2 s^2)) + m (1 - 2 Phi(-m / |s|)), and |m| where s = 0.

    Args:
        gap: m, of any shape.
        scale_gap: s, of a shape that broadcasts with it.
    """
    m, s = np.abs(np.asarray(gap, dtype=np.float64)), np.abs(np.asarray(scale_gap, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = m / s
        folded = s * math.sqrt(2 / math.pi) * np.exp(-z * z / 2) + m * (1 - 2 * ndtr(-z))
    return np.where(s == 0, m, folded)


def sliced_wasserstein_gaussians(
    first_mean: ArrayLike, first: ArrayLike, second_mean: ArrayLike, second: ArrayLike, order: Order = 1
) -> float:
    """Return SW_p between Gaussians of the plane: (E_u W_p^p of their projections on u)^(1/p), p = ``order``.

    A projection of N(m, S) on u is N(u'm, u'Su), between which W_1 and W_2 are closed forms. The mean over
    the circle is taken over equally spaced directions, which for a smooth periodic function is exact to
    rounding; for order 1 the kink where the gap changes its sign leaves an error below 1e-6 of the value.

    Args:
        first_mean: m1 (2,).
        first: covariance matrix S1 (2, 2).
        second_mean: m2 (2,).
        second: covariance matrix S2 (2, 2).
        order: p, 1 or 2.

    Returns:
        The distance (for order 2 the root, not the square), in the units of the data.

    Raises:
        BadValueError: if a matrix is not a covariance matrix of the plane, or ``order`` is not allowed.
    """
    check_order(order)
    gap = _mean_gap(first_mean, second_mean, first)
    first, second = covariance_matrix("first", first), covariance_matrix("second", second)
    if first.shape != (2, 2) or second.shape != (2, 2):
        raise BadValueError("first and second", "matrices of shape (2, 2)", (first.shape, second.shape))
    angles = np.pi * (np.arange(N_DIRECTIONS) + 0.5) / N_DIRECTIONS
    u = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    scales = [np.sqrt(np.clip(np.einsum("ni,ij,nj->n", u, s, u), 0, None)) for s in (first, second)]
    if order == 1:
        return float(wasserstein_1_gaussians_on_line(u @ gap, scales[1] - scales[0]).mean())
    return math.sqrt(float(((u @ gap) ** 2 + (scales[1] - scales[0]) ** 2).mean()))


def covariance_matrix(key: str, value: ArrayLike, is_definite: bool = False) -> Array:
    """Return a covariance matrix (d, d), exactly symmetric.

    Args:
        key: what the error calls it.
        value: the matrix.
        is_definite: whether a singular one is refused.

    Raises:
        BadValueError: if it is not a square, symmetric matrix of finite numbers without negative
            eigenvalues, or is singular where it must not be: of a condition above some 3e14, which float64
            does not tell from a singular one.
    """
    rule = f"a symmetric, positive {'definite' if is_definite else 'semidefinite'} matrix"
    try:
        matrix = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadValueError(key, rule, value) from None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise BadValueError(key, rule, value)
    size = np.abs(matrix).max(initial=0)
    least = float(np.linalg.eigvalsh(matrix).min(initial=np.inf))
    is_bad = least <= SINGULAR * size if is_definite else least < -ROUNDING * size
    if np.abs(matrix - matrix.T).max(initial=0) > ROUNDING * size or is_bad:
        raise BadValueError(key, rule, value)
    return np.asarray((matrix + matrix.T) / 2)


def _mean_gap(first_mean: ArrayLike, second_mean: ArrayLike, matrix: ArrayLike) -> Array:
    means = np.asarray(first_mean, dtype=np.float64), np.asarray(second_mean, dtype=np.float64)
    length = len(np.asarray(matrix))
    for key, mean in zip(("first_mean", "second_mean"), means, strict=True):
        if mean.shape != (length,) or not np.isfinite(mean).all():
            raise BadValueError(
                key, f"{counted(length, 'finite number')}, as many as the matrix has rows", mean.tolist()
            )
    return np.asarray(means[1] - means[0])


def _square_root(matrix: Array) -> Array:
    eigenvalues, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.clip(eigenvalues, 0, None))) @ vectors.T)
