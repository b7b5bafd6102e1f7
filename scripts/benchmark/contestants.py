"""What takes turns: the textbook loop and ours, in all the ways that it runs."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from benchmark.textbook import Textbook
from gan_lab.config.modes import Mode
from gan_lab.game.batches import BatchSource, Prefetcher
from gan_lab.game.execution import Execution, make_execution
from gan_lab.game.setup import Setup
from gan_lab.numerics.trees import stack, tensors_of
from gan_lab.tracking.buffer import MeasurementBuffer

TEXTBOOK, IN_MEMORY = "textbook", "textbook, data in memory"

_FETCH_EVERY = 50  # iterations, as the training loop does by default


@dataclass(frozen=True)
class Contestant:
    """One way to run an iteration.

    Attributes:
        mode: ``textbook`` or one of ours.
        bf16: whether the networks compute in bfloat16.
        seeds: how many are stacked.
        loader: of the textbook, whether its batches come from a DataLoader.
    """

    mode: Literal["textbook"] | Mode
    bf16: bool = False
    seeds: int = 1
    loader: bool = True

    @property
    def name(self) -> str:
        """What tables call it."""
        if not self.loader:
            return IN_MEMORY
        seeds = f", {self.seeds} seeds" if self.seeds > 1 else ""
        return f"{self.mode}{', bf16' if self.bf16 else ''}{seeds}"


@dataclass
class Runner:
    """A contestant, built.

    Attributes:
        iterate: plays one iteration, its share of drawing batches and reading measurements included.
        period: iterations between two draws of batches.
        tensors: what stays in memory between iterations.
    """

    iterate: Callable[[], None]
    period: int
    tensors: Callable[[], list[Tensor]]


def enter(device: torch.device, seeds: tuple[int, ...], *, in_memory: bool) -> list[Contestant]:
    """Return who takes part on a device.

    Args:
        device: where.
        seeds: numbers of seeds that are stacked, besides one.
        in_memory: whether the textbook's loop also runs without a DataLoader, where that weighs something.
    """
    modes: list[Mode] = ["eager", "compiled", *(["graph"] if device.type == "cuda" else [])]  # type: ignore[list-item]
    textbook = [Contestant("textbook"), *([Contestant("textbook", loader=False)] if in_memory else [])]
    single = [Contestant(mode, bf16) for bf16 in (False, True) for mode in modes]
    return [*textbook, *single, *(Contestant(mode, seeds=n) for n in seeds for mode in modes)]


def make_runner(contestant: Contestant, setup: Setup, samples: Tensor) -> Runner:
    """Build a contestant; ``samples`` (n, *D) are the textbook's real data."""
    if contestant.mode == "textbook":
        textbook = Textbook(setup, samples, loader=contestant.loader)
        return Runner(textbook.iterate, 1, textbook.tensors)
    game = setup.game
    if contestant.bf16:
        game = dataclasses.replace(game, dtype=torch.bfloat16)
    execution = make_execution(game, contestant.mode, stacked=contestant.seeds > 1)
    return _Ours(setup, execution, contestant.seeds).runner


class _Ours:
    """Ours as the training loop plays it, without looks and files."""

    def __init__(self, setup: Setup, execution: Execution, seeds: int) -> None:
        device, sampler = setup.device, setup.dataset.open(setup.device)
        members = [BatchSource(sampler, setup.batch_shape, setup.seed + k, device) for k in range(seeds)]
        self._batches = Prefetcher(members, device, ahead=False)
        states = [setup.init_state() for _ in range(seeds)]
        self._state = states[0] if seeds == 1 else stack(states)
        self._execution, self._iteration = execution, 0
        self._measured = MeasurementBuffer(1)
        self.runner = Runner(self._iterate, members[0].block_length, lambda: tensors_of(self._state))

    def _iterate(self) -> None:
        batch = self._batches.batch(self._iteration)
        self._state, measurements = self._execution.iteration(self._state, batch)
        self._measured.keep(measurements)
        self._iteration += 1
        if self._iteration % _FETCH_EVERY == 0:
            self._measured.fetch()
