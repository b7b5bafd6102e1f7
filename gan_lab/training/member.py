"""One run while it is trained: its numbers, its pictures, its checkpoints and its ending.

A member is a lone run or one of several seeds that are trained together; what it writes is the same.
"""

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from gan_lab.diagnosis.diagnose import diagnose
from gan_lab.evaluation.critic_checks import TAGS, CriticChecks
from gan_lab.evaluation.evaluator import make_evaluator
from gan_lab.evaluation.readings import numbers_of
from gan_lab.game.batches import BatchSource
from gan_lab.game.setup import Setup
from gan_lab.numerics.processes import ALONE, Processes
from gan_lab.numerics.trees import to_device
from gan_lab.reports.observing import observe
from gan_lab.runs.checkpoint import is_saved, prune, save
from gan_lab.runs.checkpoint_format import Checkpoint
from gan_lab.runs.finding import Finding
from gan_lab.runs.record import ExecutionRecord
from gan_lab.runs.run import Run
from gan_lab.tags.names import SLOPE
from gan_lab.tracking.buffer import Block, find_failure
from gan_lab.tracking.hyperparameters import hyperparameters_of
from gan_lab.tracking.remarks import Remarks
from gan_lab.tracking.snapshots import Snapshots
from gan_lab.tracking.table_file import TableMark
from gan_lab.tracking.timing_file import Elapsed
from gan_lab.tracking.tracker import Tracker
from gan_lab.tracking.writers.base import Ending, ExperimentTracker
from gan_lab.tracking.writers.several import Writers, open_writers
from gan_lab.training.advice import StoppingAdvice
from gan_lab.training.schedule import Schedule, due_after
from gan_lab.types import Sampler, State


class Outcome(NamedTuple):
    """How a run ended."""

    status: Literal["completed", "interrupted", "diverged"]
    iteration: int  # completed, all of them finite
    numbers: dict[str, float]  # tag to the last value
    measured_at: dict[str, int]  # tag to its iteration
    message: str | None = None


class Position(NamedTuple):
    """A point of a run that can be returned to: it decides all that follows."""

    iteration: int  # completed
    state: State


Replay = Callable[[int], tuple[State, Block]]
"""Plays again from the last finite position to an iteration; returns the state there and the measurements."""


