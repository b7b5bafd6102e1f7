"""Measurements from the host to disk.

A run's numbers are written in blocks, every iteration of them, to ``metrics.csv`` and to TensorBoard under
the same tags. What the clock says goes to ``timing.csv``, so that ``metrics.csv`` is the same to the byte
whenever the run is the same.
"""

import difflib
import logging
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from gan_lab.config.errors import UserError
from gan_lab.config.quoting import quoted
from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import unshare
from gan_lab.tags.names import (
    DATA_WAIT_FRACTION,
    ITERATIONS_PER_SECOND,
    LOGGING_FRACTION,
    MEDIAN,
    MEDIAN_WINDOW,
    RAW,
)
from gan_lab.tracking.buffer import Block
from gan_lab.tracking.event_file import EventFile, append
from gan_lab.tracking.table_file import BEGINNING, TableFile, TableMark, keep_copy

log = logging.getLogger(__name__)

_EVENTS = "*tfevents*"  # the files that TensorBoard takes for events
_DATED = re.compile(r"(?P<stem>events\.out\.tfevents\.)(?P<time>\d{10})\..*", re.DOTALL)
_FRACTIONS = (DATA_WAIT_FRACTION, LOGGING_FRACTION)  # of Elapsed, in its order
_TIMING_HEADER = ",".join(["iteration", ITERATIONS_PER_SECOND, *_FRACTIONS]) + "\n"


class Elapsed(NamedTuple):
    """Seconds that have gone by otherwise than in iterations, since the clock was started."""

    waiting_s: float = 0.0
    """For batches."""
    writing_s: float = 0.0
    """Measuring, drawing and writing, checkpoints included; of all seeds together."""


