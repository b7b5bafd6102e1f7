"""Training states on disk: complete or absent, checked by a sum, and safe to open from anybody."""

import contextlib
import hashlib
import io
import logging
import pickle
import re
import struct
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_lab.config.checks import NonNegativeInt, Settings
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.files.atomic import remove_partials, sync_folder, write_atomically
from gan_lab.files.regular import read_regular
from gan_lab.numerics.averages import ENDLESS
from gan_lab.types import State

FOLDER = "checkpoints"

METRICS_BYTES = "metrics_bytes"
"""The counter that says how long metrics.csv was, to which a resumed run cuts it back."""

_FORMAT = 3
_MOST_BYTES = 1 << 36
_BEFORE = 2  # without the generator's constraint and the count of iterations, which are known anyway
_NAME = re.compile(r"(?P<iteration>\d{9,})-(?P<checksum>[0-9a-f]{16})\.pt")
log = logging.getLogger(__name__)

# what torch.load raises on bytes that are no checkpoint of ours
_MALFORMED = (
    *(RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(OverflowError, MemoryError, RecursionError, struct.error, zipfile.BadZipFile, NotImplementedError),
)


@dataclass(frozen=True, eq=False)
class Checkpoint(Settings):
    """Everything that a run needs to go on as if it had never stopped.

    Attributes:
        iteration: completed iterations.
        state: parameters, the states of optimizers and constraints, average and count of iterations.
        counters: other positions in the run, such as the length of metrics.csv in bytes.
        device: type of the device that trained it, such as ``cpu``.
        fingerprint: hash of the run's configuration.
    """

    iteration: NonNegativeInt
    state: State
    counters: dict[str, NonNegativeInt]
    device: str
    fingerprint: str


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
    data = _to_bytes(checkpoint)
    path = folder / f"{checkpoint.iteration:09d}-{_checksum(data)}.pt"
    write_atomically(path, data)
    _prune(folder, path, checkpoint.iteration)
    return path


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
    raise UserError(f"{folder} holds no checkpoint; the run was not trained long enough to save one.")


def _to_bytes(checkpoint: Checkpoint) -> bytes:
    content = {
        "format": _FORMAT,
        "iteration": checkpoint.iteration,
        "state": {name: _to_cpu(tensor) for name, tensor in _flatten(checkpoint.state).items()},
        "counters": dict(checkpoint.counters),
        "device": checkpoint.device,
        "fingerprint": checkpoint.fingerprint,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _to_cpu(tensor: Tensor) -> Tensor:
    # always a copy: saving a view would write all of the tensor that it looks at. Strides are kept,
    # because another memory format may round convolutions differently after a resumption.
    return tensor.detach().to("cpu", copy=True)


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
    try:
        _require_stored(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is then refused
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return _from_content(content)
    except pickle.UnpicklingError as error:
        raise UserError(f"{name} holds more than tensors, numbers and text, and was not opened") from error
    except _MALFORMED as error:
        raise UserError(f"{name} is not a checkpoint of this version of gan-lab") from error


def _require_stored(data: bytes) -> None:
    """Check that an archive unpacks to no more than its own size, before anything of it is unpacked.

    Raises:
        ValueError: if entries are compressed, as gan-lab never does, or overlap.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return  # a bare pickle is as large as what it holds
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    if any(each.compress_type != zipfile.ZIP_STORED for each in entries):
        raise ValueError("compressed")
    if sum(each.file_size for each in entries) > len(data):
        raise ValueError("larger inside than outside")


def _from_content(content: Any) -> Checkpoint:
    if content["format"] not in (_FORMAT, _BEFORE):
        raise BadValueError("format", f"{_BEFORE} or {_FORMAT}", content["format"])
    tensors = content["state"]
    if content["format"] == _BEFORE:
        tensors = tensors | {"iteration": torch.tensor(content["iteration"])}
    return Checkpoint(
        iteration=content["iteration"],
        state=_unflatten(tensors),
        counters=content["counters"],
        device=content["device"],
        fingerprint=content["fingerprint"],
    )


def _flatten(state: State) -> dict[str, Tensor]:
    """Return a state's tensors under names such as ``generator/main.0.weight``, and ``iteration``."""
    parts = state._asdict()
    iteration = parts.pop("iteration")
    named = {f"{field}/{key}": tensor for field, part in parts.items() for key, tensor in part.items()}
    return named | {"iteration": iteration}


def _unflatten(tensors: dict[str, Any]) -> State:
    parts: dict[str, dict[str, Tensor]] = {field: {} for field in State._fields if field != "iteration"}
    for name, tensor in tensors.items():
        if not _is_plain(tensor):
            raise BadValueError(name, "a plain Tensor", type(tensor).__name__)
        if name != "iteration":
            field, _, key = name.partition("/")
            parts[field][key] = tensor
    if parts["average"] and not parts["averaging"]:
        # of a run that averaged without counting: it goes on as it was
        parts["averaging"] = {"count": torch.tensor(ENDLESS)}
    return State(**parts, iteration=tensors["iteration"])


def _is_plain(tensor: Any) -> bool:
    """Whether this is a tensor as gan-lab saves one: dense numbers in memory, neither meta nor sparse."""
    return (
        type(tensor) is Tensor
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
        and not (tensor.is_quantized or tensor.is_nested or tensor.is_conj() or tensor.is_neg())
    )


def _compare(found: State, expected: State, path: Path) -> None:
    ours, theirs = _flatten(expected), _flatten(found)
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
