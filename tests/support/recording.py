"""A tracker of somebody else's package: keeps what it is given in memory, and fails where it is told to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_lab.runs.record import RunRecord
from gan_lab.tracking.writers.base import (
    Ending,
    ExperimentTracker,
    HyperParameters,
    MetricWriter,
    Picture,
)

OPENED: list["RecordingWriter"] = []
"""Every writer since the list was last cleared."""

METHODS = (
    "open",
    "write_hparams",
    "write_scalars",
    "write_images",
    "write_histograms",
    "write_ending",
    "close",
)


@dataclass(frozen=True)
class Recorder(ExperimentTracker):
    """Keeps everything; raises in the method that ``fails_in`` names."""

    fails_in: str = ""

    def open(self, record: RunRecord, resume_at: int) -> MetricWriter:
        if self.fails_in == "open":
            raise ConnectionError("nobody answers")
        known = record.trackers.get(self.key)
        OPENED.append(RecordingWriter(known or "id1", self.fails_in, begins=known is None))
        return OPENED[-1]


@dataclass
class RecordingWriter(MetricWriter):
    run_id: str | None
    fails_in: str = ""
    begins: bool = True
    calls: list[str] = field(default_factory=list)
    scalars: dict[tuple[str, int], float] = field(default_factory=dict)
    images: dict[tuple[str, int], Picture] = field(default_factory=dict)
    histograms: dict[tuple[str, int], NDArray[np.float32]] = field(default_factory=dict)
    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    hparams: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    ending: Ending | None = None

    def write_hparams(self, hparams: HyperParameters, command: str) -> None:
        self._called("write_hparams")
        self.hparams, self.command = dict(hparams), command

    def write_scalars(
        self, steps: NDArray[np.int64], values: Mapping[str, NDArray[np.float32]], wall_time: float
    ) -> None:
        self._called("write_scalars")
        for tag, column in values.items():
            assert column.shape == steps.shape
            self.scalars |= {
                (tag, int(step)): float(value) for step, value in zip(steps, column, strict=True)
            }

    def write_images(self, step: int, images: Mapping[str, Picture]) -> None:
        self._called("write_images")
        self.images |= {(tag, step): picture for tag, picture in images.items()}

    def write_histograms(self, step: int, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        self._called("write_histograms")
        self.histograms |= {(tag, step): values for tag, values in arrays.items()}

    def write_texts(self, step: int, texts: Mapping[str, str]) -> None:
        self._called("write_texts")
        self.texts |= {(tag, step): text for tag, text in texts.items()}

    def write_ending(self, ending: Ending) -> None:
        self._called("write_ending")
        self.ending = ending

    def close(self) -> None:
        self._called("close")

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if method == self.fails_in:
            raise RuntimeError(f"{method} has no room\nleft")
