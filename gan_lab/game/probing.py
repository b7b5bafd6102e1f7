"""What a network does that its class does not tell, found by trying it."""

import copy

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from gan_lab.game.batches import make_rng

_MOVED = 0.1  # by how much parameters are moved at random: a network may start from zeros


def mixes_samples(network: nn.Module, shape: tuple[int, ...]) -> bool:
    """Return whether a network's output for one input (*shape) depends on the others of its batch.

    Batch normalisation mixes, and so may anything that an architecture of yours does.
    """
    if any(isinstance(layer, _BatchNorm) for layer in network.modules()):
        return True
    rng = make_rng(0, "probing")
    inputs, trial = torch.randn(4, *shape, generator=rng), copy.deepcopy(network)
    with torch.no_grad():
        for parameter in trial.parameters():
            parameter.add_(_MOVED * torch.randn(parameter.shape, generator=rng))
        together, apart = trial(inputs), torch.cat([trial(inputs[:2]), trial(inputs[2:])])
    return not torch.allclose(together, apart, rtol=1e-3, atol=1e-4 * float(together.abs().amax()))


def convolves(network: nn.Module, shape: tuple[int, ...]) -> bool:
    """Return whether a network has convolutions and takes inputs (*shape) in any layout."""
    if not any(isinstance(layer, _ConvNd) for layer in network.modules()):
        return False
    inputs = torch.zeros(2, *shape)
    if inputs.ndim != 4:
        return True
    try:
        with torch.no_grad():
            network(inputs.to(memory_format=torch.channels_last))
    except RuntimeError:  # a view of the pixels in their order, for example
        return False
    return True
