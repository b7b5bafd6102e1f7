"""Which rows of a run's table an archive keeps, so that a report of it says the same numbers."""

import math
from typing import NamedTuple

import numpy as np
import pandas
from numpy.typing import NDArray

from gan_lab.reports.claims.bands import centred_median, running_median
from gan_lab.reports.sweep.metrics_csv import CENTRED, RUNNING, parse_measurements
from gan_lab.tags.names import MEDIAN, MEDIAN_WINDOW, RAW
from gan_lab.tags.table import ESTIMATES, estimate_of, is_of_samples

MOST_ROWS = 2000
"""Of a run, unless the user says otherwise or more were measured than that."""

_FEWEST_BETWEEN = 200  # rows beside those that are kept anyway, of a run that was measured often


class Thinned(NamedTuple):
    """A table with some of its rows.

    Attributes:
        data: its lines, each as it was.
        every: of rows without an occasional measurement, those of multiples of this iteration are left.
        rows: that there were.
        kept: that are left.
        estimate: the column that ``medians`` are of; empty where all rows are left.
        medians: of the estimate around, and up to, each row that is left; as CSV.
    """

    data: bytes
    every: int
    rows: int
    kept: int
    estimate: str = ""
    medians: bytes = b""


def thin_table(data: bytes, every: int | None) -> Thinned:
    """Return a table without most rows in which stands only what every iteration measures.

    Rows stay in which something is that is measured now and then: a distance or a quality of samples, a
    floor, whatever most rows lack; so do the first row, the last 101, of which a report takes the median, and
    each iteration that is a multiple of ``every``. A table that is damaged stays as it is.

    Args:
        data: content of ``metrics.csv``.
        every: None for the smallest at which no more than :data:`MOST_ROWS` rows stay, or no more than 200
            beside those that stay anyway.
    """
    numbers, fault = parse_measurements(data, "metrics.csv")
    rows = len(numbers)
    if fault is not None or rows == 0:
        return Thinned(data, 1, rows, rows)
    anyway = _kept_anyway(numbers)
    if every is None:
        room = max(MOST_ROWS - int(anyway.sum()), _FEWEST_BETWEEN)
        every = max(1, math.ceil(int((~anyway).sum()) / room)) if rows > MOST_ROWS else 1
    kept = anyway | (numbers.index.to_numpy() % every == 0)
    if kept.all():
        return Thinned(data, 1, rows, rows)
    header, *lines = data.decode().replace("\r\n", "\n").split("\n")
    left = [line for line, stays in zip(lines, kept, strict=False) if stays]
    text = "\n".join([header, *left]) + "\n"
    estimate = _estimate_of(numbers)
    return Thinned(
        text.encode(), every, rows, len(left), estimate, _medians(numbers[estimate], kept).encode()
    )


def _kept_anyway(numbers: pandas.DataFrame) -> NDArray[np.bool_]:
    kept = np.zeros(len(numbers), bool)
    kept[:1] = kept[-MEDIAN_WINDOW:] = True
    for tag in map(str, numbers):
        filled = numbers[tag].notna().to_numpy()
        if is_of_samples(tag) or (tag not in ESTIMATES and 2 * filled.sum() <= len(numbers)):
            kept |= filled
    return kept


def _estimate_of(numbers: pandas.DataFrame) -> str:
    found = estimate_of(numbers)
    return RAW if found in (MEDIAN, None) else found


def _medians(values: pandas.Series, kept: NDArray[np.bool_]) -> str:
    medians = pandas.DataFrame({CENTRED: centred_median(values), RUNNING: running_median(values)})
    text: str = medians[kept].to_csv(lineterminator="\n")
    return text
