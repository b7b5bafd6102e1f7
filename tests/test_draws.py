"""A run's randomness: its own, restorable, and different for everything that it is for."""

import pytest
import torch
from torch import Tensor

from gan_lab.checks import UserError
from gan_lab.draws import BatchShape, Draws, make_rng

SHAPE = BatchShape(batch_size=5, latent_dim=3, noise_shape=(2,))
CPU = torch.device("cpu")


def sampler(n: int, rng: torch.Generator) -> Tensor:
    return torch.rand(n, 1, 4, 4, generator=rng)


def make_draws(seed: int = 0) -> Draws:
    return Draws(sampler, SHAPE, seed, CPU)


def test_shapes() -> None:
    batch = make_draws().batch(n_critic=2)
    assert (batch.real.shape, batch.latent.shape) == ((3, 5, 1, 4, 4), (3, 5, 3))
    assert batch.noise.shape == (2, 5, 2)
    real, latent, noise = make_draws().critic_batch()
    assert (real.shape, latent.shape, noise.shape) == ((5, 1, 4, 4), (5, 3), (5, 2))


def test_the_state_restores_every_stream() -> None:
    draws = make_draws()
    draws.batch(1)
    state = draws.state()
    expected = draws.batch(1)
    other = make_draws(seed=1)
    other.restore(state)
    assert all(torch.equal(a, b) for a, b in zip(expected, other.batch(1), strict=True))


def test_a_foreign_state_is_refused() -> None:
    with pytest.raises(UserError, match="random generators"):
        make_draws().restore({"data": torch.zeros(3, dtype=torch.uint8)})


def test_streams_and_seeds_are_unrelated() -> None:
    first = [
        torch.rand(4, generator=make_rng(seed, stream)).tolist()
        for seed in range(50)
        for stream in ("data", "latent", "noise")
    ]
    assert len({tuple(values) for values in first}) == len(first)


def test_a_move_to_another_device_repeats_no_draws() -> None:
    begun, moved, moved_later = make_draws(), make_draws(), make_draws()
    moved.reseed(100)
    moved_later.reseed(200)
    latents = [draws.batch(1).latent for draws in (begun, moved, moved_later)]
    assert not torch.equal(latents[0], latents[1])
    assert not torch.equal(latents[1], latents[2])
