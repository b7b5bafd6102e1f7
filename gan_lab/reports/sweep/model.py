"""What a report knows of a sweep: its runs, the cells that they belong to, and how each ended."""

import math
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import numpy as np
import pandas

from gan_lab.diagnosis.observed import END_MEASUREMENTS
from gan_lab.runs.archived import Archived
from gan_lab.runs.record import RunRecord
from gan_lab.runs.sources import Sources
from gan_lab.tags.names import MEDIAN, RAW
from gan_lab.tags.table import estimate_of

Outcome = Literal["success", "diverged", "collapsed", "frozen", "poor", "untrained", "unmeasured"]


@dataclass(frozen=True)
class Cell:
    """What the seeds of one setting share.

    Attributes:
        key: unique in the sweep and safe as a file name, such as "wgan_dcgan_nobn".
        label: values of the swept settings in their order, such as "wgan, dcgan_nobn".
        settings: swept setting to its value, such as {"objective": "wgan"}; empty where nothing is swept.
    """

    key: str
    label: str
    settings: dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """The failure rule's outcome.

    Attributes:
        outcome: "success", how the run failed, or "unmeasured" where the rule cannot say.
        reason: one sentence with the numbers that decided.
    """

    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class ReportRun:
    """One run.

    Attributes:
        record: its status, iteration, seed, command, versions, device and path.
        config: its resolved configuration; {} if it cannot be read.
        cell: what it shares with the other seeds of its setting.
        numbers: ``metrics.csv`` by iteration, floats, NaN where nothing was measured; empty if missing.
        fault: one sentence on why it is left out of means; None if it counts.
        verdict: what the failure rule says of it.
        end_measurements: how many of its last measurements its end is the median of, by that rule.
        archived: what its archive says of it; None of a run that is not from one.
        medians: of its estimate at the rows that the archive has kept, taken of all; None where all are kept.
    """

    record: RunRecord
    config: dict[str, Any]
    cell: Cell
    numbers: pandas.DataFrame
    fault: str | None
    verdict: Verdict
    end_measurements: int = END_MEASUREMENTS
    archived: Archived | None = None
    medians: pandas.DataFrame | None = None

    @property
    def every(self) -> int:
        """Of rows of what every iteration measures, one in how many its table has; 1 for all."""
        return 1 if self.archived is None else self.archived.every

    def end(self, tag: str) -> float:
        """Return what a tag ended at; NaN if it was not measured."""
        return end_of(self.numbers, tag, self.end_measurements)


@dataclass(frozen=True)
class Quality:
    """The metric that stands for the quality of samples: a distance, so that lower is better.

    Attributes:
        tag: its column in ``metrics.csv``, such as "quality/frechet_features".
        title: what an axis says.
    """

    tag: str
    title: str


@dataclass(frozen=True)
class Sweep:
    """All runs below folders, or in archives.

    Attributes:
        sources: the folders.
        experiment: the experiment that all runs were chosen by; None if there is none, or several.
        scale: their common ``scale``; None likewise.
        runs: by cell, then by seed.
        cells: in the order of the sweep.
        faults: one sentence for each run that is missing or cannot be read, and for runs that were not
            measured alike, or not trained for as long.
        quality: the metric that all measured runs have; None if none was measured.
        twice: how many runs stood in several of them with the same numbers, and were taken once.
    """

    sources: Sources
    experiment: str | None
    scale: str | None
    runs: tuple[ReportRun, ...]
    cells: tuple[Cell, ...]
    faults: tuple[str, ...]
    quality: Quality | None
    twice: int = 0

    def runs_of(self, cell: Cell) -> list[ReportRun]:
        """Return the runs of a cell, by seed."""
        return [run for run in self.runs if run.cell == cell]


def end_of(numbers: pandas.DataFrame, tag: str, measurements: int) -> float:
    """Return the median of a column's last measurements; NaN if it has none."""
    if tag not in numbers:
        return math.nan
    column = numbers[tag].to_numpy(dtype=np.float64)
    # asked for some hundred times of a run, of which pandas takes a millisecond each
    last = column[~np.isnan(column)][-measurements:]
    return median(map(float, last)) if len(last) else math.nan


def estimate_tag(run: ReportRun) -> str:
    """Return the column of what the run's critic estimates: a JSD, an f-divergence or a score gap.

    Unfiltered: a report filters every estimate itself, and alike.
    """
    found = estimate_of(run.numbers)
    return RAW if found in (MEDIAN, None) else found
