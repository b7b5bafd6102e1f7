"""The Wasserstein distances in the plane where they are exact: between points, and in closed form."""

import math
import warnings
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from gan_lab.config.errors import UserError
from gan_lab.distances.gaussians import wasserstein_2_gaussians
from gan_lab.distances.plane.atoms import PlaneAtomic
from gan_lab.distances.plane.distribution import PlaneDistribution
from gan_lab.distances.plane.gaussians import PlaneGaussian
from gan_lab.distances.plane.shapes import Rectangle, Segment
from gan_lab.metrics.transport import PIVOT_LIMIT, Order, check_order

Array = NDArray[np.float64]
Norm = Literal["l1", "l2", "linf"]

ORDERS: dict[Norm, float] = {"l1": 1, "l2": 2, "linf": np.inf}

# the affine images of one distribution each: the normal, the uniform on a square, the uniform on a segment
AFFINE_FAMILIES = (PlaneGaussian, Rectangle, Segment)
ROUNDING = 1e-12  # of sides, as differences of decimals


def wasserstein_plane(
    p: PlaneDistribution, q: PlaneDistribution, order: Order = 1, norm: Norm = "l2"
) -> float:
    """Return W_p(P, Q) = (min over couplings E |x - y|^p)^(1/p) in the plane, p = ``order``.

    Exact in these cases, and refused in others:

    - two sets of points with weights, samples among them: a linear program, by the network simplex;
    - one distribution moved: the length of the move, for both orders and every norm;
    - two Gaussians, two rectangles, or two segments, for order 2 and the norm l2: |m - m'|^2 plus the squared
      Bures distance of the covariances, because each pair consists of affine images of one distribution.

    Between samples it estimates the distance of what was sampled with a bias upwards, of order n^(-1/2)
    for order 1 (up to a logarithm).

    Args:
        p: a distribution in the plane.
        q: another.
        order: p, 1 or 2.
        norm: |x - y| is the sum of the coordinates' distances (l1), the Euclidean distance (l2), or the
            larger of the two (linf). Between any two distributions linf <= l2 <= l1 <= 2 linf.

    Returns:
        The distance, for order 2 the root and not the square, in the units of the data.

    Raises:
        BadValueError: if ``order`` is another.
        UserError: if this pair has no exact form.

    Reference:
        Gelbrich 1990, theorem 2.4: the closed form beyond Gaussians. Rate: Fournier & Guillin, 2015.
    """
    check_order(order)
    if isinstance(p, PlaneAtomic) and isinstance(q, PlaneAtomic):
        return math.pow(_least_cost(p, q, order, norm), 1 / order)
    if any(isinstance(p, kind) and isinstance(q, kind) for kind in AFFINE_FAMILIES):
        # within one family the covariance leaves only the place open
        if np.allclose(p.covariance(), q.covariance(), rtol=ROUNDING, atol=0):
            return float(np.linalg.norm(p.mean() - q.mean(), ORDERS[norm]))
        if order == 2 and norm == "l2":
            return wasserstein_2_gaussians(p.mean(), p.covariance(), q.mean(), q.covariance())
    raise UserError(
        f"W_{order} between {type(p).__name__} and {type(q).__name__} has no exact form here; "
        "draw samples of both and take the distance of two PlaneSamples."
    )


def _least_cost(p: PlaneAtomic, q: PlaneAtomic, order: int, norm: Norm) -> float:
    """Return the cost of the best coupling of two sets of points, W_p^p."""
    import ot

    (x, p_weights), (y, q_weights) = p.distinct_masses(), q.distinct_masses()
    costs = cdist(x, y, "minkowski", p=ORDERS[norm]) ** order
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what POT warns of is in its log as well, and raised from there
        least, log = ot.emd2(p_weights, q_weights, costs, numItermax=PIVOT_LIMIT, log=True, center_dual=False)
    if log["warning"] is not None:
        raise UserError(f"Exact transport of {len(x)} points to {len(y)} did not finish: {log['warning']}")
    return float(least)
