"""What was probably meant: a word that stands alone, an option with dashes, a key that is not there.

Settings are ``key=value`` here, where most programs have ``--key value``; whoever types the latter is told
the former, with the whole key.
"""

import difflib
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gan_lab.cli.configs import expand_lists, version_base
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.config.errors import UserError
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder, list_options
from gan_lab.config.quoting import did_you_mean, quoted
from gan_lab.runs.record import leaves_of

_MOST_KEYS = 20  # that a message lists
_LONGEST = 80  # characters of a value that a message repeats


def refuse_what_is_meant_otherwise(command: str, arguments: Sequence[str]) -> None:
    """Refuse ``--iterations 100`` and ``wgan`` with what they were probably meant as; others say the rest.

    Args:
        command: ``train``, ``distances`` or ``prepare``.
        arguments: what was typed after it.

    Raises:
        UserError: naming the first of them.
    """
    known: Any = get_args_parser()._option_string_actions
    takes_value = False
    for place, argument in enumerate(arguments):
        if takes_value:
            takes_value = False
        elif argument.startswith("-"):
            flag, equals, _ = argument.partition("=")
            takes_value = flag in known and known[flag].nargs != 0 and not equals
            meant = "" if flag in known else _setting_of(command, argument, arguments[place + 1 :])
            if meant:
                raise UserError(f"{flag} is no flag; settings have no dashes. Did you mean {meant}?")
        elif "=" not in argument and not argument.startswith("~"):
            _refuse_word(command, argument)


def keys_beside(command: str, key: str, others: Sequence[str]) -> str:
    """Return what a message on an unknown key adds: the keys that are there, and the one probably meant.

    Args:
        command: ``train``, ``distances`` or ``prepare``.
        key: what is none.
        others: what else was typed, which decides on the keys.
    """
    keys = _keys(command, others)
    node, _, last = key.rpartition(".")
    own = [name.removeprefix(f"{node}.") for name in keys if node and name.startswith(f"{node}.")]
    if own:
        question = did_you_mean(last, own).replace("Did you mean ", f"Did you mean {node}.")
        return f" {node} has {_listed(own)}.{question}"
    names = [*keys, *(group for group in _groups(command) if group not in keys)]
    top = list(dict.fromkeys(name.partition(".")[0] for name in names))
    return did_you_mean(key, names) or (f" There are {_listed(top)}." if top else "")


_EXAMPLES = {
    "train": "objective=wgan train.iterations=100",
    "distances": "experiment=uniform_shift",
    "prepare": "dataset=mnist",
}


def _refuse_word(command: str, word: str) -> NoReturn:
    options = _options(command)
    meant = [group for group, names in options.items() if set(word.split(",")) <= set(names)]
    if meant:
        raise UserError(
            f"{quoted(word)} needs its group: say {' or '.join(f'{each}={word}' for each in meant)}."
        )
    by_name = {name: f"{group}={name}" for group, names in options.items() for name in names}
    close = difflib.get_close_matches(word, by_name, n=1, cutoff=0.6)
    hint = f" Did you mean {by_name[close[0]]}?" if close else ""
    raise UserError(
        f"{command} takes group=option and key=value, such as {_EXAMPLES[command]}; got {quoted(word)}.{hint}"
    )


def _setting_of(command: str, flag: str, following: Sequence[str]) -> str:
    """Return the setting that a flag was meant as, with its value; empty where there is none."""
    name, _, value = flag.lstrip("-").partition("=")
    if not value and following and not following[0].startswith("-") and "=" not in following[0]:
        value = following[0]
    name, keys = name.replace("-", "_"), [*_groups(command), *_keys(command, [])]
    found = [key for key in keys if key == name] or [key for key in keys if key.rpartition(".")[2] == name]
    found = found or difflib.get_close_matches(name, keys, n=1, cutoff=0.75)
    # an endless one is no value that anybody meant
    return f"{found[0]}={value or 'VALUE'}" if name and found and len(value) <= _LONGEST else ""


def _groups(command: str) -> tuple[str, ...]:
    return {"train": own_groups().shown, "prepare": ("dataset",), "distances": ("experiment",)}[command]


def _options(command: str) -> dict[str, dict[str, str]]:
    folders = {group: "distances" if command == "distances" else group for group in _groups(command)}
    return {group: list_options(folder, [config_folder()]) for group, folder in folders.items()}


def _keys(command: str, others: Sequence[str]) -> list[str]:
    """Return the keys of the config that the rest of a command line composes; none if that is wrong, too."""
    register_resolvers()
    prefer_own_configs()
    root = "distances" if command == "distances" else "config"
    typed = [
        re.sub(r"^\+?experiment=", "distances=", each) if root == "distances" else each for each in others
    ]
    try:
        with hydra.initialize_config_dir(str(config_folder()), **version_base()):
            config: Any = OmegaConf.to_container(hydra.compose(root, expand_lists(typed)))
    except (HydraException, OmegaConfBaseException, ValueError):
        return []
    return [key for key in leaves_of(config) if not key.endswith("_target_")]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_KEYS} more" if len(names) > _MOST_KEYS else ""
    return f"{', '.join(names[:_MOST_KEYS])}{more}"
