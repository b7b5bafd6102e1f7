"""The kill campaign: a command is killed at a change to a file, given again, and judged by its bytes."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from support.chaos.file_operations import KILLED, KillPoint
from support.chaos.outcome import differences, outcome_of
from support.chaos.warm import Ended, Warm

TINY = (
    "train dataset=ring8 objective=wgan device=cpu architecture.generator.width=8 architecture.critic.width=8"
)
TINY += (
    " train.batch_size=8 train.n_critic=1 train.warmup_critic_steps=0 train.iterations=8 train.log_every=2"
)
TINY += " train.sample_every=8 train.checkpoint_every=2 train.execution=eager"


class Scenario(NamedTuple):
    """What is killed.

    Attributes:
        name: of the scenario.
        command: what is killed.
        before: what was done before, and is not killed.
        again: what is given after the kill; the command itself if empty.
    """

    name: str
    command: str
    before: str = ""
    again: str = ""


LONE = f"{TINY} hydra.run.dir=run train.sample_every=4 metrics.every=4 metrics.samples=32"
SEEDS = f"{TINY} hydra.run.dir=run train.seeds=2"
SWEEP = f"{TINY} -m hydra.sweep.dir=sweep seed=0,1 objective=wgan,gan"
LONGER = "resume run train.iterations=14"

SCENARIOS = (
    Scenario("a lone run", LONE),
    Scenario("a lone run that resume goes on with", LONE, again="resume run"),
    Scenario("seeds trained together", SEEDS),
    Scenario("seeds trained together that resume goes on with", SEEDS, again="resume run"),
    Scenario("a sweep", SWEEP),
    Scenario("resume of a lone run", LONGER, before=LONE),
    Scenario("resume of seeds trained together", LONGER, before=SEEDS),
)


class Kill(NamedTuple):
    """One kill of a campaign."""

    scenario: str
    point: KillPoint
    faults: list[str]  # what is not as without the kill


Choose = Callable[[Ended, int], Sequence[KillPoint]]


def kill_often(
    warm: Warm,
    scenario: Scenario,
    count: int,
    scratch: Path,
    choose: Choose | None = None,
) -> Iterator[Kill]:
    """Kill a scenario's command at some of the changes that it makes to files.

    Args:
        warm: runs the commands.
        scenario: what is killed.
        count: how many kills; each in a folder that is new.
        scratch: where the folders lie.
        choose: which of the changes; `spread` over all of them if None.
    """
    before, expected = scratch / "before", scratch / "expected"
    if scenario.before:
        _succeed(warm.run(before, *scenario.before.split()))
    before.mkdir(parents=True, exist_ok=True)
    shutil.copytree(before, expected)
    undisturbed = warm.run(expected, *scenario.command.split())
    _succeed(undisturbed)
    wanted, trial = outcome_of(expected), scratch / "trial"
    for point in (choose or spread)(undisturbed, count):
        shutil.copytree(before, trial)
        faults = _kill_once(warm, scenario, point, trial) or differences(outcome_of(trial), wanted)
        yield Kill(scenario.name, point, faults)
        shutil.rmtree(trial)


def spread(undisturbed: Ended, count: int) -> Sequence[KillPoint]:
    """Return so many of a command's points, evenly over all, each before an operation or half-way through."""
    points = _points(undisturbed)
    count = min(count, len(points))
    return [points[k * len(points) // count] for k in range(count)]


def last(undisturbed: Ended, count: int) -> Sequence[KillPoint]:
    """Return so many of a command's points, the last ones: where it ends."""
    return _points(undisturbed)[-count:]


def _points(undisturbed: Ended) -> list[KillPoint]:
    points = [KillPoint(number) for number in range(1, undisturbed.operations + 1)]
    return sorted([*points, *(KillPoint(number, half=True) for number in undisturbed.writes)])


def _kill_once(warm: Warm, scenario: Scenario, point: KillPoint, folder: Path) -> list[str]:
    killed = warm.run(folder, *scenario.command.split(), kill=point)
    if killed.status != KILLED:
        return [f"it ended by {killed.status} before the kill: {killed.err[-300:]}"]
    has_record = any(folder.rglob("run/run.json")) or any(folder.rglob("run/seed*/run.json"))
    again = scenario.again if scenario.again and has_record else scenario.command
    went_on = warm.run(folder, *again.split())
    return [] if went_on.status == 0 else [f"{again} ended by {went_on.status}: {went_on.err[-300:]}"]


def _succeed(ended: Ended) -> None:
    assert ended.status == 0, ended.out + ended.err
