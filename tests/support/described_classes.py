"""What two tests hold a composed config to: every setting of every class that it names stands in it."""

import dataclasses
import importlib
from collections.abc import Iterator
from typing import Any


def nodes_with_a_target(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "_target_" in node:
            yield node
        for value in node.values():
            yield from nodes_with_a_target(value)


def assert_every_setting_is_there(node: dict[str, Any]) -> None:
    """Assert that a node's keys are its class's fields."""
    module, _, name = node["_target_"].rpartition(".")
    fields = dataclasses.fields(getattr(importlib.import_module(module), name))
    keys = {field.metadata.get("key", field.name) for field in fields}
    assert set(node) - {"_target_"} == keys, node["_target_"]
