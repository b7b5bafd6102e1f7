"""What may be typed for a value of conf/, in words: from the annotations of the class it is a field of."""

import importlib
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_type_hints

from gan_lab.architectures.dcgan import Norm
from gan_lab.config.checks import (
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    config_key,
    describe_rule,
)
from gan_lab.config.composition import TABLE
from gan_lab.config.scales import SCALES
from gan_lab.game.settings import MetricsSettings, TrainSettings
from reference.commented import Value

SECTIONS: dict[str, Any] = {"train": TrainSettings, "metrics": MetricsSettings}
"""The nodes of the config that no ``_target_`` names the class of."""

TOP: dict[str, Any] = {
    "seed": NonNegativeInt,
    "scale": Literal[SCALES] | None,
    **{key.name: key.rule | None for key in TABLE if key.rule is not None},
    "critic_norm": Norm,
    "critic_lr_share": PositiveFloat | None,
    "trusted": tuple[str, ...],
    "animate": bool,
    "latent_dim": PositiveInt,
}
"""What is checked where it is read, and is a field of no class."""

_OF_YAML = {"true": "true or false", "false": "true or false"}


def words_of(value: Value) -> str:
    """Return what a value may be: of its field, else of the key at the top, else as the value looks."""
    if value.kind:
        found = _hints_of(value.kind).get(value.keys[-1])
    elif len(value.keys) == 2 and value.keys[0] in SECTIONS:
        found = _hints(SECTIONS[value.keys[0]])[value.keys[1]]
    else:
        found = TOP.get(".".join(value.keys))
    return describe_rule(found) if found is not None else _of_what_is_written(value.written)


def class_of(path: str) -> type | None:
    """Return the class of a dotted path; None if it cannot be imported, as without an optional package."""
    module, _, name = path.rpartition(".")
    try:
        found: type = getattr(importlib.import_module(module), name)
    except ImportError:
        return None
    return found


def _hints_of(path: str) -> dict[str, Any]:
    # classes of plug-ins are another package's, and may not be there
    return _hints(class_of(path)) if path.startswith("gan_lab.") else {}


def _hints(kind: Any) -> dict[str, Any]:
    if not is_dataclass(kind):
        return {}
    hints = get_type_hints(kind, include_extras=True)
    return {config_key(field): hints[field.name] for field in fields(kind)}


def _of_what_is_written(text: str) -> str:
    if text in _OF_YAML:
        return _OF_YAML[text]
    if text.startswith("["):
        return "a list"
    if text.startswith("{"):
        return "a mapping"
    if text == "null" or "${" in text:
        return ""
    return "a number" if text.replace(".", "").replace("e", "").replace("-", "").isdigit() else "text"
