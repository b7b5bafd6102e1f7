"""The sliced Wasserstein distance: exact transport on lines, averaged over directions."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.metrics.transport import Order, check_order, flat_points, own_unit
from gan_lab.numerics.draws import normal

VALUES_AT_ONCE = 2**22  # projections held at a time, 32 MiB in float64
ROWS_AT_ONCE = 2**16  # points converted to float64 at a time


def sliced_wasserstein(
    first: Tensor, second: Tensor, generator: torch.Generator, n_directions: int = 512, order: Order = 1
) -> float:
    """Return SW_p(P_n, Q_m) = (E_u W_p^p(⟨u, x⟩, ⟨u, y⟩))^(1/p), u uniform on the sphere, p = ``order``.

    The mean over ``n_directions`` random u replaces the expectation: SW_p^p is unbiased in the directions,
    with an error of order n_directions^(-1/2). In the sample sizes it is biased upwards, as transport on
    the line is: two samples of one distribution lie about n^(-1/2) apart, in any dimension, where W_p
    suffers n^(-1/d).

    SW_p ≤ W_p: it is a lower bound, and not a tight one. For a shift by δ in d dimensions SW_2 = ‖δ‖ / √d,
    so values in different dimensions cannot be compared.

    Cost: O((n + m) (d + log(n + m))) for each direction.

    Args:
        first: (n, *D); images are flattened.
        second: (m, *D); m may differ from n.
        generator: of the directions, on any device.
        n_directions: at least 1.
        order: p, 1 or 2.

    Returns:
        The distance (for p = 2 the root, not the square), in units of the data.

    Raises:
        BadValueError: if the samples are empty, differ in shape or hold what is not a finite number, or if
            ``n_directions`` or ``order`` is not allowed.

    Reference:
        Bonneel et al., "Sliced and Radon Wasserstein Barycenters of Measures", 2015.
    """
    if n_directions < 1:
        raise BadValueError("n_directions", "a whole number greater than 0", n_directions)
    first, second = flat_points(first=first, second=second)
    directions = draw_directions(n_directions, first.shape[1], generator)
    return sliced_wasserstein_along(first, second, directions, order)


def sliced_wasserstein_along(first: Tensor, second: Tensor, directions: Tensor, order: Order = 1) -> float:
    """Return the sliced Wasserstein distance over given directions; see :func:`sliced_wasserstein`.

    Args:
        first: (n, *D), flattened to d coordinates.
        second: (m, *D).
        directions: (K, d), of length 1.
        order: p, 1 or 2.

    Raises:
        BadValueError: if the samples are empty, differ in shape or hold what is not a finite number, or if
            ``directions`` or ``order`` is not allowed.
    """
    check_order(order)
    first, second = flat_points(first=first, second=second)
    unit = own_unit(first, second)
    if directions.ndim != 2 or directions.shape[0] == 0 or directions.shape[1] != first.shape[1]:
        rule = f"directions (K, {first.shape[1]}), at least one"
        raise BadValueError("directions", rule, tuple(directions.shape))
    at_once = max(1, VALUES_AT_ONCE // (len(first) + len(second)))
    blocks = torch.split(directions.to(first.device, torch.float64), at_once)
    powers = [
        line_transport(_project(first, some, unit), _project(second, some, unit), order) for some in blocks
    ]
    return unit * float(torch.cat(powers).mean() ** (1 / order))


def draw_directions(n_directions: int, d: int, generator: torch.Generator) -> Tensor:
    """Return directions uniform on the unit sphere of d dimensions, (n_directions, d) in float64.

    They are normal vectors divided by their length, on the device of the generator.
    """
    return F.normalize(normal((n_directions, d), generator, torch.float64), dim=1)


def line_transport(first: Tensor, second: Tensor, order: Order) -> Tensor:
    """Return W_p^p = ∫₀¹ |F⁻¹(t) - G⁻¹(t)|^p dt for every pair of samples on the line.

    Both quantile functions are constant between multiples of 1/n and of 1/m, so that the integral is a
    sum over the cells of the merged grid: exact for any n and m. For n = m it pairs the k-th smallest.

    Args:
        first: (K, n), one sample a row.
        second: (K, m).
        order: p, 1 or 2.

    Returns:
        The p-th powers, (K,).

    Reference:
        Villani, "Topics in Optimal Transportation", 2003, section 2.2.
    """
    n, m = first.shape[1], second.shape[1]
    sorted_first, sorted_second = _sorted_rows(first), _sorted_rows(second)
    if n == m:
        widths = first.new_full((n,), 1 / n)
        return (sorted_first - sorted_second).abs_().pow_(order) @ widths
    ticks = torch.arange(n, device=first.device) * m, torch.arange(m, device=first.device) * n
    left = torch.unique(torch.cat(ticks))  # left ends of the cells (c,), in whole units of 1/(n m)
    widths = torch.diff(left, append=left.new_tensor([n * m])).to(first.dtype) / (n * m)
    difference = sorted_first[:, left // m] - sorted_second[:, left // n]  # (K, c)
    return difference.abs_().pow_(order) @ widths


def _sorted_rows(values: Tensor) -> Tensor:
    """Return the rows of values (K, n), each sorted: on the CPU by NumPy, several times as fast as torch."""
    if values.device.type == "cpu":
        return torch.from_numpy(np.sort(values.numpy(), axis=1))
    return values.sort(dim=1).values


def _project(points: Tensor, directions: Tensor, unit: float) -> Tensor:
    # float64 also because in float32 a GPU may be set to multiply with 10 bits of mantissa (TF32)
    blocks = torch.split(points, ROWS_AT_ONCE)
    return torch.cat([directions @ (rows.double() / unit).T for rows in blocks], dim=1)  # (K, n)
