"""Which runs ``gan-lab runs`` lists, and in which order: conditions and keys, held to what runs have."""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_lab.cli.run_keys import key_called, meant_by, measured_near, simple_keys, tags_of
from gan_lab.cli.run_values import RunValues, alike, is_there, number_in, order_in, value_text
from gan_lab.config.errors import UserError
from gan_lab.config.phrases import listed
from gan_lab.config.quoting import nearest, question_of, quoted, shown
from gan_lab.runs.record import RunRecord
from gan_lab.runs.words import is_told
from gan_lab.tags.table import ESTIMATES, estimate_of, is_of_samples

_MOST_VALUES = 4  # that a sentence names
_CONDITION = re.compile(r"(?P<key>[^=!<>]+)(?P<relation>!=|<=|>=|=|<|>)(?P<value>.*)", re.DOTALL)
_OWN_ESTIMATE = "--sort estimate sorts each by its own"
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

    def holds(self, run: RunValues) -> bool:
        """Whether a run fulfils it: what it does not have equals ``null`` alone, is never less or more."""
        found = run.value(self.key)
        if self.relation in _ORDERED:
            number = number_in(found)
            return number is not None and _ORDERED[self.relation](number, float(self.value))
        equal = alike(found, self.value) or self.value in run.shown(self.key)
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
    if condition.relation in _ORDERED and number_in(condition.value) is None:
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
    runs = [RunValues(record, root) for record in records]
    for key in [condition.key for condition in conditions] + ([sort] if sort is not None else []):
        _require_key(key, runs)
    chosen = [run for run in runs if all(condition.holds(run) for condition in conditions)]
    if sort is None:
        return [run.record for run in chosen]
    known = [run for run in chosen if is_there(run.value(sort))]
    ordered = sorted(known, key=lambda run: order_in(run.value(sort)), reverse=descending)
    return [run.record for run in [*ordered, *(run for run in chosen if not is_there(run.value(sort)))]]


def not_sorted(records: Sequence[RunRecord], sort: str, root: Path = Path()) -> str:
    """Return a sentence where no run has what they are sorted by, or some have another estimate instead.

    Args:
        records: the runs that are listed.
        sort: the key, as :func:`key_called` returns it.
        root: the folder that a table shows their paths relative to.

    Returns:
        With the key to sort them by, where one is near; empty where there is nothing to say.
    """
    left = [record for record in records if not is_there(RunValues(record, root).value(sort))]
    others = sum(_has_another_estimate(record, sort) for record in left)
    if left and len(left) == len(records):
        begin = f"None of these runs has {sort}, and they are not sorted"
        return f"{begin}; {_OWN_ESTIMATE}." if others else f"{begin}{_sort_instead(records, sort)}"
    if others:
        have, stand = ("run has", "stands") if others == 1 else ("runs have", "stand")
        return f"{others} {have} another estimate than {sort} and {stand} last; {_OWN_ESTIMATE}."
    return ""


def _sort_instead(records: Sequence[RunRecord], sort: str) -> str:
    told = {tag for record in records for tag in record.final if is_told(record, tag)}
    if not is_of_samples(sort):
        return f".{measured_near(sort, records, told.__contains__)}"
    if near := measured_near(sort, records, lambda tag: tag in told and is_of_samples(tag)):
        return f".{near}"
    return ": it was not measured in them. gan-lab evaluate measures their samples."


def _has_another_estimate(record: RunRecord, sort: str) -> bool:
    return sort in ESTIMATES and estimate_of(record.numbers) is not None and not is_told(record, sort)


def values_instead(records: Sequence[RunRecord], conditions: Iterable[Condition], root: Path = Path()) -> str:
    """Return what the runs have under the keys of conditions that none of them fulfils, to end a sentence.

    Args:
        records: the runs, at least one.
        conditions: as :func:`read_condition` returns them.
        root: the folder that a table shows their paths relative to.

    Returns:
        Such as ": objective is gan or wgan. Did you mean gan?"; "." where a run fulfils each condition.
    """
    runs = [RunValues(record, root) for record in records]
    keyed = [each._replace(key=key_called(each.key, records)) for each in conditions]
    unmet = [each for each in keyed if not any(each.holds(run) for run in runs)]
    told = [_told_values(runs, each.key) for each in unmet]
    meant = "".join(_meant_value(runs, each) for each in unmet)
    return f": {'; '.join(told)}.{meant}" if told else "."


def _told_values(runs: Sequence[RunValues], key: str) -> str:
    """Say which few values runs have under a key; of many numbers, the least and the greatest."""
    found = {value_text(value): value for run in runs if is_there(value := run.value(key))}
    ordered = sorted(found, key=lambda text: order_in(found[text]))
    if not ordered:
        return f"none has {key}"
    if len(ordered) <= _MOST_VALUES:
        return f"{key} is {listed(ordered, 'or')}"
    if all(number_in(value) is not None for value in found.values()):
        return f"{key} is from {ordered[0]} to {ordered[-1]}"
    more = len(ordered) - _MOST_VALUES
    return f"{key} is {', '.join(ordered[:_MOST_VALUES])} or one of {more:,} more"


def _meant_value(runs: Sequence[RunValues], condition: Condition) -> str:
    """Return a question with the value that is nearest to a mistyped one, after a blank; else nothing."""
    if condition.relation != "=" or number_in(condition.value) is not None:
        return ""
    values = (run.value(condition.key) for run in runs)
    names = dict.fromkeys(value for value in values if isinstance(value, str))
    if len(names) < 2:
        return ""  # the only one is named already
    return question_of([shown(name) for name in nearest(condition.value, names)[:1]])


def _require_key(key: str, runs: Sequence[RunValues]) -> None:
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
