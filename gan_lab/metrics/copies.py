"""How many samples are copies of real ones: the nearest real one, beside that one's own nearest other."""

import torch
from torch import Tensor

from gan_lab.metrics.transport import BY_DIFFERENCES, flat_points

_ROWS = 256


def copied_share(real: Tensor, fake: Tensor) -> float:
    """Return the share of generated samples that are copies of a real one.

    A copy lies nearer to its nearest real sample than half of the way from there to the next different one.
    By the triangle inequality it then is nearer to that one than to any other: y within d(x, x') / 2 of x is
    farther than that from x'. Means of several images are not: the mean of two lies half of the way from
    either, the centre of a cloud at 1/sqrt(2) of the distance between two of its points.

    It is a matter of images, in many dimensions. In few, independent samples come as near, and the floor is
    no share of copies.

    Args:
        real: x_i, (n, *D); equal ones count once.
        fake: y_j, (m, *D).

    Returns:
        The share, from 0 to 1; 0 where all real samples are equal, because nothing tells how near is near.

    Raises:
        BadValueError: if shapes do not match or something is not a finite number.
    """
    points, samples = flat_points(real=real, fake=fake)
    points = torch.unique(points, dim=0)
    if len(points) < 2:
        return 0.0
    own = torch.cat([_distances(rows, points).topk(2, largest=False).values[:, 1] for rows in _split(points)])
    nearest = [_distances(rows, points).min(dim=1) for rows in _split(samples)]
    copied = torch.cat([found.values < own[found.indices] / 2 for found in nearest])
    return float(copied.double().mean())


def _split(points: Tensor) -> tuple[Tensor, ...]:
    return torch.split(points, _ROWS)


def _distances(rows: Tensor, points: Tensor) -> Tensor:
    return torch.cdist(rows, points, compute_mode=BY_DIFFERENCES)
