"""Optimal transport as a linear program, and its dual as another (Kantorovich, 1942).

Masses p (n,) and q (m,) each sum to 1; moving a unit of mass from i to j costs d_ij.

* primal: least Σ_ij γ_ij d_ij over plans γ ≥ 0 with row sums p and column sums q;
* dual: greatest Σ_i α_i p_i + Σ_j β_j q_j over potentials with α_i + β_j ≤ d_ij for all i, j;
* Kantorovich-Rubinstein, where d is a metric on one set of points: greatest Σ_i f_i (p_i - q_i) over f with
  |f_i - f_j| ≤ d_ij, one potential of slope 1 at most.

All three values agree. Each is solved on its own, the primal by the network simplex and the others by HiGHS,
so that their agreement proves something. They are for hundreds of points: the programs have n m variables, or
n m constraints.
"""

from typing import NamedTuple

import numpy as np

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.distances.finite.masses import Matrix, Vector, check_masses, check_metric
from gan_lab.metrics.network_simplex import cap_that_changes_nothing, cheapest_plan, total_cost

# The least that HiGHS accepts; its own default is 1e-7. It is absolute, so that costs are given in units of
# the largest, and masses, of which some may be smaller than it, in the objective alone.
_SOLVER_ERROR = 1e-10


class Plan(NamedTuple):
    """A solution of the primal."""

    value: float  # in units of the costs
    plan: Matrix  # γ (n, m): mass that goes from i to j


class Potentials(NamedTuple):
    """A solution of the dual."""

    value: float  # in units of the costs
    alpha: Vector  # (n,), 0 at the first point
    beta: Vector  # (m,), the c-transform of alpha, as alpha is that of beta


class Slackness(NamedTuple):
    """How far a plan and potentials are from proving each other optimal: all three are 0 at best."""

    gap: float  # cost of the plan - value of the potentials; never below -infeasibility
    infeasibility: float  # largest α_i + β_j - d_ij, or 0
    violation: float  # largest γ_ij (d_ij - α_i - β_j): mass that travels where the constraint is loose


class Witness(NamedTuple):
    """The function of a class that tells two distributions apart best."""

    value: float  # Σ_i f_i (p_i - q_i), 0 or greater
    function: Vector  # f (n,)


def solve_primal(costs: Matrix, p: Vector, q: Vector) -> Plan:
    """Return the cheapest way of turning masses p into masses q.

    Args:
        costs: d (n, m), finite; of either sign.
        p: (n,), not negative, summing to 1.
        q: (m,), not negative, summing to 1.

    Raises:
        BadValueError: if the costs are not finite, the shapes do not fit or a mass is none.
        UserError: if the solver fails.

    Reference:
        Peyré and Cuturi, "Computational Optimal Transport", 2019, equation 2.11.
    """
    costs, p, q = _checked(costs, p, q)
    plan = cheapest_plan(costs, p, q)
    return Plan(total_cost(plan, costs), plan)


def solve_dual(costs: Matrix, p: Vector, q: Vector) -> Potentials:
    """Return the prices of loading and unloading that earn most and undercut the costs everywhere.

    The solver's potentials are arbitrary where there is no mass, and up to a constant everywhere. They are
    returned after two c-transforms, which cannot make them worse, and with α = 0 at the first point.

    Args:
        costs: d (n, m), finite; of either sign.
        p: (n,), not negative, summing to 1.
        q: (m,), not negative, summing to 1.

    Raises:
        BadValueError: if the costs are not finite, the shapes do not fit or a mass is none.
        UserError: if the solver fails.

    Reference:
        Peyré and Cuturi, "Computational Optimal Transport", 2019, equation 2.20 and section 3.2.
    """
    from scipy import sparse

    costs, p, q = _checked(costs, p, q)
    n, m = costs.shape
    of_alpha = sparse.kron(sparse.eye_array(n), np.ones((m, 1)))  # one constraint for each pair, row by row
    of_beta = sparse.kron(np.ones((n, 1)), sparse.eye_array(m))
    # potentials for smaller costs are feasible for these
    capped = np.minimum(costs, cap_that_changes_nothing(costs, p, q))
    unit = float(np.abs(capped).max()) or 1.0
    solution = _solve(
        -np.concatenate([p, q]),  # the solver minimises
        A_ub=sparse.hstack([of_alpha, of_beta], format="csr"),
        b_ub=capped.ravel() / unit,
        bounds=[(0, 0)] + [(None, None)] * (n + m - 1),
    )
    beta = c_transform(costs, unit * solution[:n])
    alpha = c_transform(costs.T, beta)
    beta = beta + alpha[0]
    alpha = alpha - alpha[0]
    return Potentials(float(alpha @ p + beta @ q), alpha, beta)


