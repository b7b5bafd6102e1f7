"""What ``gan-lab train`` would run, composed without running it."""

from typing import Any

import hydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gan_lab.cli.configs import expand_lists, take_experiment_keys, to_plain, version_base
from gan_lab.cli.hydra_errors import refusal_of
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.cli.naming import choices_of
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.cli.swept import parameters_of, parsed
from gan_lab.cli.typed import check_arguments
from gan_lab.config.errors import UserError
from gan_lab.config.options import config_folder
from gan_lab.reports.sweep.deviations import Composed


def compose(overrides: list[str]) -> Composed:
    """Compose what ``gan-lab train`` would run, or the first part of a sweep, without running it.

    Args:
        overrides: as on the command line; of what an experiment sweeps over, one value each.

    Raises:
        UserError: if that is no config of this version of gan-lab.
    """
    register_resolvers()
    prefer_own_configs()
    try:
        with hydra.initialize_config_dir(str(config_folder()), **version_base()):
            expanded = expand_lists(overrides)
            root = hydra.compose("config", overrides=expanded, return_hydra_config=True)
            parameters = list(parsed(parameters_of(root)))
        plain = to_plain(OmegaConf.masked_copy(root, [str(key) for key in root if key != "hydra"]))
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError(refusal_of(error) or " ".join(str(error).split())) from error
    choices = choices_of(root.hydra.runtime.choices)
    swept = {
        each.key_or_group: None if each.is_sweep_override() else each.get_value_element_as_str()
        for each in parameters
    }
    values = {
        each.key_or_group: tuple(each.sweep_string_iterator())
        for each in parameters
        if each.is_discrete_sweep()
    }
    return Composed(plain, choices | take_experiment_keys(plain, choices), swept, values)


def compose_tracker(typed: list[str]) -> dict[str, Any]:
    """Return the config of the tracker that ``gan-lab resume`` was given.

    Args:
        typed: overrides of the group, such as ``tracker=wandb`` and ``tracker.project=mine``.

    Raises:
        UserError: if there is no such tracker or key, or a key without a tracker.
    """
    if not any(word.startswith(("tracker=", "trackers=")) for word in typed):
        word = typed[0].partition("=")[0]
        raise UserError(f"{word} must come with a tracker, such as tracker=wandb tracker.project=mine.")
    check_arguments(typed)
    node: dict[str, Any] = compose(typed).config["tracker"]
    return node
