"""Configs on their way into Hydra and out of it: overrides rewritten, what was composed made plain."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf

from gan_lab.config.checks import conform
from gan_lab.config.composition import TABLE
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.quoting import quoted
from gan_lab.config.scales import DEFAULT_SCALE
from gan_lab.runs.config_hash import KEYS_OF_COMPOSITION, KEYS_OF_EXPERIMENTS

SEVERAL = {"constraint": "compose", "tracker": "several"}
"""Groups of which several options may be chosen, to the option that has them as its parts."""

_ALONE = {"constraint": {"none", "compose"}, "tracker": {"several"}}
"""Options that stand in no list of their group."""

_LIST = re.compile(rf"(?:\+)?(?P<group>{'|'.join(SEVERAL)})=\[(?P<names>[\w ,'\"]*)\]")
_PART = re.compile(rf"\+(?P<group>{'|'.join(SEVERAL)})@(?P=group)\.parts\.(?P<name>\w+)=(?P=name)")
_TRACKERS = re.compile(r"^(\+?)trackers(?=[.=])")  # as other templates call the group


def version_base() -> dict[str, Any]:
    """Return the argument of Hydra's that 1.4 warns of, and 1.3 of its absence."""
    return {"version_base": "1.3"} if version_of(hydra) < (1, 4) else {}


def version_of(package: ModuleType) -> tuple[int, ...]:
    """Return a package's version as far as its second number."""
    return tuple(int(part) for part in package.__version__.split(".")[:2])


def take_experiment_keys(composed: dict[str, Any], choices: Mapping[str, str]) -> dict[str, str]:
    """Take out of a composed config what composition alone reads, and return what experiments do as choices.

    Raises:
        UserError: if a key that experiments alone read is set without one.
    """
    taken = {key: composed.pop(key, None) for key in KEYS_OF_COMPOSITION}
    given = {key: taken[key] for key in KEYS_OF_EXPERIMENTS}
    if "experiment" not in choices and "panel" not in choices:
        for key in (each.name for each in TABLE if each.of_experiments and not each.of_datasets):
            if given[key] is not None:
                raise UserError(
                    f"{key} must come with an experiment, such as experiment=stability; got "
                    f"{quoted(given[key])}."
                )
        return {}  # a rate without an experiment is typed or the dataset's, and stands in optimizer.lr
    given["scale"] = given["scale"] or DEFAULT_SCALE
    return {key: str(value) for key, value in given.items() if value is not None}


def trusted_packages(composed: dict[str, Any]) -> tuple[str, ...]:
    """Return the packages besides gan_lab whose classes a composed config may name."""
    # a text would pass for a list of its letters
    packages: tuple[str, ...] = conform("trusted", composed["trusted"], tuple[str, ...])
    return packages


def to_plain(config: DictConfig) -> dict[str, Any]:
    """Return a composed config resolved, as plain containers, with the dataset's root made absolute."""
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    root = plain["dataset"].get("root") if isinstance(plain.get("dataset"), dict) else None
    if isinstance(root, str) and root.strip():  # an empty one is refused, and is not the current folder
        plain["dataset"]["root"] = str(Path(root).expanduser().absolute())
    return plain


def expand_lists(arguments: list[str]) -> list[str]:
    """Rewrite ``constraint=[a,b]`` as the composition of a and b, in Hydra's own words; likewise ``tracker``.

    Hydra would merge the options of a list into one node; they are to stand side by side, as
    ``constraint.parts.a`` and ``constraint.parts.b``. Of a group that is given more than once the last
    counts, as of every key.

    Raises:
        UserError: if a list names no option, one twice, or one that stands alone.
    """
    named = [_TRACKERS.sub(r"\1tracker", each, count=1) for each in arguments]
    last = {_group_of(argument): place for place, argument in enumerate(named)}
    expanded: list[str] = []
    for place, argument in enumerate(named):
        group, match = _group_of(argument), _LIST.fullmatch(argument)
        if group in SEVERAL and place < last[group]:
            continue
        if match is None:
            expanded.append(argument)
            continue
        names = [name.strip(" '\"") for name in match["names"].split(",") if name.strip()]
        _require_side_by_side(group, names, argument.partition("=")[2])
        parts = [f"+{group}@{group}.parts.{name}={name}" for name in names]
        expanded += [f"{group}={SEVERAL[group]}", *parts]
    return expanded


def is_list(argument: str) -> bool:
    """Return whether an argument is a list of options that :func:`expand_lists` can put side by side."""
    return _LIST.fullmatch(_TRACKERS.sub(r"\1tracker", argument, count=1)) is not None


def merged_options(group: str) -> UserError:
    """Return the refusal of a list of options that nothing puts side by side."""
    return UserError(
        f"Hydra would merge a list of {group} options into one; but for a plain constraint=[a,b], "
        "a combination must be an option of its own, such as constraint=spectral_norm_consistency."
    )


def contract_lists(overrides: list[str]) -> list[str]:
    """Return overrides as a user types them: what :func:`expand_lists` has made of a list is one again."""
    parts: dict[str, list[str]] = {}
    for override in overrides:
        if (part := _PART.fullmatch(override)) is not None:
            parts.setdefault(part["group"], []).append(part["name"])
    lists = {f"{group}={SEVERAL[group]}": f"{group}=[{','.join(names)}]" for group, names in parts.items()}
    if not lists.keys() <= {*overrides}:
        return overrides
    return [lists.get(each, each) for each in overrides if _PART.fullmatch(each) is None]


def _group_of(argument: str) -> str:
    """Return the key that an argument sets; one of its own for a flag, which sets none."""
    key, equals, _ = argument.partition("=")
    return key.removeprefix("+") if equals else argument


def _require_side_by_side(group: str, names: list[str], given: str) -> None:
    """Check that options can stand side by side."""
    if not names:
        example = {"constraint": "[gp,clip]", "tracker": "[tensorboard,wandb]"}[group]
        raise BadValueError(group, f"an option, or a list of at least one, as in {group}={example}", given)
    if len({*names}) < len(names):
        raise BadValueError(group, "an option, or a list of different ones", given)
    if alone := _ALONE[group].intersection(names):
        raise BadValueError(
            group, f"an option, or a list of such as do something, without {alone.pop()}", given
        )
