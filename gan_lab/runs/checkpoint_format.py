"""The bytes of a checkpoint: written, and read again without executing anything in them."""

import io
import pickle
import struct
import warnings
import zipfile
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gan_lab.config.checks import NonNegativeInt, Settings
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.numerics.averages import ENDLESS
from gan_lab.types import State

_FORMAT = 3
_BEFORE = 2  # without the generator's constraint and the count of iterations, which are known anyway
_ARCHIVE = b"PK\x03\x04"  # how a ZIP begins

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
        card: of :func:`gan_lab.numerics.card.card_of`; empty on a CPU, and in files of earlier versions.
    """

    iteration: NonNegativeInt
    state: State
    counters: dict[str, NonNegativeInt]
    device: str
    fingerprint: str
    card: dict[str, str] = field(default_factory=dict)


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """Return what :func:`from_bytes` reads: tensors on the CPU, numbers and text, in torch's format."""
    content = {
        "format": _FORMAT,
        "iteration": checkpoint.iteration,
        "state": {name: _to_cpu(tensor) for name, tensor in flatten(checkpoint.state).items()},
        "counters": dict(checkpoint.counters),
        "device": checkpoint.device,
        "fingerprint": checkpoint.fingerprint,
        "card": dict(checkpoint.card),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def from_bytes(data: bytes, name: str) -> Checkpoint:
    """Return the checkpoint that bytes hold; nothing in them is executed, or unpacked beyond their size.

    Args:
        data: what a file of that name holds.
        name: for the refusal.

    Raises:
        UserError: saying, without a full stop, why they cannot be trusted.
    """
    # torch reads as an archive what begins as one, and zipfile what ends as one; of a bare pickle, torch's
    # older format, nobody can say how large its tensors are before they are made
    if not (data.startswith(_ARCHIVE) and zipfile.is_zipfile(io.BytesIO(data))):
        raise UserError(f"{name} is no archive, as gan-lab writes them, and was not opened")
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


def flatten(state: State) -> dict[str, Tensor]:
    """Return a state's tensors under names such as ``generator/main.0.weight``, and ``iteration``."""
    parts = state._asdict()
    iteration = parts.pop("iteration")
    named = {f"{field}/{key}": tensor for field, part in parts.items() for key, tensor in part.items()}
    return named | {"iteration": iteration}


def _to_cpu(tensor: Tensor) -> Tensor:
    # always a copy: saving a view would write all of the tensor that it looks at. Strides are kept,
    # because another memory format may round convolutions differently after a resumption.
    return tensor.detach().to("cpu", copy=True)


def _require_stored(data: bytes) -> None:
    """Check that an archive unpacks to no more than its own size, before anything of it is unpacked.

    Raises:
        ValueError: if entries are compressed, as gan-lab never does, or overlap.
    """
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
        card=content.get("card", {}),
    )


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
