"""Jobs of a sweep that fail: each leaves a note in the sweep's folder, in whatever process or machine it ran.

Launchers run jobs in processes of their own, and Hydra reports the first failure only. So a job that fails
writes one line below the sweep's folder and returns, the other jobs go on, and the process that was started
by hand reads all notes at the end.
"""

import contextlib
import functools
import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gan_lab.cli.configs import contract_lists
from gan_lab.cli.job_folder import FolderBefore, look_at, remove_what_stayed_empty, require_fit_for_sweep
from gan_lab.cli.job_log import begin_job_log
from gan_lab.cli.places import no_folder, require_place
from gan_lab.cli.swept import require_values
from gan_lab.cli.typed_keys import by_typed_key
from gan_lab.config.errors import UserError
from gan_lab.config.ranks import rank_here
from gan_lab.files.atomic import write_atomically
from gan_lab.training.signals import is_orphan

log = logging.getLogger(__name__)

NOTES_NAME = ".failures"

REFUSED, CRASHED = 2, 1


class Failure(NamedTuple):
    """A job that came to no result.

    Attributes:
        text: one line.
        status: the exit status that it asks for: 2 if it was refused, 1 if it crashed or was stopped.
    """

    text: str
    status: int


@dataclass
class _ProcessState:
    """What a process knows of the command that it runs, or runs jobs for.

    There is one for each process, as a global of this module, because nobody could hand it over: Hydra makes
    the callback below by itself, from its name in conf/, and a launcher sends a job to its workers by name,
    so that it finds there the state of the worker, not that of the process which started the sweep.

    Attributes:
        collector: id of the process that was started by hand and collects failures; None in a worker, or of
            its parent if it was forked.
        sweep: folder of the sweep; None of a lone job.
        refusal: why the lone job was refused.
        made_in: the folder of the lone job, or of the sweep, and what there was of it before.
        stopped_by: name of the signal that has ended a job of this worker: it takes no further ones.
    """

    collector: int | None = None
    sweep: Path | None = None
    refusal: Failure | None = None
    made_in: tuple[Path, FolderBefore] | None = None
    stopped_by: str | None = None


_state = _ProcessState()


class StartRefused(BaseException):
    """A job or a sweep that must not begin; no ``Exception``, for Hydra only warns of those of callbacks."""


