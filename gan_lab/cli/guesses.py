"""What was probably meant: a word that stands alone, an option with dashes, a key that is not there.

Settings are ``key=value`` here, where most programs have ``--key value``; whoever types the latter is told
the former, with the whole key.
"""

import difflib
from collections.abc import Sequence
from typing import Any, NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import OmegaConf

from gan_lab.cli.configs import version_base
from gan_lab.cli.hydra_plugins import prefer_own_configs
from gan_lab.cli.resolvers import register_resolvers
from gan_lab.config.errors import UserError
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder, list_options
from gan_lab.config.phrases import listed
from gan_lab.config.quoting import did_you_mean, quoted
from gan_lab.runs.record import leaves_of

_MOST_KEYS = 20  # that a message lists
_LONGEST = 80  # characters of a value that a message repeats
_SIGNS = "+~@. "  # that may stand before a key, or in it, and are none


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
            following = arguments[place + 1 :]
            keys = [] if flag in known else [*_groups(command), *_keys(command)]
            meant = setting_of(argument, following, keys) if keys else ""
            if meant:
                raise UserError(f"{flag} is no flag; settings have no dashes. Did you mean {meant}?")
        elif not argument.partition("=")[0].strip(_SIGNS) or ("=" not in argument and argument[0] != "~"):
            _refuse_word(command, argument)


def words_on_key(command: str, key: str, keys: Sequence[str]) -> str:
    """Return that a key is no setting, with the one that was probably meant; where none was, with all.

    Args:
        command: ``train``, ``distances`` or ``prepare``.
        key: what is none.
        keys: of the config that it was typed for.
    """
    node, _, last = key.rpartition(".")
    below = [name.removeprefix(f"{node}.") for name in keys if node and name.startswith(f"{node}.")]
    if below:
        meant = did_you_mean(last, below).replace("Did you mean ", f"Did you mean {node}.")
        there_are = f"{node} has {_listed(below)}"
    else:
        # Hydra's own settings are beside nobody's but themselves
        own = [name for name in keys if name.startswith("hydra.") == key.startswith("hydra.")]
        names = [*own, *(group for group in _groups(command) if group not in own)]
        meant = did_you_mean(key, names)
        sections = {name.partition(".")[0] for name in names if "." in name} | {*_groups(command)}
        # those that have keys first: what is looked for is most often below one of them
        tops = sorted(
            dict.fromkeys(name.partition(".")[0] for name in names), key=lambda it: it not in sections
        )
        there_are = f"there are {_listed(tops)}"
    # Hydra's way out, +key=value, would only add a key that nothing reads
    instead = f".{meant}" if meant else f"; {there_are}."
    # with its command: evaluate and resume read settings, too, and have no such flag
    return f"{key} is no setting{instead} gan-lab {command} --cfg job prints every setting."


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
            f"{quoted(word)} needs its group: say {listed((f'{each}={word}' for each in meant), 'or')}."
        )
    by_name = {name: f"{group}={name}" for group, names in options.items() for name in names}
    close = difflib.get_close_matches(word, by_name, n=1, cutoff=0.6)
    hint = f" Did you mean {by_name[close[0]]}?" if close else ""
    raise UserError(
        f"{command} takes group=option and key=value, such as {_EXAMPLES[command]}; got {quoted(word)}.{hint}"
    )


def setting_of(flag: str, following: Sequence[str], keys: Sequence[str]) -> str:
    """Return the setting that a flag was meant as, with its value; empty where there is none.

    Args:
        flag: with its dashes, as typed.
        following: the words after it.
        keys: of the settings that there are.
    """
    name, _, value = flag.lstrip("-").partition("=")
    if not value and following and not following[0].startswith("-") and "=" not in following[0]:
        value = following[0]
    name = name.replace("-", "_")
    found = [key for key in keys if key == name] or [key for key in keys if key.rpartition(".")[2] == name]
    found = found or difflib.get_close_matches(name, keys, n=1, cutoff=0.75)
    # an endless one is no value that anybody meant
    return f"{found[0]}={value or 'VALUE'}" if name and found and len(value) <= _LONGEST else ""


def _groups(command: str) -> tuple[str, ...]:
    return {"train": own_groups().shown, "prepare": ("dataset",), "distances": ("experiment",)}[command]


def _options(command: str) -> dict[str, dict[str, str]]:
    folders = {group: "distances" if command == "distances" else group for group in _groups(command)}
    return {group: list_options(folder, [config_folder()]) for group, folder in folders.items()}


def _keys(command: str) -> list[str]:
    """Return the keys of the config that a command composes when nothing is said."""
    register_resolvers()
    prefer_own_configs()
    root = "distances" if command == "distances" else "config"
    with hydra.initialize_config_dir(str(config_folder()), **version_base()):
        config: Any = OmegaConf.to_container(hydra.compose(root))
    return [key for key in leaves_of(config) if not key.endswith("_target_")]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_KEYS} more" if len(names) > _MOST_KEYS else ""
    return f"{', '.join(names[:_MOST_KEYS])}{more}"
