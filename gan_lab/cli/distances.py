"""The Hydra application of ``gan-lab distances``: one experiment of the lectures, or a sweep of them."""

import re
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from gan_lab.cli.configs import to_plain, trusted_packages
from gan_lab.cli.failures import Failure, noted, sweep_folder
from gan_lab.cli.hydra_app import run_app
from gan_lab.cli.typed_command import typed_command
from gan_lab.config.build import build
from gan_lab.config.checks import conform
from gan_lab.config.errors import UserError
from gan_lab.config.options import config_folder, list_options, option_node
from gan_lab.config.quoting import did_you_mean, quoted
from gan_lab.config.unimported import check_node

GROUP = "distances"
OF_THE_COMMAND = ("animate", "interactive", "trusted")
"""Keys of the config that are no settings of an experiment."""

_CHOICE = re.compile(r"(?P<sign>\+?)experiment=(?P<names>.*)", re.DOTALL)
_ADDS_FOLDERS = ("--config-dir", "-cd", "--config-path", "-cp", "hydra.searchpath")
_OF_GROUP = re.compile(rf"(?<!\S)\+?{GROUP}=")
_NOT_ITS_OWN = (GROUP, *OF_THE_COMMAND)  # of the keys of a command: none of the experiment's settings
_NAMES = re.compile(r"\w*(,\w*)*")


def distances_app(arguments: list[str]) -> list[Failure]:
    """Run ``gan-lab distances`` with these arguments; returns the jobs that failed.

    Experiments of training and of the lectures are both called ``experiment`` on the command line; the
    files of the latter are the config group ``distances``.

    Raises:
        UserError: if ``experiment`` names none.
    """
    own_only = not any(argument.startswith(_ADDS_FOLDERS) for argument in arguments)
    failures = run_app(_distances_job, [_choice(argument, own_only) for argument in arguments], "distances")
    return [failure._replace(text=_as_typed(failure.text)) for failure in failures]


def complete_experiment(word: str) -> list[str]:
    """Return what ``experiment=...`` may become, given what is typed of it; nothing of another word."""
    if not word or not ("experiment=".startswith(word) or word.startswith("experiment=")):
        return []
    *before, begin = word.removeprefix("experiment=").rpartition(",") if "=" in word else ("", "", "")
    known = list_options(GROUP, [config_folder()])
    return [f"experiment={''.join(before)}{name}" for name in known if name.startswith(begin)]


def summarise_sweep() -> list[str]:
    """Return the lines that end a sweep: one table of all jobs, and where it was written."""
    folder = sweep_folder()
    if folder is None:
        return []
    from gan_lab.lectures.sweeps import join_tables
    from gan_lab.lectures.writing import format_text

    joined = join_tables(folder)
    if joined is None:
        return []
    return [format_text(joined.table, joined.missing), f"\nWritten to {joined.path}"]


def experiments_with_sliders() -> list[str]:
    """Return the experiments of the lab that have sliders."""
    from hydra.utils import get_class

    found = []
    for name in list_options(GROUP, [config_folder()]):
        experiment: Any = get_class(option_node(GROUP, name)["_target_"])
        found += [name] if experiment.sliders else []
    return found


@noted
def _distances_job(config: DictConfig) -> None:
    from gan_lab.lectures.computing import by_typed_keys, require_magnitudes

    composed = to_plain(config)
    settings = HydraConfig.get()
    folder = Path(settings.runtime.output_dir)
    name = settings.runtime.choices.get(GROUP)
    if name is None:
        raise UserError(f"experiment must be one of {_listed()}; none was given.")
    trusted = trusted_packages(composed)
    animate = conform("animate", composed["animate"], bool)
    interactive = conform("interactive", composed["interactive"], bool)
    node = {key: value for key, value in composed.items() if key not in OF_THE_COMMAND}
    overrides = list(settings.overrides.task)
    try:
        check_node(node, "")
        require_magnitudes(node)

        # what is left takes torch
        from gan_lab.lectures.base import LectureExperiment
        from gan_lab.lectures.writing import run_and_write

        experiment = build(node, LectureExperiment, "", trusted)
        if interactive and not experiment.sliders:
            raise UserError(
                f"interactive must be false for experiment={name}, which has no sliders; "
                f"{', '.join(experiments_with_sliders())} have some."
            )
        run_and_write(
            experiment,
            folder,
            name=name,
            animate=animate,
            interactive=interactive,
            about=list_options(GROUP, [config_folder()]).get(name, ""),
            command=typed_command("distances", settings, [_as_typed(each) for each in overrides]),
            config=composed,
        )
    except UserError as error:
        typed = [each for each in overrides if each.lstrip("+").partition("=")[0] not in _NOT_ITS_OWN]
        raise by_typed_keys(error, composed, typed) from error


def _choice(argument: str, own_only: bool) -> str:
    """Return ``experiment=NAME`` as a choice from Hydra's group; other arguments as they are.

    Raises:
        UserError: if there is no such experiment, unless the user brings folders of configs.
    """
    match = _CHOICE.fullmatch(argument)
    if match is None:
        return argument
    # what is no list of names is Hydra's to read, such as glob(*), but for lists, which it cannot
    of_names = _NAMES.fullmatch(match["names"])
    names = match["names"].split(",") if of_names else [n for n in [match["names"]] if n[:1] in ("[", "{")]
    unknown = set(names) - set(list_options(GROUP, [config_folder()]))
    if unknown and own_only:
        meant = did_you_mean(min(unknown), list_options(GROUP, [config_folder()]))
        raise UserError(f"experiment must be one of {_listed()}; got {quoted(min(unknown))}.{meant}")
    return f"{match['sign']}{GROUP}={match['names']}"


def _as_typed(text: str) -> str:
    """Return overrides, or a sentence that begins with some, by the names of the command line."""
    return _OF_GROUP.sub("experiment=", text)


def _listed() -> str:
    return ", ".join(list_options(GROUP, [config_folder()]))
