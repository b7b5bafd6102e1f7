"""Measurements from the device to disk: the one place where scalars come to the host.

A run's numbers are kept on the device and written in blocks, every iteration of them, to ``metrics.csv`` and
to TensorBoard under the same tags. Wall-clock rates go to ``timing.csv``, so that ``metrics.csv`` is the same
to the byte whenever the run is the same.
"""

import csv
import io
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import SummaryWriter

from gan_lab.checks import UserError
from gan_lab.types import Measurements, State

MEDIAN_WINDOW = 101
"""Width of the median filter of the WGAN paper's figures 3 and 4 (released code, README)."""

RAW, MEDIAN = "distance/critic_raw", "distance/critic_median"
OCCASIONAL = ("health/critic_slope",)
"""What is measured at some iterations only; its cells in ``metrics.csv`` are empty at the others."""


Row = dict[str, np.float32]


@dataclass(frozen=True)
class Block:
    """Measurements of consecutive iterations on the host.

    Attributes:
        first: the first iteration, counted from 1.
        values: tag to one number per iteration.
    """

    first: int
    values: dict[str, NDArray[np.float32]]

    def __len__(self) -> int:
        return len(self.values[RAW])

    def non_finite(self) -> tuple[int, str] | None:
        """Return the first row that holds a non-finite value and that value's tag, or None."""
        rows = [
            (int(np.argmin(np.isfinite(column))), tag)
            for tag, column in self.values.items()
            if not np.isfinite(column).all()
        ]
        # of one iteration the first in the order of measurement: the critic comes before the generator
        return min(rows, key=lambda row: row[0], default=None)

    def head(self, rows: int) -> "Block":
        """Return the first ``rows`` iterations of the block."""
        return Block(self.first, {tag: column[:rows] for tag, column in self.values.items()})


def find_failure(block: Block, state: State) -> tuple[int, str] | None:
    """Return the row of the first iteration that was not finite and what was not, or None.

    Args:
        block: measurements up to now.
        state: the state after its last iteration.
    """
    failure = block.non_finite()
    if failure is not None:
        return failure
    values = {
        f"{part} parameter {name}": value
        for part in ("generator", "critic")
        for name, value in getattr(state, part).items()
    }
    finite = torch.stack([torch.isfinite(value).all() for value in values.values()]).cpu()
    bad = [name for name, is_finite in zip(values, finite.tolist(), strict=True) if not is_finite]
    return (len(block) - 1, bad[0]) if bad else None


