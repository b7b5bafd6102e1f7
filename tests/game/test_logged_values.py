"""Every value that an iteration logs, against one computed again by hand: support/replay.py."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.constraints.spectral_norm import SpectralNorm
from gan_lab.game.iteration import make_iteration
from gan_lab.game.networks import parameters
from gan_lab.game.rules import Game, init_state
from gan_lab.game.setup import build_setup
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.hinge import Hinge
from gan_lab.objectives.least_squares import LeastSquares
from gan_lab.objectives.power_divergences import PearsonChiSquared
from gan_lab.objectives.relative_entropies import KullbackLeibler
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from gan_lab.tracking.snapshots import Snapshots
from gan_lab.tracking.writers.tensorboard import TensorBoardWriter
from gan_lab.types import Batch
from support.configs import TOY, compose_config
from support.replay import RULES, Replay, modules, run, slopes

BATCH, LATENT, WIDTH, N_CRITIC = 11, 3, 7, 2
BOX, WEIGHT, RATE, BETAS = 0.3, 10.0, 1e-2, (0.9, 0.99)


class Case(NamedTuple):
    objective: str
    rules: object
    constraint: Constraint


CASES = {
    "wgan": Case("wgan", Wasserstein(), WeightClip(BOX)),
    "wgan_gp": Case("wgan", Wasserstein(), GradientPenalty(WEIGHT)),
    "gan": Case("gan", GAN(), Constraint()),
    "gan_minimax": Case("gan_minimax", GAN("minimax"), Constraint()),
    "gan_gp": Case("gan", GAN(), GradientPenalty(WEIGHT)),
    "fgan_kl": Case("fgan_kl", KullbackLeibler(), Constraint()),
    "fgan_pearson": Case("fgan_pearson", PearsonChiSquared(), Constraint()),
    "lsgan": Case("lsgan", LeastSquares(), Constraint()),
    "hinge": Case("hinge", Hinge(), SpectralNorm()),
    "wgan_spectral_norm": Case("wgan", Wasserstein(), SpectralNorm()),
}


def draw(noise_shape: tuple[int, ...], seed: int) -> Batch:
    rng = torch.Generator().manual_seed(seed)
    return Batch(
        real=torch.randn(N_CRITIC + 1, BATCH, 2, generator=rng) + torch.tensor([1.0, -0.5]),
        latent=torch.randn(N_CRITIC + 1, BATCH, LATENT, generator=rng),
        noise=torch.rand(N_CRITIC + 1, BATCH, *noise_shape, generator=rng),
        label=torch.zeros(N_CRITIC + 1, 0, dtype=torch.int64),
    )


def logged(values: dict[str, Tensor]) -> dict[str, float]:
    return {tag: float(value) for tag, value in values.items() if not tag.startswith("resolution/")}


@pytest.mark.parametrize("name", CASES)
def test_every_logged_value_is_what_it_is_called(name: str) -> None:
    objective, rules, constraint = CASES[name]
    generator, critic = modules(LATENT, WIDTH, seed=len(name))
    rule = Adam(RATE, *BETAS)
    game = Game(
        generator=generator,
        critic=critic,
        objective=rules,  # type: ignore[arg-type]
        constraint=constraint,
        generator_optimizer=rule,
        critic_optimizer=rule,
        n_critic=N_CRITIC,
        generator_mixes=False,
        critic_mixes=False,
    )
    state = init_state(game, parameters(generator), parameters(critic), torch.Generator().manual_seed(0))
    replay = Replay(
        RULES[objective],
        parameters(generator),
        parameters(critic),
        lambda tensors: torch.optim.Adam(tensors, RATE, BETAS, 1e-8),
        box=BOX if isinstance(constraint, WeightClip) else None,
        penalty_weight=WEIGHT if isinstance(constraint, GradientPenalty) else 0,
        vectors=dict(state.constraint),
    )
    iteration = make_iteration(game)
    for seed in range(3):
        batch = draw(constraint.noise_shape((2,)), seed)
        state, measured = iteration(state, batch)
        exact = Batch(*(values.double() for values in batch))
        for k in range(N_CRITIC):
            expected = replay.critic_step(exact.real[k], exact.latent[k], exact.noise[k])
        expected |= replay.generator_step(exact.real[-1], exact.latent[-1])
        assert logged(measured) == pytest.approx(expected, rel=2e-4, abs=2e-6), f"iteration {seed + 1}"
    told = set(expected)
    assert {"loss/critic", "loss/generator", "distance/critic_raw", "health/step_gradient_cosine"} < told
    # what is compared is not degenerate
    assert 0 < expected["health/critic_accuracy"] < 1
    assert abs(expected["health/step_gradient_cosine"]) < 0.99


class Square(nn.Module):
    """Scores by the squared distance from the origin: its slope is twice the distance."""

    def forward(self, x: Tensor) -> Tensor:
        return x.square().sum(dim=1)


def test_the_slope_is_the_largest_between_real_samples_and_the_generators(tmp_path: Path) -> None:
    """Not the mean, and of the generator that the critic plays against, not of its average."""
    setup = build_setup(compose_config("device=cpu", *TOY, "train.ema=0.9"))
    setup = dataclasses.replace(setup, game=dataclasses.replace(setup.game, critic=Square()))
    state = setup.init_state()
    alike = {name: 0 * value for name, value in state.average.items()}
    state = state._replace(critic={}, average=alike)
    snapshots = Snapshots(setup, setup.dataset.open(setup.device), tmp_path, TensorBoardWriter(tmp_path, 0))
    n = len(snapshots._mix)
    real, latents, mix = snapshots._real[:n], snapshots._latents[:n], snapshots._mix[:, None]
    fake = torch.func.functional_call(setup.generator, state.generator, (latents,))
    averaged = torch.func.functional_call(setup.generator, alike, (latents,))

    def largest(points: Tensor) -> float:
        return 2 * float(points.norm(dim=1).max())

    expected = largest(mix * real + (1 - mix) * fake)
    others = [real, fake, mix * real + (1 - mix) * averaged, mix * fake + (1 - mix) * real]
    assert all(abs(largest(points) - expected) > 1e-4 * expected for points in others)
    assert snapshots.measure(state) == {"health/critic_slope": pytest.approx(expected, rel=1e-6)}


def test_the_replay_differentiates_rightly() -> None:
    """Its slopes are difference quotients."""
    _, critic = modules(LATENT, WIDTH, seed=0)
    weights = {name: value.detach().double() for name, value in critic.named_parameters()}
    points = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    steps = 1e-6 * torch.eye(2, dtype=torch.float64)
    rises = [(run(weights, points + step) - run(weights, points - step))[:, 0] / 2e-6 for step in steps]
    expected = (rises[0] ** 2 + rises[1] ** 2).sqrt()
    torch.testing.assert_close(slopes(weights, points), expected, rtol=1e-6, atol=0)
