"""What was begun in a folder, what may change as it goes on, and whether anything is left to do.

All of it is read without torch, so that what is finished, or refused, is said at once.
"""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gan_lab.config.checks import conform
from gan_lab.config.command_lines import command_line, path_word
from gan_lab.config.devices import DeviceName
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.groups import own_groups
from gan_lab.config.modes import Mode
from gan_lab.config.phrases import counted, verb
from gan_lab.config.quoting import did_you_mean, question_of, quoted
from gan_lab.runs.archived import is_archived
from gan_lab.runs.config_hash import config_hash
from gan_lab.runs.group import read_group
from gan_lab.runs.reading import read_run, require_own, run_within
from gan_lab.runs.record import RECORD_NAME, RunRecord, leaves_of

ITERATIONS = "train.iterations"
_MOST_DIGITS = 18  # of a number of iterations
RESUMABLE = {
    ITERATIONS: "train.iterations=N",
    "train.execution": "train.execution=MODE",
    "device": "device=NAME",
    "dataset.root": "dataset.root=FOLDER",
}
"""What may change as a run goes on: each key as a message names it."""
_RULES = {"device": DeviceName, "train.execution": Literal["auto", Mode]}
_TRACKER = "tracker=NAME"


@dataclass(frozen=True)
class Begun:
    """A run, or the seeds that were begun together.

    Attributes:
        folder: that holds it, or them.
        members: the runs that have a record.
        config: of all that were asked for.
        choices: config group to the name of the chosen option.
        seeds: that were asked for, or have a record; empty of a lone run.
    """

    folder: Path
    members: tuple[RunRecord, ...]
    config: dict[str, Any]
    choices: dict[str, str]
    seeds: tuple[int | None, ...]

    def iterations(self, changes: dict[str, str]) -> int:
        """Return how many iterations it shall have after changes.

        Raises:
            BadValueError: if that is no number of iterations, or less than are done.
        """
        of_config = _training_of(self.config, self.folder).get("iterations")
        begun_for = max((member.iterations for member in self.members), default=of_config)
        asked = changes.get(ITERATIONS, str(begun_for))
        done = max((member.iteration for member in self.members), default=0)
        is_number = asked.isascii() and asked.isdecimal() and len(asked) <= _MOST_DIGITS
        if not is_number or int(asked) < max(1, done):
            of_done = f"{counted(done, 'iteration')} that {verb(done, 'is', 'are')} done"
            raise BadValueError(ITERATIONS, f"a whole number, at least the {of_done}", asked)
        return int(asked)

    def data_root(self, changes: dict[str, str]) -> str | None:
        """Return the folder that the data are said to lie in now, absolute; None if nothing was said.

        Raises:
            UserError: if what was begun reads no folder, or nothing lies there.
        """
        typed = changes.get("dataset.root")
        if typed is None:
            return None
        node = self.config.get("dataset")
        if not isinstance(node, dict) or not isinstance(node.get("root"), str):
            raise UserError("dataset.root must be left out: this run's dataset reads no folder.")
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # of a name that no folder has
            root = Path(typed).expanduser().absolute()
            if typed and root.exists():
                return str(root)
        raise BadValueError("dataset.root", "the folder that the run's data lie in now", typed)

    def finished(self, changes: dict[str, str]) -> list[str]:
        """Return sentences that say so where nothing is left to do; none where something is, or may be.

        Raises:
            BadValueError: as ``iterations``.
        """
        total = self.iterations(changes)
        if set(changes) - {ITERATIONS} or len(self.members) < len(self.seeds):
            return []
        if not all(is_finished(member, total) and _is_as_begun(member) for member in self.members):
            return []
        told = [said_of_finished(member) for member in self.members]
        if any(is_archived(member.path) for member in self.members):
            told.append("It is from an archive, which keeps no checkpoints: it cannot be trained on.")
        elif any(member.status == "completed" for member in self.members):
            longer = command_line(["gan-lab", "resume", path_word(self.folder), f"{ITERATIONS}={2 * total}"])
            told.append(f"Nothing is left to do; to train on: {longer}")
        else:
            seen = command_line(["gan-lab", "diagnose", path_word(self.folder)])
            told.append(f"A run that diverged does not go on; what came before, and the way out: {seen}")
        return told


