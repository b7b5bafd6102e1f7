"""The report as one HTML page that needs nothing else: pictures inside, no scripts, no network."""

import base64
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gan_lab.config.phrases import counted, verb
from gan_lab.files.html_template import html_template
from gan_lab.reports.page.answer import HEADLINES
from gan_lab.reports.page.diagnosis_table import diagnosis_table, findings_of
from gan_lab.reports.page.page_tables import Table, TableCell
from gan_lab.reports.sweep.bounds import NOTE, bound_of
from gan_lab.reports.sweep.cells import replicates_in_words
from gan_lab.reports.sweep.deviations import Deviations
from gan_lab.reports.sweep.model import ReportRun, Sweep
from gan_lab.reports.sweep.sweep_command import command_of_sweep
from gan_lab.reports.sweep.verdicts import why_no_quality
from gan_lab.runs.record import RunRecord

_TEMPLATE = Path(__file__).with_name("report.html.j2")


@dataclass(frozen=True)
class Picture:
    """A figure as it stands on the page.

    Attributes:
        name: its file's name without an ending.
        title: a few words.
        caption: what is drawn.
        png: its bytes.
    """

    name: str
    title: str
    caption: str
    png: bytes

    @property
    def width(self) -> int:
        """Its pixels from left to right, as a PNG's header has them."""
        return int.from_bytes(self.png[16:20])

    @property
    def data(self) -> str:
        """The bytes as a data URI has them."""
        return base64.b64encode(self.png).decode()


def render_page(
    sweep: Sweep,
    folder: Path,
    *,
    answer: Sequence[str],
    rule: str,
    claims: Sequence[Table],
    pictures: Sequence[Picture],
    deviations: Deviations,
) -> str:
    """Return the page.

    Args:
        sweep: what it is about.
        folder: where it will lie; links to run folders are relative to it.
        answer: sentences that stand first.
        rule: when a run counts as a success, in sentences.
        claims: numbers with their intervals.
        pictures: in their order.
        deviations: from the paper.
    """
    by_name = {picture.name: picture for picture in pictures}
    headline = next((by_name[name] for name in HEADLINES if name in by_name), None)
    return html_template(_TEMPLATE).render(
        title=_title(sweep),
        summary=_summary(sweep),
        answer=answer,
        headline=headline,
        rule=rule,
        diagnosis=diagnosis_table(sweep),
        claims=claims,
        figures=[picture for picture in pictures if picture is not headline],
        counted=_counted(sweep.runs),
        runs=_run_table(sweep, folder),
        faults=sweep.faults,
        deviations=deviations,
        deviation_table=_deviation_table(deviations),
        made=_made(sweep),
    )


def _title(sweep: Sweep) -> str:
    name = sweep.experiment or sweep.sources.parts[0].given.resolve().name
    return f"{name} ({sweep.scale})" if sweep.scale else name


def _summary(sweep: Sweep) -> str:
    left_out = sum(run.fault is not None for run in sweep.runs)
    differ = f"; runs of a cell differ in their {replicates_in_words(sweep.runs)}"
    several = differ if len(sweep.runs) > len(sweep.cells) else ""
    words = [f"{counted_in_words(sweep)}{several}."]
    without = why_no_quality((run.numbers, run.fault) for run in sweep.runs)
    words.append(f"Quality means {sweep.quality.title}." if sweep.quality else f"{without}.")
    if left_out:
        be, each = verb(left_out, "is", "are"), verb(left_out, "with its", "each with its")
        words.append(
            f"{counted(left_out, 'run')} {be} left out of means, {each} reason in the table of runs."
        )
    if faults := len(sweep.faults):
        say = verb(faults, "says", "say")
        words.append(
            f"{counted(faults, 'sentence')} below the table of runs {say} what is missing or cannot be used."
        )
    words += _of_archives(sweep)
    return " ".join(words)


def _of_archives(sweep: Sweep) -> list[str]:
    """Say what is taken once, and of how many runs there are not all the rows."""
    said = []
    if sweep.twice:
        copies = counted(sweep.twice, "copy of a run", "copies of runs")
        be = verb(sweep.twice, "is", "are")
        said.append(f"{copies} that stood elsewhere with the same numbers {be} left out.")
    thinned = [run.every for run in sweep.runs if run.every > 1]
    if thinned:
        said.append(
            f"Of {counted(len(thinned), 'run')} an archive keeps all that was measured of samples, and at "
            f"least one in {max(thinned)} of the other iterations: medians of estimates and the diagnosis "
            "were made before, of all."
        )
    return said


