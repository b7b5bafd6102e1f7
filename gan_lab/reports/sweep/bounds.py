"""What the estimates of runs bound, as their records say it."""

from collections.abc import Iterable

from gan_lab.reports.sweep.model import ReportRun, estimate_tag

NOTE = (
    "What an estimate bounds, from below and in the mean: a divergence, or K times W1, of samples or, where "
    "the critic has batch norm, of whole batches. docs/constraints.md has the words of score gaps."
)


def bound_of(run: ReportRun) -> str:
    """Return what a run's estimate bounds, in a word; a dash where that was not recorded."""
    return run.record.bounds.get(estimate_tag(run), "-")


def divergence_in_words(runs: Iterable[ReportRun]) -> str:
    """Return what the divergences that runs estimate are of, to follow "a lower bound on"."""
    found = {bound_of(run) for run in runs}
    if found == {"samples"}:
        return "the divergence of samples"
    if found == {"batches"}:
        return "the divergence of whole batches, for the critic has batch norm"
    unsaid = ", which some runs did not record" if found - {"samples", "batches"} else ""
    return f"the divergence of samples or, where the critic has batch norm, of whole batches{unsaid}"
