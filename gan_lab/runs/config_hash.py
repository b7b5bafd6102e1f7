"""What tells configurations apart: one hash, and one list of what does not count."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gan_lab.config.composition import TABLE

KEYS_OF_EXPERIMENTS = tuple(key.name for key in TABLE if key.of_experiments)
"""Keys of a config that only the files of experiments read: what they decide stands in other keys, too."""

KEYS_OF_COMPOSITION = tuple(key.name for key in TABLE if not key.is_kept)
"""All keys that are read by composition alone: also those by which a dataset sets what other groups use."""

_LATER_KEYS = ("critic_lr_share",)
"""Keys that came when there were runs without them: null, which does what these did, does not count."""

TRACKER = "tracker"
"""The group that says where numbers go, and nothing of what they are: a run may go on with another."""


def config_hash(config: dict[str, Any]) -> str:
    """Return 12 hex digits that tell configurations apart: SHA-256 of their canonical JSON.

    ``KEYS_OF_COMPOSITION``, trackers and later keys that are null do not count, nor does the order of keys,
    nor whether a whole number is written 1 or 1.0.
    """
    unset = [key for key in _LATER_KEYS if config.get(key) is None]
    left_out = (*KEYS_OF_COMPOSITION, TRACKER, *unset)
    counted = {key: value for key, value in config.items() if key not in left_out}
    text = json.dumps(_canonical(counted), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
