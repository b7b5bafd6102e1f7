"""Errors of Hydra and its plugins, in words for whoever typed the command."""

import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gan_lab.cli.failures import CRASHED, REFUSED, Failure
from gan_lab.cli.guesses import words_on_key
from gan_lab.cli.hydra_folders import refusal_of_folder
from gan_lab.config.command_lines import command_line, override
from gan_lab.config.digits import MOST_DIGITS
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.quoting import LONGEST_VALUE, did_you_mean, quoted, shortened, shown
from gan_lab.runs.record import leaves_of

_PLUGIN = re.compile(r"hydra_plugins\.hydra_(?P<name>[a-z]+)_(?P<kind>launcher|sweeper)")
_RESOLVING = "BadValueError raised while resolving interpolation: "
_UNKNOWN = re.compile(
    r"Could not find '(?P<group>[\w/@.-]+)/(?P<name>[^'/]*)'\s+Available options in '[^']*':(?P<known>.*)",
    re.DOTALL,
)
_NO_KEY = re.compile(
    r"Could not (override '(?P<key>[^']*)'|delete from config\. '(?P<gone>[^']*)' does not exist)"
)
_MERGING = re.compile(r"Error merging override (?P<key>[^=]*)=(?P<value>.*)", re.DOTALL)
_RULES_OF_TYPES = {
    "converted to Integer": "a whole number",
    "converted to Float": "a number",
    "not a valid bool": "true or false",
    "is not Optional": "other than null",
    "is not a ListConfig": "a list",
    "is not a DictConfig": "a mapping",
}
_SEVERAL = re.compile(r"Ambiguous value for argument '(?P<given>.*)'")
_LONGEST = 300
_EMPTY_PLACE = re.compile(r"^\s*,|,\s*,|,\s*$")
_MEANS_MORE_IN_QUOTES = frozenset('"$`\\!')
_READ_BY = ("hydra", "omegaconf", "antlr4", "yaml")


def raised_in(error: Exception, package: str) -> bool:
    """Return whether an error was raised by a package's own code."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == package


def refusal_of(
    error: Exception, called: Mapping[str, str] | None = None, command: str = "train"
) -> str | None:
    """Return what Hydra refuses about a command, in one sentence; None for an error that is no such refusal.

    Args:
        error: raised by an application of Hydra's.
        called: config group to what the command line calls it, where that is something else.
        command: whose keys may have been meant: ``train``, ``distances`` or ``prepare``.
    """
    if isinstance(error, HydraException | OmegaConfBaseException):
        return (
            refusal_of_key(error, command)
            or _refusal_of_type(error)
            or one_line(str(in_our_words(error)), called)
        )
    if isinstance(error, OSError):  # what else a file or stdout cannot take is no refusal of Hydra's
        return refusal_of_folder(error)
    # Hydra and what it reads with raise some refusals, of dataset=5 for one, as they come
    if any(raised_in(error, library) for library in _READ_BY):
        if endless := _endless_number(error):
            return endless
        # an assertion has no words, but where it stands tells whose value it is about
        reason = _where(error) if isinstance(error, AssertionError) else one_line(str(error), called)
        return reason if isinstance(error, ValueError) else f"Hydra cannot read this: {reason}"
    return None


def one_line(text: str, called: Mapping[str, str] | None = None) -> str:
    """Return Hydra's message in gan-lab's words, or without what it says of its own data structures.

    Args:
        text: the message.
        called: config group to what the command line calls it, where that is something else.
    """
    text = _in_our_words(text)
    for group, name in (called or {}).items():
        text = re.sub(rf"^{group}(?=[ =])", name, text)
    return text


def in_our_words(error: Exception) -> Exception:
    """Return the refusal of an override that Hydra cannot read, with one that it can."""
    if not isinstance(error, OverrideParseException):
        return error
    key, equals, value = error.override.partition("=")
    if not equals:
        return UserError(f"{quoted(error.override)} is no override: those are written KEY=VALUE.")
    try:
        value.encode()
    except UnicodeEncodeError:
        if key.lstrip("+").startswith("hydra."):  # Hydra writes it into files that are UTF-8
            return BadValueError(key, "text in UTF-8", value)
    if _EMPTY_PLACE.search(value):
        return UserError(f"{key} must have a value on either side of a comma; got {quoted(value)}.")
    example = shown(shortened(_example(override(key, value)), LONGEST_VALUE))
    return UserError(
        f"{key} must be a value that Hydra can read; got {quoted(value)}: put text with other signs than "
        f"letters of ASCII, digits and . / _ - into quotes within the shell's, such as {example}"
    )


def _example(word: str) -> str:
    """Return a word as a shell has to be given it; in double quotes where nothing within means more there."""
    safe = word.isprintable() and not _MEANS_MORE_IN_QUOTES & {*word}
    return f'"{word}"' if safe else command_line([word])


def refusal_of_key(error: Exception, command: str = "train") -> str | None:
    """Return that a key is no setting, and what was probably meant; None where Hydra says something else.

    Args:
        error: raised by Hydra as it composed.
        command: ``train``, ``distances`` or ``prepare``.
    """
    unknown = _NO_KEY.search(str(error))
    if unknown is None:
        return None
    key = unknown["key"] or unknown["gone"]
    # of train={itrations: 3} Hydra names train, and the error that it comes from the key within
    within = str(getattr(error.__cause__, "full_key", None) or "")
    return words_on_key(command, within if within.startswith(f"{key}.") else key, _composed_keys(error))


def _refusal_of_type(error: Exception) -> str | None:
    """Return what a key of Hydra's own must be, where a value is of another type; None of other errors."""
    cause, merging = error.__cause__, _MERGING.match(str(error))
    if merging is None or not isinstance(cause, OmegaConfBaseException):
        return None
    reason = str(cause).partition("\n")[0]
    found = next((rule for text, rule in _RULES_OF_TYPES.items() if text in reason), None)
    if found is None:
        found = reason.partition("expected one of ")[2].strip("[]")
        found = f"one of {found}" if found else f"a value of its type ({reason.rstrip('.')})"
    return str(BadValueError(merging["key"], found, merging["value"]))


