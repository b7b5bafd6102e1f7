"""Going on with what an earlier process began: a run, or the seeds that were trained together."""

from collections.abc import Iterable
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
}


def resume(
    folder: Path,
    overrides: Iterable[str],
    trusted: Iterable[str],
    *,
    trust_data: bool = False,
    accept_changed_data: bool = False,
) -> None:
    """Go on with a run, or with seeds that were trained together, where the newest checkpoints are.

    Args:
        folder: a run's folder, or one that holds the runs of its seeds.
        overrides: ``train.iterations=N``, ``train.execution=MODE`` or ``device=NAME``; nothing else of a run
            can change.
        trusted: packages besides gan_lab that its config may name classes of; what the config itself
            trusts does not count, since the folder may be a stranger's.
        trust_data: whether its config may name any folder of data, for the same reason.
        accept_changed_data: whether it goes on with other images than it began with.

    Raises:
        UserError: if it is no such folder, or an override is another one.
    """
    require_own(folder)  # seeds among it
    members, config, choices = _find_begun(folder)
    overrides = list(overrides)
    changes = dict(override.partition("=")[::2] for override in overrides)
    for key in changes:
        if key not in _RESUMABLE:
            raise UserError(f"A resumed run takes {', '.join(_RESUMABLE.values())}; got {quoted(key)}.")
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
    dataset = build(config.get("dataset"), Dataset, "dataset", trusted)
    require_known_root(dataset, folder, trust_data=trust_data)
    flags = [word for package in trusted for word in ("--trust", package)]
    flags += ["--trust-data"] * trust_data + [ACCEPT] * accept_changed_data
    launch(
        config,
        folder,
        choices=choices,
        command=command_line(["gan-lab", "resume", path_word(folder), *overrides, *flags]),
        trusted=trusted,
        iterations=int(asked),
        device=changes.get("device"),
        execution=changes.get("train.execution"),
        accept_changed_data=accept_changed_data,
    )


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
