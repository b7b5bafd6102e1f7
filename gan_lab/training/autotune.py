"""How a run is executed where the config says ``auto``: decided by trying, on the run's own first batches.

The iteration is a pure function, so that trying changes nothing.
"""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch

from gan_lab.config.modes import Mode
from gan_lab.game.batches import Prefetcher
from gan_lab.game.execution import Execution, make_execution
from gan_lab.numerics.trees import stack
from gan_lab.runs.record import ExecutionRecord
from gan_lab.training.flops import count_flops
from gan_lab.training.member import Member
from gan_lab.types import Batch, State

COMPILE_S = 60.0
"""A cold compilation of one iteration on two cores takes 40 to 60 s."""

SAVED_SHARE = 0.5
"""What compiling saves at least of the time that is not arithmetic; 0.5 to 0.8 were measured."""

MARGIN = 1.5
"""How many times over a compilation has to be earned back: an estimate may be wrong."""

_PRODUCT_SIZE = 1024
_TRIAL_MEMBERS = 2
_TRIAL_S = 5.0
_TURNS, _TURNS_S = 7, 2.0  # of each in a comparison, and after how long no further round begins


class Trial(NamedTuple):
    """One iteration's inputs: of a lone run, or of several stacked."""

    state: State
    batch: Batch


class Choice(NamedTuple):
    """How members are played."""

    mode: Mode
    together: bool
    reason: str
    # where trying has made it already: compiling twice takes twice as long
    execution: Execution | None = None

    def record(self, members: int) -> ExecutionRecord:
        """Return what ``run.json`` says of it."""
        return ExecutionRecord(self.mode, members, self.together)


def choose_execution(members: Sequence[Member], until: int) -> Choice:
    """Decide how members are played from where they stand to an iteration.

    Several members are stacked where one call for all of them is faster than one call for each; that is tried
    eagerly, whatever the mode. ``auto`` then takes a CUDA graph on CUDA; elsewhere it compiles where the time
    that this is sure to save is ``MARGIN`` times what the compiler takes. A run that was begun in one mode
    goes on in it, so that it stays the same to the bit.

    Args:
        members: they stand at the same iteration.
        until: the iteration that they are played to.
    """
    setup, iterations = members[0].setup, until - members[0].last_finite.iteration
    asked = setup.train.execution
    before = _choice_before(members)
    if before is not None and asked in ("auto", before.mode):
        return before
    together, layout = _choose_layout(members)
    if asked != "auto":
        return Choice(asked, together, f"{layout}{asked}, as the config says")
    if setup.device.type == "cuda":
        return _try_graph(members if together else members[:1], together, layout)
    played_at_once = members if together else members[:1]
    # seeds in turn share one compilation
    calls = iterations * (1 if together else len(members))
    choice = _choose_on_cpu(played_at_once, calls)
    return choice._replace(together=together, reason=f"{layout}{choice.mode}: {choice.reason}")


