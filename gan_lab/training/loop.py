"""The training loop: draw, play, and every so often log, look and save."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from gan_lab.game.setup import Experiment
from gan_lab.numerics.stopwatch import Stopwatch
from gan_lab.training.autotune import choose
from gan_lab.training.ensemble import Player, make_players
from gan_lab.training.member import Due, Member
from gan_lab.training.progress import ProgressBar

log = logging.getLogger(__name__)


def train_members(members: Sequence[Member], stop: Callable[[], bool]) -> None:
    """Train until all have ended; seeds that an interruption left behind catch up with the others first."""
    while active := _going_on(members):
        at = min(member.safe.iteration for member in active)
        group = [member for member in active if member.safe.iteration == at]
        marks = {member.safe.iteration for member in active} | {member.total for member in group}
        until = min(mark for mark in marks if mark > at)
        choice = choose(group, until)
        log.info("Execution %s.", choice.reason)
        for member in group:
            member.run.update(execution=choice.recorded(len(group)))
        with ExitStack() as stack:
            players = make_players(group, choice)
            for player in players:
                stack.enter_context(contextlib.closing(player))
            train(players, until, stop)
        if stop():
            for member in members:
                if member.outcome is None:  # it was ahead, and has nothing new to save
                    member.end("interrupted")


def train(players: Sequence[Player], until: int, stop: Callable[[], bool]) -> None:
    """Train to an iteration, until nothing is finite any more, or until asked to stop.

    All members stand at the same iteration. One that diverges ends there; the others go on.

    Args:
        players: of one run, or of the seeds that are trained together.
        until: the iteration to reach; no member's last one lies before it.
        stop: asked after every iteration whether to save and leave.

    Raises:
        UserError: if a folder cannot be written, or the sweeper was promised a number that is not there.
    """
    members = [member for player in players for member in player.members]
    experiment, begin = members[0].experiment, members[0].safe.iteration
    for member in members:
        member.begin()
    writing = Stopwatch()
    with ProgressBar(begin, until) as bar:
        for iteration in range(begin, until):
            # Draw and play; nothing here waits for the device
            for player in players:
                player.play(iteration)
            done, stopping = iteration + 1, stop()
            bar.advance()
            due = _due(experiment, done, leaving=stopping or done == until)
            if not any(due):
                continue

            # Log; a value that is not finite ends a member at the iteration before it
            for player in players:
                player.log(due, writing)
            live = [member for member in members if member.outcome is None]
            players = [player for player in players if player.live]
            bar.show([member.numbers for member in live])

            # Look, save, and leave
            with writing:
                for member in live:
                    _write(member, due, stopping)
            _write_rates(players, writing)
            if stopping or not live:
                return


def _write(member: Member, due: Due, stopping: bool) -> None:
    last = member.safe.iteration == member.total
    if due.looking or last:
        member.look()
    if due.saving:
        member.save()
    if last:
        member.end("completed")
    elif stopping:
        member.end("interrupted")


def _write_rates(players: Sequence[Player], writing: Stopwatch) -> None:
    for player in players:
        player.write_rate(writing)


def _due(experiment: Experiment, done: int, leaving: bool) -> Due:
    settings, metrics = experiment.train, experiment.metrics
    return Due(
        logging=done % settings.log_every == 0,
        evaluating=metrics.every > 0 and done % metrics.every == 0,
        looking=done % settings.sample_every == 0,
        saving=done % settings.checkpoint_every == 0 or leaving,
    )


def _going_on(members: Sequence[Member]) -> list[Member]:
    """End the members that were saved at their last iteration, and return those that have some left."""
    for member in members:
        if member.outcome is None and member.safe.iteration >= member.total:
            member.end("completed")
    return [member for member in members if member.outcome is None]
