"""Tensors in nested tuples and dictionaries: states, batches, measurements."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

Tree = TypeVar("Tree")


def map_tensors(function: Callable[..., Tensor], tree: Tree, *others: Tree) -> Tree:
    """Return a tree of the same form, made of ``function`` of the tensors at the same place of each tree."""
    made: Any
    if isinstance(tree, Tensor):
        made = function(tree, *others)
    elif isinstance(tree, dict):
        made = {key: map_tensors(function, value, *(o[key] for o in others)) for key, value in tree.items()}  # type: ignore[index]
    else:
        assert isinstance(tree, tuple), f"a tree of tensors holds {type(tree)}"
        values = (map_tensors(function, *parts) for parts in zip(tree, *others, strict=True))
        made = type(tree)(*values) if hasattr(tree, "_fields") else tuple(values)
    return made  # type: ignore[no-any-return]


def tensors_of(tree: Any) -> list[Tensor]:
    """Return a tree's tensors, in order."""
    found: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    map_tensors(note, tree)
    return found


def copy_of(tree: Tree) -> Tree:
    """Return a tree with memory of its own."""
    return map_tensors(torch.clone, tree)


def stack(trees: Sequence[Tree]) -> Tree:
    """Return trees of one form as one tree, stacked along a new axis 0."""
    return map_tensors(lambda *tensors: torch.stack(tensors), *trees)


def member_of(tree: Tree, index: int) -> Tree:
    """Return one of the trees that were stacked, with memory of its own."""
    return map_tensors(lambda tensor: tensor[index].clone(), tree)
