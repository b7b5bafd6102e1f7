"""``gan-lab train``: one run, or a sweep of runs."""

from collections.abc import Mapping
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from gan_lab.cli.configs import (
    contract_lists,
    merged_options,
    take_experiment_keys,
    to_plain,
    trusted_packages,
)
from gan_lab.cli.early import refuse_early, refuse_missing_data
from gan_lab.cli.failures import Failure, noted, sweep_folder
from gan_lab.cli.hydra_app import run_app
from gan_lab.cli.job_folder import keep_hydras_record, require_fit_for_job
from gan_lab.cli.job_log import begin_job_log
from gan_lab.cli.naming import choices_of
from gan_lab.cli.run_table import format_sweep, line_of_job, name_of_job, worst_of
from gan_lab.cli.tasks import join_tasks
from gan_lab.cli.terminal import job_console, say
from gan_lab.cli.typed_command import typed_command
from gan_lab.cli.unread import refuse_unread
from gan_lab.config.build import build
from gan_lab.config.command_lines import command_line, path_word
from gan_lab.config.errors import UserError
from gan_lab.config.groups import own_groups
from gan_lab.config.ranks import count_here, rank_here
from gan_lab.runs.begun import is_finished
from gan_lab.runs.config_hash import TRACKER
from gan_lab.runs.group import GROUP_NAME
from gan_lab.runs.reading import find_runs
from gan_lab.runs.record import RECORD_NAME


def train_app(arguments: list[str]) -> list[Failure]:
    """Run ``gan-lab train`` with these arguments: one job, or a multirun of them.

    Returns:
        The jobs that failed, whatever the launcher; a run that diverged is a result.

    Raises:
        UserError: if a plugin that was asked for is not installed.
    """
    try:
        return run_app(_train_job, arguments)
    except KeyboardInterrupt:
        if sweep_folder() is not None:
            say("The same command goes on with what is left of the sweep.")
        raise


def summarise_sweep() -> list[str]:
    """Return the lines that end a sweep of training: where its runs are, and how to compare them."""
    folder = sweep_folder()
    records = [] if folder is None or not folder.is_dir() else find_runs(folder)
    if folder is None or not records:
        return []
    word = path_word(folder)
    return [
        "",
        format_sweep(records, folder),
        f"  results       {folder}",
        f"  one of them   {command_line(['gan-lab', 'diagnose', path_word(worst_of(records).path)])}",
        f"  look at them  {command_line(['gan-lab', 'board', word])}",
        f"  compare them  {command_line(['gan-lab', 'report', word])}",
    ]


@noted
def _train_job(config: DictConfig) -> float:
    composed = to_plain(config)
    settings = HydraConfig.get()
    choices = choices_of(settings.runtime.choices)
    folder = Path(settings.runtime.output_dir)
    typed = contract_lists(list(settings.overrides.task))
    in_sweep = settings.mode == RunMode.MULTIRUN
    if count_here() > 1 and in_sweep:
        raise UserError("This experiment trains many runs, torchrun one; start it without torchrun.")
    if in_sweep:
        join_tasks(settings.launcher)
    require_fit_for_job(folder, config, in_sweep=in_sweep)
    _refuse_merged_options(choices)
    choices |= take_experiment_keys(composed, choices)

    trusted = trusted_packages(composed)
    refuse_early(composed)
    refuse_unread(config, settings.overrides.task, swept=in_sweep)
    if not any((folder / name).exists() for name in (RECORD_NAME, GROUP_NAME)):
        refuse_missing_data(composed["dataset"])  # what is finished needs none

    # what is left takes torch
    from gan_lab.datasets.base import Dataset
    from gan_lab.datasets.known_roots import remember_root
    from gan_lab.training.launch import launch

    def claimed() -> None:
        begin_job_log()
        keep_hydras_record(folder, config)
        remember_root(build(composed["dataset"], Dataset, "dataset", trusted))

    def trained() -> float:
        return launch(
            composed,
            folder,
            choices=choices,
            command=typed_command("train", settings, typed),
            trusted=trusted,
            claimed=claimed,
            swept=in_sweep,
        )

    if not in_sweep or rank_here() > 0:  # the first task of a job tells of it
        return trained()
    # whoever started many wants a line or two of each; its log has all of them
    ended = _finished_in(folder, int(composed["train"]["iterations"]))
    with job_console(name_of_job(settings.job.num, typed)):
        returned = trained()
    for record in find_runs(folder):
        say(line_of_job(settings.job.num, record, typed, ended_before=record.path in ended))
    return returned


def _finished_in(folder: Path, iterations: int) -> set[Path]:
    """Return the runs in a folder that have nothing left to do of so many iterations."""
    found = find_runs(folder) if folder.is_dir() else []
    return {record.path for record in found if is_finished(record, iterations)}


def _refuse_merged_options(choices: Mapping[str, str]) -> None:
    # Hydra records no choice for a group that was given a list
    for group in own_groups().sections:
        if group not in choices and group != TRACKER:
            raise merged_options(group)
