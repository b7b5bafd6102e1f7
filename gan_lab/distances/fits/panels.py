"""Quadrature over panels, for many integrals at once, and where its panels must break."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gan_lab.distances.line.densities import LOG_ROOT_2_PI

Array = NDArray[np.float64]

_rule = cache(np.polynomial.legendre.leggauss)
# A sign change between values less than this is one of rounding.
ROUNDING = 1e-13


def panels(edges: Array, n_nodes: int = 8) -> tuple[Array, Array]:
    """Return Gauss-Legendre nodes and weights (T, n), ``n_nodes`` in each panel between edges (T, E)."""
    of_one, weights_of_one = _rule(n_nodes)
    middles, halves = (edges[:, 1:] + edges[:, :-1]) / 2, np.diff(edges, axis=1) / 2
    nodes = (middles[..., None] + halves[..., None] * of_one).reshape(len(edges), -1)
    weights = (halves[..., None] * weights_of_one).reshape(len(edges), -1)
    return nodes, weights


def mirrored(edges: Array) -> Array:
    """Return edges to one side (E,), ascending from 0, as edges to both (2E - 1,)."""
    return np.concatenate([-edges[:0:-1], edges])


def around(centres: Array, widths: Array, edges: Array) -> Array:
    """Return edges (E,) to one side of 0 in units of the widths (n,) around n centres, as (n (2E - 1),)."""
    return np.asarray((centres[:, None] + widths[:, None] * mirrored(edges)).ravel())


def sign_changes(nodes: Array, values: Array) -> Array:
    """Return the pairs (k, 2) of neighbouring nodes (n,) between which values (n,) change their sign."""
    large = np.where(np.abs(values) < ROUNDING, 0, values)
    places = np.flatnonzero(large[:-1] * large[1:] < 0)
    return np.stack([nodes[places], nodes[places + 1]], axis=1)


def log_gaussian(x: Array, means: Array, scales: Array) -> Array:
    """Return log N(x; mean, scale²), of the shape that the three broadcast to."""
    z = (x - means) / scales
    return np.asarray(-z * z / 2 - np.log(scales) - LOG_ROOT_2_PI)
