"""TensorBoard's event file, a block of iterations at a time.

TensorBoard's own writer takes an event's checksum in a Python loop over its bytes and hands each event to a
thread: 0.2 ms for the numbers of one iteration. Here the events of a block are rows of one array that differ
only in the bytes of their numbers.

The format is that of TFRecord: the length (uint64), its checksum (uint32), the event, its checksum (uint32).
"""

import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import google_crc32c
import numpy as np
from numpy.typing import NDArray
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from gan_lab.config.errors import UserError
from gan_lab.files.regular import append_regular

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
        append_regular(path, data)
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror}.") from error


def records_of(events: Iterable[Event]) -> bytes:
    """Return events as they stand in an event file."""
    return b"".join(_record(event.SerializeToString()) for event in events)


class EventFile:
    """Appends to an event file; to ``FileWriter`` of torch it is an ``EventFileWriter``.

    Attributes:
        path: the file.

    Args:
        path: a file that begins as event files do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add_event(self, event: Event) -> None:
        """Append an event."""
        append(self.path, records_of([event]))

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
        rows["checksum"] = [_checksum(event) for event in rows["event"].tolist()]
        append(self.path, records)

    def flush(self) -> None:
        """Do nothing: everything is in the file already."""

    def close(self) -> None:
        """Do nothing: the file is open only while it is written to."""

    def get_logdir(self) -> str:
        """Return the folder of the file."""
        return str(self.path.parent)


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
    template = _record(event)
    # wall time and step come first, each after a byte that names it; a number ends its value
    sizes = [Summary(value=[value]).ByteSize() for value in values]
    ends = len(template) - 4 - np.cumsum([0, *sizes[:0:-1]])[::-1]
    places = [f"number {k}" for k in range(len(tags))]
    fields = {"wall_time": ("<f8", _HEADER_BYTES + 1), "step": (("u1", _STEP_BYTES), _HEADER_BYTES + 10)}
    fields |= {place: ("<f4", int(end) - 4) for place, end in zip(places, ends, strict=True)}
    fields |= {"event": (f"V{len(event)}", _HEADER_BYTES), "checksum": ("<u4", len(template) - 4)}
    dtype = np.dtype(
        {
            "names": list(fields),
            "formats": [form for form, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": len(template),
        }
    )
    return _Layout(template, dtype, places)


def _record(event: bytes) -> bytes:
    header = struct.pack("<Q", len(event))
    return header + struct.pack("<I", _checksum(header)) + event + struct.pack("<I", _checksum(event))


def _checksum(data: bytes) -> int:
    """Return the CRC-32C as TFRecord writes it: turned by 15 bits, plus a constant."""
    crc: int = google_crc32c.value(data)
    return (crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF
