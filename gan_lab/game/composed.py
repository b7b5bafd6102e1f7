"""What a composed config must be before anything is built of it, said without importing torch."""

from collections.abc import Mapping, Sequence
from typing import Any

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.groups import own_groups
from gan_lab.config.quoting import quoted
from gan_lab.runs.config_hash import KEYS_OF_COMPOSITION


def refuse_unknown_keys(config: Mapping[str, Any]) -> None:
    """Refuse a config that has keys which no part of a run is built from.

    Raises:
        UserError: naming the first of them.
    """
    known = [key for key in own_groups().keys if key not in KEYS_OF_COMPOSITION]
    for key in config:
        if key not in known:
            raise UserError(f"{key} is not a key of the config; it has {', '.join(known)}.")


def section_of(config: Mapping[str, Any], key: str, default: object = None) -> Mapping[str, Any]:
    """Return the settings that a config has under a key.

    Raises:
        UserError: if it has none there.
    """
    section = config.get(key, default)
    if not isinstance(section, Mapping):
        raise UserError(f"{key} must be a mapping of settings; got {quoted(section)}.")
    return section


def require_different(seeds: Sequence[int], asked: object) -> None:
    """Check that a run of each seed is another one, and that there are any.

    Args:
        seeds: that were asked for.
        asked: how they were, for the error.

    Raises:
        BadValueError: naming ``train.seeds``.
    """
    if not seeds or len(set(seeds)) < len(seeds):
        raise BadValueError("train.seeds", "a number of seeds, or a list of different ones", asked)
