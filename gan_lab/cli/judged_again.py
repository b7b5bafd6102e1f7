"""What ``gan-lab evaluate`` measured becomes a run's own, where its samples were not measured in training."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterable

from gan_lab.config.errors import UserError
from gan_lab.diagnosis.diagnose import diagnose
from gan_lab.evaluation.evaluate import Evaluation
from gan_lab.files.lock import FolderLock
from gan_lab.reports.observing import observe
from gan_lab.runs.reading import load_record
from gan_lab.runs.record import RunRecord, final_of
from gan_lab.tags.words import HEADLINES
from gan_lab.tracking.writers.base import Ending
from gan_lab.tracking.writers.choice import build_tracker
from gan_lab.tracking.writers.several import rewrite_endings

log = logging.getLogger(__name__)


def judge_again(record: RunRecord, found: Evaluation, trusted: Iterable[str] = ()) -> None:
    """Write an evaluation's numbers into ``run.json`` and judge the run by them, and say what it is now.

    Only where they are of the iteration that the run is at, and training has no such numbers of its own:
    these are of the run's own seed and number of samples. A later evaluation replaces an earlier one.

    Args:
        record: of the run.
        found: what was measured.
        trusted: packages that its config may name a tracker of.
    """
    lock = _lock_of(record)
    if lock is None:
        return
    try:
        before = _as_it_ended(load_record(record.path))
        measured_itself = not before.evaluated and any(tag in before.final for tag in HEADLINES)
        if before.iteration != found.iteration or measured_itself:
            return
        # nothing of an earlier evaluation stays, whose samples were others
        kept = {tag: value for tag, value in before.final.items() if tag not in found.tags}
        networks = (*before.measured_by, found.measured_by) if found.measured_by else before.measured_by
        after = dataclasses.replace(
            before,
            final={**kept, **final_of(found.numbers)},
            evaluated=found.path.name,
            measured_by=tuple(dict.fromkeys(networks)),
        )
        after = dataclasses.replace(after, verdicts=diagnose(observe(after)))
        after.write()
        _tell_trackers(after, trusted)
    finally:
        lock.release()
    names = ", ".join(verdict.name for verdict in after.verdicts)
    log.info("The run has these numbers now, and is judged by them: %s.\n", names)


def _as_it_ended(record: RunRecord) -> RunRecord:
    """Return the record of a run whose folder is ours now: one that says it is running was killed."""
    return dataclasses.replace(record, status="interrupted") if record.status == "running" else record


def _tell_trackers(record: RunRecord, trusted: Iterable[str]) -> None:
    """Write a completed run's ending anew where its numbers went; one that fails says so in the log.

    A run that diverged has numbers of several iterations, which its record does not tell apart.
    """
    if record.status != "completed":
        return
    try:
        tracker = build_tracker(record.read_config(), trusted)
    except UserError as error:
        log.warning("%s: trackers are not told of these numbers: %s", record.path, error)
        return
    measured_at = dict.fromkeys(record.numbers, record.iteration)
    rewrite_endings(tracker, record, Ending.of(record.status, record.numbers, measured_at, record.verdicts))


def _lock_of(record: RunRecord) -> FolderLock | None:
    """Return the right to write into a run's folder; None where somebody else has it, or nobody can."""
    with contextlib.suppress(UserError, OSError):
        return FolderLock(record.path)
    return None
