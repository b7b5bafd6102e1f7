"""``timing.csv``: what the clock says of a run, apart from its numbers.

So ``metrics.csv`` is the same to the byte whenever the run is the same.
"""

import logging
import time
from pathlib import Path
from typing import NamedTuple

from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import unshare
from gan_lab.tags.names import DATA_WAIT_FRACTION, ITERATIONS_PER_SECOND, LOGGING_FRACTION
from gan_lab.tracking.event_file import append
from gan_lab.tracking.table_file import keep_copy

log = logging.getLogger(__name__)

_INDEX = "iteration"
_FRACTIONS = (DATA_WAIT_FRACTION, LOGGING_FRACTION)  # of Elapsed, in its order
_HEADER = ",".join([_INDEX, ITERATIONS_PER_SECOND, *_FRACTIONS]) + "\n"


class Elapsed(NamedTuple):
    """Seconds that have gone by otherwise than in iterations, since the clock was started."""

    waiting_s: float = 0.0
    """For batches."""
    writing_s: float = 0.0
    """Measuring, drawing and writing, checkpoints included; of all seeds together."""


class TimingFile:
    """The pace of a run: iterations per second, and the parts of the time that were spent otherwise.

    Args:
        path: the file; it is begun, or cut back to ``resume_at`` where a run goes on.
        resume_at: completed iterations.
    """

    def __init__(self, path: Path, resume_at: int) -> None:
        self._path = path
        if resume_at:
            unshare(path)
        else:
            write_atomically(path, _HEADER.encode())
        self._columns = _cut_back(path, resume_at)
        self.start_clock(resume_at)

    def start_clock(self, iteration: int) -> None:
        """Count time, and what is spent, from now on, ``iteration`` iterations being completed."""
        self._clock, self._clock_at, self._spent = time.perf_counter(), iteration, Elapsed()

    def append_rates(self, iteration: int, spent: Elapsed) -> dict[str, float]:
        """Append a row for the time since the last one, and return what stands in it.

        Args:
            iteration: completed iterations.
            spent: since the clock was started.

        Returns:
            Tag to iterations per second, and to shares of the time.

        Raises:
            UserError: if it cannot be written.
        """
        now = time.perf_counter()
        passed_s = max(now - self._clock, 1e-9)
        rates = {ITERATIONS_PER_SECOND: (iteration - self._clock_at) / passed_s}
        for tag, seconds, before in zip(_FRACTIONS, spent, self._spent, strict=True):
            rates[tag] = (seconds - before) / passed_s
        self._clock, self._clock_at, self._spent = now, iteration, spent
        cells = [str(iteration), *(f"{rates[tag]:.6g}" for tag in self._columns)]
        append(self._path, (",".join(cells) + "\n").encode())
        return rates


def _cut_back(path: Path, resume_at: int) -> list[str]:
    """Cut a file back to an iteration, and return its columns but for the first.

    One that was edited gives way to a new one.
    """
    data = path.read_bytes() if path.is_file() else b""
    # a run that an earlier version began has fewer columns
    first, *columns = data.partition(b"\n")[0].decode(errors="replace").strip().split(",")
    if first != _INDEX or not columns or not set(columns) <= {ITERATIONS_PER_SECOND, *_FRACTIONS}:
        if data:
            log.warning("%s was edited; it is kept as %s.", path, keep_copy(path, data).name)
        write_atomically(path, _HEADER.encode())
        return [ITERATIONS_PER_SECOND, *_FRACTIONS]
    header, *rows = data.splitlines(keepends=True)
    kept = b"".join([header, *(row for row in rows if _lies_before(row, resume_at, len(columns) + 1))])
    kept += b"" if kept.endswith(b"\n") else b"\n"
    if kept != data:
        write_atomically(path, kept)
    return columns


def _lies_before(row: bytes, resume_at: int, n_cells: int) -> bool:
    """Return whether a row is a whole one, and of no iteration that will be played again."""
    first, *others = row.split(b",")
    return len(others) == n_cells - 1 and first.isdigit() and int(first[:18]) <= resume_at
