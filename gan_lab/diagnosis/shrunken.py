"""Samples closer together than real ones, which an exact distance rewards."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gan_lab.tags.names import W1_DEBIASED, W1_EXACT, floor_tag

_BEYOND_CHANCE = 3.0


def own_floor_if_shrunken(lasts: Callable[[str], NDArray[np.float64]], spread_share: float) -> float | None:
    """Return how far apart two samples of a generator are, if clearly less than real ones; None if not.

    Empirical W1 rewards such samples: below its floor they can be worse than above it. Two things are asked
    for:

    - The debiased distance is above 0 by more than three times its scatter: it is not by chance.
    - The generator's own floor is below a share of that of real samples. It is W(y, y'), known from
      W(x, y) - (W(x, x') + W(y, y')) / 2.

    Neither is enough alone. The debiased distance of many samples finds any difference; and in few dimensions
    floors scatter: of 256 points of N(0, I) in the plane by an eighth, of ring8 and on a line by a third. (On
    the line, of 3,000 perfect samples of 256, 1.7 % are above three times their scatter, and 0.3 % meet
    both.) The debiased distance over the floor says little: with half the spread in 64 dimensions it is 8 %,
    with all samples in one point 36 %.

    Args:
        lasts: returns the last measurements of a tag (k,); empty if it was not measured, as in runs of
            earlier versions.
        spread_share: least share of the real floor.
    """
    tags = (W1_EXACT, floor_tag(W1_EXACT), W1_DEBIASED, floor_tag(W1_DEBIASED))
    measured = [lasts(tag) for tag in tags]
    together = min(map(len, measured))  # an earlier version measured W1 alone
    if not together:
        return None
    distances, floors, excesses, scatters = (values[-together:] for values in measured)
    own_floor = max(float(np.median(2 * (distances - excesses) - floors)), 0.0)
    floor, excess, scatter = (float(np.median(each)) for each in (floors, excesses, scatters))
    is_shrunken = excess > _BEYOND_CHANCE * scatter and own_floor < spread_share * floor
    return own_floor if is_shrunken else None
