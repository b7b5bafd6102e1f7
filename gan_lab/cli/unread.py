"""Typed keys that composition alone reads, where nothing of the composed config is made of them."""

import logging
import re
from collections.abc import Iterable
from typing import Any

from omegaconf import DictConfig, OmegaConf

from gan_lab.config.checks import NonNegativeInt, PositiveFloat, conform
from gan_lab.config.errors import UserError
from gan_lab.config.quoting import quoted

log = logging.getLogger(__name__)

_RULES = {
    "learning_rate": PositiveFloat,
    "gp_weight": PositiveFloat,
    "r1_weight": PositiveFloat,
    "clip_bound": PositiveFloat,
    "clip_lr_share": PositiveFloat,
    "draw": NonNegativeInt,
}
"""What the keys may be; where they are read, the rule of their setting holds, too."""

_READ_AS = {
    "learning_rate": (r"\$\{gan_lab\.rate:", "optimizer.lr is set by itself"),
    "gp_weight": (r"\$\{gan_lab\.gp_weight:", "constraint=gp reads it, and constraint.weight sets it"),
    "clip_bound": (r"\$\{gan_lab\.clip_bound:", "constraint=clip reads it, and constraint.bound sets it"),
    "r1_weight": (r"\$\{gan_lab\.r1_weight:", "constraint=r1 reads it, and constraint.weight sets it"),
    "clip_lr_share": (r"\$\{gan_lab\.clip_bound:", "constraint=clip reads it, and critic_lr_share sets it"),
    "draw": (r"\$\{draw\}", "experiment=robustness reads it"),
    "critic_norm": (r"\$\{critic_norm\}", "a DCGAN critic reads it, and architecture.critic.norm sets it"),
}
"""The interpolation that reads a key, and what to do where there is none."""


def refuse_unread(config: DictConfig, overrides: Iterable[str], *, swept: bool) -> None:
    """Check that what was typed decides something.

    Args:
        config: as composed, its interpolations unresolved.
        overrides: as typed, ``key=value``, those of a sweep's axes among them.
        swept: whether the job is one of a sweep, of which another may read the key: it is only said then.

    Raises:
        UserError: if a key has a value that it cannot have, or of a lone job one that nothing reads.
    """
    typed = {override.partition("=")[0].lstrip("+") for override in overrides}
    plain: Any = OmegaConf.to_container(config, resolve=False)
    texts = list(_texts(plain))
    for key, (read, instead) in _READ_AS.items():
        if key not in typed or (value := OmegaConf.select(config, key)) is None:
            continue
        if any(re.search(read, text) for text in texts):
            continue
        if key in _RULES:
            conform(key, value, _RULES[key])
        fault = f"{key} decides nothing here, and must be left out: {instead}; got {quoted(value)}."
        if not swept:
            raise UserError(fault)
        log.warning("%s", fault.replace(", and must be left out", ""))


def _texts(node: Any) -> Iterable[str]:
    """Yield every text of a config that is not resolved."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