class FailureNotes(Callback):
    """Where the jobs of a sweep leave their notes; conf/config.yaml names it among Hydra's callbacks."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Look at the job's folder, before Hydra makes it.

        Raises:
            StartRefused: if a file, or a link that leads nowhere, is in its place.
        """
        del kwargs
        # a folder that cannot be named is the job's to refuse
        with contextlib.suppress(OmegaConfBaseException, OSError, ValueError):
            folder = Path(config.hydra.run.dir)
            _require_place(folder, "hydra.run.dir")
            _state.made_in = folder, look_at(folder)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Look at the sweep's folder, before Hydra makes it, and forget the notes of the sweep before.

        Raises:
            StartRefused: if something else is there or where jobs shall lie, or a key is swept over no value.
        """
        del kwargs
        folder = Path(config.hydra.sweep.dir)
        _require_place(folder, "hydra.sweep.dir")
        sweep: Any = OmegaConf.to_container(config.hydra.sweep, resolve=False)
        below = str(sweep["subdir"])
        if "${" not in below:  # what hangs on the job is looked at as it begins
            _require_place(folder / below, "hydra.sweep.subdir")
        try:
            require_values(config)
            require_fit_for_sweep(folder)
        except UserError as error:
            raise StartRefused(str(error)) from error
        except OSError as error:  # of a name that no folder has
            raise StartRefused(str(no_folder(folder, "hydra.sweep.dir", error))) from error
        _state.sweep, _state.made_in = folder, (folder, look_at(folder))
        shutil.rmtree(folder / NOTES_NAME, ignore_errors=True)


def _require_place(folder: Path, key: str) -> None:
    try:
        require_place(folder, key)
    except UserError as error:
        raise StartRefused(str(error)) from error


def begin() -> None:
    """Forget what an earlier command left; this process is the one that collects."""
    _state.collector, _state.sweep, _state.refusal, _state.made_in = os.getpid(), None, None, None


def remove_what_was_made_for_nothing() -> None:
    """Remove the folders that were made since ``begin`` and are empty: a refused job leaves nothing."""
    if _state.made_in is not None:
        remove_what_stayed_empty(*_state.made_in)


def sweep_folder() -> Path | None:
    """Return the folder of the sweep since ``begin``; None of a lone job."""
    return _state.sweep


def folder_of_command() -> Path | None:
    """Return the folder of the lone job, or of the sweep, since ``begin``; None where there was neither."""
    return None if _state.made_in is None else _state.made_in[0]


def collect() -> list[Failure]:
    """Return the jobs that failed since ``begin``, in their order, and remove their notes."""
    if _state.refusal is not None:
        return [_state.refusal]
    if _state.sweep is None:
        return []
    folder = _state.sweep / NOTES_NAME
    notes = sorted(folder.glob("*.json"), key=lambda path: int(path.stem))
    failures = [Failure(*json.loads(path.read_bytes())) for path in notes]
    shutil.rmtree(folder, ignore_errors=True)
    return failures


def noted(job: Callable[[DictConfig], Any]) -> Callable[[DictConfig], Any]:
    """Return a Hydra job that notes why it fails instead of raising, so that the other jobs go on.

    Alone, it raises what nobody can mend by other settings. Notes stand for exceptions because some of those
    cannot be sent from process to process, and one would break the whole sweep.
    """

    @functools.wraps(job)
    def noting(config: DictConfig) -> Any:
        in_sweep = HydraConfig.get().mode == RunMode.MULTIRUN
        return _run_in_sweep(job, config) if in_sweep else _run_alone(job, config)

    return noting


def _run_alone(job: Callable[[DictConfig], Any], config: DictConfig) -> Any:
    try:
        return job(config)
    except (UserError, OmegaConfBaseException) as error:
        _state.refusal = Failure(_sentence(error, config), REFUSED)
        return None


def _run_in_sweep(job: Callable[[DictConfig], Any], config: DictConfig) -> Any:
    settings = HydraConfig.get()
    try:
        if _state.stopped_by is not None:
            raise KeyboardInterrupt(_state.stopped_by)
        return job(config)
    except (UserError, OmegaConfBaseException) as error:
        _note(settings, _sentence(error, config), REFUSED)
    except KeyboardInterrupt as stop:
        if _state.collector == os.getpid():
            raise  # it is the whole sweep that shall stop
        _state.stopped_by = str(stop.args[0]) if stop.args else "SIGINT"
        if is_orphan():
            # nobody waits for an answer or a note; the same command may have been started again already
            logging.shutdown()
            os._exit(CRASHED)
        _note(settings, f"Stopped by {_state.stopped_by}; the same command again does what is left.", CRASHED)
    except Exception as error:
        log.exception("The job crashed.")
        _note_crash(settings, error)
    return None


def _note_crash(settings: Any, error: Exception) -> None:
    if rank_here() > 0:
        return  # the first task of the job notices that this one is gone, and says so
    reason = " ".join(f"{type(error).__name__}: {error}".partition("\n")[0].split()).rstrip(": ")
    folder = Path(settings.runtime.output_dir)
    if not any(folder.iterdir()):  # it was made for this job, which came not far enough to claim it
        begin_job_log()
    log_file = folder / f"{settings.job.name}.log"
    where = f" (traceback in {log_file})" if log_file.is_file() else ""
    _note(settings, f"Crashed with {reason}{where}.", CRASHED)


def _sentence(error: Exception, config: DictConfig) -> str:
    if isinstance(error, UserError):
        error = by_typed_key(error, config, HydraConfig.get().overrides.task)
    return " ".join(str(error).split())


def _note(settings: Any, reason: str, status: int) -> None:
    text = f"{' '.join(contract_lists(list(settings.overrides.task)))}: {reason}"
    log.error("%s", text)
    if rank_here() > 0:
        return  # the first task of the job notes it
    folder = Path(settings.sweep.dir) / NOTES_NAME
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{settings.job.num}.json", json.dumps(Failure(text, status)).encode())
