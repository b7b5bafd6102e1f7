"""Networks as functions of their parameters, and what they do that their classes do not tell."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from gan_lab.config.errors import UserError
from gan_lab.game.rules import Game
from gan_lab.numerics.draws import normal
from gan_lab.numerics.streams import make_rng
from gan_lab.types import Params, Score, State


def critic_of(game: Game, state: State, label: Tensor | None = None) -> Score:
    """Return the critic of a state as its constraint lets it score: samples (B, *D) to scores (B,).

    Args:
        game: the rules.
        state: whose critic.
        label: classes (B,) of the samples; None, or no entries, of a critic that asks for none.
    """
    return bind(game, critic_weights(game, state), label)


def critic_weights(game: Game, state: State) -> Params:
    """Return the parameters that a state's critic is evaluated with, as its constraint makes them."""
    weights, _ = game.constraint.reparameterize(state.critic, state.constraint)
    return weights


def generator_weights(game: Game, state: State, *, averaged: bool = False) -> Params:
    """Return the parameters that a state's generator is evaluated with, as its constraint makes them.

    Args:
        game: the rules.
        state: whose generator.
        averaged: whether its moving average is asked for, where the game keeps one.
    """
    params = (averaged and state.average) or state.generator
    weights, _ = game.generator_constraint.reparameterize(params, state.generator_constraint)
    return weights


def bind(game: Game, params: Params, label: Tensor | None = None) -> Score:
    """Return the critic as a function of its input alone, with ``params`` in place of its own."""
    return make_network(game, game.critic, params, label)


def score_both(game: Game, score: Score, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores (B,), (B,) of real and generated samples (B, *D).

    In one pass, which spares half the calls, unless batch normalisation ties the samples of a batch together.
    """
    if game.critic_mixes:
        return score(real), score(fake)
    of_real, of_fake = score(torch.cat([real, fake])).chunk(2)
    return of_real, of_fake


def make_network(
    game: Game, network: nn.Module, params: Params, label: Tensor | None = None
) -> Callable[[Tensor], Tensor]:
    """Return a network as a function of its input alone, with ``params`` in place of its own.

    It computes in the game's type and layout, on copies of the parameters whose gradients arrive at the
    originals, and returns float32, or float64 in a game of that type.

    Args:
        game: the rules.
        network: the template.
        params: by name.
        label: classes (B,), which the network is then called with, too; None, or no entries, without. An
            input of several batches of B repeats them.
    """
    constants = {name: value for name, value in network.named_buffers() if value.is_floating_point()}
    computed = {name: _convert(game, value) for name, value in (constants | params).items()}

    def run(inputs: Tensor) -> Tensor:
        arguments: tuple[Tensor, ...] = (_convert(game, inputs),)
        if label is not None and len(label):
            arguments = (*arguments, label.repeat(len(inputs) // len(label)))
        outputs: Tensor = functional_call(network, computed, arguments)
        return outputs.to(torch.promote_types(outputs.dtype, torch.float32))

    return run


def _convert(game: Game, values: Tensor) -> Tensor:
    if game.channels_last and values.ndim == 4:
        return values.to(game.dtype, memory_format=torch.channels_last)
    return values.to(game.dtype)


def parameters(network: nn.Module) -> Params:
    """Return a copy of a network's parameters by name."""
    return {name: value.detach().clone() for name, value in network.named_parameters()}


def template_of(network: nn.Module, device: torch.device, key: str) -> nn.Module:
    """Return a network without parameters of its own, for ``make_network``.

    Buffers, such as the weights of a fixed filter, are constants and stay.

    Args:
        network: as its architecture built it; it is left as it is.
        device: where its buffers shall lie.
        key: what the config calls its architecture.

    Raises:
        UserError: if it keeps running statistics, which every pass would change behind the state's back.
    """
    template = copy.deepcopy(network)
    for layer in template.modules():
        if getattr(layer, "track_running_stats", False):
            raise UserError(
                f"{key} must not keep running statistics; its {type(layer).__name__} needs "
                "track_running_stats=False."
            )
        for name, parameter in layer.named_parameters(recurse=False):
            setattr(layer, name, nn.Parameter(parameter.to("meta"), parameter.requires_grad))
    for layer in template.modules():
        for name, buffer in layer.named_buffers(recurse=False):
            setattr(layer, name, buffer.to(device))
    return template


_MOVED = 0.1  # by how much parameters are moved at random: a network may start from zeros


def mixes_samples(network: nn.Module, shape: tuple[int, ...]) -> bool:
    """Return whether a network's output for one input (*shape) depends on the others of its batch.

    Batch normalisation mixes, and so may anything that an architecture of yours does. Found by trying: of
    four inputs, whichever two are replaced, what the network makes of the others must stay.
    """
    if any(isinstance(layer, _BatchNorm) for layer in network.modules()):
        return True
    rng = make_rng(0, "probing")
    inputs, others = normal((2, 4, *shape), rng).unbind()
    trial = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in trial.parameters():
            parameter.add_(_MOVED * normal(tuple(parameter.shape), rng))
        before = trial(inputs)
        tolerance = 1e-4 * float(before.abs().amax())
        for kept in ([0, 1], [2, 3], [0, 2], [1, 3]):  # of any two, each is once kept without the other
            changed = others.index_copy(0, torch.tensor(kept), inputs[kept])
            if not torch.allclose(trial(changed)[kept], before[kept], rtol=1e-3, atol=tolerance):
                return True
    return False


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
