"""Going on with what an earlier process began: a run, or the seeds that were trained together."""

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gan_lab.config.build import build
from gan_lab.config.command_lines import command_line, path_word
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.quoting import quoted
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.known_roots import require_known_root
from gan_lab.runs.group import read_group
from gan_lab.runs.reading import read_run, require_own
from gan_lab.runs.record import RECORD_NAME, RunRecord
from gan_lab.training.launch import launch
from gan_lab.training.same_data import ACCEPT

_MOST_DIGITS = 18  # of a number of iterations
_RESUMABLE = {
    "train.iterations": "train.iterations=N",
    "train.execution": "train.execution=MODE",
    "device": "device=NAME",
    "dataset.root": "dataset.root=FOLDER",
}
_TRACKER = "tracker=NAME"


def resume(
    folder: Path,
    overrides: Iterable[str],
    trusted: Iterable[str],
    *,
    trust_data: bool = False,
    accept_changed_data: bool = False,
    tracker: Mapping[str, Any] | None = None,
    typed_tracker: Iterable[str] = (),
) -> None:
    """Go on with a run, or with seeds that were trained together, where the newest checkpoints are.

    Args:
        folder: a run's folder, or one that holds the runs of its seeds.
        overrides: ``train.iterations=N``, ``train.execution=MODE``, ``device=NAME``; where the same images
            lie somewhere else now, ``dataset.root=FOLDER``. Nothing else that decides on numbers can change.
        trusted: packages besides gan_lab that its config may name classes of; what the config itself
            trusts does not count, since the folder may be a stranger's.
        trust_data: whether its config may name any folder of data, for the same reason.
        accept_changed_data: whether it goes on with other images than it began with.
        tracker: where numbers go in this sitting, as the config of a tracker; None for where the run's own
            config says.
        typed_tracker: how that was typed.

    Raises:
        UserError: if it is no such folder, or an override is another one.
    """
    require_own(folder)  # seeds among it
    members, config, choices = _find_begun(folder)
    overrides = list(overrides)
    changes = dict(override.partition("=")[::2] for override in overrides)
    for key in changes:
        if key not in _RESUMABLE:
            taken = ", ".join([*_RESUMABLE.values(), _TRACKER])
            raise UserError(f"A resumed run takes {taken}; got {quoted(key)}.")
    of_config = _training_of(config, folder).get("iterations")
    begun_for = max((member.iterations for member in members), default=of_config)
    asked = changes.get("train.iterations", str(begun_for))
    done = max((member.iteration for member in members), default=0)
    is_number = asked.isascii() and asked.isdecimal() and len(asked) <= _MOST_DIGITS
    if not is_number or int(asked) < max(1, done):
        raise BadValueError(
            "train.iterations", f"a whole number, at least the {done} iterations that are done", asked
        )
    trusted = tuple(trusted)
    root = _moved(config, changes.get("dataset.root"))
    node = config.get("dataset")
    dataset = build(node | {"root": root} if root and node else node, Dataset, "dataset", trusted)
    # who types a folder names it, to be read and packed; downloads are another matter
    named = root is not None and not getattr(dataset, "download", False)
    require_known_root(dataset, folder, trust_data=trust_data or named)
    flags = [word for package in trusted for word in ("--trust", package)]
    flags += ["--trust-data"] * trust_data + [ACCEPT] * accept_changed_data
    launch(
        config,
        folder,
        choices=choices,
        command=command_line(["gan-lab", "resume", path_word(folder), *overrides, *typed_tracker, *flags]),
        trusted=trusted,
        iterations=int(asked),
        device=changes.get("device"),
        execution=changes.get("train.execution"),
        data_root=root,
        tracker_node=tracker,
        accept_changed_data=accept_changed_data,
    )


def _moved(config: Mapping[str, Any], typed: str | None) -> str | None:
    """Return the folder that a run's data are said to lie in now, absolute; None if nothing was said.

    Raises:
        UserError: if the run reads no folder, or nothing lies there.
    """
    if typed is None:
        return None
    node = config.get("dataset")
    if not isinstance(node, dict) or not isinstance(node.get("root"), str):
        raise UserError("dataset.root must be left out: this run's dataset reads no folder.")
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # of a name that no folder has
        root = Path(typed).expanduser().absolute()
        if typed and root.exists():
            return str(root)
    raise BadValueError("dataset.root", "the folder that the run's data lie in now", typed)


def _find_begun(folder: Path) -> tuple[list[RunRecord], dict[str, Any], dict[str, str]]:
    """Return the runs that have a record, the config of all that were asked for, and its choices."""
    if (folder / RECORD_NAME).exists():
        record = read_run(folder)
        return [record], record.read_config(), record.choices
    found = [read_run(path.parent) for path in folder.glob(f"seed*/{RECORD_NAME}")]
    members = sorted(found, key=lambda member: member.seed or 0)
    group = read_group(folder)
    if group is None:
        if not members:
            read_run(folder)  # which says what it lacks
        config, choices = members[0].read_config(), members[0].choices
    else:
        config, choices = dict(group.config), group.choices
    train = _training_of(config, folder)
    asked = group.seeds if group is not None else ()
    seeds = [*asked, *(member.seed for member in members if member.seed not in asked)]
    return members, config | {"train": train | {"seeds": seeds}}, choices


def _training_of(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    train = config.get("train")
    if not isinstance(train, dict):
        raise UserError(f"{folder}: config.yaml must hold the settings of train; it has {quoted(train)}.")
    return train
