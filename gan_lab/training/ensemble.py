"""Members played forward: one alone, or several stacked into one call."""

import contextlib
from collections.abc import Sequence
from functools import partial

from gan_lab.config.modes import Mode
from gan_lab.datasets.resident import is_streamed
from gan_lab.game.batches import Prefetcher
from gan_lab.game.execution import Execution, make_execution
from gan_lab.game.parallel import play_together
from gan_lab.game.rules import Game
from gan_lab.numerics.stopwatch import Stopwatch
from gan_lab.numerics.trees import copy_of, member_of, stack
from gan_lab.tracking.buffer import Block, MeasurementBuffer
from gan_lab.tracking.timing_file import Elapsed
from gan_lab.training.member import Member
from gan_lab.training.schedule import Schedule
from gan_lab.training.together import ONE_PROCESS, Leader, play_iteration
from gan_lab.types import State


class Executions:
    """The executions of a process: each is made once, because compiling takes a minute.

    Attributes:
        leader: announces what is played to other processes, where several play.
    """

    def __init__(self, leader: Leader = ONE_PROCESS) -> None:
        self.leader = leader
        self._made: dict[tuple[Mode, bool], Execution] = {}

    def keep(self, mode: Mode, stacked: bool, execution: Execution) -> None:
        """Take one that was made before."""
        self._made[mode, stacked] = execution

    def get(self, game: Game, mode: Mode, stacked: bool) -> Execution:
        """Return the execution of a game, which is the same for all members of the process."""
        if (mode, stacked) not in self._made:
            together = play_together(game, self.leader.processes)
            self._made[mode, stacked] = make_execution(together, mode, stacked=stacked)
        return self._made[mode, stacked]

    def close(self) -> None:
        """Free what they hold on the device."""
        for execution in self._made.values():
            execution.close()


def make_ensembles(members: Sequence[Member], executions: Executions) -> list["Ensemble"]:
    """Return who plays the members as their records say: stacked ones by slot, the others one by one.

    Args:
        members: they stand at the same iteration; each knows how it is executed.
        executions: where they come from.
    """
    waiting, stacks = Stopwatch(), _stacks(members)
    modes = [stacked[0].execution.mode for stacked in stacks]
    ensembles = []
    for stacked, mode in zip(stacks, modes, strict=True):
        first = stacked[0]
        execution = executions.get(first.setup.game, mode, first.execution.stacked)
        # a graph writes its results to one place, where the state of one member must not meet another's
        copying = mode == "graph" and modes.count(mode) > 1
        ensembles.append(Ensemble(stacked, execution, waiting, executions.leader, copying=copying))
    return ensembles


def _stacks(members: Sequence[Member]) -> list[list[Member]]:
    """Put members that can share a call together, no two of them in the same slot."""
    stacks: list[list[Member]] = []
    for member in members:
        for stacked in stacks:
            alike = _call_of(stacked[0]) == _call_of(member) and member.execution.stacked
            if alike and member.slot not in [other.slot for other in stacked]:
                stacked.append(member)
                break
        else:
            stacks.append([member])
    return stacks


def _call_of(member: Member) -> tuple[Mode, int, bool]:
    return member.execution.mode, member.execution.seeds, member.execution.stacked


class Ensemble:
    """Plays the iterations of its members, which all stand at the same one.

    A stack keeps its height and every member its slot, because they decide on the rounding: where seeds that
    were begun together are not all played, copies of the first member fill the others' places.

    Args:
        members: one, or those whose states are stacked, each in a slot of its own.
        execution: how an iteration runs; of stacked states where the members are stacked.
        waiting: counts the time of waiting for batches.
        leader: announces what is played.
        copying: whether the memory of a state that was returned is another ensemble's, too.
    """

    def __init__(
        self,
        members: Sequence[Member],
        execution: Execution,
        waiting: Stopwatch,
        leader: Leader,
        *,
        copying: bool = False,
    ) -> None:
        self.members, self._leader = members, leader
        self._execution, self._waiting, self._copying = execution, waiting, copying
        first = members[0]
        self._stacked = first.execution.stacked
        by_slot = {member.slot: member for member in members}
        slots = range(first.execution.seeds if self._stacked else 1)
        seats = [by_slot.get(slot, first) for slot in slots]
        states = [member.last_finite.state for member in seats]
        self._state = stack(states) if self._stacked else states[0]
        self._buffer = MeasurementBuffer(first.last_finite.iteration + 1)
        ahead = is_streamed(first.source.sampler)
        self._batches = Prefetcher([member.source for member in seats], first.setup.device, ahead, waiting)

    @property
    def live(self) -> bool:
        """Whether any member goes on."""
        return any(member.outcome is None for member in self.members)

    def play(self, iteration: int) -> None:
        """Play one generator iteration, counted from 0, with its warm-up, and do not wait for the device."""
        self._leader.announce(iteration, self._state)
        settings = self.members[0].setup.train
        self._state, measurements = play_iteration(
            self._execution, self._batches, settings, self._state, iteration
        )
        self._leader.came_to(self._state)
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
            for member in self.members:
                if member.outcome is None:
                    block = blocks[member.slot if self._stacked else 0]
                    member.log(block, self._state_of(member), due, replay=partial(self._replay, member))

    def write_rate(self, writing: Stopwatch) -> None:
        """Let every member that was not ended by divergence write its pace since the last time."""
        for member in self.members:
            if member.outcome is None or member.outcome.status != "diverged":
                member.write_rate(Elapsed(self._waiting.seconds, writing.seconds))

    def close(self) -> None:
        """Stop drawing."""
        self._batches.close()

    def _state_of(self, member: Member) -> State:
        return member_of(self._state, member.slot) if self._stacked else copy_of(self._state)

    def _replay(self, member: Member, until: int) -> tuple[State, Block]:
        """Play one member again, in its slot, from its last finite position to an iteration."""
        self._state = copy_of(self._state)  # a graph plays into the same memory again
        with contextlib.closing(Ensemble([member], self._execution, Stopwatch(), self._leader)) as again:
            for iteration in range(member.last_finite.iteration, until):
                again.play(iteration)
            block = again._buffer.fetch()[member.slot if self._stacked else 0]
            return again._state_of(member), block
