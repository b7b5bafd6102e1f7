"""The table of ``gan-lab runs``."""

from collections.abc import Sequence
from pathlib import Path

from gan_lab.runs.record import RunRecord
from gan_lab.tags.table import order_of

_MOST_NUMBERS = 3
_GAP = "  "


def format_table(records: Sequence[RunRecord], root: Path) -> str:
    """Return a table of runs as aligned text, with the messages of those that have one below it.

    Args:
        records: the runs, one line each; their paths, which may be long, come last.
        root: the folder that the paths are shown relative to.
    """
    if not records:
        return f"There are no runs in {root}."
    columns = [
        _column("status", [record.status for record in records]),
        _column("iteration", [f"{record.iteration}/{record.iterations}" for record in records], right=True),
        _column("seed", ["-" if r.seed is None else str(r.seed) for r in records], right=True),
        _column("duration", [_duration(record.duration_s) for record in records], right=True),
    ]
    for tag in _tags(records):
        columns.append(_column(tag, [_number(r.numbers.get(tag)) for r in records], right=True))
    columns.append(_column("run", [_name(record, root) for record in records]))
    lines = [_GAP.join(cells).rstrip() for cells in zip(*columns, strict=True)]
    lines += [_said(record, root) for record in records if record.message]
    return "\n".join(lines)


def _said(record: RunRecord, root: Path) -> str:
    """Return a run's message behind its name, once: that of a damaged record begins with its path."""
    message, name = record.message or "", _name(record, root)
    return message if message.startswith(str(record.path)) else f"{name}: {message}"


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


def _duration(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"
