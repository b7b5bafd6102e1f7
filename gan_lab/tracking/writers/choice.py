"""The trackers that a config chooses."""

from collections.abc import Iterable, Mapping
from typing import Any

from gan_lab.config.build import build
from gan_lab.runs.config_hash import TRACKER
from gan_lab.tracking.writers.base import ExperimentTracker

_BEFORE = {"_target_": "gan_lab.tracking.writers.tensorboard.TensorBoard"}  # of configs without the group


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
