"""TensorBoard's event file, a block of iterations at a time.

TensorBoard's own writer takes an event's checksum in a Python loop over its bytes and hands each event to a
thread: 0.2 ms for the numbers of one iteration. Here the events of a block are rows of one array that differ
only in the bytes of their numbers, and are summed together.

The format is that of TFRecord: the length (uint64), its checksum (uint32), the event, its checksum (uint32).
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from gan_lab.config.errors import UserError

_POLYNOMIAL = 0x82F63B78  # of CRC-32C, lowest bit first (RFC 3720, appendix B.4)
_CHUNK = 1024
_STEP_BYTES = 5  # 35 bits
_STEP_SHIFTS = 7 * np.arange(_STEP_BYTES)
_STEP_FLAGS = np.array([128] * (_STEP_BYTES - 1) + [0])  # whether more bytes follow
_HEADER_BYTES = 12


def append(path: Path, data: bytes | bytearray) -> None:
    """Append to a file, which is then as others read it.

    Raises:
        UserError: if it cannot be written.
    """
    try:
        with path.open("ab") as file:
            file.write(data)
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror}.") from error


class EventFile:
    """Appends to an event file; to ``FileWriter`` of torch it is an ``EventFileWriter``.

    Args:
        path: a file that begins as event files do.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add_event(self, event: Event) -> None:
        """Append an event."""
        data = event.SerializeToString()
        append(self._path, _header(len(data)) + data + _footer(data))

    def add_scalars(self, first: int, values: Mapping[str, NDArray[np.float32]], wall_time: float) -> None:
        """Append one event per step, with all of its numbers.

        Args:
            first: the first step.
            values: tag to one number for each of the steps (n,).
            wall_time: of all of them, in seconds since 1970.
        """
        self.add_scalars_at(np.arange(first, first + len(next(iter(values.values())))), values, wall_time)

    def add_scalars_at(
        self, steps: NDArray[np.int64], values: Mapping[str, NDArray[np.float32]], wall_time: float
    ) -> None:
        """Append one event per step, with all of its numbers.

        Args:
            steps: (n,), each below 2^35.
            values: tag to one number for each of the steps (n,).
            wall_time: of all of them, in seconds since 1970.
        """
        if not len(steps):
            return
        layout = _layout(tuple(values))
        records = bytearray(layout.template * len(steps))
        rows = np.frombuffer(records, layout.dtype)
        rows["wall_time"] = wall_time
        # more bytes than a small number needs, with zeros in front: all events are of one length
        rows["step"] = steps[:, None] >> _STEP_SHIFTS & 127 | _STEP_FLAGS
        for place, column in zip(layout.places, values.values(), strict=True):
            rows[place] = column
        events = np.frombuffer(records, np.uint8).reshape(len(steps), -1)[:, _HEADER_BYTES:-4]
        rows["footer"] = _masked(crc32c(events))
        append(self._path, records)

    def flush(self) -> None:
        """Do nothing: everything is in the file already."""

    def close(self) -> None:
        """Do nothing: the file is open only while it is written to."""

    def get_logdir(self) -> str:
        """Return the folder of the file."""
        return str(self._path.parent)


class _Layout(NamedTuple):
    """A record with other numbers in their place, and the type of a row that gives access to them."""

    template: bytes
    dtype: np.dtype[np.void]
    places: list[str]  # fields of the numbers, in the order of the tags


@lru_cache(maxsize=64)
def _layout(tags: tuple[str, ...]) -> _Layout:
    values = [Summary.Value(tag=tag, simple_value=1) for tag in tags]
    step = 1 << 7 * (_STEP_BYTES - 1)  # the smallest that takes so many bytes
    event = Event(wall_time=1, step=step, summary=Summary(value=values)).SerializeToString()
    template = _header(len(event)) + event + bytes(4)
    # wall time and step come first, each after a byte that names it; a number ends its value
    sizes = [Summary(value=[value]).ByteSize() for value in values]
    ends = len(template) - 4 - np.cumsum([0, *sizes[:0:-1]])[::-1]
    places = [f"number {k}" for k in range(len(tags))]
    fields = {"wall_time": ("<f8", _HEADER_BYTES + 1), "step": (("u1", _STEP_BYTES), _HEADER_BYTES + 10)}
    fields |= {place: ("<f4", int(end) - 4) for place, end in zip(places, ends, strict=True)}
    fields["footer"] = ("<u4", len(template) - 4)
    dtype = np.dtype(
        {
            "names": list(fields),
            "formats": [form for form, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": len(template),
        }
    )
    return _Layout(template, dtype, places)


@lru_cache(maxsize=64)
def _header(length: int) -> bytes:
    data = length.to_bytes(8, "little")
    return data + _footer(data)


def _footer(data: bytes) -> bytes:
    return _masked(np.array([_crc32c(data)])).tobytes()


def _masked(crc: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return checksums as TFRecord writes them: turned by 15 bits, plus a constant."""
    return ((crc >> 15 | crc << 17) + np.uint32(0xA282EAD8)).astype("<u4")


def crc32c(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the CRC-32C (n,) of each row (n, length), where length is 4 at least.

    But for two inversions a CRC is linear over bits. So rows differ by the exclusive or of what each byte in
    which they differ brings at its distance from the end.
    """
    differences = rows ^ rows[0]
    columns = np.flatnonzero(differences.any(axis=0))
    effects = _byte_effects(_round_up(rows.shape[1]))
    places = len(effects) - rows.shape[1] + columns
    brought = effects.ravel()[256 * places + differences[:, columns]]
    sums: NDArray[np.uint32] = np.bitwise_xor.reduce(brought, axis=1)
    return sums ^ _crc32c(rows[0].tobytes())


def _crc32c(data: bytes) -> np.uint32:
    """Return the CRC-32C of 4 bytes or more."""
    width = min(len(data), _CHUNK)
    padded = np.zeros(_round_up(len(data), width), np.uint8)
    start = len(padded) - len(data)  # zeros in front change nothing
    padded[start:] = np.frombuffer(data, np.uint8)
    padded[start : start + 4] ^= 255
    effects = _byte_effects(_CHUNK)[-width:]
    brought = effects.ravel()[256 * np.arange(width) + padded.reshape(-1, width)]
    crc = np.uint32(0)
    for chunk in np.bitwise_xor.reduce(brought, axis=1):
        # what came before acts as if added to the chunk's first four bytes
        first, second, third, fourth = crc.tobytes()
        crc = chunk ^ effects[0, first] ^ effects[1, second] ^ effects[2, third] ^ effects[3, fourth]
    return ~crc


def _round_up(length: int, width: int = _CHUNK) -> int:
    return -(-length // width) * width


@lru_cache(maxsize=4)
def _byte_effects(length: int) -> NDArray[np.uint32]:
    """Return (length, 256): what a byte brings to the CRC of so many bytes, by its place and its value."""
    last = np.arange(256, dtype="<u4")
    for _ in range(8):
        last = last >> 1 ^ (last & 1) * np.uint32(_POLYNOMIAL)
    effects = np.empty((length, 256), "<u4")
    effects[-1] = last
    for k in range(length - 1, 0, -1):
        effects[k - 1] = last[effects[k] & 255] ^ effects[k] >> 8
    return effects
