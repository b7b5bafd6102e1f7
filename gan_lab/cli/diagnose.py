"""``gan-lab diagnose``: what the lab sees in runs, in words."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gan_lab.config.command_lines import command_line, path_word
from gan_lab.config.errors import UserError
from gan_lab.diagnosis.way_out import command_of
from gan_lab.reports.observing import findings_in
from gan_lab.runs.archived import is_archived
from gan_lab.runs.finding import SEVERITIES, Finding
from gan_lab.runs.reading import find_runs, runs_of
from gan_lab.runs.record import RunRecord
from gan_lab.runs.sources import Source, Sources

_UNREADABLE = "unreadable"


class Diagnosis(NamedTuple):
    """What is seen in one run.

    Attributes:
        record: the run's.
        findings: what is seen, worst first.
        path: what a user calls its folder.
        goes_on: whether ``gan-lab resume`` goes on with it.
    """

    record: RunRecord
    findings: tuple[Finding, ...]
    path: Path
    goes_on: bool


def diagnose_folders(sources: Sources) -> list[Diagnosis]:
    """Return what is seen in the runs in and below folders, the worst runs first.

    What its record says of a run's end is read anew: the rules may have changed since.

    Args:
        sources: folders of runs, or that hold runs, and open archives; a damaged run is told of as such.

    Raises:
        UserError: if there is no such folder, or no run in it.
    """
    records = {record.path: record for source in sources.parts for record in _runs_of(source)}
    found = [
        Diagnosis(record, _findings(record, sources), sources.path_of(record.path), _goes_on(record))
        for record in records.values()
    ]
    return sorted(found, key=lambda each: SEVERITIES.index(each.findings[0].severity))


def as_text(diagnoses: Sequence[Diagnosis]) -> str:
    """Return what is seen in each run with the way out, and of several runs a table by verdict first."""
    blocks = [_table(diagnoses)] if len(diagnoses) > 1 else []
    blocks += [_block(each) for each in diagnoses]
    return "\n\n".join(blocks)


def as_json(diagnoses: Sequence[Diagnosis]) -> str:
    """Return the same for programs: a list of runs, each with its findings, worst first."""
    runs: list[dict[str, Any]] = [
        {
            "run": str(each.path),
            "status": each.record.status,
            "seed": each.record.seed,
            "iteration": each.record.iteration,
            "verdicts": [
                dataclasses.asdict(finding) | {"command": command_of(each.record.command, finding.remedy)}
                for finding in each.findings
            ],
        }
        for each in diagnoses
    ]
    # names of folders that are no UTF-8 hold surrogates, which ASCII escapes
    return json.dumps(runs, indent=2, allow_nan=False)


def _runs_of(source: Source) -> list[RunRecord]:
    if not source.is_archive:
        return runs_of(source.folder)
    if found := find_runs(source.folder):
        return found
    raise UserError(f"There are no runs in {source.given}.")


def _findings(record: RunRecord, sources: Sources) -> tuple[Finding, ...]:
    if not record.started:
        why = sources.as_given(record.message or "Its record is damaged.")
        return (Finding(_UNREADABLE, "failure", why),)
    return findings_in(record)


def _goes_on(record: RunRecord) -> bool:
    return record.status == "interrupted" and not is_archived(record.path)


def _table(diagnoses: Sequence[Diagnosis]) -> str:
    """Return how many runs have each verdict, by their worst one, in the order of the runs."""
    by_name: dict[str, list[Diagnosis]] = {}
    for each in diagnoses:
        by_name.setdefault(each.findings[0].name, []).append(each)
    rows = [("verdict", "severity", "runs")]
    rows += [(name, found[0].findings[0].severity, str(len(found))) for name, found in by_name.items()]
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}" for a, b, c in rows)


def _block(each: Diagnosis) -> str:
    record = each.record
    state = f"{record.status} at iteration {record.iteration:,} of {record.iterations:,}"
    lines = [f"{each.path}: {state if record.started else record.status}"]
    for finding in each.findings:
        severity = f"{finding.severity}: " if finding.severity != "none" else ""
        lines.append(f"  {severity}{finding.name}")
        lines.append(f"    {finding.sentence}")
        if finding.remedy:
            lines.append(f"    way out: {finding.remedy}")
        if command := command_of(record.command, finding.remedy):
            lines.append(f"    as typed: {command}")
    if each.goes_on:
        lines.append(f"  go on: {command_line(['gan-lab', 'resume', path_word(each.path)])}")
    return "\n".join(lines)
