"""The second claim of "Wasserstein GAN" as numbers: who trains where, and how often?"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, get_args

import pandas

from gan_lab.numerics.statistics import (
    Pairs,
    cohens_h,
    holm,
    mcnemar_p,
    paired_dominance,
    rate_difference,
    t_mean,
    wilson_interval,
)
from gan_lab.reports.claims.paired_runs import POOLED, PairedComparison, compared_axes, is_judged, pair_runs
from gan_lab.reports.sweep.model import Outcome, ReportRun, Sweep

FEWEST_PAIRS = 5
"""That are tested: McNemar's exact p of fewer is .125 or more, whatever happened."""

_FAILURES = tuple(outcome for outcome in get_args(Outcome) if outcome not in ("success", "unmeasured"))
_RATES = ["cell", "label", "n", "successes", "rate", "low", "high", *_FAILURES, "unmeasured"]
_COMPARISONS = [
    *("axis", "first", "second", "setting", "n", "both", "only_first", "only_second", "neither"),
    *("rate_first", "rate_second", "rate_difference", "low", "high", "p_mcnemar", "p_holm", "cohens_h"),
    *("n_quality", "quality_difference", "quality_low", "quality_high", "quality_dominance", "left_out"),
]


def success_rates(sweep: Sweep) -> pandas.DataFrame:
    """Return claim 2, one row a cell: success rates with Wilson intervals, and failures by their kind.

    ``n`` counts the runs that were judged; ``unmeasured`` the others, those with a fault among them.
    """
    return _rates((cell.key, cell.label, sweep.runs_of(cell)) for cell in sweep.cells)


def pooled_success_rates(sweep: Sweep) -> pandas.DataFrame:
    """Return success rates over all other settings together, one row for each value that is compared."""
    pools = list(
        dict.fromkeys((axis, cell.settings[axis]) for axis in compared_axes(sweep) for cell in sweep.cells)
    )
    runs = ([run for run in sweep.runs if run.cell.settings[axis] == value] for axis, value in pools)
    rates = _rates((value, value, of_value) for (_, value), of_value in zip(pools, runs, strict=True))
    return rates.assign(axis=[axis for axis, _ in pools])


def comparisons(sweep: Sweep) -> pandas.DataFrame:
    """Return pairs of objectives on the same seeds, one row for each other setting, and one for all of them.

    - ``rate_difference``: success rate of the first minus that of the second, with Newcombe's interval;
      ``cohens_h`` its effect size; ``p_mcnemar`` exact, ``p_holm`` corrected for the number of tests (single
      settings and pooled ones apart); NaN of fewer than :data:`FEWEST_PAIRS` pairs. Pooled rows take the
      pairs of different settings as independent.
    - ``quality_difference``: mean difference of the ends of the quality metric, first minus second, in its
      unit, with its t interval; ``quality_dominance`` the share of pairs in which the first is
      greater minus that in which it is less. Of the ``n_quality`` pairs of which neither diverged: what
      diverged says nothing of quality. NaN where the pairs are of several datasets.
    - ``left_out``: pairs that are not judged on both sides, counted and not used.
    """
    found = list(pair_runs(sweep))
    table = pandas.DataFrame([_comparison_row(each, sweep) for each in found], columns=_COMPARISONS)
    for pooled in (True, False):
        rows = table.index[(table["setting"] == POOLED) == pooled]
        table.loc[rows, "p_holm"] = holm(list(table.loc[rows, "p_mcnemar"]))
    return table


def success_pairs(outcomes: Iterable[tuple[bool, bool]]) -> Pairs:
    """Return how often both, one or none of two runs succeeded."""
    seen = list(outcomes)
    return Pairs(*(seen.count(each) for each in ((True, True), (True, False), (False, True), (False, False))))


def _rates(groups: Iterable[tuple[str, str, Sequence[ReportRun]]]) -> pandas.DataFrame:
    rows = []
    for key, label, runs in groups:
        outcomes = [run.verdict.outcome for run in runs if is_judged(run)]
        successes = outcomes.count("success")
        rate, low, high = wilson_interval(successes, len(outcomes))
        failures = {failure: outcomes.count(failure) for failure in _FAILURES}
        counts = {"n": len(outcomes), "successes": successes, "rate": rate, "low": low, "high": high}
        rows.append(
            {"cell": key, "label": label, **counts, **failures, "unmeasured": len(runs) - len(outcomes)}
        )
    return pandas.DataFrame(rows, columns=_RATES)


def _comparison_row(compared: PairedComparison, sweep: Sweep) -> dict[str, Any]:
    won = [tuple(run.verdict.outcome == "success" for run in pair) for pair in compared.pairs]
    pairs = success_pairs((first, second) for first, second in won)
    n = len(won)
    difference, low, high = rate_difference(pairs)
    return {
        **{name: getattr(compared, name) for name in ("axis", "first", "second", "setting", "left_out")},
        **pairs._asdict(),
        "n": n,
        "rate_first": (pairs.both + pairs.only_first) / n if n else math.nan,
        "rate_second": (pairs.both + pairs.only_second) / n if n else math.nan,
        "rate_difference": difference,
        "low": low,
        "high": high,
        "p_mcnemar": mcnemar_p(pairs) if n >= FEWEST_PAIRS else math.nan,
        "p_holm": math.nan,
        "cohens_h": cohens_h(pairs),
        **_quality_effect(compared, sweep),
    }


def _quality_effect(compared: PairedComparison, sweep: Sweep) -> dict[str, float]:
    datasets = {run.record.choices.get("dataset") for pair in compared.pairs for run in pair}
    tag = sweep.quality.tag if sweep.quality and len(datasets) == 1 else ""
    settled = [pair for pair in compared.pairs if all(run.record.status != "diverged" for run in pair)]
    differences = [first.end(tag) - second.end(tag) for first, second in settled]
    differences = [value for value in differences if not math.isnan(value)]
    mean, low, high = t_mean(differences)
    return {
        "n_quality": len(differences),
        "quality_difference": mean,
        "quality_low": low,
        "quality_high": high,
        "quality_dominance": paired_dominance(differences),
    }