def is_finished(record: RunRecord, iterations: int) -> bool:
    """Return whether a run has nothing left to do of so many iterations."""
    return record.status == "diverged" or (record.status == "completed" and record.iteration >= iterations)


def said_of_finished(record: RunRecord) -> str:
    """Return the sentence on a run that has nothing left to do."""
    return f"{record.path}: {record.status} before, at iteration {record.iteration:,}."


def changes_of(overrides: Iterable[str], config: Mapping[str, Any]) -> dict[str, str]:
    """Return what a resumption changes, key to value.

    Args:
        overrides: as typed.
        config: what was begun with; what else stands in it is no key that may change.

    Raises:
        UserError: if that is nothing that may change, or names no device or no mode of execution.
    """
    changes = {}
    for override in overrides:
        key, _, value = override.partition("=")
        if key not in RESUMABLE:
            taken = ", ".join([*RESUMABLE.values(), _TRACKER])
            raise UserError(f"A resumed run takes {taken}; got {quoted(override)}{_why_not(key, config)}")
        changes[key] = conform(key, value, _RULES.get(key, str))
    return changes


def _why_not(key: str, config: Mapping[str, Any]) -> str:
    """Return how the refusal of a key ends: that it stays as it was begun with, or what was meant by it."""
    leaves = [name for name in leaves_of(config) if not name.endswith("_target_")]
    groups = own_groups()
    settings = {*leaves, *groups.keys, *groups.shown, *itertools.chain(*map(_nodes_above, leaves))}
    plain = key.lstrip("+~").partition("@")[0].replace("/", ".")
    if plain in RESUMABLE:
        return f".{question_of([plain])}"
    if plain in settings or plain.startswith("hydra."):
        return f": {plain} cannot be changed once a run has begun."
    # what is nearest among all settings may be one that does not change, too
    meant = did_you_mean(key, [*RESUMABLE, *leaves])
    return f".{meant}" if meant in map(question_of, zip(RESUMABLE)) else "."


def _nodes_above(key: str) -> Iterator[str]:
    parts = key.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts)))


def find_begun(folder: Path) -> Begun:
    """Return what was begun in a folder.

    Args:
        folder: a run's, or one that holds the runs of its seeds.

    Raises:
        UserError: if it is no such folder, or something in it is damaged or leads out of it.
    """
    require_own(folder)  # seeds among it
    if (folder / RECORD_NAME).exists():
        record = read_run(folder)
        return Begun(folder, (record,), record.read_config(), dict(record.choices), ())
    found = [read_run(path.parent) for path in folder.glob(f"seed*/{RECORD_NAME}")]
    members = sorted(found, key=lambda member: member.seed or 0)
    group = read_group(folder)
    if group is None:
        if not members and (held := run_within(folder)):
            raise UserError(
                f"{folder} is not a run folder: it holds runs, such as {held}. "
                "The command that began a sweep goes on with what is left of it."
            )
        if not members:
            read_run(folder)  # which says what it lacks
        config, choices = members[0].read_config(), dict(members[0].choices)
    else:
        config, choices = dict(group.config), group.choices
    train = _training_of(config, folder)
    asked = group.seeds if group is not None else ()
    seeds = [*asked, *(member.seed for member in members if member.seed not in asked)]
    return Begun(folder, tuple(members), config | {"train": train | {"seeds": seeds}}, choices, tuple(seeds))


def _is_as_begun(record: RunRecord) -> bool:
    """Return whether a run's config is that which it was begun with; who trains refuses another."""
    with contextlib.suppress(UserError):
        return record.config_hash == config_hash(record.read_config())
    return False


def _training_of(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    train = config.get("train")
    if not isinstance(train, dict):
        raise UserError(f"{folder}: config.yaml must hold the settings of train; it has {quoted(train)}.")
    return train
