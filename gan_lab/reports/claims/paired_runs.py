"""Which runs can be compared: pairs that differ in one setting and what it brings along, on one seed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from gan_lab.reports.sweep.cells import replicate_of, worded
from gan_lab.reports.sweep.model import ReportRun, Sweep

POOLED = "all"
"""The setting of a comparison over all other settings together."""

_Context = tuple[tuple[str, str], ...]
_Place = tuple[_Context, tuple[int, int]]


@dataclass(frozen=True)
class PairedComparison:
    """Two values of a setting on the same seeds.

    Attributes:
        axis: the setting, "objective" wherever it is swept.
        first: one of its values.
        second: another.
        setting: values of the other settings, "" if there are none, :data:`POOLED` for all together.
        pairs: runs of both values that the failure rule has judged.
        left_out: pairs, or halves of pairs, without a judgement on both sides.
    """

    axis: str
    first: str
    second: str
    setting: str
    pairs: tuple[tuple[ReportRun, ReportRun], ...]
    left_out: int


def is_judged(run: ReportRun) -> bool:
    """Whether a run is a success or a failure."""
    return run.fault is None and run.verdict.outcome != "unmeasured"


def compared_axes(sweep: Sweep) -> list[str]:
    """Return the settings whose values are compared: the objective, else all that are swept."""
    settings = list(sweep.cells[0].settings)
    return ["objective"] if "objective" in settings else settings


def pair_runs(sweep: Sweep) -> Iterator[PairedComparison]:
    """Yield comparisons of any two values, in the sweep's order: each other setting, then all together.

    A pair of runs shares the seed, thus the order of the data and the latents, and the drawn architecture.
    """
    for axis in compared_axes(sweep):
        yield from _pairs_of(sweep, axis)


def _pairs_of(sweep: Sweep, axis: str) -> Iterator[PairedComparison]:
    values = list(dict.fromkeys(cell.settings[axis] for cell in sweep.cells))
    contexts = list(dict.fromkeys(_context(cell.settings, axis) for cell in sweep.cells))
    by_value: dict[str, dict[_Place, ReportRun]] = {value: {} for value in values}
    for run in sweep.runs:
        place = _context(run.cell.settings, axis), replicate_of(run.record, run.config)
        known = by_value[run.cell.settings[axis]]
        if place not in known or not is_judged(known[place]):
            known[place] = run
    for first, second in combinations(values, 2):
        found = [_compare(by_value, axis, first, second, context) for context in contexts]
        found = [each for each in found if each.pairs or each.left_out]
        yield from found
        if len(found) > 1:
            pairs = tuple(pair for each in found for pair in each.pairs)
            yield PairedComparison(axis, first, second, POOLED, pairs, sum(each.left_out for each in found))


def _compare(
    runs: Mapping[str, Mapping[_Place, ReportRun]], axis: str, first: str, second: str, context: _Context
) -> PairedComparison:
    """Return the comparison in one setting of the others; without pairs if either value lacks it."""
    ours, others = (
        {place[1]: run for place, run in runs[value].items() if place[0] == context}
        for value in (first, second)
    )
    both = [(ours[each], others[each]) for each in sorted(ours.keys() & others.keys())]
    pairs = tuple(pair for pair in both if is_judged(pair[0]) and is_judged(pair[1]))
    left_out = len(ours.keys() | others.keys()) - len(pairs) if ours and others else 0
    return PairedComparison(axis, first, second, _text(context), pairs, left_out)


def _text(context: _Context) -> str:
    return ", ".join(worded(name, value) for name, value in context)


def _context(settings: Mapping[str, str], axis: str) -> _Context:
    return tuple((name, value) for name, value in settings.items() if name != axis)
