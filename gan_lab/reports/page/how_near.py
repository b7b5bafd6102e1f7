"""How near the samples of a sweep came to the data, in a sentence of numbers."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from gan_lab.config.phrases import counted
from gan_lab.reports.sweep.model import Cell, Quality, Sweep
from gan_lab.tags.names import floor_tag

_OF_SEVERAL = "; a mean over seeds"
_WITHOUT = "; runs that diverged are left out"


class _Distance(NamedTuple):
    """How far samples of a cell ended from the data."""

    cell: str
    end: float
    floor: float
    """Of two sets of real samples; NaN if it was not measured."""
    runs: int

    @property
    def ratio(self) -> float:
        """How many floors it is, by which cells of several datasets compare; NaN without a floor."""
        return self.end / self.floor if self.floor > 0 else math.nan

    def told(self) -> str:
        """Return the distance with its cell, how many runs it is of and what real samples have."""
        label = f"{self.cell}, " if self.cell else ""
        floor = "" if math.isnan(self.floor) else f"; two sets of real samples: {self.floor:.3g}"
        return f"{self.end:.3g} ({label}{counted(self.runs, 'run')}{floor})"


def how_near(sweep: Sweep, quality: Quality) -> str:
    """Return how near the samples of the nearest and of the farthest cell came, beside real samples.

    Cells are ordered by the ratio to what real samples have if all have that, otherwise by the distance.
    """
    known = [found for cell in sweep.cells if (found := _distance_of(sweep, cell, quality.tag))]
    if not known:
        return f"Of no run that counts did {quality.title} end at a number."
    by_ratio = not any(math.isnan(each.ratio) for each in known)
    ranks = [each.ratio if by_ratio else each.end for each in known]
    nearest, farthest = (
        [each for each, rank in zip(known, ranks, strict=True) if rank == choose(ranks)]
        for choose in (min, max)
    )
    begin = f"In {quality.title} samples ended at {_named(nearest)}"
    diverged = any(run.fault is None and run.record.status == "diverged" for run in sweep.runs)
    end = _OF_SEVERAL * any(each.runs > 1 for each in (*nearest, *farthest)) + _WITHOUT * diverged
    if len(nearest) == len(known):
        return f"{begin}{end}."
    order = " by the ratio to real samples" if by_ratio else ""
    return f"{begin} where they are nearest{order}, and at {_named(farthest)} where they are farthest{end}."


def _named(alike: Sequence[_Distance]) -> str:
    """Return the first of cells that are as near as one another, and how many more there are."""
    first, *others = alike
    cells = counted(len(others), "more cell")
    return f"{first.told()}{f' and as near in {cells}' if others else ''}"


def _distance_of(sweep: Sweep, cell: Cell, tag: str) -> _Distance | None:
    """Return the means over a cell's runs that did not diverge; None without a number."""
    runs = [run for run in sweep.runs_of(cell) if run.fault is None and run.record.status != "diverged"]
    ends = [(end, run.end(floor_tag(tag))) for run in runs if not math.isnan(end := run.end(tag))]
    if not ends:
        return None
    values, floors = zip(*ends, strict=True)
    return _Distance(cell.label, fmean(values), fmean(floors), len(ends))
