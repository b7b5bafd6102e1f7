"""Going on with what an earlier process began: a run, or the seeds that were trained together."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.quoting import quoted
from gan_lab.runs.record import RECORD_NAME, read_run, require_own
from gan_lab.training.launch import launch

_RESUMABLE = {
    "train.iterations": "train.iterations=N",
    "train.execution": "train.execution=MODE",
    "device": "device=NAME",
}


def resume(folder: Path, overrides: Iterable[str], trusted: Iterable[str]) -> None:
    """Go on with a run, or with seeds that were trained together, where the newest checkpoints are.

    Args:
        folder: a run's folder, or one that holds the runs of its seeds.
        overrides: ``train.iterations=N``, ``train.execution=MODE`` or ``device=NAME``; nothing else of a run
            can change.
        trusted: packages besides gan_lab that its config may name classes of; what the config itself
            trusts does not count, since the folder may be a stranger's.

    Raises:
        UserError: if it is no such folder, or an override is another one.
    """
    require_own(folder)  # seeds among it
    lone = (folder / RECORD_NAME).exists()
    members = [] if lone else [read_run(path.parent) for path in folder.glob(f"seed*/{RECORD_NAME}")]
    members = sorted(members, key=lambda member: member.seed or 0) or [read_run(folder)]
    record = members[0]
    overrides = list(overrides)
    changes = dict(override.partition("=")[::2] for override in overrides)
    for key in changes:
        if key not in _RESUMABLE:
            raise UserError(f"A resumed run takes {', '.join(_RESUMABLE.values())}; got {quoted(key)}.")
    asked = changes.get("train.iterations", str(max(member.iterations for member in members)))
    done = max(member.iteration for member in members)
    if not asked.isdecimal() or int(asked) < max(1, done):
        raise BadValueError(
            "train.iterations", f"a whole number, at least the {done} iterations that are done", asked
        )
    config = record.read_config()
    if record.path != folder:
        config["train"]["seeds"] = [member.seed for member in members]
    launch(
        config,
        folder,
        choices=record.choices,
        command=shlex.join(["gan-lab", "resume", str(folder), *overrides]),
        trusted=trusted,
        iterations=int(asked),
        device=changes.get("device"),
        execution=changes.get("train.execution"),
    )
