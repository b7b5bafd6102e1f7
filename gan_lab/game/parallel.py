"""A game that several processes play together: each scores its rows, and what batches share, all share."""

import copy
import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_lab.game.rules import Game
from gan_lab.numerics.processes import Processes, Total

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class SynchronisedNorm(nn.Module):
    """Batch normalisation by the statistics of all processes' rows, which is that of the undivided batch.

    Torch's own, ``SyncBatchNorm``, is for CUDA devices alone and cannot be differentiated twice.

    Args:
        norm: whose parameters, by the same names, and epsilon it takes.
        processes: with as many rows each.
    """

    def __init__(self, norm: _BatchNorm, processes: Processes) -> None:
        super().__init__()
        self.weight, self.bias = norm.weight, norm.bias
        self._eps, self._processes = norm.eps, processes

    def forward(self, inputs: Tensor) -> Tensor:
        """Normalise each channel of inputs (B, C, ...) to mean 0 and variance 1 over all rows."""
        axes = [axis for axis in range(inputs.ndim) if axis != 1]
        mean = self._mean(inputs.mean(axes, keepdim=True))
        centred = inputs - mean
        variance = self._mean(centred.square().mean(axes, keepdim=True))
        normalised = centred * torch.rsqrt(variance + self._eps)
        if self.weight is None:
            return normalised
        shape = (1, -1) + (1,) * (inputs.ndim - 2)
        return normalised * self.weight.view(shape) + self.bias.view(shape)

    def _mean(self, values: Tensor) -> Tensor:
        total: Tensor = Total.apply(values, self._processes)
        return total / self._processes.count


def play_together(game: Game, processes: Processes) -> Game:
    """Return a game as each of several processes plays it: on its rows, with the gradients of all.

    It is for the training iteration alone: what one process measures by itself takes the game as it is.
    """
    if processes.count == 1:
        return game
    generator, critic = (
        _with_norms(network, lambda norm: SynchronisedNorm(norm, processes))
        for network in (game.generator, game.critic)
    )
    return dataclasses.replace(game, generator=generator, critic=critic, processes=processes)


def without_batch_norm(network: nn.Module) -> nn.Module:
    """Return a copy of a network whose batch norms do nothing: are they all that lets samples meet?"""
    return _with_norms(network, lambda norm: nn.Identity())


def _with_norms(network: nn.Module, made_of: Callable[[_BatchNorm], nn.Module]) -> nn.Module:
    outer = nn.Sequential(copy.deepcopy(network))  # so that every layer is the child of another
    for parent in list(outer.modules()):
        for name, layer in list(parent.named_children()):
            # a subclass of one's own may do anything else besides
            if isinstance(layer, _BatchNorm) and type(layer) in _NORMS:
                setattr(parent, name, made_of(layer))
    return outer[0]
