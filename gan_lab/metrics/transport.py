"""The exact Wasserstein distance between two samples, by linear programming."""

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.metrics.network_simplex import cheapest_plan, total_cost

Order = Literal[1, 2]

# The other modes of torch.cdist multiply matrices, and the cancellation in |x|² - 2xy + |y|² makes points
# that lie close together coincide.
BY_DIFFERENCES = "donot_use_mm_for_euclid_dist"


def wasserstein(first: Tensor, second: Tensor, order: Order = 1) -> float:
    """Return W_p(P_n, Q_m) = (min over couplings γ of Σ_ij γ_ij ‖x_i - y_j‖₂^p)^(1/p), p = ``order``.

    P_n and Q_m are the empirical distributions of the samples: every x_i weighs 1/n and every y_j 1/m, and
    γ has these as its marginals. For n = m the least cost is that of a one-to-one matching. Nothing is
    regularised or subsampled: up to rounding in float64 the result is the optimum, in any unit of the data.

    As an estimate of the distance between the distributions that were sampled it is biased upwards:
    E W_p^p(P_n, Q_m) ≥ W_p^p(P, Q), by duality. Between two samples of one distribution it falls like
    n^(-1/d) in d > 2p dimensions, which for images in pixel space is hardly at all. That distance,
    ``wasserstein(first_real, second_real)`` for two samples of the data of the same n and m, is the floor:
    what a perfect generator scores on average. It is no minimum. Generated samples closer together than real
    ones can score less, since every real point then has one nearer to it: of N(0, I) in 16 dimensions with
    n = 256 the floor is 3.50, and half the spread scores 3.11. A value below the floor is no evidence of a
    better generator; :func:`~gan_lab.metrics.debiased.debiased_wasserstein` tells such samples apart.

    Cost: time about O(n³), and several matrices of n m float64 in the solver. It runs on the CPU; the
    costs ‖x_i - y_j‖ are computed where the samples are.

    Args:
        first: (n, *D), n at least 1; images are flattened.
        second: (m, *D), m at least 1.
        order: p, 1 or 2.

    Returns:
        The distance (for p = 2 the root, not the square), in the units of the data.

    Raises:
        UserError: if the samples are empty, differ in shape, hold what is not a finite number, or if the
            solver fails.

    Reference:
        The solver: :mod:`gan_lab.metrics.network_simplex`. Rates: Fournier & Guillin, 2015, theorem 1.
    """
    check_order(order)
    first, second = flat_points(first=first, second=second)
    unit = own_unit(first, second)
    distances = torch.cdist(first.double() / unit, second.double() / unit, compute_mode=BY_DIFFERENCES)
    costs = distances.pow_(order).cpu().numpy()
    n, m = costs.shape
    plan = cheapest_plan(costs, np.full(n, 1 / n), np.full(m, 1 / m))
    return unit * math.pow(total_cost(plan, costs), 1 / order)


def check_order(order: int) -> None:
    """Refuse any p but 1 and 2.

    Raises:
        BadValueError: that names ``order``.
    """
    if order not in (1, 2):
        raise BadValueError("order", "1 or 2", order)


def flat_points(**samples: Tensor) -> list[Tensor]:
    """Return samples (n, *D) of one D, each as points (n, d), outside of any gradient.

    Args:
        samples: by the name that an error shall call them.

    Raises:
        BadValueError: if one is empty, has no dimension besides n, differs from the first in D, or holds
            what is not a finite number.
    """
    shape = next(iter(samples.values())).shape[1:]
    for name, sample in samples.items():
        if sample.ndim < 2 or sample.numel() == 0:
            raise BadValueError(name, "samples (n, *D), none of these 0", tuple(sample.shape))
        if sample.shape[1:] != shape:
            rule = f"samples of shape {tuple(shape)}, as {next(iter(samples))} are"
            raise BadValueError(name, rule, tuple(sample.shape[1:]))
        if not sample.isfinite().all():
            raise BadValueError(name, "finite numbers", sample[~sample.isfinite()][0].item())
    return [sample.detach().flatten(1) for sample in samples.values()]


def own_unit(*samples: Tensor) -> float:
    """Return the power of two that makes every coordinate of samples (n, d) at most 1 when divided by it.

    Dividing by it rounds nothing, and in this unit squares neither overflow nor vanish, whatever that of the
    data.

    Returns:
        Greater than 0, in the units of the data; 1 where all coordinates are 0.
    """
    ends = torch.cat([end for points in samples for end in (points.amin(0), points.amax(0))])
    extent = float(ends.abs().max())
    return math.ldexp(1.0, min(math.frexp(extent)[1], 1023)) if extent > 0 else 1.0
