"""What tells configurations apart: one hash, and one list of what does not count."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gan_lab.config.composition import TABLE

KEYS_OF_EXPERIMENTS = tuple(key.name for key in TABLE if key.of_experiments)
"""Keys that experiments set, learning_rate also a dataset: what they decide stands in other keys, too."""

KEYS_OF_COMPOSITION = tuple(key.name for key in TABLE if not key.is_kept)
"""All keys that are read by composition alone: also those by which a dataset sets what other groups use."""

_LATER_KEYS: Mapping[str, Any] = {"critic_lr_share": None, "train.deterministic": False}
"""Keys that came when there were runs without them, and the value of each that does what these did: that does
not count."""

_RECORDING = ("train.profile",)
"""Keys that say what is recorded besides, and change no number: a run may go on with other values of them."""

TRACKER = "tracker"
"""The group that says where numbers go, and nothing of what they are: a run may go on with another."""


def config_hash(config: dict[str, Any]) -> str:
    """Return 12 hex digits that tell configurations apart: SHA-256 of their canonical JSON.

    ``KEYS_OF_COMPOSITION``, trackers and what ``counted_keys`` leaves out do not count, nor does
    the order of keys, nor whether a whole number is written 1 or 1.0.
    """
    left_out = (*KEYS_OF_COMPOSITION, TRACKER)
    counted = {key: value for key, value in counted_keys(config).items() if key not in left_out}
    text = json.dumps(_canonical(counted), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def counted_keys(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a config, or what lies below a prefix, without what does not count of it.

    That is what is recorded besides, and later keys that do what was done before them.
    """
    kept: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            kept[key] = counted_keys(value, f"{name}.")
        elif name not in _RECORDING and (name not in _LATER_KEYS or value != _LATER_KEYS[name]):
            kept[key] = value
    return kept


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
