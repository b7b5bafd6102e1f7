"""A run folder that this process may write into."""

import contextlib
import dataclasses
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, Self

from gan_lab.config.errors import UserError
from gan_lab.files.lock import FolderLock
from gan_lab.runs.finding import Finding
from gan_lab.runs.provenance import utc_now
from gan_lab.runs.record import (
    DataRecord,
    ExecutionRecord,
    RunFolder,
    RunRecord,
    Status,
    final_of,
)


class Run(RunFolder):
    """A run folder that this process may write into, until ``close``.

    As a context manager it closes itself; an exception that leaves it while the run is still ``running``
    is recorded as ``interrupted`` (Ctrl-C, exit) or ``failed``; of a run that is refused to go on before it
    is played, the record stays as it was.

    Attributes:
        record: what ``run.json`` holds now.
        outcome: ``new``; ``resumed`` for a run that has iterations left; ``finished`` for one that
            completed them or diverged, whose record is left as it is.
        is_played: whether this process has begun to play it; for whoever does to say.
    """

    def __init__(
        self,
        lock: FolderLock | None,
        record: RunRecord,
        outcome: Literal["new", "resumed", "finished"],
        before: RunRecord | None = None,
    ) -> None:
        self.path, self.record, self.outcome = record.path, record, outcome
        self._lock = lock
        self._clock, self._earlier_s = time.monotonic(), record.duration_s
        self._before, self.is_played = before, False

    def update(
        self,
        *,
        status: Status | None = None,
        iteration: int | None = None,
        final: Mapping[str, float] | None = None,
        message: str | None = None,
        execution: ExecutionRecord | None = None,
        data: tuple[DataRecord, ...] | None = None,
        measured_by: tuple[str, ...] | None = None,
        verdicts: tuple[Finding, ...] | None = None,
        trackers: Mapping[str, str] | None = None,
    ) -> None:
        """Write down how far the run is; what is None stays as it was.

        Args:
            status: ``running``, or how the run ended.
            iteration: completed iterations.
            final: tag to number; replaces the numbers before.
            message: one sentence on why the run ended.
            execution: how its iterations are run.
            data: which images it is trained on.
            measured_by: digests of the feature networks.
            verdicts: what was seen in its numbers, worst first.
            trackers: name of a tracker to what it calls the run.

        Raises:
            UserError: if ``run.json`` cannot be written; the old one is then untouched.
        """
        changes: dict[str, Any] = {
            "status": status,
            "iteration": iteration,
            "message": message,
            "execution": execution,
            "data": data,
            "measured_by": measured_by,
            "verdicts": verdicts,
            "trackers": None if trackers is None else dict(trackers),
        }
        if final is not None:
            changes["final"] = final_of(final)
            changes["evaluated"] = ""
        self._write({key: value for key, value in changes.items() if value is not None})

    def forget_execution(self) -> None:
        """Leave open how its iterations are run: what was chosen for one device is none for another.

        Raises:
            UserError: if ``run.json`` cannot be written; the old one is then untouched.
        """
        self._write({"execution": None})

    def note_card(self, card: Mapping[str, str]) -> None:
        """Write down which card this sitting computes on.

        Raises:
            UserError: if ``run.json`` cannot be written; the old one is then untouched.
        """
        *earlier, present = self.record.history
        self._write({"sittings": (*earlier, dataclasses.replace(present, card=dict(card)))})

    def put_back(self) -> None:
        """Let the record be what it was before this process opened the run; nothing of a new one.

        Raises:
            UserError: if ``run.json`` cannot be written; the present one is then untouched.
        """
        if self._before is not None:
            ended = "interrupted" if self._before.status == "running" else self._before.status
            self.record = dataclasses.replace(self._before, status=ended)
            self.record.write()

    def close(self) -> None:
        """Let others open the run."""
        if self._lock is not None:
            self._lock.release()

    def _write(self, changes: Mapping[str, Any]) -> None:
        assert self._lock is not None, "a run that had finished is left as it is"
        assert self._lock.held, "update after close"
        duration_s = self._earlier_s + time.monotonic() - self._clock
        record = dataclasses.replace(self.record, updated=utc_now(), duration_s=duration_s, **changes)
        record.write()
        self.record = record

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None and self.record.status == "running":
                # the disk may be full, and that may be the very error on its way out
                with contextlib.suppress(UserError):
                    if self._before is not None and not self.is_played and isinstance(error, UserError):
                        self.put_back()
                    else:
                        self.update(**_last_words(error))
        finally:
            self.close()


def _last_words(error: BaseException) -> dict[str, Any]:
    if isinstance(error, KeyboardInterrupt | SystemExit):
        by_signal = isinstance(error, KeyboardInterrupt) and error.args
        by = error.args[0] if by_signal else type(error).__name__
        return {"status": "interrupted", "message": f"Stopped by {by}."}
    text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return {"status": "failed", "message": text}
