"""One case from its config to its rows: who takes part, first calls, memory, then turns."""

import gc
from dataclasses import dataclass

import torch
from torch import nn

from benchmark.cases import Case
from benchmark.contestants import Contestant, Runner, enter, make_runner
from benchmark.limits import count_work
from benchmark.machine import Machine
from benchmark.memory import measure_peak
from benchmark.results import Result, Row
from benchmark.textbook import draw_samples
from benchmark.timing import choose_repeats, take_turns, time_calls
from gan_lab.game.setup import Setup
from gan_lab.numerics.memory import available_bytes

_LOADER_WEIGHS = ("toy", "mlp", "curves")
_MOST_MEMORY = 0.5


@dataclass(frozen=True)
class Effort:
    """How long measuring may take.

    Attributes:
        turns: of each contestant, at most.
        turn_s: about how long one is, seconds.
        budget_s: of the turns of a case; three rounds of turns are taken whatever they cost.
        call_s: iterations of stacked seeds that would take longer are left out.
    """

    turns: int
    turn_s: float
    budget_s: float
    call_s: float


FULL = Effort(turns=7, turn_s=1.0, budget_s=60.0, call_s=6.0)
QUICK = Effort(turns=3, turn_s=0.5, budget_s=20.0, call_s=3.0)


def measure(case: Case, device: str, machine: Machine, effort: Effort, command: str) -> Result:
    """Measure one case.

    Args:
        case: what to run.
        device: as in ``gan-lab train device=...``.
        machine: where; says why it has no bfloat16.
        effort: how long.
        command: what was typed, for the record.
    """
    setup = case.build_setup(device)
    work = count_work(setup)
    in_memory = case.group in _LOADER_WEIGHS or setup.device.type == "cuda"
    contestants = enter(setup.device, case.seeds, in_memory=in_memory)
    rows = Field(setup, contestants, machine, effort).rows()
    torch.compiler.reset()
    gc.collect()
    torch.cuda.empty_cache()  # what torch keeps counts as taken where the next case asks for memory
    return Result(case.title, case.overrides, command, work, rows)


class Field:
    """The contestants of a case, built and run together."""

    def __init__(self, setup: Setup, contestants: list[Contestant], machine: Machine, effort: Effort) -> None:
        self._device, self._effort, self._contestants = setup.device, effort, contestants
        self._cold: dict[str, float] = {}
        self._warm: dict[str, float] = {}
        self._peaks: dict[str, int | None] = {}
        self._repeats: dict[str, int] = {}
        self._left_out: dict[str, str] = {}
        # one try, four seeds of the DCGAN at 32x32: 203 s to compile, then 13 s an iteration against 5 s
        convolves = any(isinstance(layer, nn.Conv2d) for layer in setup.critic.modules())
        self._slow_to_stack = convolves and self._device.type == "cpu"
        samples = draw_samples(setup)
        eager = make_runner(Contestant("eager"), setup, samples)
        time_calls(eager.iterate, 1, self._device)
        once_s, peak = self._gauge(eager)
        # all are built before any is called: building a compiled one discards what is compiled
        self._runners: dict[str, Runner] = {}
        for contestant in contestants:
            reason = self._reason_against(contestant, machine, once_s, peak or 0)
            if reason is not None:
                self._left_out[contestant.name] = reason
            else:
                self._runners[contestant.name] = make_runner(contestant, setup, samples)

    def rows(self) -> tuple[Row, ...]:
        """Run everything, and return what was measured."""
        self._call_first()
        self._call_first_again()
        for name, runner in self._runners.items():
            once_s, peak = self._gauge(runner)
            self._peaks.setdefault(name, peak)
            self._repeats[name] = choose_repeats(once_s, self._effort.turn_s, runner.period)
        effort = self._effort
        times = take_turns(
            self._runners, self._repeats, self._device, turns=effort.turns, budget_s=effort.budget_s
        )
        return tuple(
            Row(
                name=contestant.name,
                mode=contestant.mode,
                bf16=contestant.bf16,
                seeds=contestant.seeds,
                seconds=tuple(times.get(contestant.name, ())),
                cold_s=self._cold.get(contestant.name),
                warm_s=self._warm.get(contestant.name),
                peak_bytes=self._peaks.get(contestant.name),
                left_out=self._left_out.get(contestant.name),
            )
            for contestant in self._contestants
        )

    def _call_first(self) -> None:
        """Call each once, and note what that takes where something is compiled."""
        for contestant in self._contestants:
            runner = self._runners.get(contestant.name)
            if runner is None:
                continue
            try:
                if contestant.mode == "graph":
                    # a replay takes its memory from the graph, which the first call makes
                    self._peaks[contestant.name] = measure_peak(runner, self._device)
                first_s = time_calls(runner.iterate, 1, self._device)
            except RuntimeError as error:  # what the compiler or the device refuses is a result, too
                self._left_out[contestant.name] = f"failed: {str(error).strip().partition(chr(10))[0]}"
                del self._runners[contestant.name]
                continue
            if contestant.mode == "compiled":
                self._cold[contestant.name] = first_s

    def _call_first_again(self) -> None:
        """Compile again with the cache on disk, and then no more."""
        torch.compiler.reset()
        for name in self._cold:
            self._warm[name] = time_calls(self._runners[name].iterate, 1, self._device)

    def _gauge(self, runner: Runner) -> tuple[float, int | None]:
        """Return about how many seconds an iteration takes, and its memory in bytes."""
        peak = measure_peak(runner, self._device)
        once_s = time_calls(runner.iterate, 1, self._device)
        # one call says enough where it is long
        return once_s if once_s > self._effort.turn_s else time_calls(runner.iterate, 3, self._device), peak

    def _reason_against(
        self, contestant: Contestant, machine: Machine, once_s: float, peak: int
    ) -> str | None:
        if contestant.bf16:
            return machine.no_bf16
        if contestant.seeds == 1:
            return None
        if contestant.mode == "compiled" and self._slow_to_stack:
            return "convolutions of stacked seeds compile for minutes on a CPU, and then lose to eager ones"
        expected_s, expected = contestant.seeds * once_s, contestant.seeds * peak
        if expected_s > self._effort.call_s:
            return f"an iteration of {contestant.seeds} seeds would take about {expected_s:.0f} s"
        if expected > _MOST_MEMORY * available_bytes(self._device):
            return f"{contestant.seeds} seeds would take about {expected / 1e9:.0f} GB"
        return None
