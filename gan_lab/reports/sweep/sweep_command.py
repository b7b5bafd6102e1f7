"""What was typed to start a sweep, and the jobs that it asked for, as Hydra has kept it."""

import math
import re
from itertools import product
from pathlib import Path
from typing import Any

from gan_lab.config.command_lines import command_line
from gan_lab.files.plain_yaml import MOST_BYTES, load_plain
from gan_lab.files.regular import read_regular

MULTIRUN_NAME = "multirun.yaml"
_MODE = "hydra.mode=MULTIRUN"
_MOST_JOBS = 100_000
# several values that need no parser of Hydra's, such as gan,wgan or 0,1,2
_LIST = re.compile(r"[\w.+-]+(,[\w.+-]+)+")


def command_of_sweep(root: Path) -> str:
    """Return the command of a sweep from its folder's ``multirun.yaml``; empty if there is none to be read.

    It is for a reader, and a run folder is data: nothing runs it.
    """
    hydra = _read(root)
    words = [*hydra["overrides"]["hydra"], *hydra["overrides"]["task"]] if hydra else []
    kept = [str(word) for word in words if word != _MODE]
    # an experiment that carries its sweep asks for this mode by itself, and may be asked once more
    return command_line(["gan-lab", "train", *["-m"] * (_MODE in words), *kept]) if hydra else ""


def jobs_of(root: Path) -> list[frozenset[str]]:
    """Return what tells the jobs of a sweep apart: for each, the overrides that were swept over.

    Empty where that cannot be said: no ``multirun.yaml``, values that are not plain lists, such as glob(*),
    a sweeper that chooses its jobs as it goes, or more of them than anybody runs.
    """
    hydra = _read(root)
    if not hydra or not str(hydra["sweeper"].get("_target_")).endswith(".BasicSweeper"):
        return []
    swept = {str(key): str(value) for key, value in (hydra["sweeper"].get("params") or {}).items()}
    swept |= {key: value for key, _, value in (str(o).partition("=") for o in hydra["overrides"]["task"])}
    several = {key: value for key, value in swept.items() if "," in value and not value.startswith("${")}
    if not several or not all(_LIST.fullmatch(value) for value in several.values()):
        return []
    # a file that is anybody's may ask for more jobs than could be listed
    if math.prod(value.count(",") + 1 for value in several.values()) > _MOST_JOBS:
        return []
    lists = [[f"{key}={one}" for one in value.split(",")] for key, value in several.items()]
    return [frozenset(job) for job in product(*lists)]


def typed_part(root: Path) -> dict[str, Any]:
    """Return what :func:`command_of_sweep` and :func:`jobs_of` read of ``multirun.yaml``; empty without it.

    What else Hydra writes into it says where and on which machine that was.
    """
    hydra = _read(root)
    if not hydra:
        return {}
    sweeper = {key: hydra["sweeper"].get(key) for key in ("_target_", "params")}
    overrides = {key: hydra["overrides"][key] for key in ("hydra", "task")}
    return {"hydra": {"overrides": overrides, "sweeper": sweeper}}


def _read(root: Path) -> dict[str, Any]:
    """Return Hydra's part of ``multirun.yaml``; empty if there is none, or it is not what Hydra writes."""
    try:
        hydra: Any = load_plain(read_regular(root / MULTIRUN_NAME, MOST_BYTES))["hydra"]
        complete = all(isinstance(hydra["overrides"][key], list) for key in ("hydra", "task"))
        sweeper = hydra["sweeper"]
        known = isinstance(sweeper, dict) and isinstance(sweeper.get("params"), dict | None)
        return hydra if complete and known else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
