"""Numbers about samples, each beside what real samples would get."""

import math
from typing import NamedTuple

from gan_lab.tags.names import floor_tag


class Reading(NamedTuple):
    """One number, beside what real samples would get.

    Attributes:
        value: of generated samples against real ones.
        floor: the same of other real samples in the place of the generated ones, which a perfect generator
            gets on average; None for what is a matter of the critic. It is no minimum: samples closer
            together than real ones can lie below it, which is no evidence of better ones. A small dataset
            repeats itself: of 1,024 draws from 1,797 digits, two fifths are copies of images among 1,024
            others, and the floor is that of a generator which does as much. Of the debiased distance, which
            a perfect generator has 0 of on average, its scatter around that.
    """

    value: float
    floor: float | None = None


def numbers_of(readings: dict[str, Reading]) -> dict[str, float]:
    """Return values and floors by tag, without those that do not exist."""
    numbers = {tag: reading.value for tag, reading in readings.items()}
    floors = {floor_tag(tag): reading.floor for tag, reading in readings.items() if reading.floor is not None}
    return {tag: value for tag, value in (numbers | floors).items() if not math.isnan(value)}
