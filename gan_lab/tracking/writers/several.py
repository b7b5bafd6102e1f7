"""Several trackers at once; and none of them can stop a run."""

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from gan_lab.config.checks import Rule
from gan_lab.config.quoting import shortened, shown
from gan_lab.runs.record import RunRecord
from gan_lab.tracking.writers.base import (
    Ending,
    ExperimentTracker,
    HyperParameters,
    MetricWriter,
    Picture,
)

log = logging.getLogger(__name__)

_LONGEST_REASON = 500  # of an error, some of which hold a whole answer of a server


@dataclass(frozen=True)
class Several(ExperimentTracker):
    """Several trackers at once.

    Attributes:
        parts: the trackers by name, at least one.
    """

    parts: Annotated[
        dict[str, ExperimentTracker],
        Rule("at least one tracker, as in tracker=[tensorboard,wandb]", lambda parts: len(parts) > 0),
    ]

    @property
    def members(self) -> tuple[ExperimentTracker, ...]:
        """The parts, and theirs."""
        return tuple(member for part in self.parts.values() for member in part.members)

    def require(self) -> None:
        """Check every part."""
        for member in self.members:
            member.require()

    def open(self, record: RunRecord, resume_at: int) -> MetricWriter:
        """Return one writer for all of them."""
        return open_writers(self, record, resume_at)


def rewrite_endings(tracker: ExperimentTracker, record: RunRecord, ending: Ending) -> None:
    """Write anew how a run ended; a tracker that fails says so in the log.

    Args:
        tracker: one, or several.
        record: of the run, which is not trained meanwhile.
        ending: in the place of the one before.
    """
    for member in tracker.members:
        try:
            member.rewrite_ending(record, ending)
        except Exception as error:  # noqa: BLE001  (the run has its numbers)
            log.warning(
                "%s: the tracker %s was not told of these numbers (%s).",
                *(record.path, member.key, _reason(error)),
            )


def open_writers(tracker: ExperimentTracker, record: RunRecord, resume_at: int) -> "Writers":
    """Return the writer of a run, whatever fails in the libraries behind it.

    Args:
        tracker: one, or several.
        record: of the run.
        resume_at: completed iterations; 0 for a new run.
    """
    opened = {}
    for member in tracker.members:
        try:
            opened[member.key] = member.open(record, resume_at)
        except Exception as error:  # noqa: BLE001  (a logger is no reason not to train)
            _tell(str(record.path), member.key, error)
    return Writers(opened, str(record.path))


class Writers(MetricWriter):
    """Passes everything on to several writers; one that fails says so in the log, once, and gets no more.

    What a library waits for before it gives up, it would wait for again at the next block; and after a record
    that was written in part, an event file has none that can be read. A resumed run opens all of them anew.

    Attributes:
        by_key: the writers that have not failed.

    Args:
        by_key: what the log calls a writer, to the writer.
        run: what the log calls the run.
    """

    def __init__(self, by_key: Mapping[str, MetricWriter], run: str) -> None:
        self.by_key, self._run = dict(by_key), run
        self.begins = any(writer.begins for writer in self.by_key.values())
        self._failed: list[MetricWriter] = []

    @property
    def run_ids(self) -> dict[str, str]:
        """What the libraries call the run, of those that call it anything."""
        return {key: writer.run_id for key, writer in self.by_key.items() if writer.run_id is not None}

    def write_hparams(self, hparams: HyperParameters, command: str) -> None:
        """Write what was chosen and set, where nothing of the run is yet."""
        self._each("write_hparams", hparams, command, at_the_beginning=True)

    def write_scalars(
        self, steps: NDArray[np.int64], values: Mapping[str, NDArray[np.float32]], wall_time: float
    ) -> None:
        """Write numbers of several iterations; nothing of none."""
        if len(steps):
            self._each("write_scalars", steps, values, wall_time)

    def write_images(self, step: int, images: Mapping[str, Picture]) -> None:
        """Write pictures; those of iteration 0 where nothing of the run is yet."""
        self._each("write_images", step, images, at_the_beginning=step == 0)

    def write_histograms(self, step: int, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Write distributions."""
        self._each("write_histograms", step, arrays)

    def write_texts(self, step: int, texts: Mapping[str, str]) -> None:
        """Write texts."""
        self._each("write_texts", step, texts)

    def write_ending(self, ending: Ending) -> None:
        """Write how the run ended."""
        self._each("write_ending", ending)

    def close(self) -> None:
        """Let go of all, also of those that failed."""
        self._each("close")
        for writer in self._failed:
            with contextlib.suppress(Exception):
                writer.close()
        self._failed = []

    def _each(self, method: str, *arguments: object, at_the_beginning: bool = False) -> None:
        for key, writer in list(self.by_key.items()):
            if at_the_beginning and not writer.begins:
                continue
            try:
                getattr(writer, method)(*arguments)
            except Exception as error:  # noqa: BLE001  (a logger is no reason to stop training)
                _tell(self._run, key, error)
                self._failed.append(self.by_key.pop(key))


def _tell(run: str, key: str, error: Exception) -> None:
    """Say in the log that a tracker failed."""
    log.warning(
        "%s: the tracker %s failed and gets no more of this run, which goes on; metrics.csv has every number "
        "(%s).",
        *(run, key, _reason(error)),
    )


def _reason(error: Exception) -> str:
    """Return what a library says of its failure, in one line that is not too long."""
    return shown(shortened(" ".join(f"{type(error).__name__}: {error}".split()), _LONGEST_REASON))
