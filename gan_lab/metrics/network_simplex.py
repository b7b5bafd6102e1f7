"""The cheapest way of turning masses into masses, by the network simplex, in any unit of the costs."""

import warnings

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

# A guard against a solver that cycles, not a budget: thousands of points need some 10^5 to 10^6 pivots.
PIVOT_LIMIT = 10**9
# The solver compares costs to about 1e-12 of the largest of them: where the plan costs less than the first
# part of the largest, pairs above the second number times its cost are capped, and it is solved again.
_LITTLE, _FAR_TOO_DEAR = 1e-6, 1e3


def cheapest_plan(costs: Matrix, p: Vector, q: Vector) -> Matrix:
    """Return the plan γ >= 0 with row sums p and column sums q for which Σ γ_ij d_ij is least.

    The solver adds a cost of 1 to the largest, and calls costs equal that differ by less than about 1e-12 of
    it; so it is given costs in units of the largest. Where a few are so large that the cost of the plan is
    lost beside them, as of a point far away that stays where it is, they are capped. A plan that is the
    cheapest for capped costs and uses no pair that was capped is the cheapest for the full ones, which are
    nowhere less.

    Args:
        costs: d (n, m), finite, of either sign.
        p: masses (n,), 0 or greater, summing to 1 up to rounding.
        q: masses (m,), likewise.

    Returns:
        γ (n, m).

    Raises:
        UserError: if the solver fails.

    Reference:
        Bonneel et al., "Displacement interpolation using Lagrangian mass transport", 2011: the network
        simplex behind ``ot.emd2``.
    """
    return _solve_and_cap(costs, p, q)[0]


def cap_that_changes_nothing(costs: Matrix, p: Vector, q: Vector) -> float:
    """Return a cost at which all larger ones could be capped without making any plan cheaper than the best.

    The largest cost, unless it exceeds that of the cheapest plan by a factor of a million or more. Takes what
    :func:`cheapest_plan` takes.
    """
    return _solve_and_cap(costs, p, q)[1]


def _solve_and_cap(costs: Matrix, p: Vector, q: Vector) -> tuple[Matrix, float]:
    lowest = min(0.0, float(costs.min()))
    costs = costs - lowest  # less a constant, which every plan pays alike
    plan, cap = _solve(costs, p, q), float(costs.max())
    spent = total_cost(plan, costs)
    while 0 < spent < _LITTLE * cap:
        lower_cap = _FAR_TOO_DEAR * spent
        cheaper = _solve(np.minimum(costs, lower_cap), p, q)
        if (cheaper[costs > lower_cap] > 0).any():
            break
        plan, cap, spent = cheaper, lower_cap, min(spent, total_cost(cheaper, costs))
    return plan, cap + lowest


def total_cost(plan: Matrix, costs: Matrix) -> float:
    """Return Σ γ_ij d_ij of a plan (n, m) and costs (n, m)."""
    return float(np.vdot(plan, costs))


def _solve(costs: Matrix, p: Vector, q: Vector) -> Matrix:
    import ot

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what POT warns of is in its log as well, and raised from there
        _, log = ot.emd2(
            p,
            q,
            costs / (costs.max() or 1.0),
            numItermax=PIVOT_LIMIT,
            log=True,
            return_matrix=True,
            center_dual=False,
        )
    if log["warning"] is not None:
        n, m = costs.shape
        raise UserError(
            f"Exact transport between {n:,} and {counted(m, 'point')} did not finish: {log['warning']}"
        )
    return np.asarray(log["G"])
