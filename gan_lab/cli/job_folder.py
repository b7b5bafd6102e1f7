"""The folders of jobs and sweeps: looked at before anything is written, and removed where nothing was."""

import contextlib
import os
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from gan_lab.config.errors import UserError
from gan_lab.files.atomic import write_atomically
from gan_lab.files.lock import LOCK_NAME
from gan_lab.files.plain_yaml import MOST_BYTES, load_plain
from gan_lab.files.regular import NotRegularError, read_regular, require_regular
from gan_lab.runs.group import GROUP_NAME
from gan_lab.runs.reading import require_own
from gan_lab.runs.record import RECORD_NAME

RECORD_OF_HYDRA, RECORD_OF_SWEEP = ".hydra", "multirun.yaml"


class FolderBefore(NamedTuple):
    """What there was of a folder before a command began.

    Attributes:
        absent: the folder and those that hold it, as far as there were none; the innermost first.
        children: names in it.
    """

    absent: tuple[Path, ...]
    children: frozenset[str]


def look_at(folder: Path) -> FolderBefore:
    """Return what there is of a folder."""
    folder = folder.absolute()
    absent = tuple(path for path in (folder, *folder.parents) if not os.path.lexists(path))
    return FolderBefore(absent, frozenset(os.listdir(folder)) if folder.is_dir() else frozenset())


def remove_what_stayed_empty(folder: Path, before: FolderBefore) -> None:
    """Remove the folders that a command made for jobs which then left nothing in them."""
    with contextlib.suppress(OSError):
        made = set(os.listdir(folder)) - before.children
        for name in made:
            with contextlib.suppress(OSError):
                (folder / name).rmdir()  # an empty one; others stay
        # the sweep's own record, of a sweep that has left nothing else
        if made and set(os.listdir(folder)) == {RECORD_OF_SWEEP} and RECORD_OF_SWEEP in made:
            (folder / RECORD_OF_SWEEP).unlink()
    for path in before.absent:
        with contextlib.suppress(OSError):
            path.rmdir()


def require_fit_for_job(folder: Path, config: DictConfig, in_sweep: bool) -> None:
    """Check that a job may write to a folder: a new one, or that of a run or of seeds, without links.

    Args:
        folder: of the job; made by Hydra where it was missing.
        config: the job's, as it was composed.
        in_sweep: whether it lies in a sweep's folder, where it must be no link; the user may name one.

    Raises:
        UserError: if it is not fit, or holds what another program wrote.
    """
    if in_sweep and folder.is_symlink():
        raise NotRegularError(folder, folder.lstat().st_mode)
    require_own(folder)
    names = sorted(os.listdir(folder))
    runs = [name for name in names if name in (RECORD_NAME, LOCK_NAME, GROUP_NAME)]
    runs += [path.parent.name for name in (RECORD_NAME, LOCK_NAME) for path in folder.glob(f"seed*/{name}")]
    if names and not runs and not _left_by_the_same_job(folder, names, config):
        key = "hydra.sweep.subdir" if in_sweep else "hydra.run.dir"
        raise UserError(
            f"{key} must be a new or empty folder, or that of a run; got {str(folder)!r}, "
            f"which holds {', '.join(names[:3])}."
        )


def require_fit_for_sweep(folder: Path) -> None:
    """Check that Hydra may write a sweep's record to a folder.

    Raises:
        UserError: if a link or the record of another program's sweep lies there.
    """
    require_regular(folder, [RECORD_OF_SWEEP, ".failures", "table.csv"])
    try:
        written_by = load_plain(read_regular(folder / RECORD_OF_SWEEP, MOST_BYTES))["hydra"]["callbacks"]
        ours = str(written_by["failures"]["_target_"]).startswith("gan_lab.")
    except OSError:
        return
    except (ValueError, LookupError, TypeError):
        # Hydra writes it in place: a sweep that was killed may have left half of one
        ours = (folder / RECORD_OF_SWEEP).stat().st_size == 0 or any(folder.glob(f"*/{RECORD_NAME}"))
    if not ours:
        raise UserError(
            f"hydra.sweep.dir must be a new folder, or that of a sweep of gan-lab; got {str(folder)!r}, "
            f"which holds the {RECORD_OF_SWEEP} of another program."
        )


def keep_hydras_record(folder: Path, config: DictConfig) -> None:
    """Write what Hydra itself writes of a job to ``.hydra``, once: config, Hydra's own part, overrides."""
    record = folder / RECORD_OF_HYDRA
    if os.path.lexists(record):
        return
    record.mkdir()
    hydra: Any = HydraConfig.instance().cfg
    contents = {"config": config, "hydra": hydra, "overrides": hydra.hydra.overrides.task}
    for name, content in contents.items():
        text = OmegaConf.to_yaml(content)
        write_atomically(record / f"{name}.yaml", text.encode(errors="surrogateescape"), durable=False)


def _left_by_the_same_job(folder: Path, names: list[str], config: DictConfig) -> bool:
    """Whether a folder holds Hydra's record of this very job alone, which version 0.2 left if killed."""
    if not set(names) <= {RECORD_OF_HYDRA, "train.log"}:
        return False
    try:
        recorded = load_plain(read_regular(folder / RECORD_OF_HYDRA / "config.yaml", MOST_BYTES))
    except (OSError, ValueError):
        return False
    return bool(recorded == OmegaConf.to_container(config, resolve=False))
