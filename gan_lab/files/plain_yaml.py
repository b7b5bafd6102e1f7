"""YAML that may be a stranger's, read as what the lab itself writes: mappings, lists, texts and numbers.

YAML can do more: an alias repeats what an anchor named, so that a few lines become gigabytes or a structure
that holds itself, and tags make dates, sets, bytes and objects. No file of the lab needs any of it.
"""

from typing import Any

import yaml
from yaml.events import AliasEvent, Event
from yaml.nodes import MappingNode, Node, ScalarNode

from gan_lab.config.digits import MOST_DIGITS

MOST_BYTES = 1 << 20
"""Of a file; a config has some thousands."""

_DEEPEST = 40  # levels of a config are about five
_TYPES = ("null", "bool", "int", "float", "str", "seq", "map")


class PlainYamlError(ValueError):
    """Why a text is not plain YAML: half a sentence, such as "it has an alias in line 3"."""


class _Loader(yaml.SafeLoader):
    """A safe loader without aliases and anchors, tags, merge keys, dates, and keys that are no text."""

    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event: Event = self.peek_event()  # type: ignore[no-untyped-call]
        where = _line_of(event)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise PlainYamlError(f"it has an anchor or an alias {where}")
        if getattr(event, "tag", None) is not None:
            raise PlainYamlError(f"could not determine a plain type for the tag {where}")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise PlainYamlError(f"it is nested more than {_DEEPEST} levels deep {where}")
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        del deep
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            where = _line_of(key_node)
            if not isinstance(key_node, ScalarNode) or not key_node.tag.endswith(":str"):
                raise PlainYamlError(f"it has a key that is no text {where}")
            if key_node.value in mapping:
                raise PlainYamlError(f"it has a key twice {where}")
            mapping[key_node.value] = self.construct_object(value_node, deep=True)
        return mapping

    def construct_yaml_int(self, node: ScalarNode) -> Any:
        """Return a whole number; of too many digits its text, which the rule of its key then refuses."""
        return node.value if len(node.value) > MOST_DIGITS else super().construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in _TYPES]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """A safe dumper that writes a value twice where it stands twice."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def load_plain(text: str | bytes) -> Any:
    """Return what a text holds: plain containers of texts, finite or infinite numbers, booleans and None.

    Raises:
        PlainYamlError: if it is too large, or no YAML, or makes use of more than that.
    """
    if len(text) > MOST_BYTES:
        raise PlainYamlError(f"it has more than {MOST_BYTES:,} bytes")
    try:
        if isinstance(text, bytes):
            text = text.decode()
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise PlainYamlError(_in_a_line(error)) from None
    except PlainYamlError:
        raise
    # what is no UTF-8, or nested without end
    except (ValueError, RecursionError, OverflowError) as error:
        raise PlainYamlError(_in_a_line(error)) from None


def dump_plain(content: Any) -> bytes:
    """Return plain containers as YAML that :func:`load_plain` reads; keys stay in their order."""
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text.encode(errors="surrogateescape")


def _line_of(part: Event | Node) -> str:
    return f"in line {part.start_mark.line + 1}" if part.start_mark else ""


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())