def _where(error: Exception) -> str:
    """Return in which function an error was raised."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return f"{type(error).__name__} in {frame.f_code.co_name} of {frame.f_globals.get('__name__')}."


def _composed_keys(error: Exception) -> list[str]:
    """Return the keys of the config that Hydra was about to change when it raised an error.

    It is a variable of Hydra's: to compose it once more would double the time until the refusal.
    """
    found = [frame.f_locals.get("cfg") for frame, _ in traceback.walk_tb(error.__traceback__)]
    configs = [each for each in found if isinstance(each, DictConfig)]
    plain: Any = OmegaConf.to_container(configs[-1]) if configs else {}
    return [key for key in leaves_of(plain) if not key.endswith("_target_")]


def _in_our_words(text: str) -> str:
    text = text.partition("Config search path:")[0].replace(_RESOLVING, "")
    if unknown := _UNKNOWN.search(text):
        group, known = unknown["group"], ", ".join(unknown["known"].split())
        meant = did_you_mean(unknown["name"], unknown["known"].split())
        return f"{group} must be one of {known}; got {quoted(unknown['name'])}.{meant}"
    if several := _SEVERAL.search(text):
        given = several["given"]
        return f"{given} names several values: -m runs each of them, and [...] around them makes them a list."
    # Hydra's way out, +key=value, would only add a key that nothing reads
    lines = [line.strip() for line in text.partition("To append to your config use")[0].splitlines()]
    return " ".join(line for line in lines if line and not line.startswith(("object_type=", "full_key:")))


def _endless_number(error: Exception) -> str | None:
    """Return where in a file of options a whole number has too many digits; None where none is at fault.

    Python names neither file nor key; the nodes that YAML was about to construct, from the document down to
    the number, know both.
    """
    found = [frame.f_locals.get("node") for frame, _ in traceback.walk_tb(error.__traceback__)]
    nodes = [node for node in found if isinstance(node, Node)]
    if not nodes or not isinstance(nodes[-1], ScalarNode) or len(nodes[-1].value) <= MOST_DIGITS:
        return None
    number, mark = nodes[-1], nodes[-1].start_mark
    key = next((key for node in nodes for key in _keys_to(number, node)), "a value")
    rule = f"without numbers of more than {MOST_DIGITS:,} digits"
    return f"{mark.name}, line {mark.line + 1}: {BadValueError(key, rule, number.value)}"


def _keys_to(wanted: Node, node: Node) -> Iterator[str]:
    """Yield the dotted key of a node below another."""
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if value is wanted or (isinstance(value, SequenceNode) and wanted in value.value):
            yield str(key.value)
        yield from (f"{key.value}.{rest}" for rest in _keys_to(wanted, value))


def failure_of_plugin(error: Exception) -> Failure | None:
    """Return what a launcher or sweeper failed of, or that it is not installed; None for other errors.

    Jobs note their failures and return, so what passes through a plugin's code is its own: a worker that
    was killed, a cluster that does not answer.
    """
    text, frames = one_line(str(error)), traceback.walk_tb(error.__traceback__)
    missing = _PLUGIN.search(text) if "Unknown plugin class" in text else None
    if missing:
        plugin = "{kind} {name}".format_map(missing.groupdict())
    elif "'hydra/sweeper/sampler/" in text and "Available options" not in text:
        plugin = "sweeper optuna"
    elif any("hydra_plugins" in str(frame.f_globals.get("__name__")) for frame, _ in frames):
        reason = f"{type(error).__name__}: {text}".partition(". ")[0][:_LONGEST].rstrip(" .:")
        return Failure(f"The sweep broke off ({reason}); the same command again does what is left.", CRASHED)
    else:
        return None
    return Failure(f"The {plugin} is not installed; it comes with pip install 'gan-lab[sweeps]'.", REFUSED)
