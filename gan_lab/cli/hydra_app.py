"""The Hydra applications: ``train`` and ``prepare``. Torch is imported when a job starts, not before."""

import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import hydra
import omegaconf
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from gan_lab.cli.failures import Failure, begin, collect, no_traces_if_refused, noted, sweep_folder
from gan_lab.cli.hydra_errors import failure_of_plugin, raised_in
from gan_lab.cli.hydra_plugins import HYDRA_MAY_NAME, RESOLVERS, prefer_own_configs
from gan_lab.cli.naming import choices_of, run_name, sweep_name
from gan_lab.config.checks import UserError, conform
from gan_lab.config.options import config_folder, format_group, format_options
from gan_lab.config.scales import DEFAULT_SCALE, at_scale, drawn
from gan_lab.runs.record import RECORD_NAME
from gan_lab.runs.run import config_hash

_LIST = re.compile(r"(?:\+)?constraint=\[(?P<names>[\w ,]*)\]")
_FLAGS = ("-m", "--multirun", "--resolve", "-r")
_OF_EXPERIMENTS = ("scale", "draw", "learning_rate")


def train_app(arguments: list[str]) -> list[Failure]:
    """Run ``gan-lab train`` with these arguments: one job, or a multirun of them.

    Returns:
        The jobs that failed, whatever the launcher; a run that diverged is a result.

    Raises:
        UserError: if a plugin that was asked for is not installed.
    """
    return run_app(_train_job, arguments)


def prepare_app(arguments: list[str]) -> list[Failure]:
    """Run ``gan-lab prepare``: decode a dataset once into its packed file; returns as ``train_app``."""
    no_files = ["hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=stdout"]
    return run_app(_prepare_job, [*arguments, *no_files])


def summarise_sweep() -> list[str]:
    """Return the lines that end a sweep of training: where its runs are, and how to compare them."""
    folder = sweep_folder()
    if folder is None or not any(folder.rglob(RECORD_NAME)):
        return []
    return [
        f"The sweep's runs are in {folder}",
        f"  compare them  gan-lab report {shlex.quote(str(folder))}",
    ]


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
    overrides = expand_constraint_lists(arguments)
    os.environ["GAN_LAB_SWEEP"] = sweep_name(overrides)
    asked_for_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    # Hydra prints and exits by itself unless asked for the error, which main.py words in one line
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    # argparse, which Hydra reads them with, refuses overrides on both sides of a flag
    sys.argv = [sys.argv[0], *sorted(overrides, key=lambda argument: argument not in _FLAGS)]
    # 1.4 wants to know what a config may name
    allowed: Any = {"execution_whitelist": HYDRA_MAY_NAME} if _version_of(hydra) >= (1, 4) else {}
    main = hydra.main(config_path=str(config_folder()), config_name=config_name, **version_base(), **allowed)
    try:
        main(job)()
    except Exception as error:
        of_plugin = failure_of_plugin(error)
        if of_plugin is None or asked_for_traceback:
            raise
        failures = collect()
        # with every trial failed, the optimiser has no best one, and those are the reason
        return failures if failures and raised_in(error, "optuna") else [*failures, of_plugin]
    return collect()


def version_base() -> dict[str, Any]:
    """Return the argument of Hydra's that 1.4 warns of, and 1.3 of its absence."""
    return {"version_base": "1.3"} if _version_of(hydra) < (1, 4) else {}


def _version_of(package: ModuleType) -> tuple[int, ...]:
    return tuple(int(part) for part in package.__version__.split(".")[:2])


@noted
def _train_job(config: DictConfig) -> float:
    from gan_lab.training.launch import launch

    composed = to_plain(config)
    settings = HydraConfig.get()
    choices = choices_of(settings.runtime.choices)
    folder = Path(settings.runtime.output_dir)
    with no_traces_if_refused(folder):
        _refuse_merged_options(choices)
        choices |= take_experiment_keys(composed, choices)
        return launch(
            composed,
            folder,
            choices=choices,
            command=shlex.join(["gan-lab", "train", *settings.overrides.task]),
            trusted=trusted_packages(composed),
        )


