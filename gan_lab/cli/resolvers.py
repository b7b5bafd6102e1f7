"""The interpolations that conf/ uses, by the name after ``gan_lab.``."""

from functools import partial
from pathlib import Path
from typing import Any

import omegaconf
from omegaconf import DictConfig, OmegaConf

from gan_lab.cli.configs import to_plain, version_of
from gan_lab.cli.hydra_plugins import RESOLVERS
from gan_lab.cli.naming import job_folder, run_name
from gan_lab.config.composition import TABLE
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder, format_group, format_options, option_node
from gan_lab.config.scales import at_scale, drawn
from gan_lab.runs.config_hash import config_hash
from gan_lab.runs.record import leaves_of


def register_resolvers() -> None:
    """Register the interpolations that conf/config.yaml uses."""
    # 2.4 gives the new one the name of the old one
    before_2_4 = version_of(omegaconf) < (2, 4)
    register: Any = OmegaConf.register_new_resolver if before_2_4 else OmegaConf.register_resolver
    for name, function in {
        "run_name": lambda *, _root_: run_name(_root_, _job_hash(_root_)),
        "config_hash": lambda *, _root_: _job_hash(_root_),
        "job_folder": lambda *, _root_: job_folder(_root_, _job_hash(_root_)),
        "options": lambda *, _root_: format_options(own_groups().shown, _folders_of_options(_root_)),
        "options_of": lambda group, *, _root_: format_group(group, _folders_of_options(_root_)),
        "scale": lambda *values, _root_: at_scale(_root_.scale, values),
        **{key.resolver: partial(_unless_set, key.name) for key in TABLE if key.setter and key.resolver},
        "at_least": lambda value, lowest: max(value, lowest) if isinstance(lowest, int) else value,
        "clip_lr_share": lambda published, *, _root_: (
            _unless_set("clip_lr_share", published, _root_=_root_) if _has(_root_, "clip") else published
        ),
        "with_constraint": lambda names, value, otherwise, *, _root_: (
            value if any(_has(_root_, name) for name in names) else otherwise
        ),
        "where_reached": _where_reached,
        "drawn": lambda draw, key, *values: drawn(draw, key, values),
        **RESOLVERS,
    }.items():
        register(f"gan_lab.{name}", function, replace=True)


def _unless_set(key: str, published: Any, *, _root_: DictConfig) -> Any:
    """Return what a dataset or experiment sets a key to; only a root of `gan-lab train` has one to ask."""
    return published if _root_.get(key) is None else _root_[key]


def _has(root: DictConfig, constraint: str) -> bool:
    """Return whether the constraint, or a part of it, is of the class of an option.

    Of an option of gan-lab's own conf/, and of one that is no combination: all of these have one class.
    """
    plain: Any = OmegaConf.to_container(root, resolve=False)
    target = option_node("constraint", constraint)["_target_"]
    named = leaves_of({"constraint": plain.get("constraint")})
    return target in {value for key, value in named.items() if key.endswith("_target_")}


def _where_reached(value: int, *, _root_: DictConfig) -> int:
    """Return a number of iterations where a run has as many, else 0; what has none is refused elsewhere."""
    train = _root_.get("train")
    most = train.get("iterations") if isinstance(train, DictConfig) else None
    return value if isinstance(most, int) and most >= value else 0


def _job_hash(root: DictConfig) -> str:
    return config_hash(to_plain(OmegaConf.masked_copy(root, [str(key) for key in root if key != "hydra"])))


def _folders_of_options(root: DictConfig) -> list[Path]:
    folders = [config_folder()]
    for source in root.hydra.runtime.config_sources:
        path = Path(source.path)
        if source.schema == "file" and path.is_dir() and path not in folders:
            folders.append(path)
    return folders
