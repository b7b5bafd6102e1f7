"""Frozen generators, the discriminators trained against them, and what is measured of either."""

import dataclasses
import math
from typing import Any

import pytest
import torch
from scipy.stats import kstest
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.constraints.base import Constraint
from gan_lab.datasets.embedded import Photos, StackedDigits
from gan_lab.datasets.toy import Ring
from gan_lab.game.rules import Game
from gan_lab.lectures.frozen.frozen_generators import FrozenGenerator
from gan_lab.lectures.frozen.generator_gradients import (
    batch_gradients,
    distance_from_perfect,
    gradients_under_white_noise,
    jacobian_norm,
    measure_gradient,
    tail_shares,
)
from gan_lab.lectures.frozen.perfect_discriminator import PerfectDiscriminator
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.gan import GAN
from gan_lab.optimizers.adam import Adam
from support.frozen_settings import SETTINGS

PERFECT = PerfectDiscriminator(**SETTINGS, accurate=0.99, seeds=1)


class Shift(torch.nn.Module):
    """A generator of x = z + shift."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = torch.nn.Parameter(torch.zeros(2))

    def forward(self, z: Tensor) -> Tensor:
        return z + self.shift


def shifted(value: float) -> FrozenGenerator:
    """N(value, 1) along both axes."""
    network = Shift()
    game = Game(network, network, GAN(), Constraint(), Adam(), Adam(), 1)
    return FrozenGenerator(1, game, {"shift": torch.full((2,), value)}, 2)


def latents(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_one_seed_gives_one_result_and_another_another() -> None:
    def curve(seed: int) -> list[float]:
        loss = dataclasses.replace(PERFECT, seed=seed, steps=20).play_duels(PERFECT._watch)[0]["loss"]
        return list(loss)

    assert curve(0) == curve(0)
    assert curve(0) != curve(1)


def test_no_discriminator_sees_what_is_held_out() -> None:
    sampler, held_out = PERFECT._split_data()
    drawn = sampler(4000, make_rng(0, "any")).flatten(1)
    # a few of the digits are there twice
    seen = (torch.cdist(held_out.flatten(1), drawn).min(dim=1).values < 1e-6).sum()
    assert len(held_out) == 100
    assert int(seen) <= 2
    assert int((torch.cdist(drawn[:100], drawn).fill_diagonal_(1).min(dim=1).values < 1e-6).sum()) > 50


def test_a_fresh_discriminator_is_not_the_one_the_generator_was_trained_against() -> None:
    game, _, critic = PERFECT._game()
    (duel, *_) = dataclasses.replace(PERFECT, steps=1, stages=(1,)).play_duels(PERFECT._watch)[1]
    assert game.critic is not None
    assert not torch.allclose(duel.discriminator.state.critic["1.weight"], critic["1.weight"], atol=1e-2)


def test_gradients_are_those_of_the_closed_form() -> None:
    # V = log p/q between N(0, I) and N(t, I): both coordinates have the gradients of one
    t, generator = 1.0, shifted(1.0)

    def score(x: Tensor) -> Tensor:
        return (t * (t / 2 - x)).sum(dim=1)

    z = latents(20_000, 2)
    probability = score(z + t).sigmoid()
    original = generator.gradient(
        lambda x: GAN(generator_cost="minimax").generator_loss(score(x), score(x)), z
    )
    torch.testing.assert_close(original, (t * probability.mean()).expand(2), atol=1e-5, rtol=0)
    (alternative,) = batch_gradients(generator, GAN(), score, [z])
    torch.testing.assert_close(alternative, (t * (1 - probability.mean())).expand(2), atol=1e-5, rtol=0)


def test_the_noise_is_that_of_the_batches() -> None:
    generator, batches = shifted(0.0), [latents(2, 2), latents(2, 2) + 1, latents(2, 2) - 3]

    def score(x: Tensor) -> Tensor:
        return x[:, 0]

    size = measure_gradient(generator, GAN(), score, batches)
    # d/dx of -log sigmoid(x) is sigmoid(x) - 1
    each = torch.stack([(z[:, 0].sigmoid() - 1).mean() for z in batches])
    assert size.norm == pytest.approx(abs(float(each.mean())), abs=1e-6)
    assert size.variance == pytest.approx(float(each.var()), abs=1e-6)
    assert (size.smallest, size.largest) == pytest.approx(
        (float(each.abs().min()), float(each.abs().max())), abs=1e-6
    )
    assert size.noise == pytest.approx(float(each.std() / each.mean().abs()), abs=1e-5)


def test_the_jacobian_of_a_shift_has_norm_root_two() -> None:
    batches = list(latents(200, 50, 2))
    found = jacobian_norm(shifted(0.0), batches, make_rng(0, "u"))
    assert found == pytest.approx(math.sqrt(2), abs=0.1)


def test_the_distance_from_a_perfect_discriminator_is_its_value_and_its_slope() -> None:
    fake = torch.tensor([[0.0, 0.0], [-1.0, 0.0]])
    # D = 1/2 and D' = 3/4 at the first point
    assert distance_from_perfect(lambda x: 3 * x[:, 0], fake) == pytest.approx(0.5 + 0.75, abs=1e-6)


def test_white_noise_on_the_discriminator_makes_cauchy_gradients() -> None:
    rng = make_rng(0, "noise")
    gradients = gradients_under_white_noise(shifted(0.0), latents(8, 2), 400, rng)
    # the mean of standard Cauchy numbers is one
    assert kstest(gradients[:, 0].numpy(), "cauchy").pvalue > 0.01
    assert kstest(gradients[:, 1].numpy(), "norm").pvalue < 1e-6


def test_tail_shares_of_known_distributions() -> None:
    rng = torch.Generator().manual_seed(0)
    normal = torch.randn(20_001, 3, generator=rng) * torch.tensor([1.0, 10.0, 0.0]) + 5
    cauchy = torch.randn(20_001, 2, generator=rng) / torch.randn(20_001, 2, generator=rng)
    assert tail_shares(normal, [1, 3]) == pytest.approx([0.5, 0.0430], abs=4e-3)
    assert tail_shares(cauchy, [1, 10]) == pytest.approx([0.5, 0.0635], abs=4e-3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stages": [30, 5]}, r"stages must be a list of whole numbers .* each greater .*; got \[30, 5\]"),
        ({"stages": []}, "stages must be a list of whole numbers"),
        ({"shifts": []}, "shifts must be a list of at least one number"),
        ({"held_out": 1000}, "held_out must be at most half of the 1,797 images of the dataset; got 1000"),
        ({"held_out": 0}, "held_out must be a whole number greater than 0; got 0"),
        ({"dataset": StackedDigits(size=8)}, "those of stacked digits share digits"),
        ({"dataset": Photos(size=16)}, "dataset must be images with labels"),
        ({"dataset": Ring()}, "architecture.generator makes images"),
        ({"accurate": 1.5}, "accurate must be a number between 0 and 1; got 1.5"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        dataclasses.replace(PERFECT, **changed).run()
