"""Configs of runs that are short: what is said on the command line, and composed."""

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from gan_lab.cli.compose import compose

Compose = Callable[..., dict[str, Any]]
Train = Callable[..., Path]

TOY = ["dataset=ring8", "architecture.generator.width=16", "architecture.critic.width=16"]
DIGITS = ["dataset=digits", "architecture.generator.width=8", "architecture.critic.width=8"]
FEW = ["train.batch_size=16", "train.log_every=4", "train.sample_every=8", "train.checkpoint_every=4"]
FEW += ["train.warmup_iterations=0"]  # one warm-up, at the first iteration, instead of 25


def compose_config(*overrides: str) -> dict[str, Any]:
    """Return what `gan-lab train OVERRIDES` composes, resolved; composed once, and a copy of it for each."""
    return copy.deepcopy(_composed(overrides))


@cache
def _composed(overrides: tuple[str, ...]) -> dict[str, Any]:
    return compose(list(overrides)).config