class Member:
    """The bookkeeping of one run between its first and its last iteration.

    Attributes:
        setup: what is trained.
        source: what its iterations consume.
        last_finite: the newest position that is known to be finite.
        outcome: how it ended; None while it goes on.

    Args:
        setup: what is trained.
        sampler: its real data.
        run: the folder, claimed by this process.
        checkpoint: where to go on from, None to begin.
        tracker: where its numbers go besides ``metrics.csv``.
        processes: that play it together.
    """

    def __init__(
        self,
        setup: Setup,
        sampler: Sampler,
        run: Run,
        checkpoint: Checkpoint | None,
        tracker: ExperimentTracker,
        processes: Processes = ALONE,
    ) -> None:
        self.setup, self.run = setup, run
        self.source = BatchSource(sampler, setup.batch_shape, setup.seed, setup.device, processes)
        self.last_finite = _start(setup, checkpoint)
        self.outcome: Outcome | None = None
        kept = TableMark.of(checkpoint.counters if checkpoint else {})
        self._evaluator = make_evaluator(setup, sampler) if setup.metrics.every else None
        if self._evaluator is not None and self._evaluator.measured_by:
            networks = dict.fromkeys([*run.record.measured_by, self._evaluator.measured_by])
            run.update(measured_by=tuple(networks))
        whole = BatchSource(sampler, setup.batch_shape, setup.seed, setup.device)
        self._checks = CriticChecks(setup, whole) if setup.metrics.every else None
        self._occasional = ([SLOPE], [*self._evaluator.tags, *TAGS] if self._evaluator else [])
        done = self.last_finite.iteration
        open_writers = partial(_open_writers, tracker, run, done)
        self._tracker = Tracker(run.path, done, kept, self._occasional, open_writers)
        self._writer = self._tracker.writer
        self._snapshots = Snapshots(setup, sampler, run.path, self._writer)
        self._remarks = Remarks(setup.seed, str(setup.game.dtype).removeprefix("torch."))
        self._advice = StoppingAdvice(setup.seed)
        if self._writer.begins:
            self._writer.write_hparams(hyperparameters_of(run.record), run.record.command)
            self._snapshots.show_real()

    @property
    def execution(self) -> ExecutionRecord:
        """How its iterations run, as its record says."""
        assert self.run.record.execution is not None, "played before it is known how"
        return self.run.record.execution

    @property
    def slot(self) -> int:
        """Which of the seeds that were begun together it is, from 0."""
        return self.execution.slot or 0

    @property
    def total(self) -> int:
        """The last iteration of the run."""
        return self.run.record.iterations

    @property
    def numbers(self) -> dict[str, float]:
        """Tag to value at the last iteration that was logged."""
        return self._tracker.last

    def log(self, block: Block, state: State, due: Schedule, *, replay: Replay) -> None:
        """Write what was measured since the last log; a value that is not finite ends the run before it.

        Args:
            block: every iteration since the last log.
            state: the state after the last of them; it is kept.
            due: what of it that is too dear for every iteration is measured now.
            replay: plays this member alone.

        Raises:
            UserError: if a file cannot be written, or the sweeper was promised a number that is not there.
        """
        failure = find_failure(block, state)
        if failure is not None:
            self._diverge(block, *failure, replay)
            return
        done = block.first + len(block) - 1
        self._remarks.of(block)
        measured = self._measure(state, done, due)
        self._tracker.write(block, measured)
        self._advice.of(self.run.record, done, measured)
        self._tracker.require(self.setup.train.returned_metric)
        self.last_finite = Position(done, state)

    def write_rate(self, spent: Elapsed) -> None:
        """Write the pace since the last time, given the time spent otherwise than in iterations so far."""
        self._tracker.write_rate(self.last_finite.iteration, spent)

    def begin(self) -> None:
        """Start the clock: what came before, such as compiling, is not the time of an iteration."""
        self._tracker.start_clock(self.last_finite.iteration)

    def look(self) -> None:
        """Show samples and weights of the last finite position."""
        self._snapshots.look(self.last_finite.state, self.last_finite.iteration)

    def save(self) -> None:
        """Write the last finite position as a checkpoint."""
        checkpoint = Checkpoint(
            iteration=self.last_finite.iteration,
            state=self.last_finite.state,
            counters=self._tracker.sync().as_counters(),
            device=self.setup.device.type,
            fingerprint=self.run.record.config_hash,
            card=self.run.record.history[-1].card,
        )
        try:
            save(self.run.path, checkpoint)
            self.run.update(iteration=checkpoint.iteration, final=self.numbers)
        except KeyboardInterrupt:
            # a second signal, to stop at once: the record shall not lag behind what has been saved
            if is_saved(self.run.path, checkpoint.iteration):
                self.run.update(iteration=checkpoint.iteration, final=self.numbers)
            raise

    def end(
        self, status: Literal["completed", "interrupted", "diverged"], message: str | None = None
    ) -> None:
        """Write how the run ended, and the final numbers that trackers compare runs by."""
        iteration = self.last_finite.iteration
        numbers, measured_at = self._at_the_end() if status == "completed" else self._so_far()
        verdicts = self._diagnose(status, numbers, message)
        self.outcome = Outcome(status, iteration, numbers, measured_at, message)
        if status != "interrupted":
            self._writer.write_ending(Ending.of(status, numbers, measured_at, verdicts))
        # a process that was killed as it saved the last checkpoint had not removed the older ones
        prune(self.run.path, iteration)
        self.run.update(status=status, iteration=iteration, final=numbers, message=message, verdicts=verdicts)

    def close(self) -> None:
        """Let go of the trackers."""
        self._tracker.close()

    def _so_far(self) -> tuple[dict[str, float], dict[str, int]]:
        return dict(self._tracker.last), {tag: self._tracker.last_at[tag] for tag in self._tracker.last}

    def _at_the_end(self) -> tuple[dict[str, float], dict[str, int]]:
        """Return the numbers of the last iteration: what was last measured before it is measured once more.

        For the record alone: the table has no row that the table of a longer run would not have.
        """
        last, state = self.last_finite
        due = due_after(self.setup, last)
        missing = Schedule(not due.logging, not due.evaluating, looking=False, saving=False)
        numbers, measured_at = self._so_far()
        for measured_before, tags in zip(missing, self._occasional, strict=False):
            for tag in tags if measured_before else ():
                numbers.pop(tag, None)
        for tag, value in self._measure(state, last, missing).items():
            numbers[tag], measured_at[tag] = float(str(np.float32(value))), last  # as in the table
        return numbers, measured_at

    def _diagnose(
        self,
        status: Literal["completed", "interrupted", "diverged"],
        numbers: dict[str, float],
        message: str | None,
    ) -> tuple[Finding, ...]:
        """Return what is seen in the run's numbers, as if its ending were written down already."""
        ended = dataclasses.replace(
            self.run.record,
            status=status,
            iteration=self.last_finite.iteration,
            message=message,
            final={tag: value for tag, value in numbers.items() if math.isfinite(value)},
        )
        return diagnose(observe(ended))

    def _measure(self, state: State, iteration: int, due: Schedule) -> dict[str, float]:
        """Return what is measured only now and then."""
        measured = self._snapshots.measure(state) if due.logging else {}
        if self._evaluator is not None and due.evaluating:
            measured |= numbers_of(self._evaluator.measure(state))
        if self._checks is not None and due.evaluating:
            measured |= self._checks.measure(state, iteration)
        return measured

    def _diverge(self, block: Block, row: int, what: str, replay: Replay) -> None:
        """Go back to the last iteration before a failure, write what led to it, and end."""
        last = block.first + row - 1
        if last > self.last_finite.iteration:
            state, again = replay(last)
            # where arithmetic is not the same twice, these iterations may fail earlier the second time
            if find_failure(again, state) is None:
                self.last_finite = Position(last, state)
        self._tracker.write(block.head(self.last_finite.iteration + 1 - block.first))
        self.save()
        self.end("diverged", f"{what} was not finite at iteration {block.first + row:,}.")


def _start(setup: Setup, checkpoint: Checkpoint | None) -> Position:
    if checkpoint is None:
        return Position(0, setup.init_state())
    return Position(checkpoint.iteration, to_device(checkpoint.state, setup.device))


def _open_writers(tracker: ExperimentTracker, run: Run, resume_at: int) -> Writers:
    """Return the trackers of a run, and write down what they call it, for the next sitting."""
    writers = open_writers(tracker, run.record, resume_at)
    trackers = run.record.trackers | writers.run_ids
    if trackers != run.record.trackers:
        run.update(trackers=trackers)
    return writers
