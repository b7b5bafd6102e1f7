"""From folders to the runs of a sweep: what cannot be used is named, never raised or left out in silence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_lab.config.errors import UserError
from gan_lab.reports.sweep.cells import group_into_cells, order_cells
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.last_row import fill_last_row
from gan_lab.reports.sweep.merging import Ranked, merge
from gan_lab.reports.sweep.missing import (
    folders_without_runs,
    jobs_without_runs,
    missing_runs,
    other_iterations,
    other_measures,
    sentence_on,
)
from gan_lab.reports.sweep.model import ReportRun, Sweep
from gan_lab.reports.sweep.read_runs import ReadRun, read_run_folder
from gan_lab.reports.sweep.verdicts import choose_quality, judge, why_no_quality
from gan_lab.runs.record import RunRecord
from gan_lab.runs.sources import Sources, folder_source


def load_sweep(root: Path, rule: FailureRule | None = None) -> Sweep:
    """Return all runs in and below a folder, by cell and seed: the same runs in the same order.

    Args:
        root: a sweep's folder, or one that holds several.
        rule: what counts as failure; None for the defaults.

    Raises:
        UserError: if there is no such folder, or no run in it.
    """
    return load_sources(folder_source(root), rule)


def load_sources(sources: Sources, rule: FailureRule | None = None) -> Sweep:
    """Return all runs in and below several folders as one sweep; what stands in two of them is taken once.

    Args:
        sources: folders of sweeps, or unpacked archives.
        rule: what counts as failure; None for the defaults.

    Raises:
        UserError: if one is no folder, or holds no run, or no run at all can be read; or if two hold the same
            run with other numbers.
    """
    rule = rule or FailureRule()
    records = sources.runs
    faults = [sentence_on(sources, each.path, each.message) for each in records if not each.started]
    read = [read_run_folder(sources, record) for record in records if record.started]
    if not read:
        raise UserError(f"{sources.parts[0].given} holds no readable run: {faults[0]}")
    cells = group_into_cells(_for_grouping(read))
    order = {cell.key: place for place, cell in enumerate(order_cells(cells))}
    ranked = sorted(zip(read, cells, strict=True), key=lambda each: (order[each[1].key], _rank(each[0])))
    merged = merge(sources, ranked)
    runs = [
        (each._replace(numbers=fill_last_row(each.record, each.numbers)), cell)
        for each, cell in _without_repeats(sources, merged.runs)
    ]
    quality = choose_quality([each.numbers for each, _ in runs if not each.fault])
    without = why_no_quality((each.numbers, each.fault) for each, _ in runs)
    judged = tuple(
        ReportRun(
            each.record,
            each.config,
            cell,
            each.numbers,
            each.fault,
            judge(each.record, each.numbers, each.fault, quality, rule, without=without),
            rule.end_measurements,
            each.archived,
            each.medians,
        )
        for each, cell in runs
    )
    return Sweep(
        sources=sources,
        experiment=_common(judged, "experiment"),
        scale=_common(judged, "scale"),
        runs=judged,
        cells=tuple(order_cells(cells)),
        faults=(
            *faults,
            *merged.sentences,
            *folders_without_runs(sources),
            *jobs_without_runs(sources, records),
            *missing_runs(judged, [record.path for record in records if not record.started]),
            *other_measures(judged),
            *other_iterations(judged),
        ),
        quality=quality,
        twice=merged.twice,
    )


def _for_grouping(read: list[ReadRun]) -> list[tuple[RunRecord, Mapping[str, Any]]]:
    """Return records and configs, in the place of unreadable ones that of another seed of the same job."""
    of_jobs = {each.record.path.parent: each.config for each in read if each.config}
    return [
        (each.record, each.config or (of_jobs.get(each.record.path.parent, {}) if _is_seed(each) else {}))
        for each in read
    ]


def _is_seed(each: ReadRun) -> bool:
    return each.record.path.name == f"seed{each.record.seed}"


def _rank(each: ReadRun) -> tuple[tuple[int, int], str, Path]:
    return each.replicate, each.record.started, each.record.path


def _without_repeats(sources: Sources, ranked: list[Ranked]) -> list[Ranked]:
    """Return runs, with a fault where a good one before has its cell, draw and seed: it would count twice."""
    first: dict[tuple[str, tuple[int, int]], str] = {}
    runs = []
    for each, cell in ranked:
        if not each.fault:
            key, name = (cell.key, each.replicate), sources.name_of(each.record.path)
            if first.setdefault(key, name) != name:
                each = each._replace(fault=f"repeats {first[key]}, which counts in its place.")
        runs.append((each, cell))
    return runs


def _common(runs: tuple[ReportRun, ...], key: str) -> str | None:
    """Return what all runs were chosen by, or set to, under a key."""
    # a config is anybody's: its value may be a list
    values = {str(run.record.choices.get(key) or run.config.get(key) or "") for run in runs}
    return (values.pop() if len(values) == 1 else None) or None
