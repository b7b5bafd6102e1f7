"""From a sweep's folder to its runs: what cannot be used is named, never raised or left out in silence."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas

from gan_lab.config.errors import UserError
from gan_lab.reports.sweep.cells import group_into_cells, order_cells, replicate_of
from gan_lab.reports.sweep.metrics_csv import read_measurements
from gan_lab.reports.sweep.missing import (
    folders_without_runs,
    jobs_without_runs,
    missing_runs,
    name_below,
    other_measures,
    sentence_on,
)
from gan_lab.reports.sweep.model import Cell, ReportRun, Sweep
from gan_lab.reports.sweep.verdicts import FailureRule, choose_quality, judge
from gan_lab.runs.reading import find_runs
from gan_lab.runs.record import RECORD_NAME, RunRecord


class _Read(NamedTuple):
    record: RunRecord
    config: dict[str, Any]
    numbers: pandas.DataFrame
    fault: str | None


def load_sweep(root: Path, rule: FailureRule | None = None) -> Sweep:
    """Return all runs in and below a folder, by cell and seed: the same runs in the same order.

    Args:
        root: a sweep's folder, or one that holds several.
        rule: what counts as failure; None for the defaults.

    Raises:
        UserError: if there is no such folder, or no run in it.
    """
    rule = rule or FailureRule()
    records = find_runs(root)
    if not records:
        raise UserError(f"{root} holds no runs; a run's folder has a {RECORD_NAME}.")
    faults = [sentence_on(root, record.path, record.message) for record in records if not record.started]
    read = [_read(root, record) for record in records if record.started]
    if not read:
        raise UserError(f"{root} holds no readable run: {faults[0]}")
    cells = group_into_cells(_for_grouping(read))
    order = {cell.key: place for place, cell in enumerate(order_cells(cells))}
    ranked = sorted(zip(read, cells, strict=True), key=lambda each: (order[each[1].key], _replicate(each[0])))
    runs = _without_repeats(root, ranked)
    quality = choose_quality([each.numbers for each, _ in runs if not each.fault])
    judged = tuple(
        ReportRun(
            each.record,
            each.config,
            cell,
            each.numbers,
            each.fault,
            judge(each.record, each.numbers, each.fault, quality, rule),
            rule.end_measurements,
        )
        for each, cell in runs
    )
    return Sweep(
        root=root,
        experiment=_common(judged, "experiment"),
        scale=_common(judged, "scale"),
        runs=judged,
        cells=tuple(order_cells(cells)),
        faults=(
            *faults,
            *folders_without_runs(root),
            *jobs_without_runs(root, records),
            *missing_runs(judged, [record.path for record in records if not record.started]),
            *other_measures(judged),
        ),
        quality=quality,
    )


def _read(root: Path, record: RunRecord) -> _Read:
    try:
        config, fault = record.read_config(), None
    except UserError as error:
        config, fault = {}, str(error).replace(f"{root}{os.sep}", "")
    numbers, of_table = read_measurements(record.metrics_path)
    if record.status == "diverged" and of_table == "metrics.csv is empty.":
        of_table = None  # at its very first numbers, which is a result
    elif record.status == "completed" and not of_table and len(numbers) < record.iteration:
        of_table = f"metrics.csv has {len(numbers)} of {record.iteration} iterations."
    return _Read(record, config, numbers, _of_status(record) or fault or of_table)


def _of_status(record: RunRecord) -> str | None:
    at = f"at iteration {record.iteration} of {record.iterations}"
    reason = f": {record.message}" if record.message else "."
    sentences = {
        "running": f"still running {at}.",
        "interrupted": f"interrupted {at}.",
        "failed": f"failed {at}{reason}",
    }
    return sentences.get(record.status)


def _for_grouping(read: list[_Read]) -> list[tuple[RunRecord, Mapping[str, Any]]]:
    """Return records and configs, in the place of unreadable ones that of another seed of the same job."""
    of_jobs = {each.record.path.parent: each.config for each in read if each.config}
    return [
        (each.record, each.config or (of_jobs.get(each.record.path.parent, {}) if _is_seed(each) else {}))
        for each in read
    ]


def _is_seed(each: _Read) -> bool:
    return each.record.path.name == f"seed{each.record.seed}"


def _replicate(each: _Read) -> tuple[tuple[int, int], str, Path]:
    return replicate_of(each.record, each.config), each.record.started, each.record.path


def _without_repeats(root: Path, ranked: list[tuple[_Read, Cell]]) -> list[tuple[_Read, Cell]]:
    """Return runs, with a fault where a good one before has its cell, draw and seed: it would count twice."""
    first: dict[tuple[str, tuple[int, int]], str] = {}
    runs = []
    for each, cell in ranked:
        if not each.fault:
            key, name = (cell.key, replicate_of(each.record, each.config)), name_below(root, each.record.path)
            if first.setdefault(key, name) != name:
                each = each._replace(fault=f"repeats {first[key]}, which counts in its place.")
        runs.append((each, cell))
    return runs


def _common(runs: tuple[ReportRun, ...], key: str) -> str | None:
    """Return what all runs were chosen by, or set to, under a key."""
    # a config is anybody's: its value may be a list
    values = {str(run.record.choices.get(key) or run.config.get(key) or "") for run in runs}
    return (values.pop() if len(values) == 1 else None) or None