def take_experiment_keys(composed: dict[str, Any], choices: Mapping[str, str]) -> dict[str, str]:
    """Take out of a composed config what only the files of experiments read, and return it as choices.

    Raises:
        UserError: if such a key is set without an experiment.
    """
    given = {key: composed.pop(key, None) for key in _OF_EXPERIMENTS}
    if "experiment" in choices or "panel" in choices:
        given["scale"] = given["scale"] or DEFAULT_SCALE
    elif any(value is not None for value in given.values()):
        key = next(key for key, value in given.items() if value is not None)
        raise UserError(
            f"{key} must come with an experiment, such as experiment=stability; got {given[key]!r}."
        )
    return {key: str(value) for key, value in given.items() if value is not None}


@noted
def _prepare_job(config: DictConfig) -> None:
    from gan_lab.cli.preparation import prepare

    composed = to_plain(config)
    prepare(composed["dataset"], trusted_packages(composed))


def trusted_packages(composed: dict[str, Any]) -> tuple[str, ...]:
    """Return the packages besides gan_lab whose classes a composed config may name."""
    # a text would pass for a list of its letters
    packages: tuple[str, ...] = conform("trusted", composed["trusted"], tuple[str, ...])
    return packages


def to_plain(config: DictConfig) -> dict[str, Any]:
    """Return a composed config resolved, as plain containers, with the dataset's root made absolute."""
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    root = plain["dataset"].get("root") if isinstance(plain.get("dataset"), dict) else None
    if isinstance(root, str):
        plain["dataset"]["root"] = str(Path(root).expanduser().absolute())
    return plain


def _refuse_merged_options(choices: Mapping[str, str]) -> None:
    # Hydra records no choice for a group that was given a list
    for group in ("objective", "constraint", "architecture", "dataset", "optimizer"):
        if group not in choices:
            raise UserError(
                f"Hydra would merge a list of {group} options into one; but for a plain constraint=[a,b], "
                "a combination must be an option of its own, such as constraint=spectral_norm_consistency."
            )


def expand_constraint_lists(arguments: list[str]) -> list[str]:
    """Rewrite ``constraint=[a,b]`` as the composition of a and b, in Hydra's own words.

    Hydra would merge the options of a list into one node; constraints are to stand side by side, as
    ``constraint.parts.a`` and ``constraint.parts.b``.
    """
    expanded: list[str] = []
    for argument in arguments:
        match = _LIST.fullmatch(argument)
        if match is None:
            expanded.append(argument)
            continue
        names = [name.strip() for name in match["names"].split(",") if name.strip()]
        parts = [f"+constraint@constraint.parts.{name}={name}" for name in names]
        expanded += ["constraint=compose", *parts]
    return expanded


def _job_hash(root: DictConfig) -> str:
    plain = to_plain(OmegaConf.masked_copy(root, [str(key) for key in root if key != "hydra"]))
    return config_hash({key: value for key, value in plain.items() if key not in _OF_EXPERIMENTS})


def _hydra_subdir(root: DictConfig) -> str | None:
    """Return where Hydra may write its own record: nowhere where a run or something else is already."""
    output_dir = Path(root.hydra.runtime.output_dir)
    found = {path.name for path in output_dir.iterdir()} if output_dir.is_dir() else set()
    return None if found - {".hydra", "train.log"} else ".hydra"


def _folders_of_options(root: DictConfig) -> list[Path]:
    folders = [config_folder()]
    for source in root.hydra.runtime.config_sources:
        path = Path(source.path)
        if source.schema == "file" and path.is_dir() and path not in folders:
            folders.append(path)
    return folders


def register_resolvers() -> None:
    """Register the interpolations that conf/config.yaml uses."""
    # 2.4 gives the new one the name of the old one
    before_2_4 = _version_of(omegaconf) < (2, 4)
    register: Any = OmegaConf.register_new_resolver if before_2_4 else OmegaConf.register_resolver
    for name, function in {
        "run_name": lambda *, _root_: run_name(_root_),
        "config_hash": lambda *, _root_: _job_hash(_root_),
        "hydra_subdir": lambda *, _root_: _hydra_subdir(_root_),
        "options": lambda *, _root_: format_options(_folders_of_options(_root_)),
        "options_of": lambda group, *, _root_: format_group(group, _folders_of_options(_root_)),
        "scale": lambda *values, _root_: at_scale(_root_.scale, values),
        "rate": lambda published, *, _root_: (
            published if _root_.learning_rate is None else _root_.learning_rate
        ),
        "drawn": lambda draw, key, *values: drawn(draw, key, values),
        **RESOLVERS,
    }.items():
        register(f"gan_lab.{name}", function, replace=True)


# a launcher's worker process imports this module to find the job, and must find these, too
register_resolvers()
prefer_own_configs()
