"""The table of ``gan-lab runs``."""

from collections.abc import Sequence
from pathlib import Path

from gan_lab.runs.record import RunRecord
from gan_lab.tags.names import RAW
from gan_lab.tags.table import order_of

_MOST_NUMBERS, _MOST_COLUMNS = 3, 100
_BOUNDED = {"samples": "samples", "everywhere": "samples", "batches": "batches"}
"""What an estimate is a bound of; the other words of a record say that it bounds nothing."""

_GAP = "  "


def format_table(records: Sequence[RunRecord], root: Path) -> str:
    """Return a table of runs as aligned text, with the messages of those that have one below it.

    Args:
        records: the runs, one line each; their paths, which may be long, come last. Numbers are left out
            where the line would be longer than a terminal's without them; one stays.
        root: the folder that the paths are shown relative to.
    """
    if not records:
        return f"There are no runs in {root}."
    columns = [
        _column("status", ["unreadable" if _is_unread(r) else r.status for r in records]),
        _column("iteration", [_progress(record) for record in records], right=True),
        _column("seed", ["-" if r.seed is None else str(r.seed) for r in records], right=True),
        _column("duration", [_duration(r) for r in records], right=True),
    ]
    last = [
        _column("bounds", [_bounded(record) for record in records]),
        _column("run", [_name(record, root) for record in records]),
    ]
    taken = sum(len(column[0]) + len(_GAP) for column in [*columns, last[0]]) + len("run")
    for place, tag in enumerate(_tags(records)):
        column = _column(tag, [_number(r.numbers.get(tag)) for r in records], right=True)
        taken += len(column[0]) + len(_GAP)
        if place == 0 or taken <= _MOST_COLUMNS:
            columns.append(column)
    columns += last
    lines = [_GAP.join(cells).rstrip() for cells in zip(*columns, strict=True)]
    lines += [_said(record, root) for record in records if record.message]
    return "\n".join(lines)


def _said(record: RunRecord, root: Path) -> str:
    """Return a run's message behind its name, once: that of a damaged record begins with its path."""
    message, name = record.message or "", _name(record, root)
    return message if message.startswith(str(record.path)) else f"{name}: {message}"


def _is_unread(record: RunRecord) -> bool:
    """Return whether nothing is known of a run, for its record is damaged, or is no file."""
    return record.status == "failed" and not record.started and not record.iterations


def _progress(record: RunRecord) -> str:
    return "-" if _is_unread(record) else f"{record.iteration}/{record.iterations}"


def _bounded(record: RunRecord) -> str:
    """Return what the run's estimate of a divergence, or else its score gap, is a bound of."""
    words = [word for tag, word in record.bounds.items() if tag != RAW] or list(record.bounds.values())
    return _BOUNDED.get(words[0], "nothing") if words else "-"


def _column(title: str, cells: list[str], right: bool = False) -> list[str]:
    wide = max(len(cell) for cell in [title, *cells])
    return [cell.rjust(wide) if right else cell.ljust(wide) for cell in [title, *cells]]


def _tags(records: Sequence[RunRecord]) -> list[str]:
    present = {tag for record in records for tag in record.final}
    return sorted(present, key=order_of)[:_MOST_NUMBERS]


def _name(record: RunRecord, root: Path) -> str:
    return str(record.path.relative_to(root) if record.path.is_relative_to(root) else record.path)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _duration(record: RunRecord) -> str:
    if _is_unread(record):
        return "-"
    minutes, second = divmod(round(record.duration_s), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
