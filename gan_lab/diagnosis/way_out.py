"""A rule's way out as a command: what was typed, without what the way out takes the place of."""

import functools
import re
from typing import Any, NamedTuple

import yaml

from gan_lab.config.command_lines import command_line, words_of
from gan_lab.config.composition import TABLE
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder

_OF_FOLDERS = ("hydra.run.", "hydra.sweep.")  # another run needs another folder
_OVERRIDE = re.compile(r"override /(?P<group>\w+)")
_LIST = re.compile(r"\[(?P<names>[\w ,]*)\]")


def command_of(typed: str, remedy: str) -> str:
    """Return the command that does what a way out says, to be pasted.

    An option such as ``objective=wgan_gp`` brings options of other groups: what was typed for those, such as
    ``constraint=clip`` or ``constraint.bound=.01``, would beat them, or belong to nothing. It is left out;
    so are keys of composition, such as ``clip_bound``, that nothing would read any more.

    Args:
        typed: the command that began the run, as its record has it.
        remedy: overrides, as :class:`gan_lab.runs.finding.Finding` has them.

    Returns:
        The command; empty where there is no way out, or the run was begun by another command.
    """
    words, new = words_of(typed), remedy.split()
    if words[:2] != ["gan-lab", "train"] or not new:
        return ""
    keys = {word.partition("=")[0] for word in new}
    brings = [_read(*word.partition("=")[::2]) for word in new]
    options = {group: option for each in brings for group, option in each.options.items()}
    brought = {*options, *(key for each in brings for key in each.keys)}
    if "optimizer" in map(_key_of, words[2:]):
        brought -= {"optimizer"}  # a whole optimizer of one's own fits any objective
    groups = (keys | brought) & {*own_groups().sections}
    chosen = {key: _names(value) for key, _, value in (word.partition("=") for word in new)}
    gone = keys | brought | _undone(keys | brought, chosen | {key: (name,) for key, name in options.items()})
    kept = [word for word in words[2:] if not _is_superseded(_key_of(word), gone, groups)]
    # a bundle that stays, such as an experiment, may bring other options of these groups, which would win
    others = {group for word in kept for group in _read(*word.partition("=")[::2]).options}
    said = [f"{group}={option}" for group, option in options.items() if group in others & groups]
    return command_line(["gan-lab", "train", *kept, *new, *said])


def _undone(said: set[str], chosen: dict[str, tuple[str, ...]]) -> set[str]:
    """Return the keys that decide nothing beside others, and the settings that would undo those.

    Args:
        said: the other keys; groups among them.
        chosen: group to its options, of the groups that are chosen anew.
    """
    gone: set[str] = set()
    for key in TABLE:
        if key.setters & said or (key.group in chosen and key.option not in chosen[key.group]):
            gone.add(key.name)
        elif key.name in said:
            gone |= key.setters
    return gone


def _names(value: str) -> tuple[str, ...]:
    """Return the options that the value of a group names: one, or several in brackets."""
    match = _LIST.fullmatch(value)
    return tuple(name.strip() for name in match["names"].split(",")) if match else (value,)


def _is_superseded(key: str, gone: set[str], groups: set[str]) -> bool:
    if key == "optimizer.lr":  # which every optimizer has
        return key in gone
    return key in gone or key.startswith(_OF_FOLDERS) or key.partition(".")[0] in groups


def _key_of(word: str) -> str:
    """Return the key that a word sets: ``constraint.parts.gp`` of ``+constraint@constraint.parts.gp=gp``."""
    key, equals, _ = word.partition("=")
    return key.lstrip("+~").rpartition("@")[2] if equals or word[:1] == "~" else ""


class _Option(NamedTuple):
    """What an option of the lab sets besides its own: options of other groups, and keys that go with them."""

    options: dict[str, str]
    keys: frozenset[str]


@functools.cache
def _read(group: str, option: str) -> _Option:
    path = config_folder() / group / f"{option}.yaml"
    if group not in own_groups().shown or not option.isidentifier() or not path.is_file():
        return _Option({}, frozenset())
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = [each for each in content.get("defaults", ()) if isinstance(each, dict)]
    found = [(_OVERRIDE.fullmatch(key), name) for each in entries for key, name in each.items()]
    options = {match["group"]: str(name) for match, name in found if match}
    # a key is brought where the option sets it, and where it brings the group that the key is for
    keys = (key.name for key in TABLE if key.name in content or key.group in options)
    return _Option(options, frozenset(keys))
