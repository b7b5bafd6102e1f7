"""Short runs with trackers, each in a process of its own: the libraries keep threads, and warn."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

from support.configs import DIGITS, FEW

NAMES = ("WANDB_", "MLFLOW_", "NETRC")
"""How the variables begin by which the user's environment would decide."""


def train(folder: Path, *overrides: str, **environment: str) -> str:
    """Train twelve iterations in ``folder/outputs/run`` and return what was printed."""
    arguments = ["device=cpu", *DIGITS, *FEW, "train.iterations=12", "hydra.run.dir=outputs/run", *overrides]
    return _printed(gan_lab(folder, "train", *arguments, **environment))


def resume(folder: Path, *overrides: str, **environment: str) -> str:
    """Go on with that run and return what was printed."""
    return _printed(gan_lab(folder, "resume", "outputs/run", *overrides, **environment))


def gan_lab(folder: Path, *arguments: str, typed: str = "", **environment: str) -> CompletedProcess[str]:
    """Run the command line in a folder, whatever the user's environment says of trackers.

    ``typed`` is what somebody would answer to what it may ask.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(NAMES)}
    return subprocess.run(
        [sys.executable, "-m", "gan_lab", *arguments],
        cwd=folder,
        env=inherited | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def curve(run: Path, tag: str) -> list[tuple[int, float]]:
    """Iterations and numbers of a column of ``metrics.csv``."""
    with (run / "metrics.csv").open() as file:
        return [(int(row["iteration"]), float(row[tag])) for row in csv.DictReader(file) if row[tag]]


def _printed(done: CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    assert "failed and gets no more" not in done.stdout + done.stderr
    return done.stdout + done.stderr