def _try_graph(members: Sequence[Member], together: bool, layout: str) -> Choice:
    """Record a graph, unless something in the networks waits for the device."""
    execution = make_execution(members[0].setup.game, "graph", stacked=len(members) > 1)
    try:
        execution.iteration(*_trial(members))
    except RuntimeError as error:
        return Choice("eager", together, f"{layout}eager: no graph can be recorded ({_first_line(error)})")
    return Choice(
        "graph", together, f"{layout}graph: kernels are replayed without the interpreter", execution
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _choice_before(members: Sequence[Member]) -> Choice | None:
    """Return how these members were played before, if they all were, together, as they can be here."""
    first, *others = (member.run.record.execution for member in members)
    if first is None or first.seeds != len(members) or any(other != first for other in others):
        return None
    if first.mode == "graph" and members[0].setup.device.type != "cuda":  # begun on another machine
        return None
    return Choice(first.mode, first.stacked, f"{first.mode}, as before")


def _choose_layout(members: Sequence[Member]) -> tuple[bool, str]:
    if len(members) == 1:
        return False, ""
    game = members[0].setup.game
    alone = partial(make_execution(game, "eager").iteration, *_trial(members[:1]))
    device = members[0].setup.device
    (one,) = _least_seconds(device, alone)
    # large networks are slow to try, and a few of them tell as much as all
    count = min(len(members), max(_TRIAL_MEMBERS, int(_TRIAL_S / one)))
    stacked = partial(make_execution(game, "eager", stacked=True).iteration, *_trial(members[:count]))
    try:
        one, all_at_once = _least_seconds(device, alone, stacked)
    except RuntimeError as error:  # an operation that vmap has no rule for, or too little memory
        return False, f"{len(members)} seeds one after another ({_first_line(error)}); "
    together = all_at_once < count * one
    what = "stacked into one call" if together else "one after another"
    at_once, in_turn = f"{all_at_once * 1e3:.3g} ms", f"{count * one * 1e3:.3g} ms"
    times = f"{count} take {at_once} an iteration at once, {in_turn} in turn"
    return together, f"{len(members)} seeds {what} ({times}); "


def _choose_on_cpu(members: Sequence[Member], iterations: int) -> Choice:
    setup, trial, stacked = members[0].setup, _trial(members), len(members) > 1
    game, device = setup.game, setup.device
    stay = partial(Choice, "eager", stacked)
    eager = partial(make_execution(game, "eager", stacked=stacked).iteration, *trial)
    first = _seconds_of(eager, device)
    if first * iterations < MARGIN * COMPILE_S:
        return stay(f"it takes about {first * iterations:.0f} s, and compiling {COMPILE_S:.0f} s")
    (once,) = _least_seconds(device, eager)
    arithmetic = min(once, _arithmetic_seconds(members))
    saved = SAVED_SHARE * max(0.0, once - arithmetic) * iterations
    told = (
        f"an iteration takes {once * 1e3:.3g} ms, {arithmetic * 1e3:.3g} ms of it arithmetic; compiling "
        f"takes about {COMPILE_S:.0f} s and would save about {saved:.0f} s"
    )
    if saved < MARGIN * COMPILE_S:
        return stay(told)
    try:
        compiled = make_execution(game, "compiled", stacked=stacked)
        once, compiled_s = _least_seconds(device, eager, partial(compiled.iteration, *trial))
    except RuntimeError as error:  # no compiler on this machine, or none that understands these networks
        return stay(f"compiling failed ({_first_line(error)})")
    if compiled_s > once:
        return stay(f"compiled, an iteration takes {compiled_s * 1e3:.3g} ms instead of {once * 1e3:.3g} ms")
    return Choice("compiled", stacked, told, compiled)


def _trial(members: Sequence[Member]) -> Trial:
    batches = Prefetcher([member.source for member in members], members[0].setup.device, ahead=False)
    states = [member.last_finite.state for member in members]
    state = states[0] if len(states) == 1 else stack(states)
    return Trial(state, batches.batch(members[0].last_finite.iteration))


def _least_seconds(device: torch.device, *calls: Callable[[], Any]) -> list[float]:
    """Return the least time of each call over several turns, taken one after another.

    So that what else runs on the machine slows all of them, and none only by chance.
    """
    for call in calls:
        call()  # the first one compiles, allocates, tunes
    least, started = [math.inf] * len(calls), time.perf_counter()
    for turn in range(_TURNS):
        if turn and time.perf_counter() - started > _TURNS_S:
            break
        least = [min(least_s, _seconds_of(call, device)) for least_s, call in zip(least, calls, strict=True)]
    return least


def _seconds_of(call: Callable[[], Any], device: torch.device) -> float:
    """Return the time that one call takes where nothing else runs."""
    on_cuda = device.type == "cuda"
    # of this thread, which works or waits actively: other jobs may want the processor, too
    clock = time.perf_counter if on_cuda else time.thread_time
    started = clock()
    call()
    if on_cuda:
        torch.cuda.synchronize(device)
    return max(clock() - started, 1e-9)


def _arithmetic_seconds(members: Sequence[Member]) -> float:
    """Return what the products of an iteration of all members take at the rate of a large matrix product."""
    setup = members[0].setup
    operations = count_flops(make_execution(setup.game, "eager").iteration, *_trial(members[:1]))
    matrix = torch.randn(_PRODUCT_SIZE, _PRODUCT_SIZE, device=setup.device).to(setup.game.dtype)
    (product_s,) = _least_seconds(setup.device, partial(torch.mm, matrix, matrix))
    return len(members) * operations * product_s / (2 * _PRODUCT_SIZE**3)
