"""Hostile folders: every command on every damage, beside somebody's own files that nothing may touch."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from support.chaos.damage import damage
from support.chaos.kills import TINY
from support.chaos.malice import has_run_code
from support.chaos.verdict import faults_of, lost, tree_of
from support.chaos.warm import Warm

COMMANDS = (
    "runs outputs",
    "diagnose outputs",
    "report outputs --out page",
    "resume outputs/run train.iterations=10",
    "sample outputs/run --n 4 --format npy",
    "evaluate outputs/run --samples 32",
    "board outputs",
)


class Visit(NamedTuple):
    """A command on a damaged folder."""

    number: int
    how: str
    command: str
    status: int
    faults: list[str]


def visit(warm: Warm, numbers: Iterable[int], scratch: Path, each: int = len(COMMANDS)) -> Iterator[Visit]:
    """Damage folders, and run commands on each.

    Args:
        warm: runs the commands.
        numbers: of the damages.
        scratch: where the folders lie.
        each: how many of the commands are run on a folder, others on the next.
    """
    original, trial = scratch / "original", scratch / "trial"
    _make(warm, original)
    for number in numbers:
        for k in range(each):
            command = COMMANDS[(number + k) % len(COMMANDS)]
            shutil.copytree(original, trial, symlinks=True)
            how = damage(number, trial / "outputs" / "run", trial / "canary")
            before = tree_of(trial / "canary")
            ended = warm.run(trial, *command.split(), timeout_s=120)
            after = tree_of(trial / "canary")
            faults = faults_of(ended, several=True)
            # a run behind a link that the command itself names is what the user meant, wherever it lies
            meant = ("moved",) if how.startswith("folder itself moved") else ()
            new = [name for name in after.keys() - before.keys() if not name.startswith(meant)]
            faults += lost(before, after, meant) + [f"canary/{name} is new" for name in new]
            faults += ["code was executed"] if has_run_code(trial) else []
            yield Visit(number, how, command, ended.status, faults)
            shutil.rmtree(trial)


def _make(warm: Warm, folder: Path) -> None:
    """Make a run with all that it can hold, another beside it, and somebody's own files."""
    for name in ("run", "other"):
        command = f"{TINY} hydra.run.dir=outputs/{name} seed={len(name)}"
        for one in (command, f"sample outputs/{name} --n 4", f"evaluate outputs/{name} --samples 32"):
            ended = warm.run(folder, *one.split())
            assert ended.status == 0, ended
    photos = folder / "canary" / "photos"
    photos.mkdir(parents=True)
    for k in range(3):
        (photos / f"{k:06d}.png").write_bytes(b"a photo that is nobody else's")
    (folder / "canary" / "precious.txt").write_text("years of work\n")
