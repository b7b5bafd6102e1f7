"""Advice while a run goes on: that it may as well be stopped."""

import logging
from collections.abc import Mapping

import numpy as np

from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rules import standstill
from gan_lab.diagnosis.samples import DISTANCES
from gan_lab.runs.record import RunRecord

log = logging.getLogger(__name__)


class StoppingAdvice:
    """Says once, as soon as it is so, that nothing has moved for 1,000 iterations.

    Args:
        seed: of the run, by which the log tells several apart.
    """

    def __init__(self, seed: int) -> None:
        self._seed, self._told = seed, False
        self._at: list[int] = []
        self._distances: list[float] = []

    def of(self, record: RunRecord, iteration: int, measured: Mapping[str, float]) -> None:
        """Take what was measured at an iteration; measurements before a resumption do not count."""
        tag = next((tag for tag in DISTANCES if tag in measured), None)
        if tag is None or self._told:
            return
        self._at.append(iteration)
        self._distances.append(measured[tag])
        columns = {tag: np.array(self._distances)}
        found = standstill.RULE.of(Observed(record, np.array(self._at, dtype=np.int64), columns))
        if found is not None:
            self._told = True
            log.warning("Seed %d, iteration %s: %s", self._seed, f"{iteration:,}", found.sentence)
