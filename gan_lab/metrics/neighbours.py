"""Precision, recall, density and coverage: who lies in whose nearest-neighbour ball."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lab.config.checks import PositiveInt, conform
from gan_lab.metrics.transport import BY_DIFFERENCES
from gan_lab.metrics.two_sample import comparable_points

DISTANCES_AT_ONCE = 2**23  # 64 MB of float64


class NeighbourMetrics(NamedTuple):
    """Shares of samples inside the balls of others; :func:`neighbour_metrics` says what each means."""

    precision: float
    recall: float
    density: float
    coverage: float


def distance_blocks(rows: Tensor, columns: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield the Euclidean distances of (n, d) to (m, d) as blocks of rows that fit in memory.

    Yields:
        The rows of a block as a slice, and their distances (rows in the block, m).
    """
    n_rows = max(1, DISTANCES_AT_ONCE // len(columns))
    for start in range(0, len(rows), n_rows):
        block = slice(start, min(start + n_rows, len(rows)))
        yield block, torch.cdist(rows[block], columns, compute_mode=BY_DIFFERENCES)


def neighbour_radii(samples: Tensor, ranks: tuple[int, ...]) -> Tensor:
    """Return the distance of each sample to its k-th nearest other sample, for each k in ``ranks``.

    Args:
        samples: (n, d).
        ranks: each k from 1 to n - 1.

    Returns:
        (len(ranks), n).
    """
    # a sample is its own nearest, at distance 0: the k-th other one is entry k, counted from 0
    nearest = [
        distances.topk(max(ranks) + 1, dim=1, largest=False).values
        for _, distances in distance_blocks(samples, samples)
    ]
    return torch.cat(nearest)[:, list(ranks)].T


def expected_coverage(n_real: int, n_fake: int, neighbours: int = 5) -> float:
    """Return E[coverage] = 1 - Π_{i=1..k} (N - i) / (M + N - i) of a perfect generator.

    A ball is empty if the k nearest of the N - 1 + M other samples all are real. It holds for every
    continuous distribution in any dimension; .968773 for N = M = 10,000 and k = 5.

    Args:
        n_real: N, greater than ``neighbours``.
        n_fake: M, greater than 0.
        neighbours: k.

    Raises:
        BadValueError: if a number is out of its range.

    Reference:
        Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020, section 3.
    """
    k = conform("neighbours", neighbours, PositiveInt)
    n_real, n_fake = conform("n_real", n_real, PositiveInt), conform("n_fake", n_fake, PositiveInt)
    return 1 - math.prod((n_real - i) / (n_fake + n_real - i) for i in range(1, k + 1))


def neighbour_metrics(
    real: Tensor,
    fake: Tensor,
    manifold_neighbours: int = 3,
    density_neighbours: int = 5,
) -> NeighbourMetrics:
    """Compare two samples by the balls that reach from each sample to its k-th nearest of the same set.

    - precision: share of generated samples inside the ball of any real one (k = 3), 0 to 1;
    - recall: share of real samples inside the ball of any generated one (k = 3), 0 to 1;
    - density: mean number of real balls around a generated sample, over k (k = 5), 0 to N / k;
    - coverage: share of real samples with a generated one in their own ball (k = 5), 0 to 1.

    Bias: the balls shrink as samples are added, so every value depends on N and M and on k. A perfect
    generator has a density of 1 on average, at any N, M and k, and the coverage of
    :func:`expected_coverage`, or more where samples repeat; its precision and recall are below 1 by an amount
    that depends on the distribution. A lone outlier among the real samples has a huge ball and raises
    precision; among the generated ones it raises recall. Distances in pixels say little: the papers use
    features.

    Balls are closed, ‖x - y‖ <= r, as the equations of both papers have them: where samples repeat, as draws
    from a small dataset do, radii may be 0, and a generated sample at the very place is inside. (The code of
    Naeem et al. takes open balls, which then hold nothing: all four would fall to 0 as n grows.) In the
    density, samples on the sphere itself count as far as they would if the tie with the real ones there were
    drawn by lot, (k - a) / (b + 1) for a real ones inside and b on the sphere; so its mean of 1 holds for
    distributions with ties as well. Counted in full, ties would lift it without bound. Other conventions
    differ from these for exact ties alone; of a copy of N distinct samples they make the density
    (k + 1/2) / k here, 1 with open balls, (k + 1) / k with closed ones.

    Distances are made in blocks, in float64: memory grows with N + M.

    Args:
        real: samples (N, *D), more than the larger k; images are flattened.
        fake: samples (M, *D), more than the larger k.
        manifold_neighbours: k of precision and recall.
        density_neighbours: k of density and coverage.

    Raises:
        BadValueError: if the samples cannot be compared, there are too few, or a number is out of its range.

    Reference:
        Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models",
        2019, equations 1 and 2; Naeem et al. 2020, equations 4 and 5.
    """
    few = conform("manifold_neighbours", manifold_neighbours, PositiveInt)
    many = conform("density_neighbours", density_neighbours, PositiveInt)
    real, fake, _ = comparable_points(real, fake, at_least=max(few, many) + 1)
    near_real, wide_real = neighbour_radii(real, (few, many))  # (N,), (N,)
    (near_fake,) = neighbour_radii(fake, (few,))  # (M,)
    on_sphere = _shares_on_the_sphere(real, wide_real, many)  # (N,)
    precise = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
    recalled = torch.zeros(len(real), dtype=torch.bool, device=real.device)
    covered = torch.zeros_like(recalled)
    around = torch.zeros((), dtype=torch.float64, device=real.device)
    for block, distances in distance_blocks(real, fake):
        precise |= (distances <= near_real[block, None]).any(dim=0)
        recalled[block] = (distances <= near_fake).any(dim=1)
        covered[block] = (distances <= wide_real[block, None]).any(dim=1)
        n_inside = (distances < wide_real[block, None]).sum(dim=1)
        n_on_sphere = (distances == wide_real[block, None]).sum(dim=1)
        around += (n_inside + on_sphere[block] * n_on_sphere).sum()
    return NeighbourMetrics(
        precision=float(precise.double().mean()),
        recall=float(recalled.double().mean()),
        density=float(around) / (many * len(fake)),
        coverage=float(covered.double().mean()),
    )


def _shares_on_the_sphere(samples: Tensor, radii: Tensor, rank: int) -> Tensor:
    """Return by how much a point counts that is as far from a sample as its k-th nearest other, k = ``rank``.

    With a of the others nearer and b as far, it takes any of the ranks a + 1 to a + b + 1 by lot, and is one
    of the k nearest with probability (k - a) / (b + 1), which is below 1.

    Args:
        samples: (n, d).
        radii: the distance of each to its k-th nearest other, (n,).
        rank: k.

    Returns:
        (n,), float64.
    """
    shares = torch.empty(len(samples), dtype=torch.float64, device=samples.device)
    for block, distances in distance_blocks(samples, samples):
        radius = radii[block, None]
        # the sample itself is at distance 0: inside, or on the sphere where this is a point
        is_point = (radius[:, 0] == 0).long()
        n_nearer = (distances < radius).sum(dim=1) - (1 - is_point)
        n_as_far = (distances == radius).sum(dim=1) - is_point
        shares[block] = (rank - n_nearer).double() / (n_as_far + 1)
    return shares