def counted_in_words(sweep: Sweep) -> str:
    """Return how many runs there are in how many cells."""
    return f"{counted(len(sweep.runs), 'run')} in {counted(len(sweep.cells), 'cell')}"


def _counted(runs: Iterable[ReportRun]) -> str:
    runs = list(runs)
    statuses: Counter[str] = Counter(run.record.status for run in runs)
    outcomes: Counter[str] = Counter(run.verdict.outcome for run in runs)
    left_out = sum(run.fault is not None for run in runs)
    return (
        f"Of {counted(len(runs), 'run')}, by status: {_listed(statuses)}; by the failure rule: "
        f"{_listed(outcomes)}.{f' Left out of means: {left_out:,}.' if left_out else ''}"
    )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items())) or "none"


def _run_table(sweep: Sweep, folder: Path) -> Table:
    rows = []
    for run in sweep.runs:
        record = run.record
        why = [f"Left out: {run.fault}" if run.fault else "", run.verdict.reason, record.message or ""]
        rows.append(
            [
                TableCell(run.cell.label),
                TableCell("-" if record.seed is None else str(record.seed), is_number=True),
                TableCell(record.status),
                TableCell(f"{record.iteration:,} of {record.iterations:,}", is_number=True),
                TableCell(bound_of(run)),
                TableCell(run.verdict.outcome),
                TableCell(", ".join(finding.name for finding in findings_of(run))),
                TableCell(_said_once(why)),
                TableCell(sweep.sources.name_of(record.path), link=_link(sweep, record.path, folder)),
            ]
        )
    header = ("cell", "seed", "status", "iterations", "estimate bounds", "verdict", "seen", "why", "folder")
    return Table("Every run", NOTE, header, tuple(map(tuple, rows)))


def _said_once(sentences: Iterable[str]) -> str:
    """Return sentences after one another, without those that another before them holds."""
    said = ""
    for sentence in sentences:
        if sentence.rstrip(".") not in said:
            said = f"{said} {sentence}".strip()
    return said


def _deviation_table(deviations: Deviations) -> Table:
    rows = [
        (TableCell(each.key), TableCell(each.here), TableCell(each.paper), TableCell(each.cells))
        for each in deviations.rows
    ]
    return Table("Deviations", "", ("setting", "here", "at the paper's scale", "cells"), tuple(rows))


def _made(sweep: Sweep) -> list[tuple[str, list[str]]]:
    """Return where the numbers come from, each value once, in the order of the runs."""
    records, folders = [run.record for run in sweep.runs], [each.folder for each in sweep.sources.parts]
    sittings = [sitting for record in records for sitting in record.history]
    versions = dict.fromkeys(f"{name} {version}" for s in sittings for name, version in s.versions.items())
    commits = dict.fromkeys(
        f"{s.git['commit']}{' with changes' if s.git.get('dirty') else ''}"
        for s in sittings
        if s.git and "commit" in s.git
    )
    devices = dict.fromkeys(", ".join(filter(None, (r.place, str(r.execution or "")))) for r in records)
    made = [
        ("command of the sweep", list(dict.fromkeys(map(command_of_sweep, folders)))),
        ("commands of its jobs", list(dict.fromkeys(r.command for r in records))),
        ("seeds", [", ".join(map(str, sorted({r.seed for r in records if r.seed is not None})))]),
        ("device, execution", list(devices)),
        ("time in training", [f"{_training_s(records) / 60:,.1f} minutes over all jobs"]),
        ("versions", [", ".join(versions)]),
        ("commit of gan-lab", list(commits)),
    ]
    return [(name, [v for v in values if v] or ["not recorded"]) for name, values in made]


def _training_s(records: Iterable[RunRecord]) -> float:
    """Return the seconds that jobs took: seeds that were trained together each record those of all."""
    jobs: dict[Path, float] = {}
    for record in records:
        job = record.path.parent if record.path.name == f"seed{record.seed}" else record.path
        jobs[job] = max(jobs.get(job, 0.0), record.duration_s)
    return sum(jobs.values())


def _link(sweep: Sweep, path: Path, folder: Path) -> str:
    if sweep.sources.of(path).is_archive:
        return ""  # where it was unpacked is gone
    relative = Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    # a name with a colon must not be taken for a scheme
    return quote(f"./{relative}/")
