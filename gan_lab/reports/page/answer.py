"""The answer first: what a sweep says of success, of its estimates and of its settings, a sentence each."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import pandas

from gan_lab.config.phrases import counted, verb
from gan_lab.diagnosis.diagnose import NOTHING_MEASURED
from gan_lab.reports.claims.bands import last_median
from gan_lab.reports.claims.claims import FEWEST_PAIRS
from gan_lab.reports.claims.correlations import FEWEST_RESAMPLED
from gan_lab.reports.claims.paired_runs import POOLED, compared_axes
from gan_lab.reports.page.diagnosis_table import findings_of
from gan_lab.reports.page.how_near import how_near
from gan_lab.reports.sweep.cells import replicates_in_words, worded
from gan_lab.reports.sweep.model import Cell, Sweep, estimate_tag
from gan_lab.reports.sweep.verdicts import NO_QUALITY, why_no_quality
from gan_lab.runs.finding import SEVERITIES
from gan_lab.tags.names import MEDIAN_WINDOW
from gan_lab.tags.table import title_of

HEADLINES = ("success_rates", "settings", "correlations", "samples")
"""Names of figures that may stand beside the answer, the most telling first."""

_MOST_CELLS = 6


def answer(sweep: Sweep, frames: Mapping[str, pandas.DataFrame]) -> tuple[str, ...]:
    """Return sentences with numbers: who succeeds, how near samples came, what estimates and settings tell.

    Without a quality to judge by, they say where estimates ended and what is seen in the runs instead.

    Args:
        sweep: its runs.
        frames: the claims by name.
    """
    if sweep.quality is None:
        return _without_quality(sweep), _ends(sweep), _seen(sweep)
    return (
        _success(frames["success_rates"].to_dict("records")),
        how_near(sweep, sweep.quality),
        _following(frames["correlations"].to_dict("records"), sweep.quality.title),
        _difference(sweep, frames["comparisons"].to_dict("records")),
    )


def _without_quality(sweep: Sweep) -> str:
    """Say why nobody can say which runs succeed; where nothing was measured, also how to have it measured."""
    why = why_no_quality((run.numbers, run.fault) for run in sweep.runs)
    begin = f"{why}, so nobody can say which runs succeed"
    if why != NO_QUALITY:
        return f"{begin}."
    return (
        f"{begin}: gan-lab evaluate SWEEP_DIR, followed by gan-lab report SWEEP_DIR, measures it without "
        "more training, and runs that are trained with metrics.every=100 measure it along the way."
    )


def _ends(sweep: Sweep) -> str:
    """Return where the estimate of each cell ended, of as many cells as a sentence can hold."""
    told = [end for cell in sweep.cells if (end := _end_of(sweep, cell))]
    if not told:
        return "Nor is there an estimate of a run that counts."
    more = f" (and {counted(len(told) - _MOST_CELLS, 'more cell')})" if len(told) > _MOST_CELLS else ""
    return (
        f"The critic's estimate ended at {'; '.join(told[:_MOST_CELLS])}{more}: of each seed the median of "
        f"its last {MEDIAN_WINDOW} values, of seeds that did not diverge the mean. Those of different "
        "objectives, constraints or architectures do not compare."
    )


def _end_of(sweep: Sweep, cell: Cell) -> str:
    """Return the mean that the table of cells has, in words; empty without one."""
    runs = [run for run in sweep.runs_of(cell) if run.fault is None and run.record.status != "diverged"]
    ends = [end for end in map(last_median, runs) if not math.isnan(end)]
    if not ends:
        return ""
    label = f"{cell.label}, " if cell.label else ""
    return f"{fmean(ends):.3g} ({label}{title_of(estimate_tag(runs[0]))}, {counted(len(ends), 'run')})"


def _seen(sweep: Sweep) -> str:
    """Return what the rules of ``gan-lab diagnose`` see in the runs, in a sentence."""
    findings = [findings_of(run) for run in sweep.runs]
    measured = [found for found in findings if found[0].sentence != NOTHING_MEASURED]
    unmeasured = len(findings) - len(measured)
    nothing = f" Of {counted(unmeasured, 'run')} nothing was measured." if unmeasured else ""
    seen = [{each.name for each in found if each.severity != SEVERITIES[-1]} for found in measured]
    total = counted(len(seen), "run")
    troubled = [names for names in seen if names]
    if not seen:
        return nothing.strip()
    if not troubled:
        of = "the run" if len(seen) == 1 else f"any of the {total}"
        return (
            f"In the critic's numbers of {of} gan-lab diagnose sees no sign of trouble; of samples they say "
            f"nothing.{nothing}"
        )
    (name, count), *_ = Counter(name for names in troubled for name in sorted(names)).most_common(1)
    said = f"gan-lab diagnose sees signs of trouble in {len(troubled):,} of {total}"
    return f"{said}, most often {name} ({counted(count, 'run')}).{nothing}"


def _nothing_to_compare(sweep: Sweep) -> str:
    """Say why no two cells are compared, where none are."""
    if len(sweep.runs) == 1:
        return "There is one run, and nothing to compare it with."
    if len(sweep.cells) == 1:
        differ = replicates_in_words(sweep.runs)
        but = "" if differ == "seed" else f" but for their {differ}"
        return f"All runs have the same settings{but}, and there is nothing to compare."
    axes, settings = compared_axes(sweep), list(sweep.cells[0].settings)
    if others := [name for name in settings if name not in axes]:
        return (
            f"No two settings are compared: no two cells differ in the {axes[0]} and agree in all else that "
            f"varies here ({', '.join(others)})."
        )
    return f"No two settings are compared: no two cells differ in but one of {', '.join(settings)}."


def _success(rows: Sequence[Mapping[Any, Any]]) -> str:
    judged = [row for row in rows if row["n"]]
    if not judged:
        return "No run could be judged: the table of runs says why."
    total, n = sum(row["successes"] for row in judged), sum(row["n"] for row in judged)
    succeed = "succeeds" if 1 in (total, n) else "succeed"
    begin = f"{total:,.0f} of {counted(n, 'run')} that could be judged {succeed}"
    unjudged = len(rows) - len(judged)
    end = f"; in {unjudged:,} of {counted(len(rows), 'cell')} no run could be judged." if unjudged else "."
    best, worst = (choose(judged, key=lambda row: row["rate"]) for choose in (max, min))
    if best["rate"] == worst["rate"]:
        each = f"in each of {counted(len(judged), 'cell')}" if unjudged else "in every cell"
        where = _rate(judged[0]) if len(judged) == 1 else f"{each} {best['rate']:.0%}"
        return f"{begin}: {where}{end}"
    return f"{begin}: most in {_named(judged, best['rate'])}, fewest in {_named(judged, worst['rate'])}{end}"


def _named(rows: Sequence[Mapping[Any, Any]], rate: float) -> str:
    """Return the first cell of a rate with its interval, and how many others share that rate."""
    first, *others = (row for row in rows if row["rate"] == rate)
    more = f" and {counted(len(others), 'more cell')} alike" if others else ""
    return f"{_rate(first)}{more}"


def _rate(row: Mapping[Any, Any]) -> str:
    label = f"{row['label']}: " if row["label"] else ""
    return f"{label}{row['successes']:.0f} of {row['n']:.0f} (95% from {row['low']:.2f} to {row['high']:.2f})"


def _following(rows: Sequence[Mapping[Any, Any]], quality: str) -> str:
    known = [row for row in rows if not math.isnan(row["spearman"])]
    if not known:
        return f"Of no run was there a rank correlation of the critic's estimate with {quality}."
    several = [row for row in known if row["n_seeds"] > 1]
    begin = f"Along training the critic's estimate and {quality} have a rank correlation of"
    if not several:
        return f"{begin} {_single(known)}: one run of a setting does not say what another would have."
    best, worst = (choose(several, key=lambda row: row["spearman"]) for choose in (max, min))
    single = [row for row in known if row["n_seeds"] == 1]
    alone = f"; it is {_single(single)}, of which one run says little" if single else ""
    if len(several) == 1:
        return f"{begin} {_correlation(best)}{alone}."
    if f"{best['spearman']:.2f}" == f"{worst['spearman']:.2f}":
        return f"{begin} {best['spearman']:.2f} in each of {counted(len(several), 'cell')}{alone}."
    return f"{begin} at most {_correlation(best)}, and at least {_correlation(worst)}{alone}."


def _single(rows: Sequence[Mapping[Any, Any]]) -> str:
    """Return the correlations of cells with one run each, which have no interval."""
    low, high = (f"{choose(row['spearman'] for row in rows):.2f}" for choose in (min, max))
    span = low if low == high else f"{low} to {high}"
    if len(rows) > 1:
        return f"{span} in the only run of each of {counted(len(rows), 'cell')}"
    return f"{span} in the only run{f' of {label}' if (label := rows[0]['label']) else ''}"


def _correlation(row: Mapping[Any, Any]) -> str:
    """Return the mean correlation of a cell of several runs with its interval, of few with their range."""
    label = f"{row['label']}, " if row["label"] else ""
    told = f"{counted(row['n_seeds'], 'run')} from {row['lowest']:.2f} to {row['highest']:.2f}"
    if row["n_seeds"] >= FEWEST_RESAMPLED:
        told = f"95% from {row['low']:.2f} to {row['high']:.2f}, {counted(row['n_seeds'], 'run')}"
    return f"{row['spearman']:.2f} ({label}{told}{_of_changes(row)})"


def _of_changes(row: Mapping[Any, Any]) -> str:
    """Return the correlation of changes, beside that with the samples of another run."""
    if math.isnan(row["changes"]):
        return ""
    across = row["across_runs"]
    others = "" if math.isnan(across) else f", with the samples of another run {across:.2f}"
    return f"; of changes between measurements {row['changes']:.2f}{others}"


def _difference(sweep: Sweep, rows: Sequence[Mapping[Any, Any]]) -> str:
    if not rows:
        return _nothing_to_compare(sweep)
    tested = [row for row in rows if not math.isnan(row["p_holm"])]
    if not tested:
        most = max(row["n"] for row in rows)
        begin = "No two settings are tested against each other:"
        if not most:
            return f"{begin} there is no pair of runs on the same seed of which both were judged."
        pairs = counted(most, "pair of judged runs", "pairs of judged runs")
        be, at_most = verb(most, "is", "are"), " at most" if len(rows) > 1 else ""
        return f"{begin} there {be} {pairs} on the same seeds{at_most}, and a test needs {FEWEST_PAIRS}."
    pooled = [row for row in tested if row["setting"] == POOLED] or tested
    row = min(pooled, key=lambda row: (row["p_holm"], -abs(row["rate_difference"])))
    first, second = (worded(row["axis"], row[name]) for name in ("first", "second"))
    where = {POOLED: ", over all other settings together", "": ""}.get(
        row["setting"], f", at {row['setting']}"
    )
    p = f"p = {row['p_holm']:.2g} after Holm's correction"
    p += "; pooled, as if pairs that share a seed were independent" if row["setting"] == POOLED else ""
    sign = -1 if row["rate_difference"] < 0 else 1
    more, less = (first, second)[::sign]
    low, high = sorted((sign * row["low"], sign * row["high"]))
    how = "succeeds as often as" if row["rate_difference"] == 0 else "succeeds more often than"
    return (
        f"On the same seeds {more} {how} {less}{where}: a difference of rates of "
        f"{abs(row['rate_difference']):.2f} (95% from {low:.2f} to {high:.2f}; {row['n']:,.0f} pairs, {p})."
    )
