"""The tables of runs: that of ``gan-lab runs``, and the one that ends a sweep."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from gan_lab.files.text_table import MOST_ROWS, Column, lay_out, without_middle
from gan_lab.runs.finding import SEVERITIES
from gan_lab.runs.record import RunRecord
from gan_lab.runs.sources import Sources
from gan_lab.runs.words import (
    bounded_by,
    duration_text,
    is_told,
    is_unjudged,
    number_asked_for,
    typed_of,
    verdict_of,
    verdict_shown,
)
from gan_lab.tags.table import ESTIMATES, estimate_of, order_of
from gan_lab.tags.words import estimate_cell, estimate_text, number_text, quality_of, quality_text, short_of

_MOST_NUMBERS = 3
_MOST_DIFFERENCES = 2  # of runs that may have nothing to do with each other
_MOST_OF_OVERRIDE = 48  # characters
_ITERATIONS = "train.iterations"


def format_table(records: Sequence[RunRecord], root: Path, sort: str | None = None) -> str:
    """Return a table of runs as aligned text, with the messages of those that have one below it.

    It fits a terminal as far as names allow: these stay whole, and beside them what the runs came to.

    Args:
        records: the runs, one line each; their paths, which may be long, come last.
        root: the folder that the paths are shown relative to.
        sort: the tag that they are sorted by: it is shown before others.
    """
    if not records:
        return f"There are no runs in {root}."
    # how many iterations were asked for stands beside those that are done
    differing = [column for column in _what_differs(records) if column.title != _ITERATIONS]
    # where runs are told apart by what was typed, that they are all through gives way first
    whole = bool(differing) and all(record.status == "completed" for record in records)
    verdicts = _verdicts(records)
    of_status = _rank_if_alike(records, 2) if verdicts else 0  # a verdict says that a run has ended
    columns = [
        Column("status", ["unreadable" if _is_unread(r) else r.status for r in records], rank=of_status),
        *(column._replace(rank=1) for column in verdicts),
        *_unnamed(records, root),
        *(column._replace(rank=3 + k) for k, column in enumerate(differing[:_MOST_DIFFERENCES])),
        Column("iteration", [progress_text(r) for r in records], right=True, rank=6 if whole else 2),
        Column("seed", ["-" if r.seed is None else str(r.seed) for r in records], right=True, rank=9),
        Column("duration", [duration_shown(record) for record in records], right=True, rank=10),
        *_numbers(records, sort),
        Column("bounds", [bounded_by(record) or "-" for record in records], rank=8),
        Column("run", [name_below(record, root) for record in records], whole=True),
    ]
    lines = [lay_out(columns), *(_said(record, root) for record in records if record.message)]
    return "\n".join(lines)


def format_sweep(records: Sequence[RunRecord], root: Path) -> str:
    """Return the table that ends a sweep: what each run was, how it went and what it came to.

    Args:
        records: the runs; they are sorted by what they were.
        root: the sweep's folder.
    """
    records = sorted(records, key=lambda record: (*_what(record), record.seed or 0, record.path))
    shown = records[:MOST_ROWS]
    seeds = ["-" if record.seed is None else str(record.seed) for record in shown]
    # what is the same of all runs gives way first, and the seed, which the names of their folders have
    columns = [
        *(_choices(shown, group, rank) for group, rank in (("objective", 4), ("dataset", 5))),
        Column("seed", seeds, right=True, rank=3),
        *_what_differs(shown),
        Column("status", [record.status for record in shown], rank=_rank_if_alike(shown, 2)),
        *_verdicts(shown),
        Column("estimate", [estimate_cell(_standing(record)) for record in shown]),
        Column("quality", [quality_text(_standing(record)) for record in shown]),
        Column("run", [name_below(record, root) for record in shown], whole=True),
    ]
    # why a job failed is said of the sweep's failures
    lines = [
        lay_out(columns),
        *(_said(each, root) for each in shown if each.message and each.status != "failed"),
    ]
    if len(records) > len(shown):
        lines.append(f"... and {len(records) - len(shown):,} more, which gan-lab runs lists")
    return "\n".join(lines)


def line_of_job(number: int, record: RunRecord, overrides: Sequence[str], *, ended_before: bool) -> str:
    """Return what is said of a sweep's job when it has ended, one line of each of its runs.

    Args:
        number: of the job, from 0.
        record: of a run of it.
        overrides: what was typed for this job.
        ended_before: whether the run had ended before the sweep came to it, which then left it as it is.
    """
    status = f"{record.status} before" if ended_before else record.status
    numbers = _standing(record)
    told = [status, verdict_of(record), estimate_text(numbers), quality_text(numbers)]
    ended = ", ".join(each for each in told if each and each != "-")
    name = name_of_job(number, [each for each in overrides if not _is_seed(each)])
    return f"{name} seed={record.seed}: {ended}; {duration_text(record.duration_s)}"


def name_of_job(number: int, overrides: Sequence[str]) -> str:
    """Return what a sweep's job is called: its number and what was typed for it, but for the device.

    The seed comes last. Of what is long, such as a path, the middle is left out: the number says which job
    it is.
    """
    named = sorted((each for each in overrides if not each.startswith("device=")), key=_is_seed)
    told = [without_middle(each, _MOST_OF_OVERRIDE) for each in named]
    return " ".join([f"#{number}", *told])


def _standing(record: RunRecord) -> dict[str, float]:
    """Return a run's numbers; none of one that diverged, whose last are what it diverged by."""
    return {} if record.status == "diverged" else record.numbers


