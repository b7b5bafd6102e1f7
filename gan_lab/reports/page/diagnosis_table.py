"""The report's first table: what is seen in the runs' numbers, and the way out."""

from gan_lab.diagnosis.diagnose import diagnose
from gan_lab.reports.observing import observed
from gan_lab.reports.page.page_tables import Table, TableCell
from gan_lab.reports.sweep.model import ReportRun, Sweep
from gan_lab.runs.finding import SEVERITIES, Finding

_NOTE = (
    "What each rule of `gan-lab diagnose` sees in the runs' own numbers, the worst first: how many runs of "
    "which cells, the sentence of the first of them, and what leads out of it. Runs of which a rule sees the "
    "same share a row where the same leads out of it: a way out is made of a run's own settings. A run may "
    "be counted in several rows. `all_well` and `unmeasured` are no rules: they count the runs in which none "
    "sees anything, and those of them whose samples were not measured."
)
_MOST_CELLS = 3


def findings_of(run: ReportRun) -> tuple[Finding, ...]:
    """Return what is seen in a run, worst first."""
    before = () if run.archived is None else run.archived.findings
    return before or diagnose(observed(run.record, run.config, run.numbers))


def diagnosis_table(sweep: Sweep) -> Table:
    """Return a row for each thing that is seen in some run and each way out of it, worst first."""
    seen: dict[str, list[tuple[ReportRun, Finding]]] = {}
    for run in sweep.runs:
        for finding in findings_of(run):
            seen.setdefault(finding.name, []).append((run, finding))
    worst_first = sorted(
        seen.values(), key=lambda found: (SEVERITIES.index(found[0][1].severity), -len(found))
    )
    rows = [_row(alike) for found in worst_first for alike in _by_way_out(found)]
    return Table(
        "Diagnosis",
        _NOTE.replace("`", ""),
        ("seen", "severity", "runs", "cells", "such as", "way out"),
        tuple(rows),
    )


def _by_way_out(found: list[tuple[ReportRun, Finding]]) -> list[list[tuple[ReportRun, Finding]]]:
    """Return what a rule sees, apart by its way out, most runs first: one run's may make another's worse."""
    groups: dict[tuple[str, str], list[tuple[ReportRun, Finding]]] = {}
    for run, finding in found:
        groups.setdefault((finding.severity, finding.remedy), []).append((run, finding))
    return sorted(groups.values(), key=lambda group: (SEVERITIES.index(group[0][1].severity), -len(group)))


def _row(found: list[tuple[ReportRun, Finding]]) -> tuple[TableCell, ...]:
    _, first = found[0]
    labels = list(dict.fromkeys(run.cell.label for run, _ in found))
    more = f" and {len(labels) - _MOST_CELLS:,} more" if len(labels) > _MOST_CELLS else ""
    return (
        TableCell(first.name),
        TableCell(first.severity),
        TableCell(str(len(found)), is_number=True),
        TableCell("; ".join(labels[:_MOST_CELLS]) + more),
        TableCell(first.sentence),
        TableCell(first.remedy or "-"),
    )
