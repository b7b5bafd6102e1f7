"""A command as a Hydra application: what it does for each config is a job, alone or in a sweep.

Torch is imported when a job starts, not before.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import hydra
from omegaconf import DictConfig

from gan_lab.cli.configs import expand_lists, version_base, version_of
from gan_lab.cli.failures import (
    REFUSED,
    Failure,
    StartRefused,
    begin,
    collect,
    remove_what_was_made_for_nothing,
)
from gan_lab.cli.hydra_errors import failure_of_plugin, raised_in
from gan_lab.cli.hydra_plugins import HYDRA_MAY_NAME, prefer_own_configs
from gan_lab.cli.naming import sweep_name
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.cli.typed import check_arguments, check_flags
from gan_lab.config.options import config_folder

_FLAGS = ("-m", "--multirun", "--resolve", "-r")
_VARIABLES = ("GAN_LAB_SWEEP", "HYDRA_FULL_ERROR")


def run_app(
    job: Callable[[DictConfig], Any], arguments: list[str], config_name: str = "config"
) -> list[Failure]:
    """Let Hydra compose a config of conf/ and run a job on it, or a multirun of jobs.

    Args:
        job: takes the composed config; made by ``failures.noted``.
        arguments: as on the command line.
        config_name: of the root config in conf/.

    Returns:
        The jobs that failed.
    """
    begin()
    try:
        return _run(job, arguments, config_name)
    finally:
        remove_what_was_made_for_nothing()


def _run(job: Callable[[DictConfig], Any], arguments: list[str], config_name: str) -> list[Failure]:
    # Prepare what Hydra is given
    prefer_own_configs()
    check_arguments(arguments)
    # argparse, which Hydra reads them with, refuses overrides on both sides of a flag
    overrides = sorted(expand_lists(arguments), key=lambda argument: argument not in _FLAGS)
    check_flags(overrides)
    asked_for_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"

    # Compose, and run the job or the jobs
    try:
        with _command_line(overrides):
            _hydra_main(config_name)(job)()
    except StartRefused as refusal:
        return [Failure(str(refusal), REFUSED)]
    except Exception as error:
        of_plugin = failure_of_plugin(error)
        if of_plugin is None or asked_for_traceback:
            raise
        failures = collect()
        # with every trial failed, the optimiser has no best one, and those are the reason
        return failures if failures and raised_in(error, "optuna") else [*failures, of_plugin]

    # Collect what failed, wherever it ran
    return collect()


def _hydra_main(config_name: str) -> Callable[[Callable[[DictConfig], Any]], Callable[[], Any]]:
    """Return Hydra's decorator for a root config in conf/."""
    # 1.4 wants to know what a config may name
    allowed: Any = {"execution_whitelist": HYDRA_MAY_NAME} if version_of(hydra) >= (1, 4) else {}
    return hydra.main(config_path=str(config_folder()), config_name=config_name, **version_base(), **allowed)


@contextlib.contextmanager
def _command_line(overrides: list[str]) -> Iterator[None]:
    """Give Hydra these overrides where it looks for them: in ``sys.argv`` and in the environment.

    After the block both are as they were; workers that a launcher started inside it keep what they inherited.
    """
    arguments, environment = sys.argv, {name: os.environ.get(name) for name in _VARIABLES}
    sys.argv = [arguments[0], *overrides]
    # conf/config.yaml names the sweep's folder after it, in this process and in workers
    os.environ["GAN_LAB_SWEEP"] = sweep_name(overrides)
    # Hydra prints and exits by itself unless asked for the error, which main.py words in one line
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    try:
        yield
    finally:
        sys.argv = arguments
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


# a launcher's worker process imports this module on its way to the job, and must find these, too
register_resolvers()
