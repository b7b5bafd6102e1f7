"""TensorBoard, behind the interface of trackers: an event file in the run's folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tensorboard.compat.proto.summary_pb2 import Summary

from gan_lab.runs.record import EVENTS, RunRecord
from gan_lab.tracking.dashboard import close_dashboard, open_dashboard
from gan_lab.tracking.event_order import ending_of, latest_events, open_events, remove_endings
from gan_lab.tracking.writers.base import (
    Ending,
    ExperimentTracker,
    HyperParameters,
    MetricWriter,
    Picture,
)


@dataclass(frozen=True)
class TensorBoard(ExperimentTracker):
    """An event file in the run's folder, which ``gan-lab board`` shows."""

    def open(self, record: RunRecord, resume_at: int) -> MetricWriter:
        """Return the writer of a new event file."""
        return TensorBoardWriter(record.path, resume_at)

    def rewrite_ending(self, record: RunRecord, ending: Ending) -> None:
        """Replace the file that says how the run ended; the others stay as they are."""
        latest = latest_events(record.path)
        if latest is None:
            super().rewrite_ending(record, ending)
        else:
            close_dashboard(ending_of(latest), ending)


class TensorBoardWriter(MetricWriter):
    """Writes an event file.

    Args:
        run_dir: the run's folder.
        resume_at: completed iterations when an earlier run is continued; 0 for a new one.
    """

    def __init__(self, run_dir: Path, resume_at: int) -> None:
        self.begins = not (resume_at and any(run_dir.glob(EVENTS)))
        remove_endings(run_dir)
        # hides what an attempt that was killed wrote beyond its checkpoint
        self._writer, self._events = open_events(run_dir, purge_step=resume_at + 1 if resume_at else 0)
        self._bins = np.asarray(self._writer.default_bins)

    def write_hparams(self, hparams: HyperParameters, command: str) -> None:
        """Write a row of HPARAMS, the layout of the charts, and a card that says what was run."""
        open_dashboard(self._writer, hparams, command)

    def write_scalars(
        self, steps: NDArray[np.int64], values: Mapping[str, NDArray[np.float32]], wall_time: float
    ) -> None:
        """Append one event per step, with all of its numbers."""
        self._events.add_scalars_at(steps, values, wall_time)

    def write_images(self, step: int, images: Mapping[str, Picture]) -> None:
        """Append the PNG files as they are."""
        for tag, picture in images.items():
            image = Summary.Image(
                height=picture.height,
                width=picture.width,
                colorspace=picture.channels,
                encoded_image_string=picture.png,
            )
            assert self._writer.file_writer is not None
            self._writer.file_writer.add_summary(Summary(value=[Summary.Value(tag=tag, image=image)]), step)

    def write_histograms(self, step: int, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Append histograms over TensorBoard's own bins."""
        for tag, values in arrays.items():
            self._writer.add_histogram(tag, values, step, self._bins)

    def write_texts(self, step: int, texts: Mapping[str, str]) -> None:
        """Append cards of text, which TensorBoard reads as Markdown."""
        for tag, text in texts.items():
            self._writer.add_text(tag, text, step)

    def write_ending(self, ending: Ending) -> None:
        """Write the final numbers, the verdict, and how the row of HPARAMS ended, to a file of their own."""
        close_dashboard(ending_of(self._events.path), ending)

    def close(self) -> None:
        """Flush and close the event file."""
        self._writer.close()