def worst_of(records: Sequence[RunRecord]) -> RunRecord:
    """Return the run whose verdict is the worst, of equal ones the first; those without one come last."""
    last = len(SEVERITIES)
    return min(
        records, key=lambda each: SEVERITIES.index(each.verdicts[0].severity) if each.verdicts else last
    )


def _is_seed(override: str) -> bool:
    return override.startswith("seed=")


def as_json(records: Sequence[RunRecord], sources: Sources | None = None) -> str:
    """Return runs as a JSON list of what their ``run.json`` says, each with its path.

    Args:
        records: the runs.
        sources: what they lie in; paths are as the user named it, in an archive as if that were a folder.
    """
    contents = [dataclasses.asdict(record) | {"path": str(record.path)} for record in records]
    if sources is not None:
        for content, record in zip(contents, records, strict=True):
            content["path"] = str(sources.path_of(record.path))
            content["message"] = sources.as_given(record.message) if record.message else record.message
    return json.dumps(contents, indent=2, allow_nan=False)


def _choices(records: Sequence[RunRecord], group: str, rank: int) -> Column:
    """Return a column of the options of a group; its rank counts where all have the same."""
    cells = [record.choices.get(group, "-") for record in records]
    return Column(group, cells, rank=rank if len({*cells}) == 1 else 0)


def _unnamed(records: Sequence[RunRecord], root: Path) -> list[Column]:
    """Return a column of the objectives, and one of the datasets, of runs whose names do not tell them."""
    return [
        column._replace(rank=column.rank or 2)
        for group in ("objective", "dataset")
        for column in [_choices(records, group, 7)]
        if any(each.choices.get(group, "") not in name_below(each, root) for each in records)
    ]


def _rank_if_alike(records: Sequence[RunRecord], rank: int) -> int:
    return rank if {record.status for record in records} == {"completed"} else 0


def _what(record: RunRecord) -> tuple[str, ...]:
    """Return what a run was, but for its seed, as a key to sort by."""
    groups = dict.fromkeys(["objective", "dataset", *sorted(record.choices)])
    return tuple(record.choices.get(group, "") for group in groups)


def _what_differs(records: Sequence[RunRecord]) -> list[Column]:
    """Return a column of each other key that was typed with several values, such as a swept rate."""
    typed = [typed_of(record.command) for record in records]
    keys = dict.fromkeys(key for each in typed for key in each)
    columns = [Column(key, [each.get(key, "-") for each in typed]) for key in keys]
    return [column for column in columns if len({*column.cells}) > 1]


def _verdicts(records: Sequence[RunRecord]) -> list[Column]:
    if not any(record.verdicts or is_unjudged(record) for record in records):
        return []
    return [Column("verdict", [verdict_shown(record) for record in records])]


def _said(record: RunRecord, root: Path) -> str:
    """Return a run's message behind its name, once: that of a damaged record begins with its path."""
    message, name = record.message or "", name_below(record, root)
    return message if message.startswith(str(record.path)) else f"{name}: {message}"


def _is_unread(record: RunRecord) -> bool:
    """Return whether nothing is known of a run, for its record is damaged, or is no file."""
    return record.status == "failed" and not record.started and not record.iterations


def progress_text(record: RunRecord) -> str:
    """Return how far a run is, as tables have it: ``200/1000``."""
    return "-" if _is_unread(record) else f"{record.iteration}/{record.iterations}"


def duration_shown(record: RunRecord) -> str:
    """Return how long a run took, as tables have it: ``0:00:12``."""
    return "-" if _is_unread(record) else duration_text(record.duration_s)


def _numbers(records: Sequence[RunRecord], sort: str | None) -> list[Column]:
    """Return columns of numbers: what sorts the runs, their estimates, their qualities, and what has room."""
    estimates = {tag for record in records if (tag := estimate_of(record.numbers))}
    qualities = {tag for record in records if (tag := quality_of(record.numbers))}
    present = {tag for record in records for tag in record.final if is_told(record, tag)}
    columns = []
    if sort is not None and any(sort in record.final for record in records):
        cells = [number_text(number_asked_for(record, sort)) for record in records]
        columns += [Column(short_of(sort), cells, right=True)] if {*cells} != {number_text(None)} else []
    # runs of several objectives have several: their names stand beside the numbers then
    for title, tags, of, told in (
        ("estimate", estimates, estimate_of, estimate_cell),
        ("quality", qualities, quality_of, quality_text),
    ):
        rest = tags - {sort}  # what sorts them has a column already
        if len(rest) > 1:
            cells = ["-" if of(each.numbers) == sort else told(each.numbers) for each in records]
            columns.append(Column(title, cells, right=True, rank=1))
        columns += [_number(records, tag, rank=1) for tag in rest if len(rest) == 1]
    others = sorted(present - {sort, *ESTIMATES} - qualities, key=order_of)
    room = max(_MOST_NUMBERS - len(columns), 0)
    return columns + [_number(records, tag, rank=5 + place) for place, tag in enumerate(others[:room])]


def _number(records: Sequence[RunRecord], tag: str, rank: int) -> Column:
    cells = [number_text(each.numbers.get(tag) if is_told(each, tag) else None) for each in records]
    return Column(short_of(tag), cells, right=True, rank=rank)


def name_below(record: RunRecord, root: Path) -> str:
    """Return where a run lies below the root; of one that is the root itself, its folder's name."""
    inside = str(record.path.relative_to(root) if record.path.is_relative_to(root) else record.path)
    return inside if inside != "." else record.path.absolute().name
