"""A run folder becomes this process's: a new run, one that is resumed, or a refusal."""

import contextlib
import dataclasses
import fnmatch
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gan_lab.config.errors import UserError
from gan_lab.files.atomic import remove_partials, write_atomically
from gan_lab.files.lock import LOCK_NAME, FolderLock
from gan_lab.files.plain_yaml import dump_plain
from gan_lab.files.process import this_process
from gan_lab.runs import provenance
from gan_lab.runs.archived import require_resumable
from gan_lab.runs.begun import is_finished
from gan_lab.runs.config_hash import TRACKER, config_hash, counted_keys
from gan_lab.runs.reading import load_record, require_own
from gan_lab.runs.record import (
    CONFIG_NAME,
    RECORD_NAME,
    RunRecord,
    Sitting,
    leaves_of,
)
from gan_lab.runs.run import Run

log = logging.getLogger(__name__)

_HYDRA = (".hydra", "*.log")
_OURS = (LOCK_NAME, CONFIG_NAME, ".*.partial")


def open_run(
    path: Path,
    config: dict[str, Any],
    *,
    iterations: int,
    seed: int,
    device: str,
    command: str,
    choices: Mapping[str, str],
    bounds: Mapping[str, str] = MappingProxyType({}),
    estimate_at_equality: float = 0.0,
) -> Run:
    """Claim a run folder for this process.

    Args:
        path: made if it is not there.
        config: the resolved configuration, as plain containers.
        iterations: how many the run shall complete; more than before continues a completed run.
        seed: of everything random in it.
        device: type of the device, such as ``cpu``.
        command: what was typed.
        choices: config group to the name of the chosen option.
        bounds: tag to what that estimate bounds.
        estimate_at_equality: what the estimate is worth between equal distributions.

    Returns:
        The run; ``outcome`` says whether it is new, was resumed, or had finished before.

    Raises:
        UserError: if the folder cannot be written, holds other files or a run with another configuration,
            or is being trained by another process.
    """
    about: dict[str, Any] = {
        "iterations": iterations,
        "seed": seed,
        "device": device,
        "command": command,
        "choices": dict(choices),
        "bounds": dict(bounds),
        "estimate_at_equality": estimate_at_equality,
        "config_hash": config_hash(config),
        "versions": provenance.versions(),
        "git": provenance.git_state(),
        "process": this_process(),
    }
    before = _finished_before(path, about)
    if before is not None:
        return before
    lock = _claim(path)
    try:
        remove_partials(path)
        if (path / RECORD_NAME).exists():
            return _reopen(lock, load_record(path), config, about)
        write_atomically(path / CONFIG_NAME, dump_plain(config))
        # last, because a folder with a record counts as a run
        record = RunRecord(
            path=path, status="running", started=provenance.utc_now(), updated=provenance.utc_now(), **about
        )
        record = dataclasses.replace(record, sittings=record.history)
        record.write()
        return Run(lock, record, "new")
    except BaseException:
        lock.release()
        raise


def require_fit(path: Path) -> None:
    """Check that a folder may become, or is, that of a run, and that nothing in it leads out of it.

    Raises:
        UserError: if it holds other files, a link or a pipe lies where the lab has a file of its own, or its
            name is no UTF-8.
    """
    require_own(path)
    try:
        str(path).encode()
    except UnicodeEncodeError:
        # TensorBoard cannot write to another one
        raise UserError(
            f"hydra.run.dir must be a name in UTF-8; got {str(path)!r}: rename the folder."
        ) from None
    if path.is_dir():
        _refuse_foreign(path)


def _finished_before(path: Path, about: Mapping[str, Any]) -> Run | None:
    """Return a run of the same config that has finished; it is not locked, for nothing of it is written."""
    with contextlib.suppress(UserError):
        record = load_record(path)
        if record.config_hash == about["config_hash"] and is_finished(record, about["iterations"]):
            return Run(None, record, "finished")
    return None


