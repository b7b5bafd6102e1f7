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
from gan_lab.cli.run_table import duration_shown, is_told, name_below, progress_text
from gan_lab.config.errors import UserError
from gan_lab.config.phrases import listed
from gan_lab.config.quoting import LONGEST_VALUE, nearest, question_of, quoted, shortened, shown
from gan_lab.runs.record import RunRecord, leaves_of
from gan_lab.runs.words import typed_of, verdict_shown
from gan_lab.tags.names import RAW
from gan_lab.tags.table import is_of_samples
from gan_lab.tags.words import estimate_cell, number_text, quality_text

_MOST_VALUES = 4  # that a sentence names
_CONDITION = re.compile(r"(?P<key>[^=!<>]+)(?P<relation>!=|<=|>=|=|<|>)(?P<value>.*)", re.DOTALL)
_SHOWN: dict[str, Callable[[RunRecord], str]] = {
    "duration": duration_shown,
    "iteration": progress_text,
    "verdict": verdict_shown,
    "estimate": lambda record: estimate_cell(record.numbers),
    "quality": lambda record: quality_text(record.numbers),
}
"""What tables show in other words: what stands there is equal to them, too."""

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
        """Whether a run fulfils it: what it does not have equals ``null`` alone, is never less or more."""
        found = run.value(self.key)
        if self.relation in _ORDERED:
            number = _number(found)
            return number is not None and _ORDERED[self.relation](number, float(self.value))
        equal = _alike(found, self.value) or self.value in run.shown(self.key)
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
    begin = f"None of these runs has {sort}, and they are not sorted"
    told = {tag for record in records for tag in record.final if is_told(record, tag)}
    if not is_of_samples(sort):
        return f"{begin}.{measured_near(sort, records, told.__contains__)}"
    if near := measured_near(sort, records, lambda tag: tag in told and is_of_samples(tag)):
        return f"{begin}.{near}"
    return f"{begin}: it was not measured in them. gan-lab evaluate measures their samples."


def values_instead(records: Sequence[RunRecord], conditions: Iterable[Condition], root: Path = Path()) -> str:
    """Return what the runs have under the keys of conditions that none of them fulfils, to end a sentence.

    Args:
        records: the runs, at least one.
        conditions: as :func:`read_condition` returns them.
        root: the folder that a table shows their paths relative to.

    Returns:
        Such as ": objective is gan or wgan. Did you mean gan?"; "." where a run fulfils each condition.
    """
    runs = [_Run(record, root) for record in records]
    keyed = [each._replace(key=key_called(each.key, records)) for each in conditions]
    unmet = [each for each in keyed if not any(each.holds(run) for run in runs)]
    told = [_told_values(runs, each.key) for each in unmet]
    meant = "".join(_meant_value(runs, each) for each in unmet)
    return f": {'; '.join(told)}.{meant}" if told else "."


def _told_values(runs: Sequence["_Run"], key: str) -> str:
    """Say which few values runs have under a key; of many numbers, the least and the greatest."""
    found = {_value_text(value): value for run in runs if _is_there(value := run.value(key))}
    ordered = sorted(found, key=lambda text: _order(found[text]))
    if not ordered:
        return f"none has {key}"
    if len(ordered) <= _MOST_VALUES:
        return f"{key} is {listed(ordered, 'or')}"
    if all(_number(value) is not None for value in found.values()):
        return f"{key} is from {ordered[0]} to {ordered[-1]}"
    more = len(ordered) - _MOST_VALUES
    return f"{key} is {', '.join(ordered[:_MOST_VALUES])} or one of {more:,} more"


def _meant_value(runs: Sequence["_Run"], condition: Condition) -> str:
    """Return a question with the value that is nearest to a mistyped one, after a blank; else nothing."""
    if condition.relation != "=" or _number(condition.value) is not None:
        return ""
    values = (run.value(condition.key) for run in runs)
    names = dict.fromkeys(value for value in values if isinstance(value, str))
    if len(names) < 2:
        return ""  # the only one is named already
    return question_of([shown(name) for name in nearest(condition.value, names)[:1]])


def _value_text(value: Any) -> str:
    """Return a value as tables show it, on one line."""
    if isinstance(value, float):
        return number_text(value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return shown(shortened(text, LONGEST_VALUE))


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
            # the score gap is one whatever the objective; only its median goes by the name of an estimate
            return record.numbers[key] if is_told(record, key) or key == RAW else None
        return self.settings[key] if key in self.settings else self.typed.get(key)

    def shown(self, key: str) -> tuple[str, ...]:
        """Return what stands in a table where that is no plain text, a number also as it is rounded there."""
        record, value = self.record, self.value(key)
        in_words = (_SHOWN[key](record),) if key in _SHOWN else ()
        is_rounded = isinstance(value, float) and (key in record.numbers or key in OF_TABLES)
        return (*in_words, number_text(value)) if is_rounded else in_words


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
