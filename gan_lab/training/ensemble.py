"""Members played forward: one alone, or several stacked into one call."""

import contextlib
from collections.abc import Sequence
from functools import partial

from gan_lab.datasets.resident import is_streamed
from gan_lab.game.batches import Feed
from gan_lab.game.execution import Execution, make_execution
from gan_lab.numerics.stopwatch import Stopwatch
from gan_lab.numerics.trees import copy_of, member_of, stack
from gan_lab.tracking.buffer import Block, Measured
from gan_lab.tracking.tracker import Spent
from gan_lab.training.autotune import Choice
from gan_lab.training.member import Due, Member
from gan_lab.types import State


def make_players(members: Sequence[Member], choice: Choice) -> list["Player"]:
    """Return who plays the members as was chosen: one player for all of them, or one for each."""
    game = members[0].experiment.game
    execution = choice.execution or make_execution(game, choice.mode, stacked=choice.together)
    waiting = Stopwatch()
    if choice.together:
        return [Player(members, execution, waiting)]
    # a graph writes its results to one place, where the state of one member must not meet another's
    copying = choice.mode == "graph" and len(members) > 1
    return [Player([member], execution, waiting, copying=copying) for member in members]


class Player:
    """Plays the iterations of its members, which all stand at the same one.

    Args:
        members: one, or those whose states are stacked.
        execution: how an iteration runs; of stacked states where there are several members.
        waiting: counts the time of waiting for batches.
        copying: whether the memory of a state that was returned is another player's, too.
    """

    def __init__(
        self, members: Sequence[Member], execution: Execution, waiting: Stopwatch, *, copying: bool = False
    ) -> None:
        self.members = members
        self._execution, self._waiting, self._copying = execution, waiting, copying
        states = [member.safe.state for member in members]
        self._state = states[0] if len(members) == 1 else stack(states)
        self._measured = Measured(members[0].safe.iteration + 1)
        experiment = members[0].experiment
        ahead = is_streamed(members[0].draws.sampler)
        self._feed = Feed([member.draws for member in members], experiment.device, ahead, waiting)

    @property
    def live(self) -> bool:
        """Whether any member goes on."""
        return any(member.outcome is None for member in self.members)

    def play(self, iteration: int) -> None:
        """Play one generator iteration, counted from 0, with its warm-up, and do not wait for the device."""
        settings = self.members[0].experiment.train
        for inputs in self._feed.warmup(iteration, settings.extra_critic_steps(iteration)):
            self._state = self._execution.critic_step(self._state, *inputs)
        self._state, measurements = self._execution.iteration(self._state, self._feed.batch(iteration))
        self._measured.keep(measurements)
        if self._copying:
            self._state = copy_of(self._state)

    def log(self, due: Due, writing: Stopwatch) -> None:
        """Let every member that goes on write what was measured since the last log.

        Args:
            due: what of it that is too dear for every iteration is measured now.
            writing: counts the time that this takes, without that of waiting for the device.
        """
        blocks = self._measured.fetch()
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
                member.write_rate(Spent(self._waiting.seconds, writing.seconds))

    def close(self) -> None:
        """Stop drawing."""
        self._feed.close()

    def _replay(self, member: Member, until: int) -> tuple[State, Block]:
        """Play one member again from its safe position to an iteration."""
        stacked = len(self.members) > 1
        execution = make_execution(member.experiment.game, "eager") if stacked else self._execution
        with contextlib.closing(Player([member], execution, Stopwatch())) as again:
            for iteration in range(member.safe.iteration, until):
                again.play(iteration)
            (block,) = again._measured.fetch()
            return copy_of(again._state), block
