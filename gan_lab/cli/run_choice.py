"""Which runs ``gan-lab runs`` lists, and in which order: conditions and keys, held to what runs have."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from gan_lab.config.errors import UserError
from gan_lab.config.groups import own_groups
from gan_lab.config.quoting import did_you_mean, quoted
from gan_lab.runs.record import RunRecord, leaves_of
from gan_lab.runs.words import verdict_of
from gan_lab.tags.table import TABLE

_CONDITION = re.compile(r"(?P<key>[^=!<>]+)(?P<relation>!=|<=|>=|=|<|>)(?P<value>.*)", re.DOTALL)
_OF_RECORD = (
    "status",
    "iteration",
    "iterations",
    "seed",
    "device",
    "duration_s",
    "started",
    "updated",
    "message",
)
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

    def holds(self, record: RunRecord) -> bool:
        """Whether a run fulfils it; one that has no such value fulfils ``!=`` alone."""
        found = value_of(record, self.key)
        if self.relation in _ORDERED:
            number = _number(found)
            return number is not None and _ORDERED[self.relation](number, float(self.value))
        return _alike(found, self.value) == (self.relation == "=")


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
    *,
    descending: bool = False,
) -> list[RunRecord]:
    """Return the runs that fulfil all conditions, sorted.

    Args:
        records: the runs, in the order that they keep where nothing sorts them.
        conditions: what they have to fulfil.
        sort: key to sort by, the smallest first; runs without it come last. A tag may be called as tables do.
        descending: whether the largest comes first instead.

    Raises:
        UserError: if a key is none of a run's.
    """
    conditions = [each._replace(key=tag_called(each.key)) for each in conditions]
    sort = None if sort is None else tag_called(sort)
    for key in [condition.key for condition in conditions] + ([sort] if sort is not None else []):
        _require_key(key, records)
    chosen = [record for record in records if all(condition.holds(record) for condition in conditions)]
    if sort is None:
        return chosen
    known = [record for record in chosen if _is_there(value_of(record, sort))]
    ordered = sorted(known, key=lambda record: _order(value_of(record, sort)), reverse=descending)
    return ordered + [record for record in chosen if not _is_there(value_of(record, sort))]


def value_of(record: RunRecord, key: str) -> Any:
    """Return what a run has under a key: of its record, a choice, a number or a setting; else None."""
    if key in _OF_RECORD:
        return getattr(record, key)
    if key == "verdict":
        return verdict_of(record) or None
    if key in record.choices:
        return record.choices[key]
    return record.numbers[key] if key in record.numbers else _settings(record).get(key)


def tag_called(key: str) -> str:
    """Return the tag that tables call so, such as ``W1``; another key as it is."""
    return next((tag.name for tag in TABLE if tag.short.lower() == key.lower() != ""), key)


def _require_key(key: str, records: Sequence[RunRecord]) -> None:
    simple = [*_OF_RECORD, "verdict", *own_groups().shown]
    tags = {tag.name for tag in TABLE if not tag.is_family} | {
        tag for record in records for tag in record.final
    }
    known = {*simple, *tags, *(group for record in records for group in record.choices)}
    # configs are read where nothing else has the key
    if key in known or any(key in _settings(record) for record in records):
        return
    settings = {name for record in records[:1] for name in _settings(record)}
    raise UserError(
        f"{key} is no key of a run: there are {', '.join(simple)}, the tags that runs have measured, and "
        f"settings such as optimizer.lr.{did_you_mean(key, [*sorted(known), *sorted(settings)])}"
    )


def _settings(record: RunRecord) -> dict[str, Any]:
    try:
        return leaves_of(record.read_config())
    except UserError:
        return {}  # of a damaged run


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
    except (TypeError, ValueError):
        return None


def _is_there(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _order(value: Any) -> tuple[bool, float, str]:
    number = _number(value)
    return number is None, number or 0.0, str(value)
