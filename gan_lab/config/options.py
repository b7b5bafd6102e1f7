"""The option files of the config groups: what there is, and what each is in a line."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml


def config_folder() -> Path:
    """Return the folder of configs: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def list_options(group: str, folders: Iterable[Path]) -> dict[str, str]:
    """Return the options of a group in the order of their names, each with its description."""
    found = {
        path.stem: describe_option(path)
        for folder in folders
        for path in sorted((folder / group).glob("*.yaml"))
    }
    return dict(sorted(found.items()))


def option_node(group: str, name: str) -> dict[str, Any]:
    """Return what a file of conf/ says of its option itself, before anything is resolved: class and settings.

    A file that sets keys all over the config has them below the name of its group; another has nothing else.
    """
    text = (config_folder() / group / f"{name}.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    node: dict[str, Any] = content.get(group, content)
    return node


def describe_option(path: Path) -> str:
    """Return the first comment of an option file that is not Hydra's package header."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") and not line.startswith("# @package"):
            return line.lstrip("# ")
    return ""


def format_options(groups: Iterable[str], folders: Iterable[Path]) -> str:
    """Return groups with their options, a line each, for the help text."""
    folders = list(folders)
    lines = []
    for group in groups:
        options = format_group(group, folders)
        if options:
            lines += [group, options, ""]
    return "\n".join(lines).rstrip()


def format_group(group: str, folders: Iterable[Path]) -> str:
    """Return the options of one group, a line each, for the help text."""
    return "\n".join(f"  {name:<24} {text}" for name, text in list_options(group, folders).items())
