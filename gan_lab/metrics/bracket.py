"""What a critic proves of W1: the lower end of a bracket whose upper end is exact transport."""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import counted
from gan_lab.metrics.transport import BY_DIFFERENCES, flat_points, own_unit

PAIRS_AT_ONCE = 2**22  # 32 MiB in float64


class Certificate(NamedTuple):
    """What a critic proves of the distance between two samples."""

    certified: float  # a lower bound of W1 between the samples, in units of the data
    slope: float  # largest slope of the critic between two of the points, from which it follows


def certify(scores_real: Tensor, scores_fake: Tensor, real: Tensor, fake: Tensor) -> Certificate:
    """Return (mean V(x_i) - mean V(y_j)) / L, a lower bound of W1 between the two samples, and L.

    L is the largest slope |V(x) - V(y)| / ‖x - y‖₂ between any two of the points. V / L has slopes of at
    most 1 on them, so it is feasible in the Kantorovich-Rubinstein dual of the *empirical* problem,
    whatever the network does elsewhere; its value there cannot exceed W1(P_n, Q_m). How far it falls
    short says how far the critic is from an optimal potential. Two things loosen it, and never break it:
    one steep pair is enough, and so is rounding in the scores of points that nearly coincide.

    Points that coincide count with the mean of their scores, because a potential has one value at a place.
    They are no rarity: a small dataset repeats its samples, and with batch normalisation a critic scores
    the same sample differently from batch to batch.

    It bounds W1 of the samples, which is itself biased upwards in n: it is no bound of the distance
    between the distributions.

    Args:
        scores_real: V(x_i), (n,).
        scores_fake: V(y_j), (m,).
        real: x_i, (n, *D).
        fake: y_j, (m, *D).

    Returns:
        The bound, in units of the data; 0 for a constant critic. Negative where the critic scores
        generated samples higher on average: true as a bound but empty, and a sign that the critic has the
        roles the wrong way round (then -V certifies the opposite number).

    Raises:
        BadValueError: if shapes do not match or something is not a finite number.

    Reference:
        Arjovsky et al., "Wasserstein GAN", 2017, equation 2; Villani, "Optimal Transport", 2009,
        remark 6.5.
    """
    points = torch.cat(flat_points(real=real, fake=fake))
    _check_scores(scores_real=(scores_real, real), scores_fake=(scores_fake, fake))
    scores = _one_for_each_place(torch.cat([scores_real, scores_fake]).detach().double(), points)
    slope = largest_slope(scores, points)
    gap = _gap(scores[: len(real)], scores[len(real) :])
    return Certificate(gap / slope if slope > 0 else 0.0, slope)


def largest_slope(scores: Tensor, points: Tensor) -> float:
    """Return the largest |V(x) - V(y)| / ‖x - y‖₂ over all pairs: a lower bound of V's Lipschitz constant.

    More points can only raise it. Coincident points are skipped where their scores agree; where these
    differ, and be it by rounding, the slope is infinite.

    Cost: n²/2 distances in d dimensions, O(n² d), by blocks of rows: memory O(n d), whatever n is.

    Args:
        scores: V, (n,).
        points: (n, *D).

    Returns:
        The slope, in units of the score per unit of the data; 0 for a single point.

    Raises:
        BadValueError: if shapes do not match or something is not a finite number.
    """
    (x,) = flat_points(points=points)
    _check_scores(scores=(scores, points))
    unit = own_unit(x)
    x, v = x.double() / unit, scores.detach().double()
    rows = max(1, PAIRS_AT_ONCE // len(x))
    largest = torch.zeros((), dtype=torch.float64, device=x.device)
    for start in range(0, len(x), rows):
        # a pair is seen once, from whichever of its points comes first, or twice within a block
        distances = torch.cdist(x[start : start + rows], x[start:], compute_mode=BY_DIFFERENCES)
        rises = (v[start : start + rows, None] - v[start:]).abs()
        slopes = torch.where(rises > 0, rises / distances, 0.0)
        largest = torch.maximum(largest, slopes.amax())
    return float(largest) / unit


def _one_for_each_place(scores: Tensor, points: Tensor) -> Tensor:
    """Return scores (n,), each as the mean over all points (n, d) that coincide with its own."""
    _, place = torch.unique(points, dim=0, return_inverse=True)
    total = torch.zeros_like(scores).index_add_(0, place, scores)
    return (total / torch.bincount(place, minlength=len(scores)))[place]


def _gap(scores_real: Tensor, scores_fake: Tensor) -> float:
    return float(scores_real.double().mean() - scores_fake.double().mean())


def _check_scores(**scores: tuple[Tensor, Tensor]) -> None:
    for name, (values, points) in scores.items():
        if values.shape != points.shape[:1]:
            raise BadValueError(
                name, f"one score for each of {counted(len(points), 'point')}", tuple(values.shape)
            )
        if not values.isfinite().all():
            raise BadValueError(name, "finite numbers", values[~values.isfinite()][0].item())
