"""Frozen generators, the discriminators trained against them, and what is measured of either."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import Tensor

from gan_lab.architectures.mlp import MLPCritic, MLPGenerator
from gan_lab.architectures.mlp_toy import ToyCritic, ToyGenerator
from gan_lab.checks import UserError
from gan_lab.constraints.base import Constraint
from gan_lab.datasets.embedded import Digits, Photos, StackedDigits
from gan_lab.datasets.toy import Ring
from gan_lab.draws import make_rng
from gan_lab.iteration import Game
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.frozen_generators import FrozenGenerator
from gan_lab.lectures.generator_gradients import (
    batch_gradients,
    distance_from_perfect,
    gradients_under_white_noise,
    jacobian_norm,
    measure_gradient,
    tail_shares,
)
from gan_lab.lectures.noisy_gradient import NoisyGradient
from gan_lab.lectures.perfect_discriminator import PerfectDiscriminator
from gan_lab.lectures.vanishing_gradient import VanishingGradient
from gan_lab.objectives.gan import GAN
from gan_lab.optimizers.adam import Adam

SETTINGS: dict[str, Any] = {
    "dataset": Digits(size=8),
    "generator": MLPGenerator(width=16, depth=1),
    "discriminator": MLPCritic(width=32, depth=1),
    "optimizer": Adam(lr=2e-3),
    "latent_dim": 4,
    "batch_size": 32,
    "stages": (5, 30),
    "steps": 60,
    "look_every": 10,
    "held_out": 100,
    "shifts": (1.0, 4.0),
    "seed": 0,
}
PERFECT = PerfectDiscriminator(**SETTINGS, accurate=0.99)
VANISHING = VanishingGradient(**SETTINGS, gradient_batches=3)
NOISY = NoisyGradient(**SETTINGS, gradient_batches=3, tail_draws=20, tail_threshold=10.0)
PLANE = {"dataset": Ring(), "generator": ToyGenerator(8, 1), "discriminator": ToyCritic(16, 1)}


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


def test_the_discriminator_soon_makes_next_to_no_mistake() -> None:
    with slide_style():
        found = PERFECT.run()
    table = found.table.set_index("iteration")
    assert list(table.index) == [5, 30]
    assert (table["steps_to_accurate"] <= 60).all()
    assert (table["last_mistakes"] <= 4).all()
    curves = found.details["curves"]
    assert list(curves[curves["iteration"] == 5]["step"]) == list(range(0, 61, 10))
    # log 2 - L/2, the bound on JSD, and the loss are the same thing said twice
    np.testing.assert_allclose(curves["jsd_bound"], math.log(2) - curves["loss"] / 2, atol=1e-6)
    first = curves[(curves["iteration"] == 30) & (curves["accuracy"] > 0.99)]["step"].iloc[0]
    assert table.loc[30, "steps_to_accurate"] == first
    assert f"at step {int(table.loc[30, 'steps_to_accurate'])}" in found.sentence


def test_the_gradient_of_the_original_cost_vanishes_and_keeps_within_theorem_2_4() -> None:
    with slide_style():
        found = dataclasses.replace(VANISHING, steps=150, look_every=30).run()
    assert (found.table["orders_of_magnitude"] > 0.5).all()
    curves = found.details["curves"]
    bounded = curves[np.isfinite(curves["bound"])]
    assert len(bounded) > 2
    assert (bounded["norm"] <= bounded["bound"]).all()
    shifts = found.details["two_gaussians"].set_index("shift")
    assert shifts.loc[4.0, "original_gradient"] == pytest.approx(0.137195, abs=1e-6)


def test_the_gradient_of_the_alternative_cost_grows_and_its_tails_are_not_cauchys() -> None:
    with slide_style():
        found = NOISY.run()
    assert (found.table["growth"] > 3).all()
    assert (found.table["variance_growth"] > 3).all()
    assert (found.table["tail_share"] < found.table["cauchy_tail_share"] / 2).all()
    tails = found.details["tails"].set_index("median_distances")
    assert tails.loc[10.0, "cauchy"] == pytest.approx(1 - 2 / math.pi * math.atan(10), abs=1e-12)
    assert tails.loc[1.0, ["cauchy", "normal"]].tolist() == pytest.approx([0.5, 0.5], abs=1e-12)


def test_one_seed_gives_one_result_and_another_another() -> None:
    def curve(seed: int) -> list[float]:
        loss = dataclasses.replace(PERFECT, seed=seed, steps=20).play_duels(PERFECT._watch)[0]["loss"]
        return list(loss)

    assert curve(0) == curve(0)
    assert curve(0) != curve(1)


def test_vectors_take_the_place_of_images() -> None:
    with slide_style():
        found = dataclasses.replace(PERFECT, **PLANE, steps=20).run()
    assert len(found.figure.axes) == 2  # no pictures of points
    assert found.table["last_loss"].notna().all()


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
        ({"held_out": 1000}, "held_out must be at most half of the 1797 images of the dataset; got 1000"),
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


def test_noise_needs_two_batches() -> None:
    with pytest.raises(UserError, match="gradient_batches must be a whole number, 2 or greater; got 1"):
        dataclasses.replace(NOISY, gradient_batches=1)
