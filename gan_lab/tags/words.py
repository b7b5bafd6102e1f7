"""How a line in the terminal words the numbers of a run: what *the* estimate is, and how good samples are."""

import math
from collections.abc import Mapping

from gan_lab.tags import names
from gan_lab.tags.table import estimate_of, find_tag, title_of

HEADLINES = (names.FRECHET_FEATURES, names.W1_EXACT, names.PATCHES, names.SLICED_W1)
"""What can be the one number on the quality of samples, the most telling first."""

BESIDES = (names.MODES_HIT, names.RECALL)
"""What such a number does not see."""


def short_of(tag: str) -> str:
    """Return what a line calls a tag, in a word or two."""
    row, measured = find_tag(tag), names.measured_above(tag)
    if row is not None and row.name == tag and row.short:
        return row.short
    return f"{short_of(measured)} floor" if measured is not None else title_of(tag)


def number_text(value: float | None) -> str:
    """Return a number to four digits; a dash for none, and a word for what is no finite number."""
    if value is None:
        return "-"
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    return f"{value:.4g}"


def estimate_text(numbers: Mapping[str, float]) -> str:
    """Return the estimate of a run with its name, a dash if it has none."""
    tag = estimate_of(numbers)
    return "-" if tag is None else f"{short_of(tag)} {number_text(numbers[tag])}"


def estimate_cell(numbers: Mapping[str, float]) -> str:
    """Return the estimate of a run with its name for a column that is called so already: ``W 0.25``."""
    return estimate_text(numbers).replace(" estimate ", " ")


def quality_of(numbers: Mapping[str, float]) -> str | None:
    """Return which of a run's tags is its one number on the quality of samples; None if it has none."""
    return next((tag for tag in HEADLINES if tag in numbers), None)


def quality_text(numbers: Mapping[str, float]) -> str:
    """Return the quality of a run's samples with its name, a dash if it was not measured."""
    tag = quality_of(numbers)
    return "-" if tag is None else f"{short_of(tag)} {number_text(numbers[tag])}"


def quality_at_length(numbers: Mapping[str, float]) -> str:
    """Return the quality with its floor, and what it does not see; empty if it was not measured."""
    tag = quality_of(numbers)
    if tag is None:
        return ""
    floor = numbers.get(names.floor_tag(tag))
    told = [quality_text(numbers) + (f" (real samples {number_text(floor)})" if floor is not None else "")]
    for other in BESIDES:
        if other in numbers:
            best = numbers.get(names.floor_tag(other))
            of_real = f" (real samples {number_text(best)})" if best is not None else ""
            told.append(f"{short_of(other)} {number_text(numbers[other])}{of_real}")
    return ", ".join(told)
