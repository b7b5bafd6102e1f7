"""Floors: what real samples get in the place of generated ones, which every number stands beside."""

from collections.abc import Iterable
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lab.evaluation.comparison import Comparison
from gan_lab.types import Sampler

_MOST = 7  # with the first of others a mean of eight, which scatters by a third of what one does
_PAIRS = 2**24  # of points in all: an exact distance takes their square and more


class RealSamples(NamedTuple):
    """Independent sets of real samples, of which generated ones are compared with the first."""

    compared: Tensor  # (n, *D)
    other: Tensor  # (n, *D)
    more: Iterable[Tensor]  # each (n, *D); drawn as they are asked for, and once


def draw_real(sampler: Sampler, n: int, rng: torch.Generator) -> RealSamples:
    """Draw sets of n real samples: two, and ``how_many_more`` when they are asked for."""
    compared, other = sampler(n, rng), sampler(n, rng)
    return RealSamples(compared, other, (sampler(n, rng) for _ in range(how_many_more(n))))


def floors_of(comparison: Comparison, real: RealSamples) -> dict[str, float]:
    """Return what a perfect generator gets on average, by tag.

    A number between two sets of real samples is itself a draw. Distances scatter the most: between two sets
    of 1,024 points of ``ring8`` W1 is 0.045 to 0.155, between two of photos that of patches is 15 to 59, and
    a line drawn at three times one of them is drawn by chance. They are means over all sets of others. What
    scatters by less is of the first: Fréchet's distance of features by a fifth, shares by a few per cent.
    """
    floors = comparison.compare(real.compared, real.other)
    more = [comparison.compare_roughly(real.compared, other) for other in real.more]
    means = {tag: fmean([floors[tag], *(found[tag] for found in more)]) for tag in (more[0] if more else ())}
    return floors | means


def how_many_more(n: int) -> int:
    """Return how many more sets of n samples floors are means over: 7 up to 1,448, none above 2,896.

    In the plane distances of so many scatter as much beside their mean, but take seconds each.
    """
    return max(0, min(_MOST, _PAIRS // n**2 - 1))
