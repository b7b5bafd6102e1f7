"""Arithmetic of parameters: as one flat vector, which optimizers work on, and by name."""

import torch
from torch import Tensor

from gan_lab.types import Params


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


def move_average(average: Params, params: Params, decay: float | None) -> Params:
    """Return the exponential moving average one iteration later; empty stays empty."""
    if decay is None:
        return average
    return {name: torch.lerp(params[name], value, decay) for name, value in average.items()}
