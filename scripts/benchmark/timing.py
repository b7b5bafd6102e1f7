"""How contestants are timed: in turns within one process, so that a slow moment slows all of them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch

from benchmark.contestants import Runner

_FEWEST_TURNS = 3
_LONGEST_TURN = 4  # times as long as it should be


class Spread(NamedTuple):
    """A median and the values around it."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the median, the least and the greatest of some values."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(base: Sequence[float], others: Sequence[float]) -> Spread:
    """Return how many times as fast the others are, turn by turn."""
    return spread([one / other for one, other in zip(base, others, strict=True)])


def time_calls(function: Callable[[], object], repeats: int, device: torch.device) -> float:
    """Return the seconds of one call, over ``repeats`` of them."""
    synchronize(device)
    started = time.perf_counter()
    for _ in range(repeats):
        function()
    synchronize(device)
    return (time.perf_counter() - started) / repeats


def synchronize(device: torch.device) -> None:
    """Wait until a device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def choose_repeats(once_s: float, turn_s: float, period: int) -> int:
    """Return how many iterations a turn takes.

    A whole number of periods, so that every turn pays for its draws, unless these take much longer than a
    turn: then drawing is a hundredth of the time or less, and falls into some of the turns.
    """
    repeats = max(1, round(turn_s / once_s))
    whole = -(-repeats // period) * period
    return whole if whole * once_s <= _LONGEST_TURN * turn_s else repeats


def take_turns(
    runners: Mapping[str, Runner],
    repeats: Mapping[str, int],
    device: torch.device,
    *,
    turns: int,
    budget_s: float,
) -> dict[str, list[float]]:
    """Return the seconds per iteration of each runner, one number a turn.

    Args:
        runners: by name; all of them have run before.
        repeats: iterations of each in a turn.
        device: where they run.
        turns: how many each takes.
        budget_s: after which no further round of turns begins, as long as there were three.

    Raises:
        RuntimeError: if anything compiles meanwhile, which would be timed as well.
    """
    times: dict[str, list[float]] = {name: [] for name in runners}
    started = time.perf_counter()
    with torch.compiler.set_stance("fail_on_recompile"):
        for turn in range(turns):
            if turn >= _FEWEST_TURNS and time.perf_counter() - started > budget_s:
                break
            for name, runner in runners.items():
                times[name].append(time_calls(runner.iterate, repeats[name], device))
    return times
