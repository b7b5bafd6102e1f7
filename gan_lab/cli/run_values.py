"""What a run has under a key: as a value to compare and to sort by, and in the words of tables."""

import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from gan_lab.cli.run_keys import OF_RECORD, OF_TABLES, RUN
from gan_lab.cli.run_table import duration_shown, name_below, progress_text
from gan_lab.config.errors import UserError
from gan_lab.config.quoting import LONGEST_VALUE, shortened, shown
from gan_lab.runs.record import RunRecord, leaves_of
from gan_lab.runs.words import number_asked_for, typed_of, verdict_shown
from gan_lab.tags.words import estimate_cell, number_text, quality_text

_SHOWN: dict[str, Callable[[RunRecord], str]] = {
    "duration": duration_shown,
    "iteration": progress_text,
    "verdict": verdict_shown,
    "estimate": lambda record: estimate_cell(record.numbers),
    "quality": lambda record: quality_text(record.numbers),
}
"""What tables show in other words: what stands there is equal to them, too."""


class RunValues:
    """A run with its settings, which lie in a file of their own: it is read once, where a key asks for it."""

    def __init__(self, record: RunRecord, root: Path) -> None:
        self.record = record
        self._root = root

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Its config by dotted key; nothing of a damaged run."""
        try:
            return leaves_of(self.record.read_config())
        except UserError:
            return {}

    @cached_property
    def typed(self) -> dict[str, str]:
        """What was typed for it, by key."""
        return typed_of(self.record.command)

    def value(self, key: str) -> Any:
        """Return what the run has under a key: of its record, a choice, a number or a setting; else None."""
        record = self.record
        if key == RUN:
            return name_below(record, self._root)
        if key in OF_RECORD:
            return getattr(record, key)
        if key in OF_TABLES:
            return OF_TABLES[key](record)
        if key in record.choices:
            return record.choices[key]
        if key in record.numbers:
            return number_asked_for(record, key)
        return self.settings[key] if key in self.settings else self.typed.get(key)

    def shown(self, key: str) -> tuple[str, ...]:
        """Return what stands in a table where that is no plain text, a number also as it is rounded there."""
        record, value = self.record, self.value(key)
        in_words = (_SHOWN[key](record),) if key in _SHOWN else ()
        is_rounded = isinstance(value, float) and (key in record.numbers or key in OF_TABLES)
        return (*in_words, number_text(value)) if is_rounded else in_words


def value_text(value: Any) -> str:
    """Return a value as tables show it, on one line."""
    if isinstance(value, float):
        return number_text(value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return shown(shortened(text, LONGEST_VALUE))


def alike(found: Any, text: str) -> bool:
    """Return whether a value is what a text says, numbers by what they are."""
    one, other = number_in(found), number_in(text)
    if one is not None and other is not None:
        return one == other
    told = "null" if found is None else str(found).lower() if isinstance(found, bool) else str(found)
    return told == text


def number_in(value: Any) -> float | None:
    """Return the number that a value is, or that a text says; None where that is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def is_there(value: Any) -> bool:
    """Return whether there is something to sort by."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def order_in(value: Any) -> tuple[bool, float, str]:
    """Return a key to sort values by, numbers before texts."""
    number = number_in(value)
    return number is None, number or 0.0, str(value)
