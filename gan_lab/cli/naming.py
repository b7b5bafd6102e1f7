"""What a job and a sweep are called: folders that say what is in them, by the choices that were made."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from gan_lab.config.groups import own_groups
from gan_lab.runs.config_hash import TRACKER

SWEEPS = Path("outputs/sweeps")  # as conf/config.yaml has it

_SAID = ("objective", "dataset")  # of the choices; the hash tells apart what else is chosen
_SAYS_NOTHING = (TRACKER, "default_constraint")
_LONGEST = 80  # bytes of each part: names of folders end at 255
# a run's folder ends with a time; jobs of a sweep, which has hundreds, are told apart by the hash alone
_DIGITS_OF_A_RUN, _DIGITS_OF_A_JOB = 4, 8

_SAYS_WHERE = re.compile(rf"[+~]*(?:hydra[./]|{TRACKER}[.=@])")  # and nothing of what is run


def choices_of(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that say what is run, by group, out of all that Hydra composed.

    No tracker does, nor what a dataset brings to objectives without a constraint: that is the constraint.
    """
    groups = own_groups()
    return {
        group: str(option)
        for group, option in chosen.items()
        if groups.is_choice(group) and group not in _SAYS_NOTHING and option is not None and "@" not in group
    }


def sweep_name(overrides: list[str], folder: Path = SWEEPS) -> str:
    """Return a folder name for a sweep: the same for the same overrides, in any order.

    Args:
        overrides: as on the command line.
        folder: of sweeps; one that was begun there under another name, which ends alike, is gone on with.
    """
    task = sorted(o for o in overrides if "=" in o and not _SAYS_WHERE.match(o))
    digest = hashlib.sha256("\n".join(task).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    begun = _begun_as(folder, digest)
    if begun is not None:
        return begun
    named = [o.partition("=")[2] for o in task if o.startswith(("experiment=", "scale="))]
    swept = [o for o in task if "," in o]
    words = ""
    for word in map(_safe, [*named, *swept]):
        longer = f"{words}_{word}" if words else word
        # a value that was cut would be another value
        if len(longer.encode()) <= _LONGEST:
            words = longer
    return f"{words or 'sweep'}_{digest}"


def run_name(root: DictConfig, digest: str) -> str:
    """Return what a run is called: its objective, dataset and seed, and the begin of the hash of its config.

    Args:
        root: the composed config with Hydra's part.
        digest: of the config.
    """
    return _named(root, digest[:_DIGITS_OF_A_RUN])


def job_folder(root: DictConfig, digest: str) -> str:
    """Return the folder of a job within that of its sweep: the one that it was begun in, or a new one.

    Versions before 0.3 named folders otherwise, with the whole hash at the end; those are gone on with.

    Args:
        root: the composed config with Hydra's part.
        digest: of the config.
    """
    begun = _begun_as(Path(root.hydra.sweep.dir), digest)
    return begun or _named(root, digest[:_DIGITS_OF_A_JOB])


def _named(root: DictConfig, digest: str) -> str:
    chosen = choices_of(root.hydra.runtime.choices)
    names = [_short(chosen[group]) for group in _SAID if group in chosen]
    return "_".join([*names, _seeds(root), digest])


def _seeds(root: DictConfig) -> str:
    several: Any = root.train.get("seeds") if OmegaConf.is_dict(root.get("train")) else None
    if OmegaConf.is_list(several):
        return f"{len(several)}seeds"
    return _short(f"seed{root.seed}" if several is None else f"{several}seeds")


def _begun_as(folder: Path, digest: str) -> str | None:
    """Return the name of a folder in another one that ends with a hash, None if there is none."""
    return min((path.name for path in folder.glob(f"*_{digest}") if path.is_dir()), default=None)


def _safe(text: str) -> str:
    safe = re.sub(r"[^\w.=+,-]+", "-", text).encode("utf-8", "replace")
    return safe.decode("utf-8").strip("-")


def _short(text: str) -> str:
    return _safe(text).encode()[:_LONGEST].decode("utf-8", "ignore")
