"""Samples from a trained generator, the same whatever their number.

While training, batch normalisation uses the statistics of the batch, so a sample depends on its neighbours.
Here every such layer gets *standing statistics* (BigGAN, section 4.1): the average over a fixed set of
latents. One sample or a thousand then give the same image.
"""

import torch
from torch import Tensor, nn

from gan_lab.game.networks import generator_weights
from gan_lab.game.setup import Setup
from gan_lab.numerics.draws import normal
from gan_lab.types import Params, State

_BATCHES, _BATCH_SIZE = 8, 64
_CHUNK = 256


def sampling_network_of(setup: Setup, state: State, *, averaged: bool = True) -> nn.Module:
    """Return the generator of a state that samples are taken from: its moving average where there is one.

    Statistics of batch normalisation are not averaged along training: they are taken anew, of these weights.

    Args:
        setup: what was trained.
        state: on the device where it shall run.
        averaged: False for the generator itself, which the critic is trained against.
    """
    weights = generator_weights(setup.game, state, averaged=averaged)
    return make_sampling_network(setup.new_generator(), weights, setup.batch_shape.latent_dim)


def make_sampling_network(network: nn.Module, params: Params, latent_dim: int) -> nn.Module:
    """Return ``network`` with ``params`` and standing statistics, in evaluation mode.

    Args:
        network: a generator as its architecture built it; it is changed.
        params: its trained parameters, on the device where it shall run.
        latent_dim: Z.
    """
    device = next(iter(params.values())).device
    network = network.to(device)
    assert params.keys() == dict(network.named_parameters()).keys(), "parameters of another network"
    network.load_state_dict(params, strict=False)  # buffers stay what they are
    keep_statistics(network)
    network.train()
    if _norms_of(network):
        fixed = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for _ in range(_BATCHES):
                network(normal((_BATCH_SIZE, latent_dim), fixed).to(device))
    return network.eval()


def keep_statistics(network: nn.Module) -> nn.Module:
    """Return a network whose batch norms, changed in place, keep statistics that every pass moves on."""
    for layer in _norms_of(network):
        _keep_statistics(layer, next(network.parameters()).device)
    return network


def sample(network: nn.Module, latents: Tensor) -> Tensor:
    """Return the samples (n, *D) of latents (n, Z), on the latents' device, in chunks that fit."""
    with torch.no_grad():
        return torch.cat([network(chunk) for chunk in torch.split(latents, _CHUNK)])


def _norms_of(network: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    return [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]


def _keep_statistics(layer: nn.modules.batchnorm._BatchNorm, device: torch.device) -> None:
    layer.track_running_stats = True
    layer.momentum = None  # a plain average over the batches
    layer.register_buffer("running_mean", torch.zeros(layer.num_features, device=device))
    layer.register_buffer("running_var", torch.ones(layer.num_features, device=device))
    layer.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.long, device=device))
