"""The affine generator, and the critic with tanh that plays against it."""

import pytest
import torch
from torch import nn

from gan_lab.architectures.affine import AffineGenerator
from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.game.networks import parameters


def test_it_is_a_shift_and_a_linear_map() -> None:
    generator = AffineGenerator(scale=3.0).build(2, (2,))
    latents = torch.randn(5, 2)
    torch.testing.assert_close(generator(latents), 3 * latents)
    assert {name: tuple(value.shape) for name, value in parameters(generator).items()} == {
        "weight": (2, 2),
        "bias": (2,),
    }


@pytest.mark.parametrize(("latent_dim", "dimension"), [(1, 1), (1, 3), (4, 2)])
def test_it_makes_vectors_of_any_dimension_from_any_latents(latent_dim: int, dimension: int) -> None:
    generator = AffineGenerator().build(latent_dim, (dimension,))
    samples = generator(torch.randn(10_000, latent_dim, generator=torch.Generator().manual_seed(0)))
    expected = [1.0] * min(latent_dim, dimension) + [0.0] * (dimension - latent_dim)
    assert samples.std(dim=0).tolist() == pytest.approx(expected, abs=0.03)


def test_it_refuses_images_and_a_scale_of_zero() -> None:
    with pytest.raises(UserError, match="makes vectors"):
        AffineGenerator().build(2, (1, 28, 28))
    with pytest.raises(BadValueError, match="scale must be a number greater than 0; got 0"):
        AffineGenerator(scale=0.0)


def test_a_critic_with_tanh_is_smooth_bounded_and_starts_with_unit_gain() -> None:
    torch.manual_seed(0)
    critic = ToyCritic(width=400, depth=2, activation="tanh").build((1,))
    assert [type(layer) for layer in critic.children()].count(nn.Tanh) == 2
    far = critic(torch.tensor([[1e3], [1e6]]))
    assert far[0].item() == pytest.approx(far[1].item())
    hidden = [layer for layer in critic.children() if isinstance(layer, nn.Linear)][1]
    assert hidden.weight.var().item() == pytest.approx(1 / 400, rel=0.05)
