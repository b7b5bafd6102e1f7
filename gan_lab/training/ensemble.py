"""Members played forward: one alone, or several stacked into one call."""

import contextlib
from collections.abc import Sequence
from functools import partial

from gan_lab.datasets.resident import is_streamed
from gan_lab.game.batches import Prefetcher
from gan_lab.game.execution import Execution, make_execution
from gan_lab.numerics.stopwatch import Stopwatch
from gan_lab.numerics.trees import copy_of, member_of, stack
from gan_lab.tracking.buffer import Block, MeasurementBuffer
from gan_lab.tracking.tracker import Elapsed
from gan_lab.training.autotune import Choice
from gan_lab.training.member import Member, Schedule
from gan_lab.types import State


def make_ensembles(members: Sequence[Member], choice: Choice) -> list["Ensemble"]:
    """Return who plays the members as was chosen: one ensemble for all of them, or one for each."""
    game = members[0].setup.game
    execution = choice.execution or make_execution(game, choice.mode, stacked=choice.together)
    waiting = Stopwatch()
    if choice.together:
        return [Ensemble(members, execution, waiting)]
    # a graph writes its results to one place, where the state of one member must not meet another's
    copying = choice.mode == "graph" and len(members) > 1
    return [Ensemble([member], execution, waiting, copying=copying) for member in members]


class Ensemble:
    """Plays the iterations of its members, which all stand at the same one.

    Args:
        members: one, or those whose states are stacked.
        execution: how an iteration runs; of stacked states where there are several members.
        waiting: counts the time of waiting for batches.
        copying: whether the memory of a state that was returned is another ensemble's, too.
    """

    def __init__(
        self, members: Sequence[Member], execution: Execution, waiting: Stopwatch, *, copying: bool = False
    ) -> None:
        self.members = members
        self._execution, self._waiting, self._copying = execution, waiting, copying
        states = [member.last_finite.state for member in members]
        self._state = states[0] if len(members) == 1 else stack(states)
        self._buffer = MeasurementBuffer(members[0].last_finite.iteration + 1)
        setup = members[0].setup
        ahead = is_streamed(members[0].source.sampler)
        self._batches = Prefetcher([member.source for member in members], setup.device, ahead, waiting)

    @property
    def live(self) -> bool:
        """Whether any member goes on."""
        return any(member.outcome is None for member in self.members)

    def play(self, iteration: int) -> None:
        """Play one generator iteration, counted from 0, with its warm-up, and do not wait for the device."""
        settings = self.members[0].setup.train
        for inputs in self._batches.warmup(iteration, settings.extra_critic_steps(iteration)):
            self._state = self._execution.critic_step(self._state, *inputs)
        self._state, measurements = self._execution.iteration(self._state, self._batches.batch(iteration))
        self._buffer.keep(measurements)
        if self._copying:
            self._state = copy_of(self._state)

    def log(self, due: Schedule, writing: Stopwatch) -> None:
        """Let every member that goes on write what was measured since the last log.

        Args:
            due: what of it that is too dear for every iteration is measured now.
            writing: counts the time that this takes, without that of waiting for the device.
        """
        blocks = self._buffer.fetch()
        with writing:
            for index, (member, block) in enumerate(zip(self.members, blocks, strict=True)):
                if member.outcome is None:
                    several = len(self.members) > 1
                    state = member_of(self._state, index) if several else copy_of(self._state)
                    replay = partial(self._replay, member)
                    member.log(block, state, due, replay=replay)

    def write_rate(self, writing: Stopwatch) -> None:
        """Let every member that was not ended by divergence write its pace since the last time."""
        for member in self.members:
            if member.outcome is None or member.outcome.status != "diverged":
                member.write_rate(Elapsed(self._waiting.seconds, writing.seconds))

    def close(self) -> None:
        """Stop drawing."""
        self._batches.close()

    def _replay(self, member: Member, until: int) -> tuple[State, Block]:
        """Play one member again from its last finite position to an iteration."""
        stacked = len(self.members) > 1
        execution = make_execution(member.setup.game, "eager") if stacked else self._execution
        with contextlib.closing(Ensemble([member], execution, Stopwatch())) as again:
            for iteration in range(member.last_finite.iteration, until):
                again.play(iteration)
            (block,) = again._buffer.fetch()
            return copy_of(again._state), block
