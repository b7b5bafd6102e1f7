"""Networks as functions of their parameters, and what they do that their classes do not tell."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from gan_lab.game.rules import Game
from gan_lab.numerics.streams import make_rng
from gan_lab.types import Params, Score


def bind(game: Game, params: Params) -> Score:
    """Return the critic as a function of its input alone, with ``params`` in place of its own."""
    return make_network(game, game.critic, params)


def score_both(game: Game, score: Score, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores (B,), (B,) of real and generated samples (B, *D).

    In one pass, which spares half the calls, unless batch normalisation ties the samples of a batch together.
    """
    if game.critic_mixes:
        return score(real), score(fake)
    of_real, of_fake = score(torch.cat([real, fake])).chunk(2)
    return of_real, of_fake


def make_network(game: Game, network: nn.Module, params: Params) -> Callable[[Tensor], Tensor]:
    """Return a network as a function of its input alone, with ``params`` in place of its own.

    It computes in the game's type and layout, on copies of the parameters whose gradients arrive at the
    originals, and returns float32.
    """
    computed = {name: _convert(game, value) for name, value in params.items()}

    def run(inputs: Tensor) -> Tensor:
        outputs: Tensor = functional_call(network, computed, (_convert(game, inputs),))
        return outputs.float()

    return run


def _convert(game: Game, values: Tensor) -> Tensor:
    if game.channels_last and values.ndim == 4:
        return values.to(game.dtype, memory_format=torch.channels_last)
    return values.to(game.dtype)


def parameters(network: nn.Module) -> Params:
    """Return a copy of a network's parameters by name."""
    return {name: value.detach().clone() for name, value in network.named_parameters()}


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
