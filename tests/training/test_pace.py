"""How much longer a run takes is said once it was measured, and not before."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gan_lab.game.settings import TrainSettings
from gan_lab.training.pace import Pace, about
from gan_lab.training.progress import ProgressBar
from support.configs import compose_config


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Clock:
    clock = Clock()
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("gan_lab.training.pace.time", SimpleNamespace(monotonic=clock))
    return clock


def bar_without_terminal(device: str, whole: int = 30) -> ProgressBar:
    """Of 30 iterations: 20 of 10 critic steps, which are warm-up, and 10 of 2."""
    train = compose_config(
        "objective=wgan",
        "train.iterations=30",
        "train.n_critic=2",
        "train.warmup_critic_steps=10",
        "train.warmup_iterations=20",
        "train.warmup_every=0",
    )["train"]
    setup: Any = SimpleNamespace(train=TrainSettings(**train), device=torch.device(device))
    return ProgressBar(setup, 0, 30, whole)


def test_seeds_that_catch_up_with_others_are_promised_no_end(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    bar = bar_without_terminal("cpu", whole=60)
    for _ in range(5):
        clock.now_s += 4.0
        bar.advance()
    (said,) = caplog.messages
    assert said.startswith("About 76 seconds more until iteration 30: 190 critic steps to go, ")


def test_the_rest_is_said_once_of_a_warm_up_and_once_of_what_follows(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    bar = bar_without_terminal("cpu")
    for _ in range(30):
        clock.now_s += 100.0 if bar._done == 0 else 4.0  # the first iteration is no measure
        bar.advance()
    # 2 iterations of warm-up, 20 critic steps, took 8 s
    warmup, later = caplog.messages
    assert warmup == (
        "About 76 seconds more: 190 critic steps to go, at the pace measured over 20 steps of warm-up."
    )
    # 2 iterations of 2 steps took 8 s
    assert later == "About 32 seconds more: 16 critic steps to go, at the pace measured over 4 steps."


def test_one_step_is_no_several(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    pace = Pace(total=3, warmup=0)
    pace.at(1)
    clock.now_s += 30.0
    pace.at(2)
    assert caplog.messages == [
        "About 30 seconds more: 1 critic step to go, at the pace measured over 1 step."
    ]


def test_what_is_queued_on_a_device_was_not_measured(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    bar = bar_without_terminal("cuda")
    for _ in range(5):
        bar.advance()
    clock.now_s += 50.0
    bar.show([])  # numbers are here, so all of it is done
    clock.now_s += 10.0
    bar.advance()
    assert caplog.messages == []
    bar.show([])
    assert len(caplog.messages) == 1


def test_a_short_rest_is_not_told(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    pace = Pace(total=100, warmup=0)
    pace.at(10)
    clock.now_s += 6.0
    pace.at(60)
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (42.4, "42 seconds"),
        (89, "89 seconds"),
        (90, "2 minutes"),
        (5399, "90 minutes"),
        (5400, "2 hours"),
        (1e6, "12 days"),
    ],
)
def test_a_duration_is_one_round_number(seconds: float, text: str) -> None:
    assert about(seconds) == text