def _claim(path: Path) -> FolderLock:
    try:
        path.mkdir(parents=True, exist_ok=True)
        require_fit(path)
        return FolderLock(path)
    except OSError as error:
        raise UserError(
            f"hydra.run.dir must be a folder that can be written; got {str(path)!r} ({error.strerror})."
        ) from error


def _refuse_foreign(path: Path) -> None:
    names = set(os.listdir(path))
    if RECORD_NAME in names:
        return
    # without a lock file, a config.yaml is somebody else's; with it, of a run killed as it began
    allowed = _HYDRA + (_OURS if LOCK_NAME in names else ())
    foreign = [name for name in sorted(names) if not any(fnmatch.fnmatch(name, a) for a in allowed)]
    if foreign:
        raise UserError(
            f"hydra.run.dir must be a new or empty folder, or that of a run; got {str(path)!r}, "
            f"which holds {', '.join(foreign[:3])}."
        )


def _reopen(lock: FolderLock, record: RunRecord, config: dict[str, Any], about: dict[str, Any]) -> Run:
    if record.config_hash != about["config_hash"]:
        different = _difference(record, config, about["choices"])
        if not different:
            raise UserError(
                f"{record.path / CONFIG_NAME} was changed after the run had begun; it goes on with the "
                "settings that it began with, or not at all."
            )
        raise UserError(
            f"{record.path} holds a run with another configuration ({different}); "
            "choose another hydra.run.dir."
        )
    if is_finished(record, about["iterations"]):
        return Run(lock, record, "finished")
    require_resumable(record.path)
    before = record
    # a run that was given more iterations before does not shrink below what it has done
    about["iterations"] = max(about["iterations"], record.iteration)
    # what began it stays; who goes on with it is added
    came_from = {key: about.pop(key) for key in ("command", "versions", "git")}
    sitting = Sitting(started=provenance.utc_now(), iteration=record.iteration, **came_from)
    _warn_of_changes(record.path, record.history[-1], sitting)
    record = dataclasses.replace(
        record,
        status="running",
        message=None,
        verdicts=(),
        updated=sitting.started,
        sittings=(*record.history, sitting),
        **about,
    )
    record.write()
    return Run(lock, record, "resumed", before)


def _warn_of_changes(path: Path, before: Sitting, now: Sitting) -> None:
    """Say in one line which of what decides on the numbers is another than in the sitting before."""
    pairs = {
        name: (before.versions.get(name), now.versions.get(name)) for name in ("torch", "gan_lab", "python")
    }
    pairs["commit"] = (_told(before.git), _told(now.git))
    changed = [
        f"{name} {one} then, {other} now" for name, (one, other) in pairs.items() if one and one != other
    ]
    if changed:
        log.warning("%s goes on with other code, which may round otherwise: %s.", path, "; ".join(changed))


def _told(git: Mapping[str, str | bool] | None) -> str | None:
    return f"{str(git.get('commit'))[:12]}{' with changes' if git.get('dirty') else ''}" if git else None


def _difference(record: RunRecord, config: dict[str, Any], choices: Mapping[str, str]) -> str:
    """Return up to three settings of a recorded run that differ from another configuration's."""
    groups = {group: choice for group, choice in record.choices.items() if choices.get(group) != choice}
    below = tuple(group.replace("/", ".") + "." for group in groups)
    different = dict(groups)
    with contextlib.suppress(UserError):
        recorded, wanted = (leaves_of(counted_keys(each)) for each in (record.read_config(), config))
        for key in dict.fromkeys([*recorded, *wanted]):
            if key.startswith(f"{TRACKER}."):  # which may differ
                continue
            # what lies below another choice differs because of it
            if recorded.get(key, "absent") != wanted.get(key, "absent") and not key.startswith(below):
                different[key] = recorded.get(key, "absent")
    return ", ".join(f"{key}={value}" for key, value in list(different.items())[:3])
