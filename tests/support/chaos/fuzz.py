"""The fuzzer of command lines: each in a folder that holds a run, a thesis and another job's files."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from support.chaos.lines import BASE, line
from support.chaos.verdict import faults_of, lost, tree_of
from support.chaos.warm import Warm

# what a command that goes on with a run writes into it
_OF_A_RUN = tuple(
    f"run/{name}"
    for name in ("run.json", "train.log", ".lock", "metrics.csv", "timing.csv", "checkpoints", "samples")
)


class Tried(NamedTuple):
    """One command line."""

    number: int
    arguments: list[str]
    status: int
    faults: list[str]


def fuzz(warm: Warm, numbers: Iterable[int], scratch: Path) -> Iterator[Tried]:
    """Try command lines, each in a new copy of the same folder."""
    original, trial = scratch / "original", scratch / "trial"
    make_desk(warm, original)
    before = tree_of(original)
    for number in numbers:
        arguments = line(number)
        shutil.copytree(original, trial, symlinks=True)
        ended = warm.run(trial, *arguments, timeout_s=120, one_iteration=True)
        faults = faults_of(ended)
        goes_on = ended.status == 0 and arguments[0] == "resume"
        always = ("run/train.log", "run/.lock")  # they tell of every attempt
        faults += lost(before, tree_of(trial), _OF_A_RUN if goes_on else always)
        yield Tried(number, arguments, ended.status, faults)
        shutil.rmtree(trial)


def make_desk(warm: Warm, folder: Path) -> None:
    """Make a folder with a finished run, and with what is somebody else's."""
    made = warm.run(folder, "train", *BASE.split(), "hydra.run.dir=run")
    assert made.status == 0, made
    (folder / "empty").mkdir()
    (folder / "thesis").mkdir()
    (folder / "thesis" / "chapter1.tex").write_text("years of work")
    (folder / "other_job" / ".hydra").mkdir(parents=True)
    (folder / "other_job" / ".hydra" / "config.yaml").write_text("model: mine\n")
    (folder / "other_job" / "train.log").write_text("epoch 1\n")
