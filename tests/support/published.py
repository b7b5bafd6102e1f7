"""The table of published values, and what the files of conf/ say instead of, or like, it.

``tests/data/published/GROUP.csv`` has a row for every value that an option's file sets, with its source.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gan_lab.config.options import config_folder

FOLDER = Path(__file__).parents[1] / "data" / "published"

GROUPS = ("objective", "constraint", "optimizer", "architecture", "dataset", "panel", "experiment", "sizes")
"""Folders of conf/ that the table covers; what runs share is in the rows of ``config``, ``settings``."""

FILES_BESIDE = ("config.yaml", "settings/toy.yaml")
_OF_HYDRA = ("run", "sweep.", "output_subdir", "callbacks", "job", "help")


class Row(NamedTuple):
    """One value of one option.

    Attributes:
        option: file of conf/ without its ending, such as "objective/wgan".
        key: dotted, in the file; "defaults./optimizer" for an option of another group that it chooses.
        value: as JSON; of a class, its name.
        source: paper and place, or file of released code; "own choice" with the reason.
    """

    option: str
    key: str
    value: str
    source: str


def read_table() -> list[Row]:
    """Return all rows."""
    rows: list[Row] = []
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += [Row(**row) for row in csv.DictReader(file)]
    return rows


def option_files() -> list[Path]:
    """Return the files of conf/ that the table covers."""
    found = [path for group in GROUPS for path in sorted((config_folder() / group).rglob("*.yaml"))]
    return found + [config_folder() / name for name in FILES_BESIDE]


def values_in(path: Path) -> dict[tuple[str, str], str]:
    """Return what a file of conf/ sets: (option, key) to value, as rows of the table have them."""
    option = path.relative_to(config_folder()).with_suffix("").as_posix()
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {(option, key): json.dumps(value) for key, value in _leaves(content) if not _is_left_out(key)}


def _leaves(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        key = f"{prefix}{name}"
        if key == "defaults":
            yield from _choices(value)
        elif name == "_target_":
            yield key, value.rpartition(".")[2]
        elif isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{key}.")
        else:
            yield key, value


def _choices(defaults: list[Any]) -> Iterator[tuple[str, Any]]:
    for entry in defaults:
        if isinstance(entry, Mapping):
            for group, option in entry.items():
                yield f"defaults.{group.removeprefix('override ')}", option
        elif entry != "_self_":
            yield f"defaults.{entry}", entry


def _is_left_out(key: str) -> bool:
    return key.startswith(tuple(f"hydra.{name}" for name in _OF_HYDRA))