class Tracker:
    """Writes blocks to ``metrics.csv`` and TensorBoard.

    Attributes:
        writer: TensorBoard, for what is no number of every iteration.
        last: tag to the last number that was written, by this or an earlier process.
        begins: whether TensorBoard has no cards of the run yet that stand at iteration 0.

    Args:
        run_dir: the run's folder.
        resume_at: completed iterations when an earlier run is continued; later rows are cut off.
        kept: what of ``metrics.csv`` there was at that time.
        occasional: tags of what is measured at some iterations only; its cells in ``metrics.csv`` are empty
            at the others.
    """

    def __init__(
        self,
        run_dir: Path,
        resume_at: int = 0,
        kept: TableMark = BEGINNING,
        occasional: Sequence[str] = (),
    ) -> None:
        self._table, self._timing = TableFile(run_dir / "metrics.csv"), run_dir / "timing.csv"
        self.begins = not (resume_at and any(run_dir.glob(_EVENTS)))
        # hides what an attempt that was killed wrote beyond its checkpoint
        self.writer, self._events = _open_events(run_dir, purge_step=resume_at + 1 if resume_at else 0)
        self._columns: list[str] = []
        self._occasional = occasional
        self.last: dict[str, float] = {}
        self._recent: NDArray[np.float32] = np.full(MEDIAN_WINDOW - 1, np.nan, np.float32)
        self._clock, self._clock_at, self._spent = time.perf_counter(), resume_at, Elapsed()
        if resume_at:
            for path in (self._table.path, self._timing):
                unshare(path)
            self._read(self._table.cut_to(kept, resume_at))
        else:
            self._table.begin()
            write_atomically(self._timing, _TIMING_HEADER.encode())
        self._timed = _open_timing(self._timing)

    def write(self, block: Block, occasional: dict[str, float] | None = None) -> None:
        """Write a block.

        Args:
            block: every iteration since the last one written.
            occasional: what was measured at the block's last iteration alone.
        """
        if not len(block):
            return
        values = {MEDIAN: self._medians(block.values[RAW]), **block.values}
        extra = {tag: np.array([value], np.float32) for tag, value in (occasional or {}).items()}
        cells = {tag: list(map(str, column)) for tag, column in values.items()}
        empty = [""] * (len(block) - 1)
        cells |= {tag: [*empty, str(column[0])] for tag, column in extra.items()}
        self._write_csv(block.first, cells)
        now = time.time()
        self._events.add_scalars(block.first, values, now)
        if extra:
            self._events.add_scalars(block.first + len(block) - 1, extra, now)
        # through text, so that a resumed run reads the same numbers from the table
        self.last |= {tag: float(column[-1]) for tag, column in cells.items()}

    def start_clock(self, iteration: int) -> None:
        """Count time, and what is spent, from now on, ``iteration`` iterations being completed."""
        self._clock, self._clock_at, self._spent = time.perf_counter(), iteration, Elapsed()

    def write_rate(self, iteration: int, spent: Elapsed) -> None:
        """Write iterations per second, and the parts of the time spent otherwise, since the last call.

        Args:
            iteration: completed iterations.
            spent: since the clock was started.
        """
        now = time.perf_counter()
        passed_s = max(now - self._clock, 1e-9)
        rates = {ITERATIONS_PER_SECOND: (iteration - self._clock_at) / passed_s}
        for tag, seconds, before in zip(_FRACTIONS, spent, self._spent, strict=True):
            rates[tag] = (seconds - before) / passed_s
        self._clock, self._clock_at, self._spent = now, iteration, spent
        cells = [str(iteration), *(f"{rates[tag]:.6g}" for tag in self._timed)]
        append(self._timing, (",".join(cells) + "\n").encode())
        columns = {tag: np.array([rate], np.float32) for tag, rate in rates.items()}
        self._events.add_scalars(iteration, columns, time.time())

    def require(self, tag: str) -> None:
        """Check that a number is measured.

        Raises:
            UserError: if it is not, with those that are.
        """
        if tag not in self._columns:
            measured = self._columns[1:]
            close = ", ".join(difflib.get_close_matches(tag, measured, n=4, cutoff=0.0))
            raise UserError(
                f"train.returned_metric must be one of the {len(measured)} columns of {self._table.path}, "
                f"such as {close}; got {quoted(tag)}."
            )

    def sync(self) -> TableMark:
        """Force ``metrics.csv`` to disk and return what was written, for a resumed run to cut it back to."""
        return self._table.sync()

    def close(self) -> None:
        """Flush and close the event file."""
        self.writer.close()

    def _medians(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the median of up to the last 101 values at each new one."""
        history = np.concatenate([self._recent, raw])
        windows = np.lib.stride_tricks.sliding_window_view(history, MEDIAN_WINDOW)
        full = not np.isnan(self._recent[0])
        self._recent = history[-(MEDIAN_WINDOW - 1) :]
        medians: NDArray[np.float32] = (
            np.sort(windows, axis=1)[:, MEDIAN_WINDOW // 2] if full else np.nanmedian(windows, axis=1)
        )
        return medians + np.float32(0)  # no -0.0, whose place among zeros is chance

    def _write_csv(self, first: int, cells: dict[str, list[str]]) -> None:
        header = ""
        if not self._columns:
            self._columns = ["iteration", *dict.fromkeys([*cells, *self._occasional])]
            header = ",".join(self._columns) + "\n"
        if unknown := cells.keys() - set(self._columns):
            raise UserError(f"{self._table.path} has no column {min(unknown)}; choose another hydra.run.dir.")
        rows = len(cells[MEDIAN])
        empty = [""] * rows
        columns = [cells.get(tag, empty) for tag in self._columns[1:]]
        lines = zip(map(str, range(first, first + rows)), *columns, strict=True)
        self._table.append(header + "".join([",".join(line) + "\n" for line in lines]))

    def _read(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Take the columns, the last numbers and the median's window from the rows that there are."""
        self._columns = list(rows[0]) if rows else []
        for row in rows:
            self.last |= {tag: float(value) for tag, value in row.items() if value and tag != "iteration"}
        recent = np.array([row[RAW] for row in rows[-(MEDIAN_WINDOW - 1) :]], np.float32)
        self._recent = np.concatenate([self._recent, recent])[-(MEDIAN_WINDOW - 1) :]


def _open_timing(path: Path) -> list[str]:
    """Return the columns of ``timing.csv`` but for the first; one that was edited gives way to a new one."""
    data = path.read_bytes() if path.is_file() else b""
    # a run that an earlier version began has fewer columns
    first, *columns = data.partition(b"\n")[0].decode(errors="replace").strip().split(",")
    if first != "iteration" or not columns or not set(columns) <= {ITERATIONS_PER_SECOND, *_FRACTIONS}:
        if data:
            log.warning("%s was edited; it is kept as %s.", path, keep_copy(path, data).name)
        write_atomically(path, _TIMING_HEADER.encode())
        return [ITERATIONS_PER_SECOND, *_FRACTIONS]
    if not data.endswith(b"\n"):
        append(path, b"\n")
    return columns


def _open_events(run_dir: Path, purge_step: int) -> tuple[SummaryWriter, EventFile]:
    """Return TensorBoard's writer for all kinds of summaries, and the file that it writes to."""
    before = set(run_dir.glob(_EVENTS))
    writer = SummaryWriter(str(run_dir), purge_step=purge_step)
    file_writer = writer.file_writer
    assert file_writer is not None
    file_writer.event_writer.close()
    (made,) = set(run_dir.glob(_EVENTS)) - before
    path = made.with_name(_name_after([earlier.name for earlier in before], made.name))
    made.rename(path)
    file_writer.event_writer = events = EventFile(path)
    return writer, events


def _name_after(earlier: Sequence[str], name: str) -> str:
    """Return a name for an event file that sorts behind those of earlier ones.

    TensorBoard reads a folder's files in the order of their names, which begin with the time: where the clock
    has gone back since, the points of the new file would come first, and be hidden by the older ones.
    """
    latest = max(earlier, default="")
    if name > latest:
        return name
    dated = _DATED.fullmatch(latest)
    later = f"{dated['stem']}{int(dated['time']) + 1:010d}.{name.split('.', 4)[-1]}" if dated else ""
    return later if later > latest else f"{latest}.1"
