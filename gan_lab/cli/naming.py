"""What a job and a sweep are called: folders that say what is in them, by the choices that were made."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig

from gan_lab.config.groups import own_groups

_LONGEST = 80  # bytes of each part: names of folders end at 255, and hold a time or a hash besides


def choices_of(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that say what is run, by group, out of all that Hydra composed."""
    groups = own_groups()
    return {
        group: str(option)
        for group, option in chosen.items()
        if groups.is_choice(group) and option is not None and "@" not in group
    }


def sweep_name(overrides: list[str]) -> str:
    """Return a folder name for a sweep: the same for the same overrides, in any order."""
    task = sorted(o for o in overrides if "=" in o and not o.lstrip("+~").startswith(("hydra.", "hydra/")))
    digest = hashlib.sha256("\n".join(task).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    named = [o.partition("=")[2] for o in task if o.startswith(("experiment=", "scale="))]
    swept = [o for o in task if "," in o]
    return f"{_safe('_'.join([*named, *swept])) or 'sweep'}_{digest}"


def run_name(root: DictConfig) -> str:
    """Return a folder name that says what is run: choices, seed and the values that were set."""
    chosen = choices_of(root.hydra.runtime.choices)
    if chosen.get("constraint") == "compose":
        chosen["constraint"] = "+".join(root.constraint.parts)
    names = [chosen[group] for group in own_groups().named if group in chosen]
    values = [
        override.lstrip("+")
        for override in root.hydra.overrides.task
        if override.partition("=")[0].lstrip("+~").split("@")[0] not in chosen
        and not override.startswith("seed=")
        and "@" not in override
    ]
    parts = [_safe("_".join(names)), _safe(f"seed{root.seed}"), _safe("_".join(sorted(values)))]
    return "_".join(filter(None, parts))


def _safe(text: str) -> str:
    safe = re.sub(r"[^\w.=+,-]+", "-", text).encode("utf-8", "replace")
    return safe[:_LONGEST].decode("utf-8", "ignore").strip("-")
