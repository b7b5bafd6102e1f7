"""Tensors in nested tuples and dictionaries: states, batches, measurements."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from gan_lab.types import Params

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


def to_device(tree: Tree, device: torch.device) -> Tree:
    """Return a tree on a device; tensors that are there already are shared."""
    return map_tensors(lambda tensor: tensor.to(device), tree)


def stack(trees: Sequence[Tree]) -> Tree:
    """Return trees of one form as one tree, stacked along a new axis 0."""
    return map_tensors(lambda *tensors: torch.stack(tensors), *trees)


def member_of(tree: Tree, index: int) -> Tree:
    """Return one of the trees that were stacked, with memory of its own."""
    return map_tensors(lambda tensor: tensor[index].clone(), tree)


def flatten(params: Params) -> Tensor:
    """Return all parameters as one vector (P,): an elementwise optimizer needs no loop over layers."""
    return torch.cat([value.reshape(-1) for value in params.values()])


def add(params: Params, step: Tensor) -> Params:
    """Return the parameters plus a flat step (P,)."""
    pieces = torch.split(step, [value.numel() for value in params.values()])
    return {
        name: value + piece.view(value.shape)
        for (name, value), piece in zip(params.items(), pieces, strict=True)
    }


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine () of the angle between two vectors (P,), however short; 0 where one is zero."""
    # entries are brought near 1 first: vanishing gradients are the case to be seen, and their norms underflow
    a, b = _scaled(a), _scaled(b)
    norms = torch.linalg.vector_norm(a) * torch.linalg.vector_norm(b)
    angle: Tensor = torch.dot(a, b) / norms.clamp(min=torch.finfo(a.dtype).tiny)
    return angle


def _scaled(vector: Tensor) -> Tensor:
    least, greatest = torch.aminmax(vector)
    largest = torch.maximum(greatest, -least)
    return vector / largest.clamp(min=torch.finfo(vector.dtype).tiny)
