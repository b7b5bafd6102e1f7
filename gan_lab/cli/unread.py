"""Typed keys that composition alone reads, where nothing of the composed config is made of them."""

import logging
from collections.abc import Iterable
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from gan_lab.config.checks import conform
from gan_lab.config.composition import TABLE
from gan_lab.config.errors import UserError
from gan_lab.config.phrases import listed
from gan_lab.config.quoting import quoted

log = logging.getLogger(__name__)

_NEEDED = {
    "train.warmup_iterations": ("train.warmup_critic_steps",),
    "train.warmup_every": ("train.warmup_critic_steps",),
    "train.warmup_critic_steps": ("train.warmup_iterations", "train.warmup_every"),
}
"""Settings that nothing reads unless one of others is above 0; 0 itself says that."""

_OF_MEASUREMENTS = ("metrics.samples", "metrics.layers")


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
    if "critic_lr_share" in typed and isinstance(plain.get("critic_optimizer"), dict):
        raise UserError(
            "critic_lr_share decides nothing here, and must be left out: the critic has an optimizer of its "
            f"own, and critic_optimizer.lr sets its rate; got {quoted(config.critic_lr_share)}."
        )
    _tell_of_settings(config, typed, swept=swept)
    for key in TABLE:
        if not key.reader or key.name not in typed or (value := OmegaConf.select(config, key.name)) is None:
            continue
        if any(key.interpolation in text for text in texts):
            continue
        if key.rule is not None:  # where it is read, the rule of its setting holds, too
            conform(key.name, value, key.rule)
        _tell(key.name, key.instead, value, swept=swept)


def _tell_of_settings(config: DictConfig, typed: set[str], *, swept: bool) -> None:
    """Refuse a seed beside a list, and settings of a warm-up that there is none of; tell of measurements."""
    if not all(isinstance(config.get(section), DictConfig) for section in ("train", "metrics")):
        return  # refused where settings are made of them
    seeds = OmegaConf.select(config, "train.seeds")
    if "seed" in typed and isinstance(seeds, ListConfig):
        _tell("seed", "train.seeds lists the seeds", config.seed, swept=swept)
    for name, needed in _NEEDED.items():
        value = OmegaConf.select(config, name)
        if name == "train.warmup_critic_steps" and value < OmegaConf.select(config, "train.n_critic"):
            continue  # refused where the settings are made, which say how many there may be
        if name in typed and value and not any(OmegaConf.select(config, other) for other in needed):
            _tell(name, f"without {listed(needed, 'or')} above 0 there is no warm-up", value, swept=swept)
    if OmegaConf.select(config, "metrics.every"):
        return
    why = "" if "metrics.every" in typed else ", as in runs of under 500 iterations,"
    for name in sorted(typed.intersection(_OF_MEASUREMENTS)):
        log.warning(
            "%s is read by gan-lab evaluate alone: metrics.every is 0%s and no samples are measured while "
            "this is trained; metrics.every=100 measures them.",
            name,
            why,
        )


def _tell(key: str, why: str, value: Any, *, swept: bool) -> None:
    """Refuse a typed key, or say of it in a sweep, that it decides nothing."""
    begin, end = f"{key} decides nothing here", f"{why}; got {quoted(value)}."
    if not swept:
        raise UserError(f"{begin}, and must be left out: {end}")
    log.warning("%s: %s", begin, end)


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
