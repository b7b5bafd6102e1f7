"""What the rules read of a run: its record, its settings and its table of numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_lab.runs.record import RunRecord
from gan_lab.tags.names import MEDIAN_WINDOW

END_MEASUREMENTS = 3
"""How many of the last occasional measurements the end of a run is the median of."""

Numbers = NDArray[np.float64]

_LARGEST = 3.5e38  # of float32, in which all is measured: what is beyond, somebody else has written


@dataclass(frozen=True)
class Observed:
    """A run as the rules see it.

    Attributes:
        record: what ``run.json`` says.
        iterations: of the rows of ``metrics.csv`` (N,), ascending.
        columns: tag to the numbers of all rows (N,), NaN where there is none.
        settings: dotted key of the config to its value; {} where it cannot be read.
    """

    record: RunRecord
    iterations: NDArray[np.int64]
    columns: Mapping[str, Numbers]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def values(self, tag: str) -> Numbers:
        """Return all numbers of a tag in their order (n,), without what is missing."""
        column = self.columns.get(tag)
        return np.zeros(0) if column is None else column[_is_number(column)]

    def measured(self, tag: str) -> tuple[NDArray[np.int64], Numbers]:
        """Return when a tag was measured (n,), and its numbers (n,)."""
        column = self.columns.get(tag)
        rows = np.zeros(len(self.iterations), bool) if column is None else _is_number(column)
        return self.iterations[rows], self.values(tag)

    def late(self, tag: str) -> Numbers:
        """Return the numbers of a tag in the last tenth of the run (n,), of 101 iterations at least.

        A tenth is late enough for what training has led to; 101 is the window of the WGAN paper's own
        median, below which single batches decide.
        """
        column = self.columns.get(tag)
        if column is None or not len(self.iterations):
            return np.zeros(0)
        span = max(MEDIAN_WINDOW, self.iterations[-1] // 10)
        late: Numbers = column[(self.iterations > self.iterations[-1] - span) & _is_number(column)]
        return late

    def late_median(self, tag: str) -> float:
        """Return the median of these numbers; NaN if there are none."""
        values = self.late(tag)
        return float(np.median(values)) if len(values) else math.nan

    def end(self, tag: str, measurements: int = END_MEASUREMENTS) -> float:
        """Return the median of a tag's last measurements; NaN if it has none."""
        values = self.lasts(tag, measurements)
        return float(np.median(values)) if len(values) else math.nan

    def lasts(self, tag: str, measurements: int = END_MEASUREMENTS) -> Numbers:
        """Return a tag's last measurements (k,), whose median its end is; early in a run fewer."""
        return self.values(tag)[-measurements:]

    def end_count(self, tag: str) -> int:
        """Return how many measurements ``end`` is the median of."""
        return len(self.lasts(tag))

    def has(self, *tags: str) -> bool:
        """Return whether each of the tags was measured at least once."""
        return all(len(self.values(tag)) for tag in tags)

    @property
    def estimate_at_equality(self) -> float:
        """What the estimate is worth between equal distributions; of older records by their objective."""
        recorded = self.record.estimate_at_equality
        if recorded is None:
            return -math.log(4) if self.part("objective", "GANDivergence") else 0.0
        return recorded

    def number(self, key: str) -> float | None:
        """Return a setting that is a finite number; None for any other."""
        value = self.settings.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        return float(value) if abs(value) <= _LARGEST else None

    def part(self, group: str, *words: str) -> str | None:
        """Return where in the config a class of some name is, whatever its module; None if nowhere.

        Args:
            group: such as "constraint"; its parts, as of ``constraint=[a,b]``, count.
            words: names of classes, such as "WeightClip".

        Returns:
            A dotted key, such as "constraint" or "constraint.parts.clip".
        """
        for key, value in self.settings.items():
            prefix, _, last = key.rpartition(".")
            is_class = last == "_target_" and prefix.split(".")[0] == group
            if is_class and str(value).rpartition(".")[2] in words:
                return prefix
        return None


def _is_number(column: Numbers) -> NDArray[np.bool_]:
    return np.abs(column) <= _LARGEST
