"""What ``gan-lab evaluate`` measured becomes a run's own, where its samples were not measured in training."""

import contextlib
import dataclasses
import logging

from gan_lab.config.errors import UserError
from gan_lab.diagnosis.diagnose import diagnose
from gan_lab.evaluation.evaluate import Evaluation
from gan_lab.files.lock import FolderLock
from gan_lab.reports.observing import observe
from gan_lab.runs.reading import load_record
from gan_lab.runs.record import RunRecord, final_of
from gan_lab.tags.words import HEADLINES

log = logging.getLogger(__name__)


def judge_again(record: RunRecord, found: Evaluation) -> None:
    """Write an evaluation's numbers into ``run.json`` and judge the run by them, and say what it is now.

    Only where they are of the iteration that the run is at, and training has no such numbers of its own:
    these are of the run's own seed and number of samples. A later evaluation replaces an earlier one.

    Args:
        record: of the run.
        found: what was measured.
    """
    lock = _lock_of(record)
    if lock is None:
        return
    try:
        before = load_record(record.path)
        measured_itself = not before.evaluated and any(tag in before.final for tag in HEADLINES)
        if before.status == "running" or before.iteration != found.iteration or measured_itself:
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
        # of a run that was interrupted nothing is said before it has ended
        after = dataclasses.replace(after, verdicts=diagnose(observe(after)) if before.verdicts else ())
        after.write()
    finally:
        lock.release()
    if after.verdicts:
        names = ", ".join(verdict.name for verdict in after.verdicts)
        log.info("The run has these numbers now, and is judged by them: %s.\n", names)


def _lock_of(record: RunRecord) -> FolderLock | None:
    """Return the right to write into a run's folder; None where somebody else has it, or nobody can."""
    with contextlib.suppress(UserError, OSError):
        return FolderLock(record.path)
    return None
