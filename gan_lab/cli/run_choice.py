"""Which runs ``gan-lab runs`` lists, and in which order: conditions and keys, held to what runs have."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from gan_lab.cli.run_keys import (
    OF_RECORD,
    OF_TABLES,
    RUN,
    key_called,
    meant_by,
    measured_near,
    simple_keys,
    tags_of,
)
from gan_lab.cli.run_table import duration_shown, name_below, progress_text
from gan_lab.config.errors import UserError
from gan_lab.config.quoting import quoted
from gan_lab.runs.record import RunRecord, leaves_of
from gan_lab.runs.words import typed_of

_CONDITION = re.compile(r"(?P<key>[^=!<>]+)(?P<relation>!=|<=|>=|=|<|>)(?P<value>.*)", re.DOTALL)
_SHOWN: dict[str, Callable[[RunRecord], str]] = {"duration": duration_shown, "iteration": progress_text}
"""Numbers that tables show in other words: what stands there is equal to them, too."""

_ORDERED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition(NamedTuple):
    """What a run has to fulfil, such as ``objective=wgan`` or ``seed<3``."""

    key: str
    relation: str
    value: str

    def holds(self, run: "_Run") -> bool:
        """Whether a run fulfils it; one that has no such value fulfils ``!=`` alone."""
        found = run.value(self.key)
        if self.relation in _ORDERED:
            number = _number(found)
            return number is not None and _ORDERED[self.relation](number, float(self.value))
        equal = _alike(found, self.value) or run.shown(self.key) == self.value
        return equal == (self.relation == "=")


def read_condition(text: str) -> Condition:
    """Return the condition that a text says.

    Raises:
        UserError: if it is none, or compares with what is no number.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise UserError(f"--where must be KEY=VALUE, or with !=, <, <=, > or >=; got {quoted(text)}.")
    condition = Condition(match["key"].strip(), match["relation"], match["value"].strip())
    if condition.relation in _ORDERED and _number(condition.value) is None:
        raise UserError(
            f"--where {condition.key}{condition.relation} must be followed by a number; "
            f"got {quoted(condition.value)}."
        )
    return condition


def choose(
    records: Sequence[RunRecord],
    conditions: Iterable[Condition],
    sort: str | None,
    root: Path = Path(),
    *,
    descending: bool = False,
) -> list[RunRecord]:
    """Return the runs that fulfil all conditions, sorted.

    Args:
        records: the runs, in the order that they keep where nothing sorts them.
        conditions: what they have to fulfil.
        sort: key to sort by, the smallest first; runs without it come last. It may be called as tables do.
        root: the folder that a table shows their paths relative to.
        descending: whether the largest comes first instead.

    Raises:
        UserError: if a key is none of a run's.
    """
    conditions = [each._replace(key=key_called(each.key, records)) for each in conditions]
    sort = None if sort is None else key_called(sort, records)
    runs = [_Run(record, root) for record in records]
    for key in [condition.key for condition in conditions] + ([sort] if sort is not None else []):
        _require_key(key, runs)
    chosen = [run for run in runs if all(condition.holds(run) for condition in conditions)]
    if sort is None:
        return [run.record for run in chosen]
    known = [run for run in chosen if _is_there(run.value(sort))]
    ordered = sorted(known, key=lambda run: _order(run.value(sort)), reverse=descending)
    return [run.record for run in [*ordered, *(run for run in chosen if not _is_there(run.value(sort)))]]


def nothing_to_sort_by(records: Sequence[RunRecord], sort: str, root: Path = Path()) -> str:
    """Return a sentence where no run has what they are sorted by, with tags near to it; else an empty one.

    Args:
        records: the runs that are listed.
        sort: the key, as :func:`key_called` returns it.
        root: the folder that a table shows their paths relative to.
    """
    if not records or any(_is_there(_Run(record, root).value(sort)) for record in records):
        return ""
    return f"None of these runs has {sort}, and they are not sorted.{measured_near(sort, records)}"


class _Run:
    """A run with its settings, which lie in a file of their own: it is read once, where a key asks for it."""

    def __init__(self, record: RunRecord, root: Path) -> None:
        self.record = record
        self._root = root

    @cached_property
    def settings(self) -> dict[str, Any]:
        try:
            return leaves_of(self.record.read_config())
        except UserError:
            return {}  # of a damaged run

    @cached_property
    def typed(self) -> dict[str, str]:
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
            return record.numbers[key]
        return self.settings[key] if key in self.settings else self.typed.get(key)

    def shown(self, key: str) -> str | None:
        """Return what stands in a table where that is no plain text or number; else None."""
        return _SHOWN[key](self.record) if key in _SHOWN else None


def _require_key(key: str, runs: Sequence[_Run]) -> None:
    records = [run.record for run in runs]
    known = {*simple_keys(), *tags_of(records), *(group for run in runs for group in run.record.choices)}
    # configs are read where nothing else has the key
    if key in known or any(key in run.settings or key in run.typed for run in runs):
        return
    settings = [name for run in runs[:1] for name in run.settings]
    raise UserError(
        f"{key or quoted(key)} is no key of a run.{meant_by(key, records, settings)} Keys are what tables "
        "are headed by, such as status, verdict, estimate or quality; tags of metrics.csv; settings such as "
        "optimizer.lr."
    )


def _alike(found: Any, text: str) -> bool:
    one, other = _number(found), _number(text)
    if one is not None and other is not None:
        return one == other
    told = "null" if found is None else str(found).lower() if isinstance(found, bool) else str(found)
    return told == text


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _is_there(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _order(value: Any) -> tuple[bool, float, str]:
    number = _number(value)
    return number is None, number or 0.0, str(value)
