"""What of a critic decides on what its constraint bounds, found by looking at its layers."""

from collections.abc import Iterator

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from gan_lab.constraints.bounds import Critic

_STEEP_BY_WEIGHTS_ALONE = (
    *(nn.Linear, _ConvNd, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool2d),
    *(nn.Flatten, nn.Unflatten, nn.Identity),
    *(nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.ELU),
)
_NORMALISES = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)  # of batches, instances, samples


def describe_critic(network: nn.Module, mixes: bool) -> Critic:
    """Return what decides on a constraint's bound in a critic.

    A layer of another class than torch's usual ones is known to be as steep as its weights make it, and not
    steeper, if its class says ``steep_by_weights_alone = True``; a container that is no ``nn.Sequential`` may
    do anything with its layers, and is a layer in this sense.

    Args:
        network: the critic.
        mixes: whether a score depends on the other samples of its batch, as ``Game.critic_mixes`` says.
    """
    layers = list(_layers(network))
    unknown = tuple(dict.fromkeys(type(layer).__name__ for layer in layers if not _is_known(layer)))
    if mixes:
        return Critic("batch", unknown)
    if unknown:
        return Critic("unknown", unknown)
    return Critic("layer" if any(isinstance(layer, _NORMALISES) for layer in layers) else "none")


def _layers(network: nn.Module) -> Iterator[nn.Module]:
    if type(network) is nn.Sequential:
        for layer in network:
            yield from _layers(layer)
    else:
        yield network


def _is_known(layer: nn.Module) -> bool:
    declared = bool(getattr(type(layer), "steep_by_weights_alone", False))
    return declared or isinstance(layer, (*_STEEP_BY_WEIGHTS_ALONE, *_NORMALISES))
