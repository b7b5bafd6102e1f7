"""What keys of runs are called: names of a table's columns, tags in full or by their last part, settings."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gan_lab.config.groups import own_groups
from gan_lab.config.quoting import nearest, question_of
from gan_lab.runs.record import RunRecord
from gan_lab.runs.words import bounded_by, typed_of, verdict_of
from gan_lab.tags.names import measured_above
from gan_lab.tags.table import TABLE, estimate_of, order_of
from gan_lab.tags.words import quality_of, short_of

OF_RECORD = (
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
OF_TABLES: dict[str, Callable[[RunRecord], Any]] = {
    "verdict": lambda record: verdict_of(record) or None,
    "estimate": lambda record: record.numbers.get(estimate_of(record.numbers) or ""),
    "quality": lambda record: record.numbers.get(quality_of(record.numbers) or ""),
    "bounds": bounded_by,
    "duration": lambda record: record.duration_s,
}
"""Columns of the tables that are no tag: what a run has there, as a number where it is one."""

RUN = "run"
"""The column of names, which hang on where they are seen from."""

_MOST_NEAR = 4  # names that a refusal proposes


def key_called(key: str, records: Sequence[RunRecord]) -> str:
    """Return the key that a name stands for, such as a tag for ``W1`` or ``JSD estimate``; else it as it is.

    A tag is found by its last part or its beginning, too, whatever is said before the slash, where that is
    the name of one alone: ``quality/w1`` and ``w1`` are ``distance/w1_exact``, which tables call W1.

    Args:
        key: as typed; capitals do not matter to names that are not tags in full.
        records: the runs; of several tags of one name, that comes first which they have.
    """
    tags = tags_of(records)
    if key in tags or key in OF_RECORD:
        return key
    wanted = key.lower()
    if wanted == RUN or wanted in OF_TABLES or wanted in OF_RECORD:
        return wanted
    typed = {each for record in records for each in typed_of(record.command)}
    if key in typed or key in simple_keys() or key in own_groups().keys:
        return key
    # what the runs have, before what they might have
    for names in (_measured(records), tags):
        for found in (_shown_as(key, names), _named_alike(key, names), _ending(key, typed)):
            if len(found) == 1:
                return found[0]
            if found:
                return key  # of several
    return key


def meant_by(key: str, records: Sequence[RunRecord], settings: Iterable[str]) -> str:
    """Return a question that names the few keys nearest to what is none, after a blank; empty where none is.

    Args:
        key: as typed.
        records: the runs.
        settings: keys of their config.
    """
    measured = _measured(records)
    meant = _named_alike(key, measured)  # of several of one name those are meant
    meant = meant or _begun(key, measured)
    meant = meant or _near(key, [*simple_keys(), *measured, *settings]) or _near(key, tags_of(records))
    return question_of(meant[:_MOST_NEAR])


def measured_near(tag: str, records: Sequence[RunRecord], among: Callable[[str], bool]) -> str:
    """Return a question that names the few tags of runs nearest to one that none has; empty where none is.

    Args:
        tag: that no run has.
        records: the runs.
        among: says whether a tag counts.
    """
    measured = [each for each in _measured(records) if among(each)]
    return question_of((_named_alike(tag, measured) or _near(tag, measured))[:_MOST_NEAR])


def tags_of(records: Sequence[RunRecord]) -> list[str]:
    """Return the tags that runs have, in the order that they are read in, and then all others."""
    return list(dict.fromkeys([*_measured(records), *(tag.name for tag in TABLE if not tag.is_family)]))


def simple_keys() -> tuple[str, ...]:
    """Return the keys that every run has."""
    return tuple(dict.fromkeys([*OF_RECORD, *OF_TABLES, RUN, *own_groups().shown]))


def _measured(records: Sequence[RunRecord]) -> list[str]:
    return sorted({tag for record in records for tag in record.numbers}, key=order_of)


def _shown_as(key: str, tags: Sequence[str]) -> list[str]:
    """Return the first tag that tables call so; whatever stands before a slash."""
    names = (key.lower(), _last(key))
    return [tag for tag in tags if short_of(tag).lower() in names][:1]


def _named_alike(key: str, tags: Sequence[str]) -> list[str]:
    """Return the tags whose last part is that of a key; else those that it begins, without their floors."""
    wanted = _last(key).replace(" ", "_")
    equal = [tag for tag in tags if _last(tag) == wanted]
    begun = [tag for tag in tags if _last(tag).startswith(f"{wanted}_") and measured_above(tag) is None]
    return equal or begun


def _begun(key: str, tags: Sequence[str]) -> list[str]:
    """Return the tags whose name begins with what stands behind a slash, the shortest in tables first."""
    wanted = _last(key)
    if not wanted or "/" not in key:
        return []
    names = {tag: (short_of(tag).lower(), _last(tag)) for tag in tags if measured_above(tag) is None}
    found = [tag for tag in names if any(name.startswith(wanted) for name in names[tag])]
    return sorted(found, key=lambda tag: len(short_of(tag)))


def _ending(key: str, typed: Iterable[str]) -> list[str]:
    """Return the typed keys, columns of a table, whose last part a key is: ``lr`` of ``optimizer.lr``."""
    return [each for each in sorted(typed) if each.rpartition(".")[2] == key]


def _last(name: str) -> str:
    return name.rpartition("/")[2].lower()


def _near(key: str, names: Sequence[str]) -> list[str]:
    return nearest(key.lower(), names, _called)


def _called(name: str) -> set[str]:
    """Return what a key is called: in full, by its last part, and a tag as tables call it."""
    in_tables = {short_of(name).lower()} if "/" in name else set()
    return {name.lower(), _last(name), name.lower().rpartition(".")[2], *in_tables}
