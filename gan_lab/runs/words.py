"""How lines in the terminal word what a run's record says."""

import shlex
from collections.abc import Mapping
from typing import Any

from gan_lab.config.quoting import shown
from gan_lab.runs.record import RunRecord
from gan_lab.tags.names import MEDIAN, RAW
from gan_lab.tags.table import ESTIMATES, estimate_of

_SIDE_BY_SIDE = "compose"  # the option that a list of constraints is


def verdict_of(record: RunRecord) -> str:
    """Return the name of the worst that was seen in a run when it ended; empty where it was not looked at."""
    return record.verdicts[0].name if record.verdicts else ""


def is_unjudged(record: RunRecord) -> bool:
    """Return whether a run has ended without a verdict, as one that was killed has."""
    return bool(record.started) and record.status != "running" and not record.verdicts


def verdict_shown(record: RunRecord) -> str:
    """Return a run's verdict as tables have it; ``not judged`` of one that ended without."""
    return "not judged" if is_unjudged(record) else verdict_of(record) or "-"


def duration_text(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"


def bounded_by(record: RunRecord) -> str | None:
    """Return what the run's estimate of a divergence bounds, or else its score gap, as the report says it."""
    words = [word for tag, word in record.bounds.items() if tag != RAW] or list(record.bounds.values())
    return words[0] if words else None


def number_asked_for(record: RunRecord, tag: str) -> float | None:
    """Return a number of a run to whoever asks for its tag; None where it has none, or has it as no estimate.

    The score gap is one whatever the objective; only its median goes by the name of an estimate.
    """
    return record.numbers.get(tag) if is_told(record, tag) or tag == RAW else None


def is_told(record: RunRecord, tag: str) -> bool:
    """Return whether a tag, if it can be the estimate of a run, is that of this one, filtered or not.

    The score gap of a GAN's discriminator is no estimate of W.
    """
    estimate = estimate_of(record.final)
    return tag not in ESTIMATES or tag == estimate or {tag, estimate} == {RAW, MEDIAN}


def typed_of(command: str) -> dict[str, str]:
    """Return the overrides of a command, key to value, but for what has a column of its own."""
    try:
        words = shlex.split(command)[2:]
    except ValueError:
        return {}  # of a damaged record
    pairs = (word.partition("=") for word in words if "=" in word and not word.startswith("-"))
    hidden = ("objective", "dataset", "seed", "train.seeds", "device")
    return {key: shown(value) for key, _, value in pairs if key not in hidden and not key.startswith("hydra")}


def choice_of(record: RunRecord, config: Mapping[str, Any], group: str) -> str:
    """Return the option of a group; of several constraints at once the list of them, as it is typed.

    Args:
        record: the run's.
        config: the run's, too.
        group: such as ``constraint``; ``none`` stands for one that the run has not.
    """
    name, node = record.choices.get(group, "none"), config.get(group)
    parts = node.get("parts") if name == _SIDE_BY_SIDE and isinstance(node, Mapping) else None
    return f"[{','.join(map(str, parts))}]" if isinstance(parts, Mapping) else name
