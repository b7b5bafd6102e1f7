"""The training loop: draw, play, and every so often log, look and save."""

import contextlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from gan_lab.numerics.stopwatch import Stopwatch
from gan_lab.training.ensemble import Ensemble, Executions, make_ensembles
from gan_lab.training.member import Member
from gan_lab.training.profile import Profile
from gan_lab.training.progress import ProgressBar, folder_of, tell_beginning
from gan_lab.training.schedule import Schedule, due_after


def train_members(members: Sequence[Member], executions: Executions, stop: Callable[[], bool]) -> None:
    """Train until all have ended; seeds that an interruption left behind catch up with the others first.

    They catch up in their own slots of the stack that they were begun in, so with the same rounding.
    """
    if begun := _going_on(members):
        tell_beginning(begun)
    while active := _going_on(members):
        at = min(member.last_finite.iteration for member in active)
        group = [member for member in active if member.last_finite.iteration == at]
        marks = {member.last_finite.iteration for member in active} | {member.total for member in group}
        until = min(mark for mark in marks if mark > at)
        with ExitStack() as stack:
            ensembles = make_ensembles(group, executions)
            for ensemble in ensembles:
                stack.enter_context(contextlib.closing(ensemble))
            train(ensembles, until, stop)
        if stop():
            for member in members:
                if member.outcome is None:  # it was ahead, and has nothing new to save
                    member.end("interrupted")


def train(ensembles: Sequence[Ensemble], until: int, stop: Callable[[], bool]) -> None:
    """Train to an iteration, until nothing is finite any more, or until asked to stop.

    All members stand at the same iteration. One that diverges ends there; the others go on.

    Args:
        ensembles: of one run, or of the seeds that are trained together.
        until: the iteration to reach; no member's last one lies before it.
        stop: asked after every iteration whether to save and leave.

    Raises:
        UserError: if a folder cannot be written, or the sweeper was promised a number that is not there.
    """
    members = [member for ensemble in ensembles for member in ensemble.members]
    setup, begin = members[0].setup, members[0].last_finite.iteration
    for member in members:
        member.run.is_played = True
        _begin(member)
    writing = Stopwatch()
    profile = Profile(folder_of(members), setup.train.profile, begin, until, setup.device)
    with ProgressBar(setup, begin, until, members[0].total) as bar, profile:
        for iteration in range(begin, until):
            # Draw and play; nothing here waits for the device
            for ensemble in ensembles:
                ensemble.play(iteration)
            profile.step()
            done, stopping = iteration + 1, stop()
            bar.advance()
            due = due_after(setup, done, leaving=stopping or done == until)
            if not any(due):
                continue

            # Log; a value that is not finite ends a member at the iteration before it
            for ensemble in ensembles:
                ensemble.log(due, writing)
            live = [member for member in members if member.outcome is None]
            ensembles = [ensemble for ensemble in ensembles if ensemble.live]
            bar.show([member.numbers for member in live])

            # Look, save, and leave
            with writing:
                for member in live:
                    _write(member, due, stopping)
            _write_rates(ensembles, writing)
            if stopping or not live:
                return


def _begin(member: Member) -> None:
    if member.last_finite.iteration == 0:
        member.look()  # at what it begins from
    member.begin()


def _write(member: Member, due: Schedule, stopping: bool) -> None:
    last = member.last_finite.iteration == member.total
    if due.looking or last:
        member.look()
    if due.saving:
        member.save()
    if last:
        member.end("completed")
    elif stopping:
        member.end("interrupted")


def _write_rates(ensembles: Sequence[Ensemble], writing: Stopwatch) -> None:
    for ensemble in ensembles:
        ensemble.write_rate(writing)


def _going_on(members: Sequence[Member]) -> list[Member]:
    """End the members that were saved at their last iteration, and return those that have some left."""
    for member in members:
        if member.outcome is None and member.last_finite.iteration >= member.total:
            member.end("completed")
    return [member for member in members if member.outcome is None]
