"""What a sweep's folder lacks: jobs without a run, and seeds that only some cells have."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from gan_lab.config.command_lines import words_of
from gan_lab.config.digits import is_number
from gan_lab.reports.sweep.cells import replicate_of
from gan_lab.reports.sweep.model import ReportRun
from gan_lab.reports.sweep.sweep_command import jobs_of
from gan_lab.runs.record import CONFIG_NAME, RECORD_NAME, RunRecord
from gan_lab.runs.sources import Sources

_NO_RUNS_IN = ("checkpoints", "samples", "evaluation", "report")


def folders_without_runs(sources: Sources) -> Iterator[str]:
    """Name the folders of jobs that hold what a run leaves, but no record in or below them."""
    for folder, folders, files in (found for each in sources.parts for found in os.walk(each.folder)):
        path = Path(folder)
        began = ".hydra" in folders or CONFIG_NAME in files or "metrics.csv" in files
        folders[:] = sorted(n for n in folders if n not in _NO_RUNS_IN and not n.startswith("."))
        if began and not any(path.rglob(RECORD_NAME)):
            folders.clear()
            yield sentence_on(sources, path, f"it has no {RECORD_NAME}: the job ended before its run began")


def missing_runs(runs: Iterable[ReportRun], damaged: Collection[Path] = ()) -> Iterator[str]:
    """Name the draws and seeds that other cells have, but not those whose folders are named as damaged.

    One sentence a cell, or of a cell with draws one a draw.
    """
    found: dict[str, set[tuple[int, int]]] = {}
    for run in runs:
        draw, seed = replicate_of(run.record, run.config)
        here = found.setdefault(run.cell.label, set())
        here.add((draw, seed))
        of_job = (path.name.removeprefix("seed") for path in damaged if path.parent == run.record.path.parent)
        here |= {(draw, int(number)) for number in of_job if number.isdecimal()}
    everything = set().union(*found.values())
    for label, replicates in found.items():
        lacking: dict[int, list[int]] = {}
        for draw, seed in sorted(everything - replicates):
            lacking.setdefault(draw, []).append(seed)
        for draw, seeds in lacking.items():
            of_draw = f"draw {draw}, " if draw >= 0 else ""
            yield f"{label}: {_no_runs_of(seeds, of_draw)}."


def _no_runs_of(seeds: Sequence[int], of_draw: str) -> str:
    *others, last = map(str, seeds)
    if not others:
        return f"there is no run of {of_draw}seed {last}"
    return f"there are no runs of {of_draw}seeds {', '.join(others)} and {last}"


def jobs_without_runs(sources: Sources, records: Iterable[RunRecord]) -> Iterator[str]:
    """Name the jobs that the sweep's commands asked for and that left no run anywhere, each once."""
    begun = [set(map(_as_recorded, words_of(record.command))) for record in records]
    for job in dict.fromkeys(job for each in sources.parts for job in jobs_of(each.folder)):
        if not any(set(map(_as_recorded, job)) <= words for words in begun):
            yield f"{' '.join(sorted(job))}: the job left no run; it was refused, or never began."


def _as_recorded(override: str) -> str:
    """Return an override with its number in one spelling: what was typed as 1e-3 is recorded as 0.001."""
    key, _, value = override.partition("=")
    return f"{key}={float(value)!r}" if is_number(value) else override


def other_measures(runs: Iterable[ReportRun]) -> Iterator[str]:
    """Say of which datasets samples were measured by several feature networks: numbers of theirs differ."""
    networks: dict[str, set[str]] = {}
    for run in runs:
        networks.setdefault(run.record.choices.get("dataset", "data"), set()).update(run.record.measured_by)
    for dataset, digests in networks.items():
        if len(digests) > 1:
            listed = ", ".join(sorted(digests))
            yield (
                f"Samples of {dataset} were measured by several feature networks ({listed}): "
                "distances of features differ by some percent between them; evaluate the runs on one machine."
            )


def other_iterations(runs: Iterable[ReportRun]) -> Iterator[str]:
    """Say of which cells the runs that count were given several numbers of iterations, as resuming may do."""
    found: dict[str, dict[int, list[str]]] = {}
    for run in (each for each in runs if each.fault is None):
        draw, seed = replicate_of(run.record, run.config)
        name = f"draw {draw}, seed {seed}" if draw >= 0 else f"seed {seed}"
        found.setdefault(run.cell.label, {}).setdefault(run.record.iterations, []).append(name)
    for label, by_number in found.items():
        if len(by_number) > 1:
            told = "; ".join(f"{number:,}: {', '.join(by_number[number])}" for number in sorted(by_number))
            yield (
                f"{label}: runs that are averaged were given different numbers of iterations ({told}); what "
                "they ended at does not compare."
            )


def sentence_on(sources: Sources, path: Path, reason: str | None) -> str:
    """Return one sentence on a folder, with paths as seen from what they came from."""
    text = sources.told(reason or "its record is damaged").rstrip(".")
    name = sources.name_of(path)
    return f"{text}." if text.startswith(name) and name != "." else f"{name}: {text}."
