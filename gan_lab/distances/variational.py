"""The variational bound of an f-divergence between two known densities on the line, by quadrature.

Reference:
    Nowozin et al., "f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization",
    2016, arXiv 1606.00709, equations 4 and 5.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.distances import generating_functions
from gan_lab.distances.divergences import f_divergence
from gan_lab.distances.fits.panels import panels
from gan_lab.distances.generating_functions import GeneratingFunction, alpha_function
from gan_lab.distances.line import Density
from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.objectives.power_divergences import (
    Alpha,
    NeymanChiSquared,
    PearsonChiSquared,
    SquaredHellinger,
    TotalVariation,
)
from gan_lab.objectives.relative_entropies import (
    GANDivergence,
    Jeffrey,
    JensenShannon,
    KullbackLeibler,
    ReverseKullbackLeibler,
)
from gan_lab.types import Score

Array = NDArray[np.float64]

_FUNCTIONS: dict[type[FDivergence], GeneratingFunction] = {
    KullbackLeibler: generating_functions.KULLBACK_LEIBLER,
    ReverseKullbackLeibler: generating_functions.REVERSE_KULLBACK_LEIBLER,
    Jeffrey: generating_functions.JEFFREY,
    JensenShannon: generating_functions.JENSEN_SHANNON,
    GANDivergence: generating_functions.GAN,
    PearsonChiSquared: generating_functions.PEARSON,
    NeymanChiSquared: generating_functions.NEYMAN,
    SquaredHellinger: generating_functions.SQUARED_HELLINGER,
    TotalVariation: generating_functions.TOTAL_VARIATION,
}

# Gauss-Legendre nodes of a cell, and cells between two neighbouring knots of the densities: the kinks of a
# network with ReLU lie anywhere, and cost least where cells are narrow
_NODES, _CELLS = 16, 16


def exact_function(objective: FDivergence) -> GeneratingFunction:
    """Return the f of an objective in the form that a quadrature needs.

    Raises:
        UserError: if the objective is none of the lab's own.
    """
    if isinstance(objective, Alpha):
        return alpha_function(objective.alpha)
    if type(objective) not in _FUNCTIONS:
        names = ", ".join([*(kind.__name__ for kind in _FUNCTIONS), Alpha.__name__])
        raise UserError(f"Exact values are known of {names}; not of {type(objective).__name__}.")
    return _FUNCTIONS[type(objective)]


def exact_divergence(objective: FDivergence, p: Density, q: Density) -> float:
    """Return D_f(P, Q), the supremum of the bound that an objective of the lab ascends; infinite where it is.

    Raises:
        UserError: if the objective is none of the lab's own.
    """
    return f_divergence(p, q, exact_function(objective))


def least_value(objective: FDivergence) -> float:
    """Return f(1), the value of D_f where P = Q: 0, but -log 4 for the f of the GAN game."""
    # never -0
    return float(objective.generating_function(torch.ones((), dtype=torch.float64))) + 0.0


def optimal_function(objective: FDivergence, p: Density, q: Density, x: Array) -> Array:
    """Return f'(p/q) at points (n,): the variational function T at which the bound is the divergence.

    Where a density is below float64 it may be infinite, or not a number.
    """
    ratio = torch.from_numpy(np.exp(p.log_pdf(x) - q.log_pdf(x)))
    derivative: Tensor = torch.func.grad(lambda u: objective.generating_function(u).sum())(ratio)
    return derivative.numpy()


def make_bound(p: Density, q: Density) -> Callable[[FDivergence, Score], float]:
    """Return ``bound(objective, score)``: E_P[g_f(V)] - E_Q[f*(g_f(V))], without the error of a sample.

    By Fenchel's inequality p t - q f*(t) <= q f(p/q) at every point, so that it exceeds D_f(P, Q) by no more
    than the error of the quadrature: about 1e-9 for the network's kinks near the optimum, where the
    derivative of the bound by T vanishes.

    The score V takes points (n, 1) to (n,), in any precision. The bound is -inf where the critic's tails
    grow faster than the densities fall.
    """
    nodes, weights = _quadrature(sorted({*p.knots(), *q.knots()}))
    points = torch.from_numpy(nodes)[:, None].float()
    mass_p, mass_q = (torch.from_numpy(weights * density.pdf(nodes)) for density in (p, q))

    def bound(objective: FDivergence, score: Score) -> float:
        with torch.no_grad():
            v = score(points).double()
            real = _expectation(mass_p, objective.output_activation(v))
            fake = _expectation(mass_q, objective.conjugate_of_activation(v))
        return -math.inf if math.isinf(real) or math.isinf(fake) else real - fake

    return bound


def _expectation(mass: Tensor, values: Tensor) -> float:
    """Return the sum of mass times values, where no mass counts for nothing whatever the value."""
    return float(torch.where(mass > 0, mass * values, 0.0).sum())


def _quadrature(knots: list[float]) -> tuple[Array, Array]:
    """Return nodes and weights of a composite Gauss-Legendre rule over the range of the knots."""
    edges = np.concatenate([np.linspace(a, b, _CELLS + 1)[:-1] for a, b in pairwise(knots)] + [knots[-1:]])
    nodes, weights = panels(edges[None], _NODES)
    return nodes[0], weights[0]
