"""Integral probability metrics between masses on the same points: sup over a class F of E_p f - E_q f.

The class makes the metric. Each function returns its value and the witness, the f of the class that attains
it: what a critic that is held to this class should become.

======================  =============================================
class F                 metric
======================  =============================================
slope at most 1         Wasserstein-1 (Kantorovich-Rubinstein)
|f| ≤ 1                 twice the total variation
norm ≤ 1 in an RKHS     maximum mean discrepancy
slope and |f| ≤ 1       bounded-Lipschitz
a finite list           the largest difference of its means
======================  =============================================

Reference:
    Müller, "Integral Probability Metrics and Their Generating Classes of Functions", 1997; Sriperumbudur et
    al., "On Integral Probability Metrics, φ-Divergences and Binary Classification", 2009.
"""

import numpy as np

from gan_lab.config.errors import BadValueError
from gan_lab.distances.finite.linear_programs import Witness, kantorovich_rubinstein
from gan_lab.distances.finite.masses import Matrix, Vector, check_masses

KERNEL_ERROR = 1e-9  # of the largest entry: how negative rounding may make the eigenvalues of a kernel


def lipschitz_ipm(metric: Matrix, p: Vector, q: Vector) -> Witness:
    """Return the supremum over functions of slope at most 1: W1, by linear programming.

    Args:
        metric: d (n, n).
        p: masses (n,).
        q: masses (n,).

    Raises:
        BadValueError: if ``metric`` is no metric, the shapes do not fit or a mass is none.
        UserError: if the solver fails.
    """
    return kantorovich_rubinstein(metric, p, q)


def bounded_ipm(p: Vector, q: Vector) -> Witness:
    """Return the supremum over |f| ≤ 1: Σ_i |p_i - q_i|, which is *twice* the total variation.

    The WGAN paper (section 5) says that this class gives sup_A |P(A) - Q(A)|; that takes |f| ≤ 1/2, or f from
    0 to 1. The witness is the sign of p - q: it knows who is where, and nothing of how far.

    Args:
        p: masses (n,).
        q: masses (n,).

    Raises:
        BadValueError: if the shapes do not fit or a mass is none.
    """
    p, q = _check_pair(p, q)
    return Witness(float(np.abs(p - q).sum()), np.sign(p - q))


def rkhs_ipm(kernel: Matrix, p: Vector, q: Vector) -> Witness:
    """Return the supremum over the unit ball of a kernel's Hilbert space: MMD, the root and not the square.

    MMD² = (p - q)ᵀ K (p - q), and the witness is f = K (p - q) / MMD, or 0 where MMD is 0.

    Args:
        kernel: K (n, n), symmetric and positive semidefinite.
        p: masses (n,).
        q: masses (n,).

    Raises:
        BadValueError: if ``kernel`` is no kernel, the shapes do not fit or a mass is none.

    Reference:
        Gretton et al., "A Kernel Two-Sample Test", 2012, lemma 4 and section 2.3.
    """
    p, q = _check_pair(p, q)
    kernel = _check_kernel(kernel, len(p))
    embedding = kernel @ (p - q)
    squared = float((p - q) @ embedding)
    if squared <= 0:  # rounding, or a kernel that cannot tell them apart
        return Witness(0.0, np.zeros(len(p)))
    return Witness(squared**0.5, embedding / squared**0.5)


def finite_ipm(functions: Matrix, p: Vector, q: Vector) -> Witness:
    """Return the supremum over a list of functions and their negatives: max_k |E_p f_k - E_q f_k|.

    It is a metric only as far as the list tells distributions apart. With more functions it can only grow.

    Args:
        functions: the values of K functions at the points, (K, n).
        p: masses (n,).
        q: masses (n,).

    Raises:
        BadValueError: if there is no function, the shapes do not fit or a mass is none.
    """
    p, q = _check_pair(p, q)
    functions = np.asarray(functions, dtype=np.float64)
    if functions.ndim != 2 or len(functions) == 0 or functions.shape[1] != len(p):
        raise BadValueError("functions", f"at least one function, values (K, {len(p)})", functions.shape)
    if not np.isfinite(functions).all():
        raise BadValueError("functions", "finite numbers", float(functions[~np.isfinite(functions)][0]))
    gaps = functions @ (p - q)
    best = int(np.abs(gaps).argmax())
    sign = -1.0 if gaps[best] < 0 else 1.0
    return Witness(float(abs(gaps[best])), sign * functions[best])


def bounded_lipschitz_ipm(metric: Matrix, p: Vector, q: Vector) -> Witness:
    """Return the supremum over |f| ≤ 1 of slope at most 1.

    For probabilities a constant can be added to f, so that |f| ≤ 1 binds only where slopes would carry f
    further than 2: it is W1 for the metric min(d, 2), and never above W1 or twice the total variation. Others
    bound the sum of size and slope by 1 (Dudley's metric), and get between half of it and all of it.

    Args:
        metric: d (n, n).
        p: masses (n,).
        q: masses (n,).

    Raises:
        BadValueError: if ``metric`` is no metric, the shapes do not fit or a mass is none.
        UserError: if the solver fails.
    """
    value, f = kantorovich_rubinstein(np.minimum(np.asarray(metric, dtype=np.float64), 2.0), p, q)
    return Witness(value, f - (f.max() + f.min()) / 2)


def _check_pair(p: Vector, q: Vector) -> tuple[Vector, Vector]:
    n = len(np.atleast_1d(p))
    return check_masses("p", p, n), check_masses("q", q, n)


def _check_kernel(kernel: Matrix, n: int) -> Matrix:
    kernel = np.asarray(kernel, dtype=np.float64)
    if kernel.shape != (n, n):
        raise BadValueError("kernel", f"a matrix ({n}, {n})", kernel.shape)
    if not np.isfinite(kernel).all() or np.abs(kernel - kernel.T).max() > KERNEL_ERROR * np.abs(kernel).max():
        raise BadValueError("kernel", "symmetric, of finite numbers", "a matrix that is not")
    least = float(np.linalg.eigvalsh(kernel).min())
    if least < -KERNEL_ERROR * n * float(np.abs(kernel).max()):
        raise BadValueError("kernel", "positive semidefinite", f"an eigenvalue of {least:g}")
    return kernel
