"""The training loop: draw, play, and every so often log, look and save."""

import contextlib
from collections.abc import Callable
from typing import Literal, NamedTuple

from torch import Tensor

from gan_lab.checkpoint import Checkpoint, save
from gan_lab.dashboard import close_dashboard, open_dashboard
from gan_lab.draws import Draws
from gan_lab.execution import make_execution
from gan_lab.experiment import Experiment
from gan_lab.looks import Looker
from gan_lab.progress import ProgressBar
from gan_lab.runs import Run
from gan_lab.tracking import Measured, Tracker, find_failure
from gan_lab.types import Sampler, State


class Outcome(NamedTuple):
    """How a run ended."""

    status: Literal["completed", "interrupted", "diverged"]
    iteration: int  # completed, all of them finite
    numbers: dict[str, float]  # tag to value at that iteration
    message: str | None = None


class Position(NamedTuple):
    """A point of a run that can be returned to: it decides all that follows."""

    iteration: int  # completed
    state: State
    draws: dict[str, Tensor]


def train(
    experiment: Experiment,
    sampler: Sampler,
    run: Run,
    checkpoint: Checkpoint | None,
    stop: Callable[[], bool],
) -> Outcome:
    """Train until the last iteration, until something is not finite, or until asked to stop.

    Args:
        experiment: what to train.
        sampler: its real data.
        run: the folder, claimed by this process.
        checkpoint: where to go on from, None to begin.
        stop: asked after every iteration whether to save and leave.

    Raises:
        UserError: if the folder cannot be written, or the sweeper was promised a number that is not measured.
    """
    settings, total = experiment.train, run.record.iterations
    with contextlib.closing(Session(experiment, sampler, run, checkpoint)) as session:
        with ProgressBar(session.safe.iteration, total) as bar:
            for iteration in range(session.safe.iteration, total):
                # Draw and play; nothing here waits for the device
                session.play(iteration)
                done, stopping = iteration + 1, stop()
                bar.advance()
                logging = done % settings.log_every == 0
                looking = done % settings.sample_every == 0 or done == total
                saving = done % settings.checkpoint_every == 0 or done == total or stopping
                if not (logging or looking or saving):
                    continue

                # Log; a value that is not finite ends the run at the iteration before it
                failure = session.log(done, logging)
                if failure is not None:
                    return session.end("diverged", failure)
                bar.show(session.numbers)

                # Look and save
                if looking:
                    session.look()
                if saving:
                    session.save()
                if stopping and done < total:
                    return session.end("interrupted")
        return session.end("completed")


class Session:
    """The pieces of one run between its first and its last iteration.

    Attributes:
        safe: the newest position that is known to be finite.
    """

    def __init__(
        self, experiment: Experiment, sampler: Sampler, run: Run, checkpoint: Checkpoint | None
    ) -> None:
        self._experiment, self._run = experiment, run
        self._draws = Draws(sampler, experiment.batch_shape, experiment.seed, experiment.device)
        self._execution = make_execution(experiment.game, experiment.train.execution)
        self.safe = self._start(checkpoint)
        self._state = self.safe.state
        self._measured = Measured(self.safe.iteration + 1)
        kept_bytes = checkpoint.counters["metrics_bytes"] if checkpoint else 0
        self._tracker = Tracker(run.path, self.safe.iteration, kept_bytes)
        self._looker = Looker(experiment, sampler, run.path, self._tracker.writer)
        open_dashboard(self._tracker.writer, run.record)
        self._looker.show_real()

    @property
    def numbers(self) -> dict[str, float]:
        """Tag to value at the last iteration that was logged."""
        return self._tracker.last

    def play(self, iteration: int) -> None:
        """Draw for and play one generator iteration, counted from 0, with its warm-up."""
        settings = self._experiment.train
        for _ in range(settings.extra_critic_steps(iteration)):
            self._state, _ = self._execution.critic_step(self._state, *self._draws.critic_batch())
        batch = self._draws.batch(settings.n_critic)
        self._state, measurements = self._execution.iteration(self._state, batch)
        self._measured.keep(measurements)

    def log(self, done: int, measuring: bool) -> str | None:
        """Write what was measured since the last log; return what was not finite, if anything.

        Args:
            done: completed iterations.
            measuring: whether to measure what is too dear for every iteration.
        """
        block = self._measured.fetch()
        failure = find_failure(block, self._state)
        if failure is not None:
            row, what = failure
            self._return_to(block.first + row - 1)
            self._tracker.write(block.head(self.safe.iteration + 1 - block.first))
            self.save()
            return f"{what} was not finite at iteration {block.first + row}."
        self._tracker.write(block, self._looker.measure(self._state) if measuring else None)
        self._tracker.require(self._experiment.train.returned_metric)
        self._tracker.write_rate(done)
        self.safe = Position(done, self._state, self._draws.state())
        return None

    def look(self) -> None:
        """Show samples and weights of the safe position."""
        self._looker.look(self.safe.state, self.safe.iteration)

    def save(self) -> None:
        """Write the safe position as a checkpoint."""
        checkpoint = Checkpoint(
            iteration=self.safe.iteration,
            state=self.safe.state,
            rng_states=self.safe.draws,
            counters={"metrics_bytes": self._tracker.sync()},
            device=self._experiment.device.type,
            fingerprint=self._run.record.config_hash,
        )
        save(self._run.path, checkpoint)
        self._run.update(iteration=self.safe.iteration, final=self.numbers)

    def end(
        self, status: Literal["completed", "interrupted", "diverged"], message: str | None = None
    ) -> Outcome:
        """Write the final numbers where TensorBoard's HPARAMS tab finds them."""
        if status != "interrupted":
            succeeded = status == "completed"
            close_dashboard(self._tracker.writer, self.numbers, self.safe.iteration, succeeded)
        return Outcome(status, self.safe.iteration, self.numbers, message)

    def close(self) -> None:
        """Close the event file."""
        self._tracker.close()

    def _start(self, checkpoint: Checkpoint | None) -> Position:
        if checkpoint is None:
            return Position(0, self._experiment.init_state(), self._draws.state())
        device = self._experiment.device
        state = State(
            *({name: value.to(device) for name, value in part.items()} for part in checkpoint.state)
        )
        # random generators of another kind of device have other states
        if checkpoint.device == device.type:
            self._draws.restore(checkpoint.rng_states)
        else:
            self._draws.reseed(checkpoint.iteration)
        return Position(checkpoint.iteration, state, self._draws.state())

    def _return_to(self, iteration: int) -> None:
        """Play again from the safe position to ``iteration``: the last one before a failure."""
        self._draws.restore(self.safe.draws)
        self._state = self.safe.state
        self._measured = Measured(self.safe.iteration + 1)
        for again in range(self.safe.iteration, iteration):
            self.play(again)
        # where arithmetic is not deterministic, the same iterations may fail earlier the second time
        if len(self._measured) and find_failure(self._measured.fetch(), self._state) is None:
            self.safe = Position(iteration, self._state, self._draws.state())
