"""The trackers that a config chooses."""

from collections.abc import Iterable, Mapping
from typing import Any

from gan_lab.config.build import build
from gan_lab.runs.config_hash import TRACKER
from gan_lab.tracking.writers.base import ExperimentTracker

_OWN = "gan_lab.tracking.writers."
_BEFORE = {"_target_": "gan_lab.tracking.writers.tensorboard.TensorBoard"}  # of configs without the group


def require_libraries_of(node: object, key: str = TRACKER) -> None:
    """Check that the libraries of gan-lab's own trackers are installed, without importing torch.

    Args:
        node: of a config, as :func:`build_tracker` gets it; of several, each is checked.
        key: where it stands in the config.

    Raises:
        UserError: if a library is missing.
    """
    if not isinstance(node, Mapping):
        return
    parts = node.get("parts")
    for name, part in parts.items() if isinstance(parts, Mapping) else ():
        require_libraries_of(part, f"{key}.parts.{name}")
    # TensorBoard is installed with gan-lab, and imports torch
    own = str(node.get("_target_")).startswith(_OWN) and node["_target_"] != _BEFORE["_target_"]
    if own and parts is None:
        build(node, ExperimentTracker, key).require()


def build_tracker(config: Mapping[str, Any], trusted: Iterable[str] = ()) -> ExperimentTracker:
    """Return what a config says of where numbers go besides ``metrics.csv``.

    Args:
        config: composed and resolved, as plain containers.
        trusted: packages besides gan_lab that the config may name classes of.

    Raises:
        UserError: if it is no tracker, or its library is missing.
    """
    tracker = build(config.get(TRACKER, _BEFORE), ExperimentTracker, TRACKER, trusted)
    tracker.require()
    return tracker
