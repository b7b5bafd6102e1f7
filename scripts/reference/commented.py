"""A YAML file of conf/ as a list of its values, each with where it stands, what is written and its comment.

A comment belongs to the value that it stands behind, or to the key that it stands above, at the key's
indentation. What stands above the first key is the file's own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from gan_lab.config.options import config_folder


@dataclass(frozen=True)
class Value:
    """A value of a YAML file that is no mapping.

    Attributes:
        file: below conf/, without its ending: ``constraint/clip``.
        keys: from the top of the file to the value.
        written: the value as it is written, without quotes.
        comment: what is said of it in its place; empty if nothing is.
        kind: the ``_target_`` of the mapping that it is in; empty without one.
        above: comments of the mappings that it is in, from the outermost to the innermost.
    """

    file: str
    keys: tuple[str, ...]
    written: str
    comment: str
    kind: str
    above: tuple[str, ...]


def read_values(path: Path) -> list[Value]:
    """Return the values of a file in their order, without ``defaults`` and ``_target_``.

    Raises:
        yaml.YAMLError: if it is none.
    """
    text = path.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    name = path.relative_to(config_folder()).with_suffix("").as_posix()
    if not isinstance(root, yaml.MappingNode):
        return []
    return list(_walk(root, text, name, (), ()))


def read_defaults(path: Path) -> list[tuple[str, str | None]]:
    """Return a file's defaults as groups with their options, as written: ``("override /optimizer", "adam")``.

    An entry that names an option of the file's own group has the group "".
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    found: list[tuple[str, str | None]] = []
    for entry in content.get("defaults", []):
        if isinstance(entry, dict):
            found += list(entry.items())
        elif entry != "_self_":
            found.append(("", entry))
    return found


def is_global(path: Path) -> bool:
    """Whether a file's keys count from the top of the config."""
    return path.read_text(encoding="utf-8").startswith("# @package _global_")


def header(path: Path) -> list[str]:
    """Return the comment lines at the top of a file, without Hydra's own."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            lines.append(line[1:].strip())
    return lines


def _walk(
    node: yaml.MappingNode, text: str, file: str, keys: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[Value]:
    named = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    kind = named["_target_"].value if "_target_" in named else ""
    for key, value in node.value:
        if key.value == "_target_" or (not keys and key.value == "defaults"):
            continue
        place, comment = (*keys, key.value), _comment_of(key, value, text.splitlines(), bool(node.flow_style))
        if isinstance(value, yaml.MappingNode) and value.value:
            yield from _walk(value, text, file, place, (*above, comment) if comment else above)
        else:
            yield Value(file, place, _written(value, text), comment, kind, above)


def _comment_of(key: yaml.Node, value: yaml.Node, lines: list[str], shares_line: bool) -> str:
    """Return what is said above a key and behind its value; nothing where several keys share a line."""
    if shares_line:
        return ""
    block = isinstance(value, yaml.CollectionNode) and not value.flow_style
    # a block begins behind its key; what follows it belongs to others
    mark = key.end_mark if block else value.end_mark
    behind = (
        re.search(r"(?:^|\s)#\s*(.*)$", lines[mark.line][mark.column :]) if mark.line < len(lines) else None
    )
    return "; ".join(part for part in (_above(key, lines), behind[1] if behind else "") if part)


def _above(key: yaml.Node, lines: list[str]) -> str:
    first = key.start_mark.line
    indent = " " * key.start_mark.column
    while first > 0 and lines[first - 1].startswith(f"{indent}#"):
        first -= 1
    if first == 0:
        return ""
    return " ".join(line.strip("# ") for line in lines[first : key.start_mark.line])


def _written(value: yaml.Node, text: str) -> str:
    if not isinstance(value, yaml.CollectionNode):
        return str(value.value).strip() or "null"
    if not value.flow_style:
        return f"[{', '.join(item.value for item in value.value)}]"
    return re.sub(r"\s+", " ", text[value.start_mark.index : value.end_mark.index])
