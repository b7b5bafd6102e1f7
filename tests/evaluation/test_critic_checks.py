"""How far a critic is from its optimum and whether it is overfitted, where both are known."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from gan_lab.evaluation.critic_checks import FURTHER_STEPS, TAGS, CriticChecks
from gan_lab.game.batches import BatchSource
from gan_lab.game.iteration import make_critic_step, make_iteration
from gan_lab.game.setup import Setup, build_setup
from gan_lab.tags.names import HELD_OUT, HELD_OUT_ACCURACY, HELD_OUT_FURTHER, SEEN_ACCURACY
from gan_lab.types import State
from support.configs import FEW, TOY, Train, compose_config

SMALL = [*TOY, *FEW, "device=cpu", "metrics.samples=64", "metrics.every=1", "architecture.critic.depth=1"]


def made(*overrides: str) -> tuple[Setup, BatchSource, State]:
    setup = build_setup(compose_config(*SMALL, *overrides))
    source = BatchSource(setup.dataset.open(setup.device), setup.batch_shape, setup.seed, setup.device)
    return setup, source, setup.init_state()


def test_a_constant_critic_sees_nothing_and_is_right_by_halves() -> None:
    setup, source, state = made("objective=wgan_gp")
    state = state._replace(critic={name: torch.zeros_like(value) for name, value in state.critic.items()})
    numbers = CriticChecks(setup, source).measure(state, 1)
    assert numbers[HELD_OUT] == 0.0
    assert (numbers[SEEN_ACCURACY], numbers[HELD_OUT_ACCURACY]) == (0.5, 0.5)


def test_the_estimate_of_a_linear_critic_is_the_gap_of_means() -> None:
    # f(x) = x_1 by two ReLU units, of data whose mean is 0 and a generator that stands at (3, 0)
    setup, source, state = made("objective=wgan_gp", "train.batch_size=64")
    critic = {name: torch.zeros_like(value) for name, value in state.critic.items()}
    first, last = (name for name, value in critic.items() if value.ndim == 2)
    critic[first][0, 0], critic[first][1, 0], critic[last][0, 0], critic[last][0, 1] = 1, -1, 1, -1
    generator = {name: torch.zeros_like(value) for name, value in state.generator.items()}
    *_, bias = generator
    generator[bias][0] = 3.0
    checks = CriticChecks(setup, source)
    state = state._replace(critic=critic, generator=generator)
    numbers = checks.measure(state, 1)
    real = torch.cat([drawn.real for drawn in checks._held_out])
    assert numbers[HELD_OUT] == pytest.approx(float(real[:, 0].mean()) - 3, abs=1e-5)
    # no penalty's slope is reached yet by -x_1 alone: steps turn the critic round
    assert numbers[HELD_OUT_FURTHER] > numbers[HELD_OUT]
    assert numbers[HELD_OUT_ACCURACY] == float((real[:, 0] > real[:, 0].mean() / 2 + 1.5).double().mean()) / 2


def test_seen_is_the_batch_of_the_last_critic_step() -> None:
    setup, source, state = made("objective=gan", "train.n_critic=3")
    iteration = make_iteration(setup.game)
    length, at = source.block_length, 1
    assert length > 1
    state, _ = iteration(state, type(source.block(0))(*(values[at - 1] for values in source.block(0))))
    drawn = CriticChecks(setup, source)._last_batch(at)
    assert torch.equal(drawn.real, source.block(0).real[at - 1, 2])  # the third of three
    assert torch.equal(drawn.latent, source.block(0).latent[at - 1, 2])
    beyond = CriticChecks(setup, source)._last_batch(length + 1)
    assert torch.equal(beyond.real, source.block(1).real[0, 2])


def test_the_copy_takes_the_games_own_steps() -> None:
    setup, source, state = made("objective=gan")
    checks = CriticChecks(setup, source)
    by_hand, step = state, make_critic_step(setup.game)
    for k in range(FURTHER_STEPS):
        drawn = checks._draw(f"critic checks/steps 1 {k}")
        noise, no_label = torch.zeros(16, *setup.batch_shape.noise_shape), torch.zeros(0, dtype=torch.int64)
        by_hand, _ = step(by_hand, drawn.real, checks._generate(state, drawn), noise, no_label)
    trained = checks._train_on(state, 1)
    assert all(torch.allclose(trained.critic[name], by_hand.critic[name], atol=1e-6) for name in state.critic)
    assert not any(torch.equal(trained.critic[n], state.critic[n]) for n in state.critic if "weight" in n)
    assert all(torch.equal(trained.generator[name], value) for name, value in state.generator.items())


def columns(path: Path, left_out: Sequence[str]) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [
            {tag: cell for tag, cell in row.items() if tag not in left_out} for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize("objective", ["wgan", "wgan_gp", "gan"])
def test_checks_change_nothing_of_a_run(
    train: Train, monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    run = [*TOY, f"objective={objective}", "metrics.every=4", "metrics.samples=32", "train.iterations=12"]
    run += ["train.execution=eager", "train.warmup_critic_steps=0"]
    with_checks = train("with", *run)
    monkeypatch.setattr(CriticChecks, "measure", lambda *_: {})
    without = train("without", *run)
    kept = columns(with_checks / "metrics.csv", TAGS)
    assert kept == columns(without / "metrics.csv", TAGS)
    assert any(row[HELD_OUT] for row in columns(with_checks / "metrics.csv", []))
