"""Classes of critics on the line, each with its metric: exact, and by the best critic on a grid."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from gan_lab.distances.divergences import total_variation
from gan_lab.distances.finite.ipm import (
    bounded_ipm,
    bounded_lipschitz_ipm,
    finite_ipm,
    lipschitz_ipm,
    rkhs_ipm,
)
from gan_lab.distances.finite.linear_programs import Witness
from gan_lab.distances.finite.masses import Matrix, Vector
from gan_lab.distances.kernels import energy_distance, mean_distance, mmd_squared, terms_of
from gan_lab.distances.line import GaussianSum
from gan_lab.distances.line.transport import wasserstein_line

NODES = 8  # of a quadrature in each cell, which is no wider than a scale
ROUNDING = 1e-14  # of a squared metric


class CriticClass(NamedTuple):
    """A class of critics, and the metric sup E_p f - E_q f over it."""

    text: str  # what holds for its critics
    exact: Callable[[GaussianSum, GaussianSum], float]  # NaN where only the best critic is known
    best: Callable[[Vector, Vector], Witness]  # the best critic between masses on the grid


def critic_classes(x: Vector, bandwidths: Sequence[float]) -> dict[str, CriticClass]:
    """Return the classes by the names of their metrics, those that grow without bound first.

    Args:
        x: the grid of the best critics, (n,), evenly spaced.
        bandwidths: of the Gaussian kernels.
    """
    distances = np.abs(np.subtract.outer(x, x))
    classes = {
        "mean_gap": CriticClass("f = +-x", _mean_gap, partial(finite_ipm, x[None])),
        "w1": CriticClass("|f'| <= 1", wasserstein_line, partial(lipschitz_ipm, distances)),
        "root_energy": CriticClass("int f'^2 dx <= 2", _root_energy, partial(rkhs_ipm, _energy_kernel(x))),
        "bounded_lipschitz": CriticClass(
            "|f'| <= 1 and |f| <= 1", lambda p, q: math.nan, partial(bounded_lipschitz_ipm, distances)
        ),
        "twice_tv": CriticClass("|f| <= 1", lambda p, q: 2 * total_variation(p, q), bounded_ipm),
    }
    for s in bandwidths:
        kernel = np.exp(-((distances / s) ** 2) / 2)
        text = f"unit ball of the Gaussian kernel, s = {s:g}"
        classes[f"mmd_{s:g}"] = CriticClass(text, partial(_mmd, bandwidth=s), partial(rkhs_ipm, kernel))
    return classes


def masses_on(x: Vector, distribution: GaussianSum) -> Vector:
    """Return E h_i, (n,), for the hat functions h_i on a grid x; what lies beyond its ends counts there.

    Then Σ f_i E h_i is E f for the f that is linear between the points: a critic of slope or size 1 on the
    grid is one on the line, and none exceeds the exact value.
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    inside = x[:-1, None] + np.diff(x)[:, None] * (nodes + 1) / 2
    below = distribution.cdf(inside) @ weights / 2  # the mean of F over each cell
    return np.maximum(np.diff(below, prepend=0.0, append=1.0), 0.0)


def _mean_gap(p: GaussianSum, q: GaussianSum) -> float:
    return abs(p.mean() - q.mean())


def _energy_kernel(x: Vector) -> Matrix:
    """Return |x - c| + |y - c| - |x - y| with c the middle of the grid: any c gives the same metric."""
    far = np.abs(x - x.mean())
    kernel: Matrix = far[:, None] + far - np.abs(np.subtract.outer(x, x))
    return kernel


def _root_energy(p: GaussianSum, q: GaussianSum) -> float:
    return _root(energy_distance(p, q), mean_distance(terms_of(p), terms_of(q)))


def _mmd(p: GaussianSum, q: GaussianSum, bandwidth: float) -> float:
    return _root(mmd_squared(p, q, bandwidth), 1.0)


def _root(squared: float, size: float) -> float:
    """Return the root of a difference of terms of a size; what rounding leaves of 0 is 0."""
    return math.sqrt(squared) if squared > ROUNDING * size else 0.0
