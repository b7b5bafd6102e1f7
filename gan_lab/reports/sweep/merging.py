"""Runs of several folders or archives as one sweep: what stands twice is taken once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gan_lab.config.errors import UserError
from gan_lab.reports.sweep.model import Cell
from gan_lab.reports.sweep.read_runs import ReadRun
from gan_lab.runs.sources import Sources

Ranked = tuple[ReadRun, Cell]


class Merged(NamedTuple):
    """Runs of which none stands in two sources.

    Attributes:
        runs: with their cells, in the order that they had.
        sentences: one for each run that gave way to one that got further.
        twice: how many were left out that another source has with the same numbers.
    """

    runs: list[Ranked]
    sentences: tuple[str, ...]
    twice: int


def merge(sources: Sources, runs: Sequence[Ranked]) -> Merged:
    """Leave out runs that stand in several sources: of the same cell, draw and seed.

    The one that counts has no fault, got furthest, and has the most rows; of equal ones that of a folder,
    which has all its pictures, or the first.

    Args:
        sources: what the runs' folders lie in.
        runs: in the order that they keep.

    Raises:
        UserError: if two that both count have other numbers: nobody knows which are meant.
    """
    groups: dict[tuple[str, tuple[int, int]], list[ReadRun]] = {}
    for run, cell in runs:
        groups.setdefault((cell.key, run.replicate), []).append(run)
    left_out, sentences, differing = set(), [], []
    twice = 0
    for group in groups.values():
        best = max(group, key=lambda run: (*_worth(run), not sources.of(run.record.path).is_archive))
        name = sources.name_of(best.record.path)
        for other in group:
            if sources.of(other.record.path) is sources.of(best.record.path):
                continue  # of one sweep: the report says that it repeats another
            left_out.add(other.record.path)
            others_name = sources.name_of(other.record.path)
            if other.fault:
                verb = "stands" if best.fault else "counts"
                sentences.append(
                    f"{others_name}: {other.fault.rstrip('.')}; {name} of the same settings and seed {verb} "
                    "in its place."
                )
            elif difference := _difference(best, other):
                differing.append(f"{name} and {others_name} ({difference})")
            else:
                twice += 1
    if differing:
        stand = "A run stands" if len(differing) == 1 else f"{len(differing):,} runs stand"
        raise UserError(
            f"{stand} in two places with other numbers: {differing[0]}; leave one of them out, such as by "
            "naming run folders instead of the whole sweep."
        )
    kept = [each for each in runs if each[0].record.path not in left_out]
    return Merged(kept, tuple(sentences), twice)


def _worth(run: ReadRun) -> tuple[bool, int, int]:
    return run.fault is None, run.record.iteration, len(run.numbers)


def _difference(one: ReadRun, other: ReadRun) -> str | None:
    """Say in what two runs differ, at the rows and in the columns that both have; None if in nothing."""
    for name in ("status", "iteration"):
        if getattr(one.record, name) != getattr(other.record, name):
            return f"{name} {getattr(one.record, name)} and {getattr(other.record, name)}"
    rows = one.numbers.index.intersection(other.numbers.index)
    tags = [tag for tag in one.numbers if tag in other.numbers]
    first, second = (run.numbers.loc[rows, tags].to_numpy(float) for run in (one, other))
    differs = (first != second) & ~np.isnan(first) & ~np.isnan(second)
    if not differs.any():
        return None
    row, column = np.argwhere(differs)[0]
    values = f"{first[row, column]:.9g} and {second[row, column]:.9g}"
    return f"{tags[column]} at iteration {rows[row]:,}: {values}"
