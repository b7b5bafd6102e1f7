"""Where the log density of a mixture bends: between any two of its components."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gan_lab.distances.line.densities import GaussianSum

Array = NDArray[np.float64]


def positive_components(target: GaussianSum) -> tuple[Array, Array, Array]:
    """Return weights, means and scales of the components of positive weight, each (K,)."""
    weights, means, scales = target.components()
    is_there = weights > 0
    return weights[is_there], means[is_there], scales[is_there]


def creases(target: GaussianSum) -> tuple[Array, Array]:
    """Return where two components are equally dense, (n,), and in what widths, (n,), one replaces the other.

    The logarithm of the ratio of two Gaussians is a quadratic a x² + b x + c; near a zero x of it the log
    density of their sum turns from one parabola to the other within a width of 1 / |2 a x + b|. Components
    far apart make that a corner, which a quadrature must not step over.
    """
    weights, means, scales = positive_components(target)
    origin, found = target.mean(), []
    logs, centres, precisions = np.log(weights / scales), means - origin, scales**-2
    for j, k in combinations(range(len(weights)), 2):
        a = (precisions[k] - precisions[j]) / 2
        b = centres[j] * precisions[j] - centres[k] * precisions[k]
        c = logs[j] - logs[k] - (centres[j] ** 2 * precisions[j] - centres[k] ** 2 * precisions[k]) / 2
        if (a, b) == (0, 0):
            continue  # equal, or nowhere equally dense
        for x in np.roots([a, b, c]):
            slope = abs(2 * a * x.real + b)
            if x.imag == 0 and slope > 0:
                found.append((origin + x.real, 1 / slope))
    positions, widths = np.array(found).reshape(-1, 2).T
    return positions, widths
