"""Adaptive quadrature over boxes of one or two dimensions, with a stated tolerance."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.phrases import counted

Array = NDArray[np.float64]

# Gauss-Legendre nodes along each axis of a cell, by dimension
N_NODES = {1: 16, 2: 10}
POINTS_AT_ONCE = 2**17
# From a cell of any sensible width, halving this often reaches neighbouring floats.
MAX_DEPTH = 60
MAX_CELLS = 2**16
# What is accepted where the function's own rounding keeps a tolerance out of reach.
LAST_RESORT = 1e-6


def integrate(
    function: Callable[[Array], Array],
    edges: Sequence[Array],
    relative: float = 1e-11,
    absolute: float = 1e-15,
) -> float:
    """Return the integral of ``function`` over the box that ``edges`` divides into cells.

    Every cell is integrated by a product of Gauss-Legendre rules, halved along each axis and integrated
    again; cells whose two values differ by more than their share of the tolerance are divided further.
    The finer value is the result, so what is compared bounds its error with much to spare: by a factor
    of 8 along a kink, and of thousands where the function is smooth. A peak
    narrower than the cells around it can be missed, so ``edges`` must mark the peaks.

    Args:
        function: from points (N, d) to values (N,), finite or +inf.
        edges: d increasing arrays, d = 1 or 2, each of at least two numbers.
        relative: the tolerance, as a part of the integral.
        absolute: the tolerance below which nothing is divided further.

    Returns:
        The integral; inf where the function itself exceeds float64.

    Raises:
        ArithmeticError: if the tolerance is out of reach, and 1e-6 of the integral as well.
    """
    cells = _grid(edges)
    whole = _cell_integrals(function, cells)
    accepted = 0.0
    for _ in range(MAX_DEPTH):
        children = _halve(cells)  # (n, 2^d, d, 2)
        parts = _cell_integrals(function, children.reshape(-1, *cells.shape[1:])).reshape(len(cells), -1)
        halved = parts.sum(axis=1)
        total = accepted + float(halved.sum())
        if not np.isfinite(total):
            return np.inf
        share = 4 * max(absolute, relative * abs(total)) / max(len(cells), 16)
        errors = np.abs(halved - whole)
        is_rough = errors > share
        if not is_rough.any() or (len(cells) > MAX_CELLS and errors.sum() < LAST_RESORT * abs(total)):
            return total
        if len(cells) > MAX_CELLS:
            break
        accepted += float(halved[~is_rough].sum())
        cells = children[is_rough].reshape(-1, *cells.shape[1:])
        whole = parts[is_rough].ravel()
    raise ArithmeticError(
        f"The integral did not come within {relative} of itself in {counted(len(cells), 'cell')}."
    )


def _grid(edges: Sequence[Array]) -> Array:
    """Return every cell of the product grid, (n, d, 2): its low and high end along each axis."""
    intervals = [np.stack([axis[:-1], axis[1:]], axis=1) for axis in edges]
    return np.array(list(product(*intervals)), dtype=np.float64)


def _halve(cells: Array) -> Array:
    """Return the 2^d children of each cell, (n, 2^d, d, 2)."""
    low, high = cells[..., 0], cells[..., 1]
    middle = (low + high) / 2
    halves = np.stack([np.stack([low, middle], -1), np.stack([middle, high], -1)], axis=1)  # (n, 2, d, 2)
    axes = np.arange(cells.shape[1])
    choices = product((0, 1), repeat=cells.shape[1])
    return np.stack([halves[:, list(choice), axes] for choice in choices], axis=1)


@cache
def _unit_rule(d: int) -> tuple[Array, Array]:
    """Return nodes (m, d) in the unit cube and their weights (m,)."""
    nodes, weights = np.polynomial.legendre.leggauss(N_NODES[d])
    pairs = [np.array(list(product(values, repeat=d))) for values in ((nodes + 1) / 2, weights / 2)]
    return pairs[0], pairs[1].prod(axis=1)


def _cell_integrals(function: Callable[[Array], Array], cells: Array) -> Array:
    """Return the product Gauss-Legendre integral over each cell (n, d, 2), as (n,)."""
    d = cells.shape[1]
    unit, unit_weights = _unit_rule(d)
    at_once = max(1, POINTS_AT_ONCE // len(unit))
    integrals = []
    for start in range(0, len(cells), at_once):
        low = cells[start : start + at_once, :, 0]
        width = cells[start : start + at_once, :, 1] - low
        points = low[:, None] + width[:, None] * unit  # (n, m, d)
        values = function(points.reshape(-1, d)).reshape(len(low), -1)
        integrals.append((values @ unit_weights) * width.prod(axis=1))
    return np.concatenate(integrals)
