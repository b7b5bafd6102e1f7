"""What masses and distances on finitely many points have to be."""

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import counted

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MASS_ERROR = 1e-9  # rounding that weights which sum to 1 on paper may carry
METRIC_ERROR = 1e-9  # of the largest distance: rounding in computed distances


def check_metric(metric: Matrix) -> None:
    """Refuse a matrix (n, n) that is not a metric, or a pseudometric: two points may be at distance 0.

    Raises:
        BadValueError: that names ``metric`` and what it breaks.
    """
    if metric.ndim != 2 or metric.shape[0] != metric.shape[1]:
        raise BadValueError("metric", "a square matrix", metric.shape)
    allowed = METRIC_ERROR * float(np.abs(metric).max())
    if np.abs(np.diag(metric)).max() > allowed or metric.min() < 0:
        raise BadValueError("metric", "0 on the diagonal and not negative elsewhere", float(metric.min()))
    if np.abs(metric - metric.T).max() > allowed:
        raise BadValueError("metric", "symmetric", float(np.abs(metric - metric.T).max()))
    for via in range(len(metric)):
        excess = float((metric - metric[:, via, None] - metric[via]).max())
        if excess > allowed:
            raise BadValueError("metric", "within the triangle inequality", f"{excess:g} too long")


def check_masses(key: str, masses: Vector, n: int) -> Vector:
    """Return masses as float64 (n,) that sum to 1.

    Args:
        key: what the error calls them.
        masses: (n,).
        n: how many there must be.

    Raises:
        BadValueError: if they are not as many, negative, not finite or do not sum to 1 within 1e-9.
    """
    masses = np.asarray(masses, dtype=np.float64)
    if masses.shape != (n,):
        raise BadValueError(key, f"one mass for each of {counted(n, 'point')}", masses.shape)
    if not np.isfinite(masses).all() or masses.min() < 0:
        raise BadValueError(key, "masses of 0 or greater", float(masses.min()))
    if abs(float(masses.sum()) - 1) > MASS_ERROR:
        raise BadValueError(key, "masses that sum to 1", float(masses.sum()))
    scaled: Vector = masses / masses.sum()
    return scaled
