"""The bracket of a run: what its critic proves, of the samples that the critic was trained against."""

import dataclasses
import logging

import pytest
import torch
from torch import Tensor

from gan_lab.evaluation.evaluator import Evaluator, make_evaluator
from gan_lab.evaluation.readings import numbers_of
from gan_lab.game.networks import critic_of
from gan_lab.game.sampling import sample, sampling_network_of
from gan_lab.game.setup import Setup, build_setup
from gan_lab.metrics.bracket import certify
from gan_lab.metrics.transport import wasserstein
from gan_lab.types import State
from support.configs import TOY, compose_config

GAP, CERTIFIED, SLOPE = "distance/critic_gap", "distance/certified", "health/pairwise_slope"
EXACT, UNAVERAGED = "distance/w1_exact", "distance/w1_exact_unaveraged"


def a_run(*overrides: str) -> tuple[Setup, Evaluator, State]:
    setup = build_setup(compose_config("device=cpu", *TOY, *overrides))
    return setup, make_evaluator(setup, setup.dataset.open(setup.device), samples=64), setup.init_state()


def shifted(state: State, by: float) -> State:
    """The same state, whose average makes samples that lie elsewhere."""
    last = list(state.average)[-1]
    return state._replace(average=state.average | {last: state.average[last] + by})


def samples_of(setup: Setup, evaluator: Evaluator, state: State, averaged: bool) -> Tensor:
    return sample(sampling_network_of(setup, state, averaged=averaged), evaluator._latents)


def test_the_critic_is_held_against_the_generator_it_was_trained_with() -> None:
    setup, evaluator, state = a_run("train.ema=0.9")
    state = shifted(state, 50.0)
    numbers = numbers_of(evaluator.measure(state))
    averaged, own = (samples_of(setup, evaluator, state, averaged) for averaged in (True, False))
    score = critic_of(setup.game, state)
    with torch.no_grad():
        of_real, of_own = score(evaluator.real), score(own)
    expected = certify(of_real, of_own, evaluator.real, own)
    assert numbers[GAP] == pytest.approx(float(of_real.mean() - of_own.mean()), rel=1e-4)
    assert numbers[CERTIFIED] == pytest.approx(expected.certified, rel=1e-4)
    assert numbers[SLOPE] == pytest.approx(expected.slope, rel=1e-4)
    assert numbers[UNAVERAGED] == pytest.approx(wasserstein(evaluator.real, own), rel=1e-6)
    assert abs(numbers[CERTIFIED]) <= numbers[UNAVERAGED]
    # the quality is that of what makes the samples
    assert numbers[EXACT] == pytest.approx(wasserstein(evaluator.real, averaged), rel=1e-6)
    assert numbers[EXACT] > 30 > 3 > numbers[UNAVERAGED]
    assert set(numbers) <= set(evaluator.tags)


def test_without_an_average_there_is_one_distance() -> None:
    _, evaluator, state = a_run("train.ema=null")
    numbers = numbers_of(evaluator.measure(state))
    assert UNAVERAGED not in {*numbers, *evaluator.tags}
    assert abs(numbers[CERTIFIED]) <= numbers[EXACT]


def deep(state: State, offset: float) -> State:
    """Weights at the edge of a small box, and an offset of the scores."""
    critic = {name: 0.01 * torch.sign(value + 1e-9) for name, value in state.critic.items()}
    last = list(critic)[-1]
    return state._replace(critic=critic | {last: critic[last] * 0 + offset})


def test_a_critic_that_is_noise_in_float32_is_measured_in_float64() -> None:
    setup, evaluator, state = a_run("train.ema=null", "architecture.critic.depth=6")
    state = deep(state, 0.01)
    with torch.no_grad():
        rounded = torch.cat(
            [critic_of(setup.game, state)(x) for x in (evaluator.real, evaluator.draw(state))]
        )
        exact_game = dataclasses.replace(setup.game, dtype=torch.float64)
        score = critic_of(exact_game, state)
        exact = score(evaluator.real).mean() - score(evaluator.draw(state)).mean()
    assert rounded.max() - rounded.min() < 2 * 0.01 * 2**-23
    numbers = numbers_of(evaluator.measure(state))
    assert numbers[GAP] == pytest.approx(exact.item(), rel=1e-6)
    assert 0 < abs(numbers[GAP]) < 1e-9
    assert 0 < abs(numbers[CERTIFIED]) <= numbers[EXACT]


def test_sums_that_cancel_inside_the_critic_are_seen_to_round() -> None:
    """Scores near 0 have a small spacing, but are rounded as the large sums that they are what is left of."""
    setup, evaluator, state = a_run("train.ema=null")
    fake, exact_game = evaluator.draw(state), dataclasses.replace(setup.game, dtype=torch.float64)
    # nearly the same for all samples, and large: units that are on, of a first layer that hardly sees them
    critic = {name: value + 1 if value.ndim == 1 else value for name, value in state.critic.items()}
    first, *_, last, bias = list(critic)
    critic |= {first: 3e-7 * critic[first], last: 30 * critic[last]}
    state = state._replace(critic=critic)
    with torch.no_grad():
        offset = critic_of(setup.game, state)(evaluator.real).mean()
        state = state._replace(critic=critic | {bias: critic[bias] - offset})
        scores = [critic_of(setup.game, state)(x).double() for x in (evaluator.real, fake)]
        exact = [critic_of(exact_game, state)(x) for x in (evaluator.real, fake)]
    rounded, gap = (float(real.mean() - generated.mean()) for real, generated in (scores, exact))
    assert (
        abs(rounded) > 1e3 * 2 * float(torch.cat(scores).abs().max()) * 2**-23
    )  # as if known to three digits
    assert abs(rounded / gap - 1) > 1e-2  # and wrong in the second
    assert numbers_of(evaluator.measure(state))[GAP] == pytest.approx(gap, rel=1e-6)


@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_a_constant_critic_proves_nothing_and_is_said_to(
    offset: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    _, evaluator, state = a_run("train.ema=null")
    critic = {name: 0 * value for name, value in state.critic.items()}
    last = list(critic)[-1]
    state = state._replace(critic=critic | {last: critic[last] + offset})
    for _ in range(2):
        numbers = numbers_of(evaluator.measure(state))
    assert not {GAP, CERTIFIED, SLOPE} & set(numbers)
    assert numbers[EXACT] > 0.5
    (said,) = caplog.messages
    assert "it proves nothing of their distance" in said
