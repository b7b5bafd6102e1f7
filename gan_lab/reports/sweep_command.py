"""What was typed to start a sweep, as Hydra has kept it."""

import shlex
from pathlib import Path
from typing import Any

import yaml

_FILE = "multirun.yaml"


def command_of(root: Path) -> str:
    """Return the command of a sweep from its folder's ``multirun.yaml``; empty if there is none to be read.

    It is for a reader, and a run folder is data: nothing runs it.
    """
    try:
        content: Any = yaml.safe_load((root / _FILE).read_text(encoding="utf-8"))
        overrides = content["hydra"]["overrides"]
        words = [*overrides["hydra"], *overrides["task"]]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, KeyError, TypeError):
        return ""
    # an experiment that carries its sweep asks for this mode by itself
    return shlex.join(["gan-lab", "train", *(str(word) for word in words if word != "hydra.mode=MULTIRUN")])
