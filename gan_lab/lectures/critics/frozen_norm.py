"""A critic with batch norm that scores images one by one: its statistics are made to stand still."""

import copy

import torch
from torch import Tensor, nn

from gan_lab.types import Params, Score


def freeze_batch_norm(critic: nn.Module, weights: Params, images: Tensor) -> Score:
    """Return a critic whose batch norms use the statistics of some images, whatever batch is scored.

    Layer by layer, each sees the images as the frozen layers before it leave them. Torch's running statistics
    are something else: a mean of those of batches, each of one side alone, that training has gone through.

    Args:
        critic: a sequence of layers.
        weights: its parameters, by name.
        images: (n, *D), of both sides: what stands still shall not tell them apart.

    Raises:
        TypeError: if the critic is no ``nn.Sequential``.
    """
    if not isinstance(critic, nn.Sequential):
        raise TypeError(f"a critic of layers one behind the other; got {type(critic).__name__}")
    frozen = copy.deepcopy(critic).eval()
    frozen.load_state_dict(weights)
    with torch.no_grad():
        x = images
        for layer in frozen:
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean = x.mean((0, 2, 3))
                layer.running_var = x.var((0, 2, 3), correction=0)
            x = layer(x)
    return frozen
