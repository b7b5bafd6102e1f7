"""How a run is executed where the config says ``auto``: by a rule, so that a command is always the same run.

Modes and layouts round differently. So nothing is timed: on a busy machine a clock would choose otherwise,
and the same command would give other numbers. The rule's figures are those of docs/performance.md.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from gan_lab.config.errors import lack_of_memory
from gan_lab.config.modes import Mode
from gan_lab.game.batches import BatchSource, Prefetcher
from gan_lab.game.cuda_graph import CaptureError
from gan_lab.game.execution import Execution, make_execution
from gan_lab.game.setup import Setup
from gan_lab.numerics.trees import stack
from gan_lab.types import Batch, Sampler, State

MOST_STACKED = 50e6
"""Parameters of both networks times the batch size, up to which stacked MLPs of several seeds are faster.

Measured on a CPU: eight seeds of the toy at batch 64 or 256, 4e6 and 17e6, take 0.4 to 0.74 of the time;
from 70e6 to 270e6 it makes no difference; at 900e6 they take twice as long.
"""

COMPILE_S = 60.0
"""A cold compilation of one iteration on two cores takes 35 to 60 s."""

MARGIN = 1.5
"""How many times over a compilation has to be earned back."""

SAVED_S, SAVED_S_PER_PARAMETER = 1e-3, 1e-9
"""What compiling saves of a step of either network of one seed, at least: of the interpreter's time, and of
memory that is read and written. Measured: 0.7 to 4 ms in the toy, 13 to 47 ms in an MLP of 14 million
parameters.
"""


class Choice(NamedTuple):
    """How a run, or each of several seeds, is played."""

    mode: Mode
    stacked: bool
    rule: str
    """Why, for whoever reads the record."""
    execution: Execution | None = None
    """Where trying has made it already: compiling twice takes twice as long."""


def choose_execution(
    setup: Setup, sampler: Sampler, seeds: int, iterations: int, processes: int = 1
) -> Choice:
    """Decide how a run, or several that differ in their seed alone, are played.

    ``auto`` takes a CUDA graph on CUDA; elsewhere it compiles MLPs where that saves ``MARGIN`` times what the
    compiler takes. What cannot be recorded or compiled is played eagerly. Several seeds of small MLPs are
    stacked into one call, others take turns, whatever the mode.

    Args:
        setup: of any of the seeds.
        sampler: its real data.
        seeds: how many there are.
        iterations: of the whole run.
        processes: how many play it together.
    """
    if processes > 1:
        return Choice("eager", False, f"eager: {processes} processes share every batch")
    asked = setup.train.execution
    stacked, layout = _choose_layout(setup, sampler, seeds)
    if asked != "auto":
        return Choice(asked, stacked, f"{layout}{asked}, as the config says")
    mode: Mode
    if setup.device.type == "cuda":
        mode, reason = "graph", "kernels are replayed without the interpreter"
    else:
        mode, reason = _choose_on_cpu(setup, seeds * iterations)
    if mode == "eager":
        return Choice("eager", stacked, f"{layout}eager: {reason}")
    execution = make_execution(setup.game, mode, stacked=stacked)
    failure = _try(execution, setup, sampler, seeds if stacked else 1)
    if failure is not None:
        return Choice("eager", stacked, f"{layout}eager: no {mode} iteration can be made ({failure})")
    return Choice(mode, stacked, f"{layout}{mode}: {reason}", execution)


def _choose_layout(setup: Setup, sampler: Sampler, seeds: int) -> tuple[bool, str]:
    """Return whether seeds are stacked into one call, and why."""
    if seeds == 1:
        return False, ""
    in_turn = f"{seeds} seeds one after another"
    if _convolve(setup):
        return False, f"{in_turn} (stacked convolutions are slow); "
    work = _parameters(setup) * setup.train.batch_size
    told = f"{_parameters(setup):,} parameters x batch {setup.train.batch_size:,} are"
    if work > MOST_STACKED:
        return False, f"{in_turn} ({told} above {MOST_STACKED:,.0f}); "
    failure = _try(make_execution(setup.game, "eager", stacked=True), setup, sampler, 2)
    if failure is not None:  # an operation that vmap has no rule for
        return False, f"{in_turn} ({failure}); "
    return True, f"{seeds} seeds stacked into one call ({told} at most {MOST_STACKED:,.0f}); "


def _choose_on_cpu(setup: Setup, iterations: int) -> tuple[Mode, str]:
    if _convolve(setup):
        return "eager", "compiling gains next to nothing on convolutions"
    steps = iterations * (setup.train.n_critic + 1)
    saved_s = steps * (SAVED_S + SAVED_S_PER_PARAMETER * _parameters(setup))
    told = f"compiling takes about {COMPILE_S:.0f} s and saves about {saved_s:.3g} s of {steps:,} steps"
    return ("compiled" if saved_s >= MARGIN * COMPILE_S else "eager"), told


def _try(execution: Execution, setup: Setup, sampler: Sampler, members: int) -> str | None:
    """Play the first iteration, which changes nothing, and return why it cannot be played, or None.

    Raises:
        RuntimeError: if memory does not suffice: how much is free must not decide; or if the device is lost.
    """
    try:
        execution.iteration(*_first_inputs(setup, sampler, members))
    except CaptureError as error:
        return error.cause
    except RuntimeError as error:
        if lack_of_memory(error, ""):
            raise
        if setup.device.type == "cuda":
            torch.cuda.synchronize(setup.device)  # an error that stays is raised again: no mode plays on
        return str(error).partition("\n")[0]
    return None


def _first_inputs(setup: Setup, sampler: Sampler, members: int) -> tuple[State, Batch]:
    source = BatchSource(sampler, setup.batch_shape, setup.seed, setup.device)
    batch = Prefetcher([source] * members, setup.device, ahead=False).batch(0)
    state = setup.init_state()
    return (state if members == 1 else stack([state] * members)), batch


def _networks(setup: Setup) -> Sequence[nn.Module]:
    return setup.generator, setup.critic


def _parameters(setup: Setup) -> int:
    return sum(value.numel() for network in _networks(setup) for value in network.parameters())


def _convolve(setup: Setup) -> bool:
    return any(isinstance(layer, _ConvNd) for network in _networks(setup) for layer in network.modules())
