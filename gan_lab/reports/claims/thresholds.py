"""Success as the threshold varies: a rate at one threshold says as much of the threshold as of the runs."""

from collections.abc import Sequence

import pandas

from gan_lab.numerics.statistics import wilson_interval
from gan_lab.reports.claims.claims import success_pairs
from gan_lab.reports.claims.paired_runs import pair_runs
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.model import Sweep
from gan_lab.reports.sweep.verdicts import share_reached

THRESHOLDS = tuple(step / 20 for step in range(1, 21))
"""Shares of what real samples get, from 0.05 to 1."""


def success_by_threshold(
    sweep: Sweep, thresholds: Sequence[float] = THRESHOLDS, rule: FailureRule | None = None
) -> pandas.DataFrame:
    """Return the success rate of each cell at each threshold, with a Wilson interval.

    Success is here that samples reach a share of what real samples get in what the rule grades by (of a
    distance: floor over distance), and that the run did not diverge.

    Args:
        sweep: the runs; those without a judgement are left out.
        thresholds: shares, from 0 to 1, which is the most that counts.
        rule: how the end of a run is measured; None for the defaults.
    """
    rule, rows = rule or FailureRule(), []
    for cell in sweep.cells:
        known = [share_reached(run, sweep.quality, rule) for run in sweep.runs_of(cell)]
        shares = [share for share in known if share is not None]
        for threshold in thresholds:
            successes = sum(share >= threshold for share in shares)
            rate, low, high = wilson_interval(successes, len(shares))
            rows.append([cell.key, cell.label, threshold, len(shares), successes, rate, low, high])
    columns = ["cell", "label", "threshold", "n", "successes", "rate", "low", "high"]
    return pandas.DataFrame(rows, columns=columns)


def agreement_by_threshold(
    sweep: Sweep, thresholds: Sequence[float] = THRESHOLDS, rule: FailureRule | None = None
) -> pandas.DataFrame:
    """Return how often both, one or none of two objectives succeed on the same seeds, at each threshold.

    For every pair of objectives and every setting of the others, as in the table of comparisons.

    Reference:
        Gulrajani et al. 2017 (WGAN-GP), table 2.
    """
    rule, rows = rule or FailureRule(), []
    for compared in pair_runs(sweep):
        known = [[share_reached(run, sweep.quality, rule) for run in pair] for pair in compared.pairs]
        for threshold in thresholds:
            reached = [[share is not None and share >= threshold for share in pair] for pair in known]
            pairs = success_pairs((first, second) for first, second in reached)
            rows.append([compared.first, compared.second, compared.setting, threshold, len(known), *pairs])
    columns = ["first", "second", "setting", "threshold", "n", "both", "only_first", "only_second", "neither"]
    return pandas.DataFrame(rows, columns=columns)
