"""Short runs of one seed and of three that are trained together, interrupted and disturbed at will."""

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.datasets.toy import Ring
from gan_lab.numerics.streams import make_rng
from gan_lab.numerics.trees import tensors_of
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import read_run
from gan_lab.training import execution_rule, launch, signals
from gan_lab.types import Sampler
from support.configs import FEW, TOY, compose_config
from support.games import by_name, read_metrics
from support.rounding import EPS, Course, assert_within

RUN = [*TOY, *FEW, "device=cpu", "objective=wgan_gp", "train.execution=eager", "train.sample_every=1000"]
RUN += ["train.n_critic=1", "train.warmup_critic_steps=3", "train.warmup_every=5", "train.iterations=12"]
# a game that does not carry rounding far, as support/rounding.py says, and has a state of every kind
RUN += [f"optimizer.eps={EPS}", "architecture.critic.activation=tanh", "train.ema=0.9"]
ALL = ("seed0", "seed1", "seed2")

Lone = Callable[[int], Path]
Group = Callable[[bool], Path]


@functools.cache
def composed(*overrides: str) -> dict[str, Any]:
    return compose_config(*RUN, *overrides)


def start(folder: Path, *overrides: str) -> float:
    return launch.launch(composed(*overrides), folder, choices={}, command="a test")


@contextmanager
def layout(together: bool) -> Iterator[None]:
    """Have several seeds stacked into one call, or played one after another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution_rule, "_choose_layout", lambda *of: (together and of[2] > 1, ""))
        yield


@contextmanager
def interruption(after: int) -> Iterator[None]:
    """Ask to stop once so many iterations were played."""
    asked = itertools.count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signals.StopRequest, "__bool__", lambda self: next(asked) == after)
        yield


def how(run: Path) -> str:
    """How it is executed, in words."""
    return str(read_run(run).execution)


def statuses(folder: Path) -> list[tuple[str, int]]:
    records = [read_run(path.parent) for path in sorted(folder.glob("seed*/run.json"))]
    return [(record.status, record.iteration) for record in records]


def assert_same_run(one: Path, other: Path) -> None:
    """The same weights and the same metrics.csv, to the bit."""
    assert (one / "metrics.csv").read_bytes() == (other / "metrics.csv").read_bytes()
    first, second = load_newest(one), load_newest(other)
    assert first.iteration == second.iteration
    assert all(map(torch.equal, tensors_of(first.state), tensors_of(second.state)))


def course_of(run: Path, rows: int = 12) -> dict[str, NDArray[np.float64]]:
    """The first rows of metrics.csv; after all 12 the state too, in a row of its own."""
    course = {tag: values[:rows] for tag, values in read_metrics(run).items()}
    if rows == 12:
        at_the_end = by_name(load_newest(run).state, {})
        course |= {f"at the end, {name}": value.double().numpy()[None] for name, value in at_the_end.items()}
    return course


def assert_close_run(one: Path, other: Path, allowed: Course, rows: int = 12) -> None:
    """The same numbers but for rounding."""
    assert len(read_metrics(one)["iteration"]) >= rows
    assert_within(course_of(one, rows), course_of(other, rows), allowed)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def poison(monkeypatch: pytest.MonkeyPatch, seeds: dict[int, int]) -> None:
    """Let the data of some seeds be NaN at one iteration, counted from 1."""
    streams = {make_rng(seed, "data/0").initial_seed(): at for seed, at in seeds.items()}
    real_open = Ring.open

    def open_poisoned(self: Ring, device: torch.device) -> Sampler:
        sampler = real_open(self, device)

        def sample(n: int, rng: torch.Generator) -> Tensor:
            values = sampler(n, rng)
            if rng.initial_seed() in streams:
                values.chunk(64)[streams[rng.initial_seed()] - 1].fill_(math.nan)  # blocks hold 64 iterations
            return values

        return sample

    monkeypatch.setattr(Ring, "open", open_poisoned)