class Measured:
    """Collects measurements on the device until they are fetched in one transfer."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._pending: list[Measurements] = []

    def __len__(self) -> int:
        return len(self._pending)

    def keep(self, measurements: Measurements) -> None:
        """Add the measurements of one iteration, scalars () on the device."""
        self._pending.append(measurements)

    def fetch(self) -> Block:
        """Return all that was kept since the last fetch; the one point that waits for the device."""
        tags = list(self._pending[0])
        table = torch.stack([torch.stack([row[tag] for tag in tags]) for row in self._pending])
        columns = table.float().cpu().numpy().T
        block = Block(self._first, dict(zip(tags, columns, strict=True)))
        self._first += len(self._pending)
        self._pending = []
        return block


class Tracker:
    """Writes blocks to ``metrics.csv`` and TensorBoard.

    Attributes:
        last: tag to number at the last iteration that was written, by this or an earlier process.

    Args:
        run_dir: the run's folder.
        resume_at: completed iterations when an earlier run is continued; later rows are cut off.
        kept_bytes: the length of ``metrics.csv`` at that time.
    """

    def __init__(self, run_dir: Path, resume_at: int = 0, kept_bytes: int = 0) -> None:
        self._path, self._timing = run_dir / "metrics.csv", run_dir / "timing.csv"
        # hides what an attempt that was killed wrote beyond its checkpoint
        self.writer = SummaryWriter(str(run_dir), purge_step=resume_at + 1 if resume_at else 0)
        self._columns: list[str] = []
        self.last: dict[str, float] = {}
        self._recent: NDArray[np.float32] = np.empty(0, np.float32)
        self._clock, self._clock_at = time.perf_counter(), resume_at
        if resume_at:
            self._cut(kept_bytes)
        else:
            self._path.write_text("")
            self._timing.write_text("iteration,perf/iterations_per_second\n")

    def write(self, block: Block, occasional: dict[str, float] | None = None) -> None:
        """Write a block.

        Args:
            block: every iteration since the last one written.
            occasional: what was measured at the block's last iteration alone.
        """
        if not len(block):
            return
        values = {MEDIAN: self._medians(block.values[RAW]), **block.values}
        rows: list[Row] = [{tag: column[row] for tag, column in values.items()} for row in range(len(block))]
        rows[-1].update({tag: np.float32(value) for tag, value in (occasional or {}).items()})
        self._write_csv(block.first, rows)
        self._write_events(block.first, rows)
        # through text, so that a resumed run reads the same numbers from the table
        self.last = {tag: float(str(value)) for tag, value in rows[-1].items()}

    def write_rate(self, iteration: int) -> None:
        """Write iterations per second since the last call."""
        now = time.perf_counter()
        rate = (iteration - self._clock_at) / max(now - self._clock, 1e-9)
        self._clock, self._clock_at = now, iteration
        with self._timing.open("a") as file:
            file.write(f"{iteration},{rate:.6g}\n")
        self.writer.add_scalar("perf/iterations_per_second", rate, iteration)
        self.writer.flush()  # whoever watches sees every block as it comes

    def require(self, tag: str) -> None:
        """Check that a number is measured.

        Raises:
            UserError: if it is not, with those that are.
        """
        if tag not in self._columns:
            measured = ", ".join(self._columns[1:])
            raise UserError(f"train.returned_metric must be one of {measured}; got {tag!r}.")

    def sync(self) -> int:
        """Force ``metrics.csv`` to disk and return its length, for a resumed run to cut it back to."""
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
            return os.fstat(file.fileno()).st_size

    def close(self) -> None:
        """Flush and close the event file."""
        self.writer.close()

    def _medians(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the median of up to the last 101 values at each new one."""
        history = np.concatenate([self._recent, raw])
        padded = np.concatenate([np.full(MEDIAN_WINDOW - 1, np.nan, np.float32), history])
        windows = np.lib.stride_tricks.sliding_window_view(padded, MEDIAN_WINDOW)[len(self._recent) :]
        self._recent = history[-(MEDIAN_WINDOW - 1) :]
        medians: NDArray[np.float32] = np.nanmedian(windows, axis=1)
        return medians

    def _write_csv(self, first: int, rows: list[Row]) -> None:
        text = io.StringIO()
        if not self._columns:
            self._columns = ["iteration", *dict.fromkeys([*rows[0], *OCCASIONAL])]
            text.write(",".join(self._columns) + "\n")
        writer = csv.DictWriter(text, self._columns, restval="", lineterminator="\n")
        writer.writerows({"iteration": first + i, **row} for i, row in enumerate(rows))
        try:
            with self._path.open("a") as file:
                file.write(text.getvalue())
        except OSError as error:
            raise UserError(f"{self._path} could not be written: {error.strerror}.") from error

    def _write_events(self, first: int, rows: list[Row]) -> None:
        now = time.time()
        writer = self.writer.file_writer
        assert writer is not None
        for i, row in enumerate(rows):
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=row[tag]) for tag in row])
            event = Event(summary=summary, step=first + i, wall_time=now)
            writer.event_writer.add_event(event)

    def _cut(self, kept_bytes: int) -> None:
        """Cut ``metrics.csv`` back to what the checkpoint knew, and read the median's window from it."""
        if not self._path.is_file() or self._path.stat().st_size < kept_bytes:
            raise UserError(f"{self._path} is shorter than its checkpoint says; the run cannot be continued.")
        with self._path.open("r+b") as file:
            file.truncate(kept_bytes)
        with self._path.open(newline="") as text:
            rows = list(csv.DictReader(text))
        self._columns = list(rows[0]) if rows else []
        self.last = {tag: float(value) for tag, value in rows[-1].items() if value and tag != "iteration"}
        recent = [row[RAW] for row in rows[-(MEDIAN_WINDOW - 1) :]]
        self._recent = np.array(recent, dtype=np.float32)
