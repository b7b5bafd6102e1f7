"""What Python users hand in: arrays, lists or tensors on any device."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

Samples = ArrayLike | Tensor
"""Anything that NumPy makes an array of, or a tensor on any device."""


def to_array(values: Samples) -> NDArray[Any]:
    """Return values as an array on the CPU, without a gradient."""
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
