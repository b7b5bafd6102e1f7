"""Counts of critic steps that are known without going through all iterations."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_lab.config.errors import UserError
from gan_lab.game.settings import TrainSettings

PLAIN = TrainSettings(
    iterations=1,
    batch_size=1,
    n_critic=2,
    warmup_critic_steps=7,
    warmup_iterations=0,
    warmup_every=0,
    execution="eager",
    precision="fp32",
    seeds=None,
    ema=None,
    log_every=1,
    sample_every=1,
    checkpoint_every=1,
    returned_metric="distance/critic_median",
    returned_when_diverged=0.0,
)

COUNTS = st.integers(0, 30)


@given(first=COUNTS, more=COUNTS, early=COUNTS, every=COUNTS, steps=st.sampled_from([0, 2, 7]))
def test_critic_steps_of_a_span_are_those_of_its_iterations(
    first: int, more: int, early: int, every: int, steps: int
) -> None:
    train = dataclasses.replace(PLAIN, warmup_critic_steps=steps, warmup_iterations=early, warmup_every=every)
    last = first + more
    expected = sum(train.extra_critic_steps(iteration) for iteration in range(first, last))
    assert train.extra_critic_steps_between(first, last) == expected


def test_a_run_of_any_length_is_counted_at_once() -> None:
    train = dataclasses.replace(PLAIN, warmup_iterations=10, warmup_every=10)
    assert train.extra_critic_steps_between(0, 10**18) == 5 * (10 + 10**17 - 1)


@pytest.mark.parametrize("key", ["n_critic", "warmup_critic_steps"])
def test_an_iteration_has_at_most_a_million_critic_steps(key: str) -> None:
    """It is not stopped before it has ended."""
    longest: Any = {"warmup_critic_steps": 0, key: 1_000_000}
    dataclasses.replace(PLAIN, **longest)
    with pytest.raises(UserError, match=rf"^{key} must be a whole number from [01] to 1000000; got 1000001"):
        dataclasses.replace(PLAIN, **longest | {key: 1_000_001})
    with pytest.raises(UserError, match=r"^n_critic must be a whole number from 1 to 1000000; got 0"):
        dataclasses.replace(PLAIN, n_critic=0)
