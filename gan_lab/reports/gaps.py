"""What a sweep's folder lacks: jobs without a run, and seeds that only some cells have."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from gan_lab.records import CONFIG_NAME, RECORD_NAME, RunRecord
from gan_lab.reports.cells import replicate_of
from gan_lab.reports.model import ReportRun
from gan_lab.reports.sweep_command import jobs_of

_NO_RUNS_IN = ("checkpoints", "samples", "evaluation", "report")


def folders_without_runs(root: Path) -> Iterator[str]:
    """Name the folders of jobs that hold what a run leaves, but no record in or below them."""
    for folder, folders, files in os.walk(root):
        path = Path(folder)
        began = ".hydra" in folders or CONFIG_NAME in files or "metrics.csv" in files
        folders[:] = sorted(n for n in folders if n not in _NO_RUNS_IN and not n.startswith("."))
        if began and not any(path.rglob(RECORD_NAME)):
            folders.clear()
            yield sentence_on(root, path, f"it has no {RECORD_NAME}: the job ended before its run began")


def missing_runs(runs: Iterable[ReportRun]) -> Iterator[str]:
    """Name the draws and seeds that other cells have."""
    found: dict[str, set[tuple[int, int]]] = {}
    for run in runs:
        found.setdefault(run.cell.label, set()).add(replicate_of(run.record, run.config))
    everything = set().union(*found.values())
    for label, replicates in found.items():
        for draw, seed in sorted(everything - replicates):
            yield f"{label}: there is no run of {f'draw {draw}, ' if draw >= 0 else ''}seed {seed}."


def jobs_without_runs(root: Path, records: Iterable[RunRecord]) -> Iterator[str]:
    """Name the jobs that the sweep's command asked for and that left no run."""
    begun = [set(record.command.split()) for record in records]
    for job in jobs_of(root):
        if not any(job <= words for words in begun):
            yield f"{' '.join(sorted(job))}: the job left no run; it was refused, or never began."


def other_measures(runs: Iterable[ReportRun]) -> Iterator[str]:
    """Say of which datasets samples were measured by several feature networks: numbers of theirs differ."""
    networks: dict[str, set[str]] = {}
    for run in runs:
        of_run = filter(None, run.record.measured_by.split("+"))
        networks.setdefault(run.record.choices.get("dataset", "data"), set()).update(of_run)
    for dataset, digests in networks.items():
        if len(digests) > 1:
            listed = ", ".join(sorted(digests))
            yield (
                f"Samples of {dataset} were measured by several feature networks ({listed}): "
                "distances of features differ by some percent between them; evaluate the runs on one machine."
            )


def sentence_on(root: Path, path: Path, reason: str | None) -> str:
    """Return one sentence on a folder, with paths as seen from the root."""
    text = (reason or "its record is damaged").replace(f"{root}{os.sep}", "").rstrip(".")
    return f"{name_below(root, path)}: {text}."


def name_below(root: Path, path: Path) -> str:
    """Return a folder's path as seen from the root."""
    return path.relative_to(root).as_posix()
