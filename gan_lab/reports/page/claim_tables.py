"""The claims as a reader meets them: which numbers, under which headings, and what they mean."""

from collections.abc import Mapping

import pandas

from gan_lab.config.phrases import counted
from gan_lab.reports.claims.claims import (
    FEWEST_PAIRS,
    comparisons,
    pooled_success_rates,
    success_rates,
)
from gan_lab.reports.claims.correlations import correlations
from gan_lab.reports.claims.equal_time import equal_time
from gan_lab.reports.claims.paired_runs import POOLED
from gan_lab.reports.page.page_tables import Table, table_from
from gan_lab.reports.sweep.cells import worded
from gan_lab.reports.sweep.model import Sweep

_INTERVAL = {"low": "95% from", "high": "to"}
_RATES = {"label": "cell", "n": "judged", "successes": "succeed", "rate": "rate", **_INTERVAL} | {
    name: name for name in ("diverged", "collapsed", "frozen", "poor", "untrained", "unmeasured")
}
_COLUMNS = {
    "correlations": {"label": "cell", "estimate": "estimate", "n_seeds": "runs", "spearman": "correlation"}
    | _INTERVAL
    | {"changes": "of changes", "chance_low": "by chance from", "chance_high": "to"}
    | {"across_runs": "across runs"}
    | {"undefined": "undefined", "left_out": "left out"},
    "success_rates": _RATES,
    "pooled_success_rates": _RATES | {"label": "value"},
    "comparisons": {
        "first": "first",
        "second": "second",
        "setting": "setting",
        "n": "pairs",
        "both": "both",
        "only_first": "only first",
        "only_second": "only second",
        "neither": "neither",
        "rate_difference": "difference of rates",
        **_INTERVAL,
        "p_mcnemar": "p",
        "p_holm": "p, Holm",
        "cohens_h": "Cohen's h",
        "quality_difference": "difference of quality",
        "quality_low": "95% from",
        "quality_high": "to",
        "quality_dominance": "dominance",
    },
    "equal_time": {
        "label": "cell",
        "n": "runs",
        "seconds": "seconds per 1,000 iterations",
        "iterations": "iterations by then",
        "quality": "quality by then",
        **_INTERVAL,
        "at_end": "at the end",
    },
}
_WORDS = {
    "correlations": (
        "Claim 1: does the estimate follow the samples' quality?",
        "Spearman's rank correlation of the critic's estimate (median of the 101 values around it) with the "
        "quality metric along training, its mean over runs, and the bootstrap interval of that mean. It is 1 "
        "where the estimate falls whenever the samples get better, 0 where it says nothing of them. Of five "
        "seeds such an interval covers some 83% rather than 95%, of four 79%, of three 74%, of two 50%. "
        "Series that both drift are correlated, whatever ties them. Of changes: the same correlation of the "
        "changes from one measurement to the next. If nothing ties the two, not even a drift, and no change "
        "depends on the one before, it lies in the range by chance 95 times in 100 (permutations of the "
        "changes within each run); of noise about a line, 89 times. A drift that slows down is in the "
        "changes, too, because both change most at first. Across runs: therefore the same of the changes of "
        "a run's estimate and of the samples of another run of its cell, which share such a drift and "
        "nothing else; only what the correlation of changes has beyond that is of the run itself. "
        "Undefined: where either was constant, or measured fewer than three times.",
    ),
    "success_rates": (
        "Claim 2: how often does training succeed?",
        "The share of judged runs that the failure rule passes, with its Wilson interval, and how the others "
        "failed.",
    ),
    "pooled_success_rates": (
        "Claim 2, all settings together",
        "The same over all other settings of the sweep; the interval takes runs as independent, which "
        "those that share a seed are not.",
    ),
    "comparisons": (
        "Claim 2, on the same seeds",
        "Pairs of runs that share the seed and all settings but one and what its values bring along: an "
        "objective its optimizer, constraint and critic steps. Difference of rates: first less second, "
        f"with Newcombe's interval; p: McNemar's exact test, of {FEWEST_PAIRS} pairs or more; "
        "p, Holm: the same, corrected for the number of tests; Cohen's h: the effect size (0.2 "
        "small, 0.5 medium, 0.8 large). "
        "Difference of quality: first less second at the end of training, in the metric's unit, with its t "
        "interval; dominance: the share of pairs in which the first is greater less that in which it is "
        "smaller. ",
    ),
    "equal_time": (
        "At equal time",
        "The quality of samples, lower being better, when the last run of the quickest cell was through, "
        "with Student's interval over runs: the last measurement by then, of a run that was slower an "
        "earlier one. A cell of which a run had not been measured by then has none, and runs that diverged "
        "are left out. Time is what iterations took, without measuring and drawing, and of seeds that were "
        "trained together the share of each; with train.execution=compiled the first one compiles. It is "
        "that of the machines at the time: it compares runs that had theirs to themselves, or shared it "
        "alike.",
    ),
}


def claim_frames(sweep: Sweep) -> dict[str, pandas.DataFrame]:
    """Return the numbers of each claim by name."""
    return {
        "correlations": correlations(sweep),
        "success_rates": success_rates(sweep),
        "pooled_success_rates": pooled_success_rates(sweep),
        "comparisons": comparisons(sweep),
        "equal_time": equal_time(sweep),
    }


def claim_tables(sweep: Sweep, frames: Mapping[str, pandas.DataFrame]) -> list[Table]:
    """Return the claims that have rows as tables of a page."""
    pairs = frames["comparisons"]
    frames = {**frames, "comparisons": pairs[pairs["n"] > 0]}  # a row without a pair says nothing
    shown = [name for name in _WORDS if len(frames[name])]
    if len(sweep.cells[0].settings) <= 1:
        shown = [name for name in shown if name != "pooled_success_rates"]
    if sweep.quality is None:
        # without quality there is nothing to follow, and nothing to succeed by
        shown = []
    notes = {name: note for name, (_, note) in _WORDS.items()}
    notes["comparisons"] += _corrected(pairs)
    return [table_from(_worded(frames[name]), _WORDS[name][0], notes[name], _COLUMNS[name]) for name in shown]


def _corrected(pairs: pandas.DataFrame) -> str:
    """Say for how many tests p-values are corrected: those of single settings and pooled ones apart."""
    pooled = pairs["setting"] == POOLED
    singles, all_together = (int(pairs["p_mcnemar"][kind].notna().sum()) for kind in (~pooled, pooled))
    if not pooled.any():
        return f"Holm's correction is for {counted(singles, 'test')}."
    return (
        f"Holm's correction is for {counted(singles, 'test')} in single settings, and apart from these for "
        f"{counted(all_together, 'test')} over all settings together ({POOLED}), which take pairs that "
        "share a seed as independent."
    )


def _worded(frame: pandas.DataFrame) -> pandas.DataFrame:
    """Return a claim with numbers that are compared named by their setting, such as "beta1=0.5"."""
    if "axis" not in frame:
        return frame
    columns = [name for name in ("first", "second", "label") if name in frame]
    words = {
        name: [worded(*pair) for pair in zip(frame["axis"], frame[name], strict=True)] for name in columns
    }
    return frame.assign(**words)


def stacked(frames: Mapping[str, pandas.DataFrame]) -> pandas.DataFrame:
    """Return all claims as one table with a column ``claim``; what a claim has no number for is empty."""
    found = [frame.assign(claim=name) for name, frame in frames.items() if len(frame)]
    table = pandas.concat(found, ignore_index=True)
    return table[["claim", *(name for name in table if name != "claim")]]
