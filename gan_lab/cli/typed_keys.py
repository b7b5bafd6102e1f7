"""The key that a user typed, where a value reached the setting that refused it by an interpolation."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from gan_lab.config.composition import TABLE
from gan_lab.config.errors import BadValueError, UserError

_KEY = re.compile(r"\$\{(?P<key>[\w.]+)\}")
_RESOLVER = re.compile(r"\$\{gan_lab\.(?P<name>\w+):")
_READ_BY = {key.resolver: key.name for key in TABLE if key.setter and key.resolver}
"""What a resolver of ``gan_lab/cli/resolvers.py`` takes from the config without its being written there."""


def by_typed_key(error: UserError, config: DictConfig, overrides: Iterable[str]) -> UserError:
    """Return a refusal by the key of the command line, such as ``critic_norm``, where it names another.

    Args:
        error: as the setting raised it.
        config: as composed, its interpolations unresolved.
        overrides: as typed, ``key=value``.
    """
    if not isinstance(error, BadValueError):
        return error
    typed = {override.partition("=")[0].lstrip("+") for override in overrides}
    if error.key in typed:
        return error
    plain = OmegaConf.to_container(config, resolve=False)
    expression = _at(plain, error.key)
    for key in _sources(expression) if isinstance(expression, str) else ():
        if key in typed and _at(plain, key) == error.value:
            return BadValueError(key, error.rule, error.value)
    return error


def _sources(expression: str) -> list[str]:
    """Return the keys whose values an interpolation is made of."""
    named = [found["key"] for found in _KEY.finditer(expression)]
    return named + [_READ_BY[name] for name in _RESOLVER.findall(expression) if name in _READ_BY]


def _at(node: Any, key: str) -> Any:
    for name in key.split("."):
        if not isinstance(node, Mapping):
            return None
        node = node.get(name)
    return node
