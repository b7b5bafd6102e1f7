"""Standing statistics: a sample does not depend on what is sampled beside it."""

import pytest
import torch
from torch import nn

from gan_lab.architectures.dcgan import DCGANGenerator
from gan_lab.architectures.mlp_toy import ToyGenerator
from gan_lab.game.networks import parameters
from gan_lab.game.sampling import make_sampling_network, sample

LATENT = 5


def make(kind: str) -> nn.Module:
    torch.manual_seed(0)
    if kind == "dcgan":
        return DCGANGenerator(width=8).build(LATENT, (1, 16, 16))
    return ToyGenerator(width=8).build(LATENT, (2,))


def latents(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, LATENT, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", ["dcgan", "toy"])
def test_one_sample_equals_the_first_of_many(kind: str) -> None:
    module = make(kind)
    network = make_sampling_network(module, parameters(module), LATENT)
    many = sample(network, latents(600))
    assert many.shape[0] == 600
    for k in (0, 255, 256, 599):  # on both sides of where chunks end
        torch.testing.assert_close(sample(network, latents(600)[k : k + 1])[0], many[k], atol=1e-5, rtol=0)


def test_the_statistics_are_always_the_same() -> None:
    params = parameters(make("dcgan"))
    torch.manual_seed(1)
    first = sample(make_sampling_network(make("dcgan"), params, LATENT), latents(3))
    torch.manual_seed(2)
    assert torch.equal(first, sample(make_sampling_network(make("dcgan"), params, LATENT), latents(3)))


def test_they_are_those_of_many_latents() -> None:
    """For a batch as large as the fixed set, they are nearly what training would take."""
    module = make("dcgan")
    with torch.no_grad():
        as_trained = module(latents(4096, seed=3))[:8]
    network = make_sampling_network(module, parameters(module), LATENT)
    torch.testing.assert_close(sample(network, latents(4096, seed=3)[:8]), as_trained, atol=0.02, rtol=0)


def test_the_given_parameters_are_used_and_no_gradient_is_kept() -> None:
    module = make("toy")
    doubled = {name: 2 * value for name, value in parameters(module).items()}
    images = sample(make_sampling_network(make("toy"), doubled, LATENT), latents(4))
    expected = torch.func.functional_call(module, doubled, (latents(4),))
    torch.testing.assert_close(images, expected, atol=1e-6, rtol=0)
    assert not images.requires_grad


def test_without_normalisation_nothing_changes() -> None:
    module = make("toy")
    network = make_sampling_network(make("toy"), parameters(module), LATENT)
    torch.testing.assert_close(sample(network, latents(7)), module(latents(7)), atol=1e-6, rtol=0)
