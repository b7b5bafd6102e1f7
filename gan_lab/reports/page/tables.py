"""The report's tables: one row a run, one row a cell; and CSV files that are the same to the byte."""

import math
from typing import Any

import pandas

from gan_lab.config.digits import is_number
from gan_lab.config.quoting import shown
from gan_lab.numerics.statistics import t_mean
from gan_lab.reports.claims.bands import last_median
from gan_lab.reports.claims.claims import success_rates
from gan_lab.reports.claims.correlations import correlation_of, correlations
from gan_lab.reports.page.diagnosis_table import findings_of
from gan_lab.reports.sweep.cells import replicate_of
from gan_lab.reports.sweep.model import Cell, ReportRun, Sweep, estimate_tag
from gan_lab.tags.names import (
    COVERAGE,
    DENSITY,
    HIGH_QUALITY_SHARE,
    MODES_HIT,
    PRECISION,
    QUALITY,
    RECALL,
    floor_tag,
    group_of,
)

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BESIDE_FLOORS = (MODES_HIT, HIGH_QUALITY_SHARE, PRECISION, RECALL, DENSITY, COVERAGE)


def runs_table(sweep: Sweep) -> pandas.DataFrame:
    """Return every run, those left out of means included, in the sweep's order.

    ``estimate`` is the median of the last 101 values of what the critic estimates; quality and its floor, and
    the shares beside them, are medians of the last measurements, as many as the failure rule says.
    """
    rows = [_run_row(run, sweep) for run in sweep.runs]
    table = pandas.DataFrame(rows)
    empty = [name for name in table if name == "draw" or group_of(str(name)) == QUALITY]
    empty = [name for name in empty if table[name].isna().all()]
    return table.drop(columns=empty)


def summary_table(sweep: Sweep) -> pandas.DataFrame:
    """Return every cell: success rate, correlation, and the mean of its ends with a t interval.

    Means are of runs without a fault that did not diverge: ``n_mean`` counts those of ``quality_mean``, which
    have a quality, and ``n_estimate`` those of ``estimate_mean``.
    """
    rates, correlation = success_rates(sweep), correlations(sweep)
    settings = pandas.DataFrame([cell.settings for cell in sweep.cells], index=rates.index)
    names = {"n_seeds": "n_correlation", "low": "spearman_low", "high": "spearman_high"}
    of_estimate = correlation[["estimate", "spearman", *names]].rename(columns=names)
    ends = pandas.DataFrame([_ends(sweep, cell) for cell in sweep.cells], index=rates.index)
    rates = rates.rename(columns={"low": "rate_low", "high": "rate_high"})
    left = rates[["cell", "label"]].join(settings.drop(columns=["cell", "label"], errors="ignore"))
    return pandas.concat([left, rates.drop(columns=["cell", "label"]), of_estimate, ends], axis=1)


def csv_text(table: pandas.DataFrame) -> str:
    """Return a table as CSV: six significant digits, NaN as nothing, lines ended as on Unix.

    A text that a spreadsheet would take for a formula begins with an apostrophe, as OWASP advises: names and
    messages may be a stranger's.
    """
    safe = table.map(_no_formula).rename(columns=_no_formula)
    return safe.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _no_formula(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = shown(cell)  # a tab, too, begins a formula, and a line break would end the row
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) and not is_number(text) else text


def _run_row(run: ReportRun, sweep: Sweep) -> dict[str, Any]:
    record, quality = run.record, sweep.quality
    draw, _ = replicate_of(record, run.config)
    measured = {tag: run.end(tag) for tag in _BESIDE_FLOORS}
    floors = {floor_tag(tag): run.end(floor_tag(tag)) for tag in _BESIDE_FLOORS}
    return {
        "cell": run.cell.key,
        **run.cell.settings,
        "draw": draw if draw >= 0 else None,
        "seed": "" if record.seed is None else record.seed,
        "status": record.status,
        "iteration": record.iteration,
        "iterations": record.iterations,
        "verdict": run.verdict.outcome,
        "reason": run.verdict.reason,
        "seen": ", ".join(finding.name for finding in findings_of(run)),
        "fault": run.fault or "",
        "estimate_tag": estimate_tag(run),
        "estimate": last_median(run),
        "quality_tag": quality.tag if quality else "",
        "quality": run.end(quality.tag) if quality else math.nan,
        "quality_floor": run.end(floor_tag(quality.tag)) if quality else math.nan,
        "spearman": correlation_of(run, sweep),
        **measured,
        **floors,
        "duration_s": record.duration_s,
        "execution": str(record.execution or ""),
        "device": record.device,
        "run": sweep.sources.name_of(record.path),
        "message": record.message or "",
    }


def _ends(sweep: Sweep, cell: Cell) -> dict[str, float]:
    """Return means over a cell's runs with t intervals."""
    runs = [run for run in sweep.runs_of(cell) if not run.fault and run.record.status != "diverged"]
    tag = sweep.quality.tag if sweep.quality else ""
    qualities = [run.end(tag) for run in runs]
    floors = [run.end(floor_tag(tag)) for run in runs]
    columns = {
        ("n_estimate", "estimate_mean"): [last_median(run) for run in runs],
        ("n_mean", "quality_mean"): qualities,
    }
    row: dict[str, float] = {}
    for (count, name), values in columns.items():
        known = [value for value in values if not math.isnan(value)]
        mean, low, high = t_mean(known)
        row |= {count: len(known), name: mean, f"{name}_low": low, f"{name}_high": high}
    return row | {"quality_floor": t_mean([v for v in floors if not math.isnan(v)]).value}