def c_transform(costs: Matrix, alpha: Vector) -> Vector:
    """Return β_j = min_i (d_ij - α_i), (m,): the greatest β that is feasible beside α (n,).

    Reference:
        Villani, "Optimal Transport", 2009, definition 5.2, up to the sign of α.
    """
    transformed: Vector = (np.asarray(costs) - np.asarray(alpha)[:, None]).min(axis=0)
    return transformed


def complementary_slackness(costs: Matrix, plan: Plan, potentials: Potentials) -> Slackness:
    """Return what keeps a plan and potentials from being a proof of each other's optimality.

    With feasible potentials, value gap = Σ_ij γ_ij (d_ij - α_i - β_j): both are optimal exactly where mass
    travels only along pairs whose constraint is tight.

    Reference:
        Peyré and Cuturi, "Computational Optimal Transport", 2019, proposition 3.3.
    """
    slack = np.asarray(costs) - potentials.alpha[:, None] - potentials.beta
    return Slackness(
        gap=plan.value - potentials.value,
        infeasibility=float(max(0.0, -slack.min())),
        violation=float((plan.plan * slack).max()),
    )


def kantorovich_rubinstein(metric: Matrix, p: Vector, q: Vector) -> Witness:
    """Return W1 and a potential f of slope at most 1 that attains it: what a critic is trained to be.

    Where both have no mass f is free within the constraint; the greatest such f is returned, and it is 0 at
    the first point.

    Args:
        metric: d (n, n), a metric on the points that carry both distributions.
        p: (n,), not negative, summing to 1.
        q: (n,), likewise.

    Raises:
        BadValueError: if ``metric`` is none, the shapes do not fit or a mass is none.
        UserError: if the solver fails.

    Reference:
        Villani, "Optimal Transport", 2009, remark 6.5.
    """
    from scipy import sparse

    metric, p, q = _checked(metric, p, q)
    check_metric(metric)
    n = len(metric)
    i, j = np.nonzero(~np.eye(n, dtype=bool))
    pairs = np.arange(len(i))
    rises = sparse.csr_array(
        (np.repeat([1.0, -1.0], len(i)), (np.tile(pairs, 2), np.concatenate([i, j]))), shape=(len(i), n)
    )
    bounds = [(0, 0)] + [(None, None)] * (n - 1)
    capped = np.minimum(metric, cap_that_changes_nothing(metric, p, q))  # a metric as well
    unit = float(capped.max()) or 1.0
    excess = (p - q) / (np.abs(p - q).max() or 1.0)
    f = unit * _solve(-excess, A_ub=rises, b_ub=capped[i, j] / unit, bounds=bounds)
    carries_mass = p + q > 0
    # McShane's extension, from where there is mass; there it changes nothing but the solver's rounding
    f = (metric[:, carries_mass] + f[carries_mass]).min(axis=1)
    f = f - f[0]
    return Witness(float(f @ (p - q)), f)


def lipschitz_constant(metric: Matrix, function: Vector) -> float:
    """Return the largest |f_i - f_j| / d_ij over pairs of different points, or 0 for a single one."""
    metric, function = np.asarray(metric), np.asarray(function)
    apart = metric > 0
    rises = np.abs(function[:, None] - function)
    return float((rises[apart] / metric[apart]).max(initial=0.0))


def _checked(costs: Matrix, p: Vector, q: Vector) -> tuple[Matrix, Vector, Vector]:
    costs = np.asarray(costs, dtype=np.float64)
    if costs.ndim != 2 or costs.size == 0:
        raise BadValueError("costs", "a matrix (n, m), neither of them 0", costs.shape)
    if not np.isfinite(costs).all():
        raise BadValueError("costs", "finite numbers", float(costs[~np.isfinite(costs)][0]))
    return costs, check_masses("p", p, costs.shape[0]), check_masses("q", q, costs.shape[1])


def _solve(objective: Vector, **constraints: object) -> Vector:
    from scipy.optimize import linprog

    result = linprog(
        objective,
        method="highs",
        options={"primal_feasibility_tolerance": _SOLVER_ERROR, "dual_feasibility_tolerance": _SOLVER_ERROR},
        **constraints,
    )
    if not result.success:
        raise UserError(f"The linear program of transport was not solved: {result.message}")
    return np.asarray(result.x)
