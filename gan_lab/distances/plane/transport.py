"""The Wasserstein distances in the plane where they are exact: between points, and in closed form."""

import math
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from gan_lab.config.errors import UserError
from gan_lab.distances.gaussians import wasserstein_2_gaussians
from gan_lab.distances.plane.atoms import PlaneAtomic
from gan_lab.distances.plane.distribution import PlaneDistribution
from gan_lab.distances.plane.gaussians import PlaneGaussian
from gan_lab.distances.plane.shapes import Rectangle, Segment
from gan_lab.metrics.network_simplex import cheapest_plan, total_cost
from gan_lab.metrics.transport import Order, check_order, own_unit

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
        return _between_points(p, q, order, norm)
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


def _between_points(p: PlaneAtomic, q: PlaneAtomic, order: int, norm: Norm) -> float:
    """Return the distance of two sets of points, by the best coupling."""
    (x, p_weights), (y, q_weights) = p.distinct_masses(), q.distinct_masses()
    # in a unit of their own, in which squares neither overflow nor vanish
    unit = own_unit(torch.from_numpy(x), torch.from_numpy(y))
    costs = cdist(x / unit, y / unit, "minkowski", p=ORDERS[norm]) ** order
    plan = cheapest_plan(costs, p_weights, q_weights)
    return unit * math.pow(total_cost(plan, costs), 1 / order)
