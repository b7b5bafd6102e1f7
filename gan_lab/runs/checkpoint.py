"""Training states on disk: complete or absent, checked by a sum, and the newest that can be trusted."""

import contextlib
import hashlib
import logging
import re
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.files.atomic import remove_partials, sync_folder, write_atomically
from gan_lab.files.regular import read_regular
from gan_lab.runs.archived import require_resumable
from gan_lab.runs.checkpoint_format import Checkpoint, flatten, from_bytes, to_bytes
from gan_lab.types import State

FOLDER = "checkpoints"

METRICS_BYTES = "metrics_bytes"
"""The counter that says how long metrics.csv was, to which a resumed run cuts it back."""

_MOST_BYTES = 1 << 36
_NAME = re.compile(r"(?P<iteration>\d{9,})-(?P<checksum>[0-9a-f]{16})\.pt")
log = logging.getLogger(__name__)


class _File(NamedTuple):
    iteration: int
    modified_ns: int
    checksum: str
    path: Path


def save(run_dir: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint and keep the one before it.

    The checksum is part of the file's name, so that one renaming publishes both: whenever the process
    is killed, what can be found is complete. Older files go only when the new one is on the disk.

    Args:
        run_dir: the run folder.
        checkpoint: tensors on any device; they are copied to the CPU.

    Returns:
        The file, ``checkpoints/<iteration>-<checksum>.pt`` below ``run_dir``.

    Raises:
        UserError: if it cannot be written; the checkpoints before it are then untouched.
    """
    folder = run_dir / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        sync_folder(run_dir)
    except OSError as error:
        raise UserError(
            f"{folder} could not be made: {error.strerror}; choose another hydra.run.dir."
        ) from error
    data = to_bytes(checkpoint)
    path = folder / f"{checkpoint.iteration:09d}-{_checksum(data)}.pt"
    write_atomically(path, data)
    _prune(folder, path, checkpoint.iteration)
    return path


def is_saved(run_dir: Path, iteration: int) -> bool:
    """Return whether there is a checkpoint of an iteration."""
    return any(file.iteration == iteration for file in _newest_first(run_dir / FOLDER))


def load_newest(run_dir: Path, like: State | None = None) -> Checkpoint:
    """Return the newest checkpoint that can be trusted, with its tensors on the CPU.

    A file that is damaged or holds code is passed over with a warning in the log. Nothing in a file is
    ever executed.

    Args:
        run_dir: the run folder.
        like: a state with the names, shapes and types that the run expects, on any device; not
            compared if None.

    Raises:
        UserError: if there is no checkpoint, none that can be read, or one of another architecture.
    """
    folder = run_dir / FOLDER
    reasons = []
    for file in _newest_first(folder):
        try:
            checkpoint = _read(file)
        except UserError as error:
            reasons.append(str(error))
            continue
        for reason in reasons:
            log.warning("Went back to an older checkpoint: %s.", reason)
        if like is not None:
            _compare(checkpoint.state, like, file.path)
        return checkpoint
    if reasons:
        raise UserError(f"{folder} holds no checkpoint that can be read: {'; '.join(reasons)}.")
    require_resumable(folder.parent)
    raise UserError(f"{folder} holds no checkpoint; the run was not trained long enough to save one.")


def prune(run_dir: Path, iteration: int) -> None:
    """Delete all checkpoints but that of an iteration and the newest one before it; none if there is no such.

    Args:
        run_dir: the run folder, claimed by this process.
        iteration: of the checkpoint that stays.
    """
    folder = run_dir / FOLDER
    saved = next((file.path for file in _newest_first(folder) if file.iteration == iteration), None)
    if saved is not None:
        _prune(folder, saved, iteration)


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _read(file: _File) -> Checkpoint:
    """Return a file's checkpoint.

    Raises:
        UserError: saying, without a full stop, why the file cannot be trusted.
    """
    name = file.path.name
    try:
        data = read_regular(file.path, _MOST_BYTES)
    except OSError as error:
        raise UserError(f"{name} cannot be read ({error.strerror})") from error
    except UserError as error:
        raise UserError(str(error).rstrip(".")) from error
    if _checksum(data) != file.checksum:
        raise UserError(f"{name} is damaged or cut short, its bytes do not match the checksum in its name")
    return from_bytes(data, name)


def _compare(found: State, expected: State, path: Path) -> None:
    ours, theirs = flatten(expected), flatten(found)
    faults = [f"it lacks {name}" for name in ours if name not in theirs]
    faults += [f"{name} is not expected" for name in theirs if name not in ours]
    for name in ours.keys() & theirs.keys():
        want, got = _form_of(ours[name]), _form_of(theirs[name])
        if want != got:
            faults.append(f"{name} is {got} instead of {want}")
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise UserError(
            f"{path} belongs to another architecture: {min(faults)}{more}; choose another hydra.run.dir."
        )


def _form_of(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _newest_first(folder: Path) -> list[_File]:
    files = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in folder.iterdir():
            match = _NAME.fullmatch(path.name)
            # a file can go while we look, when the run is still being trained
            with contextlib.suppress(OSError):
                if match and path.is_file():
                    modified_ns = path.stat().st_mtime_ns
                    files.append(_File(int(match["iteration"]), modified_ns, match["checksum"], path))
    return sorted(files, reverse=True)


def _prune(folder: Path, new: Path, iteration: int) -> None:
    """Delete all but the new checkpoint and the newest one before it.

    One of a later iteration can only be left from before a resumption that could not read it.
    """
    others = [file for file in _newest_first(folder) if file.path != new]
    earlier = [file for file in others if file.iteration <= iteration]
    for file in others:
        if file not in earlier[:1]:
            try:
                file.path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s could not be deleted: %s.", file.path, error.strerror)
    remove_partials(folder)
