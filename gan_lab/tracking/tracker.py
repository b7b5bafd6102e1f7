"""Measurements from the host to disk.

A run's numbers are written in blocks, every iteration of them, to ``metrics.csv`` and to the trackers under
the same tags. What the clock says goes to ``timing.csv``, so that ``metrics.csv`` is the same to the byte
whenever the run is the same.
"""

import difflib
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.errors import UserError
from gan_lab.config.quoting import quoted
from gan_lab.files.regular import unshare
from gan_lab.tags.names import MEDIAN, MEDIAN_WINDOW, RAW
from gan_lab.tracking.buffer import Block
from gan_lab.tracking.table_file import BEGINNING, TableFile, TableMark
from gan_lab.tracking.timing_file import Elapsed, TimingFile
from gan_lab.tracking.writers.base import MetricWriter
from gan_lab.tracking.writers.tensorboard import TensorBoardWriter

_INDEX = "iteration"


class Tracker:
    """Writes blocks to ``metrics.csv``, and to whatever trackers there are besides.

    Attributes:
        writer: the trackers.
        last: tag to the last number that was written, by this or an earlier process; what was measured since
            and was unresolved is not in it.
        last_at: tag to the iteration of that number.

    Args:
        run_dir: the run's folder.
        resume_at: completed iterations when an earlier run is continued; later rows are cut off.
        kept: what of ``metrics.csv`` there was at that time.
        occasional: tags of what is measured at some iterations only, those that are measured together in one
            group; their cells in ``metrics.csv`` are empty at the others.
        open_writer: opens the trackers, once the table is known to be fit; None for TensorBoard.
    """

    def __init__(
        self,
        run_dir: Path,
        resume_at: int = 0,
        kept: TableMark = BEGINNING,
        occasional: Sequence[Sequence[str]] = (),
        open_writer: Callable[[], MetricWriter] | None = None,
    ) -> None:
        self._table = TableFile(run_dir / "metrics.csv")
        self._columns: list[str] = []
        self._occasional = occasional
        self.last: dict[str, float] = {}
        self.last_at: dict[str, int] = {}
        self._recent: NDArray[np.float32] = np.full(MEDIAN_WINDOW - 1, np.nan, np.float32)
        if resume_at:
            unshare(self._table.path)
            self._read(self._table.cut_to(kept, resume_at))
        else:
            self._table.begin()
        self.writer = open_writer() if open_writer else TensorBoardWriter(run_dir, resume_at)
        self._timing = TimingFile(run_dir / "timing.csv", resume_at)

    def write(self, block: Block, occasional: dict[str, float] | None = None) -> None:
        """Write a block; what is unresolved is an empty cell, and no point of a curve.

        Args:
            block: every iteration since the last one written.
            occasional: what was measured at the block's last iteration alone.
        """
        if not len(block):
            return
        medians, without = self._medians(block)
        values, unresolved = {MEDIAN: medians, **block.values}, {MEDIAN: without, **block.unresolved}
        extra = {tag: np.array([value], np.float32) for tag, value in (occasional or {}).items()}
        cells = {tag: list(map(str, column)) for tag, column in values.items()}
        for tag, missing in unresolved.items():
            for row in missing.nonzero()[0]:
                cells[tag][row] = ""
        empty = [""] * (len(block) - 1)
        cells |= {tag: [*empty, str(column[0])] for tag, column in extra.items()}
        self._write_csv(block.first, cells)
        self._track(block.first, values, unresolved, extra)
        # through text, so that a resumed run reads the same numbers from the table
        self._note(block.first + len(block) - 1, {tag: column[-1] for tag, column in cells.items()})

    def start_clock(self, iteration: int) -> None:
        """Count time, and what is spent, from now on, ``iteration`` iterations being completed."""
        self._timing.start_clock(iteration)

    def write_rate(self, iteration: int, spent: Elapsed) -> None:
        """Write iterations per second, and the parts of the time spent otherwise, since the last call.

        Args:
            iteration: completed iterations.
            spent: since the clock was started.
        """
        rates = self._timing.append_rates(iteration, spent)
        columns = {tag: np.array([rate], np.float32) for tag, rate in rates.items()}
        self.writer.write_scalars(np.array([iteration]), columns, time.time())

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
        """Let go of the trackers."""
        self.writer.close()

    def _note(self, iteration: int, row: Mapping[str, str]) -> None:
        """Remember a row; what was measured with others, and is unresolved, is not what it was before."""
        filled = {tag: float(cell) for tag, cell in row.items() if cell}
        sometimes = set(chain(*self._occasional))
        always = [tag for tag in self._columns[1:] if tag not in sometimes]
        for group in (always, *self._occasional):
            if any(tag in filled for tag in group):
                for tag in group:
                    self.last.pop(tag, None)
        self.last |= filled
        self.last_at |= dict.fromkeys(filled, iteration)

    def _track(
        self,
        first: int,
        values: dict[str, NDArray[np.float32]],
        unresolved: dict[str, NDArray[np.bool_]],
        extra: dict[str, NDArray[np.float32]],
    ) -> None:
        now = time.time()
        partly = {tag: ~missing for tag, missing in unresolved.items() if missing.any()}
        steps = np.arange(first, first + len(values[RAW]))
        whole = {tag: column for tag, column in values.items() if tag not in partly}
        if whole:
            self.writer.write_scalars(steps, whole, now)
        for tag, resolved in partly.items():
            self.writer.write_scalars(steps[resolved], {tag: values[tag][resolved]}, now)
        if extra:
            self.writer.write_scalars(steps[-1:], extra, now)

    def _medians(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the median of up to the last 101 values at each new one, and where that is unresolved.

        Unresolved values stand among the others as 0: those that are resolved lie on either side of them.
        """
        raw = block.values[RAW]
        raw = np.where(block.unresolved.get(RAW, np.zeros(len(raw), bool)), np.float32(0), raw)
        history = np.concatenate([self._recent, raw])
        windows = np.lib.stride_tricks.sliding_window_view(history, MEDIAN_WINDOW)
        full = not np.isnan(self._recent[0])
        self._recent = history[-(MEDIAN_WINDOW - 1) :]
        medians: NDArray[np.float32] = (
            np.sort(windows, axis=1)[:, MEDIAN_WINDOW // 2] if full else np.nanmedian(windows, axis=1)
        )
        return medians, medians == 0

    def _write_csv(self, first: int, cells: dict[str, list[str]]) -> None:
        header = ""
        if not self._columns:
            self._columns = [_INDEX, *dict.fromkeys([*cells, *chain(*self._occasional)])]
            header = ",".join(self._columns) + "\n"
        # of a run that an earlier version began some are missing: they are in TensorBoard alone
        if unknown := cells.keys() - {*self._columns, *chain(*self._occasional)}:
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
            self._note(int(row[_INDEX]), {tag: cell for tag, cell in row.items() if tag != _INDEX})
        recent = np.array([row[RAW] or 0 for row in rows[-(MEDIAN_WINDOW - 1) :]], np.float32)
        self._recent = np.concatenate([self._recent, recent])[-(MEDIAN_WINDOW - 1) :]
