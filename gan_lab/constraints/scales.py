"""Divisions by the size of a weight, where the weight is tiny, huge, or zero."""

import torch
from torch import Tensor

_LEAST, _GREATEST = 1e-9, 1e9


def near_one(weight: Tensor) -> Tensor:
    """Return what a weight is divided by, before anything is squared, so that no square is lost: ().

    1 for all but extreme weights, whose arithmetic thus stays as it is; of those with entries above 1e9, or
    with none above 1e-9, the largest; 1 for zeros. A constant to differentiation.
    """
    largest = weight.detach().abs().amax()
    is_usual = ((largest >= _LEAST) & (largest <= _GREATEST)) | (largest == 0)
    return torch.where(is_usual, torch.ones_like(largest), largest)


def divided(weight: Tensor, size: Tensor) -> Tensor:
    """Return a weight over its size (), and a weight of size 0 as it is: with a finite derivative, too."""
    return weight / torch.where(size == 0, torch.ones_like(size), size)
