"""Floors: what real samples get in the place of generated ones, which every number stands beside."""

from collections.abc import Iterable, Iterator
from statistics import fmean

import torch
from torch import Tensor

from gan_lab.evaluation.comparison import Comparison
from gan_lab.types import Sampler

_MOST = 7  # with the first of others a mean of eight, which scatters by a third of what one does
_PAIRS = 2**24  # of points in all: an exact distance takes their square and more


def mean_floors(
    floors: dict[str, float], comparison: Comparison, real: Tensor, more_real: Iterable[Tensor]
) -> dict[str, float]:
    """Return what a perfect generator gets on average, by tag.

    A number between two sets of real samples is itself a draw. Distances scatter the most: between two sets
    of 1,024 points of ``ring8`` W1 is 0.045 to 0.155, between two of photos that of patches is 15 to 59, and
    a line drawn at three times one of them is drawn by chance. They are means over all sets of others; what
    scatters by a few per cent is of the first.

    Args:
        floors: what one set of other real samples gets.
        comparison: of the data.
        real: the samples of the data (n, *D) that generated ones are compared with.
        more_real: more sets of n others, such as ``more_draws`` makes; without any, floors stay as they are.
    """
    more = [comparison.compare_roughly(real, other) for other in more_real]
    means = {tag: fmean([floors[tag], *(found[tag] for found in more)]) for tag in (more[0] if more else ())}
    return floors | means


def more_draws(sampler: Sampler, n: int, rng: torch.Generator) -> Iterator[Tensor]:
    """Draw ``how_many_more`` further sets of n real samples, one at a time."""
    for _ in range(how_many_more(n)):
        yield sampler(n, rng)


def how_many_more(n: int) -> int:
    """Return how many more sets of n samples floors are means over: 7 up to 1,448, none above 2,896.

    In the plane distances of so many scatter as much beside their mean, but take seconds each.
    """
    return max(0, min(_MOST, _PAIRS // n**2 - 1))
