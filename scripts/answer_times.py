"""Time what people wait for: the first picture, eight modes of ring8, a report, the gallery, a refusal.

Run from a checkout: ``python scripts/answer_times.py``, minutes on one thread; ``--only picture`` for one
of them. Each command is started as its user would, in an empty folder and with an empty cache: digits train
their feature network. Processor time is that of the command and all that it starts; on an idle machine the
other column is what a person waits.
"""

import argparse
import csv
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_lab.config.options import config_folder, list_options
from gan_lab.tags.names import MODES_HIT

_LOOK_S = 0.05
"""How often a folder is looked into."""


class Answer(NamedTuple):
    """What a person waits for.

    Attributes:
        name: what ``--only`` calls it.
        what: words for the table.
        commands: what is typed behind ``gan-lab``, one after another.
        limit_s: what was asked for.
        there: whether the answer lies in the folder, of a command that is stopped once it does; None for one
            that is waited for to its end.
        status: what the last of them ends with.
        before: commands that are not timed.
    """

    name: str
    what: str
    commands: Sequence[str]
    limit_s: float
    there: Callable[[Path], bool] | None = None
    status: int = 0
    before: Sequence[str] = ()


def has_picture(folder: Path) -> bool:
    """Return whether a picture of samples was written."""
    return any(path.parent.name == "samples" for path in folder.rglob("*.png"))


def has_all_modes(folder: Path) -> bool:
    """Return whether a measurement has found eight modes."""
    for path in folder.rglob("metrics.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            if any(float(row.get(MODES_HIT) or 0) >= 8 for row in csv.DictReader(file)):
                return True
    return False


def answers() -> list[Answer]:
    """Return all of them, in the order of the table."""
    names = list_options("distances", [config_folder()])
    gallery = [f"distances experiment={name}" for name in names]
    return [
        Answer("refusal", "a refusal of a bad value", ["train train.batch_size=-1"], 1.5, status=2),
        Answer("picture", "`gan-lab train`, to its first picture", ["train"], 10, has_picture),
        Answer(
            "modes",
            "`dataset=ring8`, to eight modes",
            ["train dataset=ring8 metrics.every=100"],
            30,
            has_all_modes,
        ),
        Answer(
            "smoke",
            "`experiment=stability scale=smoke`, and its report",
            ["train experiment=stability scale=smoke hydra.sweep.dir=sweep", "report sweep"],
            60,
        ),
        Answer(
            "evaluate",
            "`evaluate` of a digits run",
            ["evaluate run"],
            10,
            before=["train train.iterations=10 hydra.run.dir=run"],
        ),
        Answer("gallery", f"all {len(gallery)} experiments of `distances`", gallery, 200),
    ]


def measure(answer: Answer, folder: Path) -> tuple[float, float]:
    """Return what an answer took, in seconds: of processors, and by the clock.

    Raises:
        RuntimeError: if a command ends otherwise than it should, or before its answer is there.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GAN_LAB_CACHE": str(folder / "cache")}
    start = [sys.executable, "-m", "gan_lab"]
    for command in answer.before:
        subprocess.run(
            [*start, *command.split()], cwd=folder, env=environment, capture_output=True, check=True
        )
    used, clock = _processor_s(), time.monotonic()
    for command in answer.commands:
        with subprocess.Popen(
            [*start, *command.split()],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            if answer.there is not None:
                _stop_when(answer.there, process, folder)
            elif process.wait() != answer.status:
                raise RuntimeError(f"gan-lab {command} ended with status {process.returncode}.")
    return _processor_s() - used, time.monotonic() - clock


def _stop_when(there: Callable[[Path], bool], process: subprocess.Popen[bytes], folder: Path) -> None:
    while not there(folder):
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(map(str, process.args))} ended without its answer.")  # type: ignore[arg-type]
        time.sleep(_LOOK_S)
    process.send_signal(signal.SIGKILL)


def _processor_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure, and print a row of each."""
    parser = argparse.ArgumentParser(description="Time what people wait for.")
    parser.add_argument("--only", nargs="+", choices=[answer.name for answer in answers()])
    only = parser.parse_args().only
    print("| what | processor, s | by the clock, s | asked for, s |\n|---|---|---|---|")
    for answer in answers():
        if only and answer.name not in only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            used, waited = measure(answer, Path(folder))
        print(f"| {answer.what} | {used:.1f} | {waited:.1f} | {answer.limit_s:g} |", flush=True)


if __name__ == "__main__":
    main()
