"""How an iteration runs: the same functions, operator by operator, compiled, or as a CUDA graph.

The critic steps of a warm-up are called one by one, whatever their number: unrolled into one graph, a
hundred of them would take minutes to compile.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor

from gan_lab.config.modes import Mode
from gan_lab.game.cuda_graph import Capture
from gan_lab.game.iteration import make_critic_step, make_generate, make_iteration
from gan_lab.game.networks import generator_weights
from gan_lab.game.rules import Game
from gan_lab.numerics.derivatives import use_autograd
from gan_lab.types import Batch, Measurements, State

P = ParamSpec("P")
R = TypeVar("R")


class Execution(NamedTuple):
    """The two functions that a training loop calls.

    What they return may be overwritten by the next call: copy what is to be kept.
    """

    iteration: Callable[[State, Batch], tuple[State, Measurements]]
    critic_step: Callable[[State, Tensor, Tensor, Tensor, Tensor], State]
    """State, real (B, *D), latent (B, Z), noise (B, *noise_shape) and label (B,), or (0,), to the state one
    critic step later."""

    def close(self) -> None:
        """Free what the functions hold on the device, such as the memory of graphs."""
        for function in self:
            if close := getattr(function, "close", None):
                close()


def make_execution(game: Game, mode: Mode, *, stacked: bool = False, backend: str = "inductor") -> Execution:
    """Return the functions of a game, ready to be called in a loop.

    Args:
        game: networks and rules.
        mode: ``eager`` runs operator by operator; ``compiled`` makes one graph of an iteration, which takes
            a minute or so at the first call and pays where the interpreter, not the arithmetic, is slow;
            ``graph`` records the kernels of an iteration on a CUDA device once and replays them.
        stacked: whether all tensors have the members of an ensemble along a first axis.
        backend: the compiler behind ``compiled``.
    """
    if stacked:
        game = replace(game, channels_last=False)  # vmap has no name for the layout of what it stacks
    iteration, critic_step = make_iteration(game), _make_warmup_step(game)
    if stacked:
        iteration, critic_step = torch.vmap(iteration), torch.vmap(critic_step)
    if mode == "compiled":
        # all games share the code of one function, of which torch keeps eight compilations only
        torch.compiler.reset()
        return Execution(
            torch.compile(iteration, fullgraph=True, dynamic=False, backend=backend),
            torch.compile(critic_step, fullgraph=True, dynamic=False, backend=backend),
        )
    if not stacked:  # the tape knows no vmap
        iteration, critic_step = _taped(iteration), _taped(critic_step)
    if mode == "graph":
        return Execution(Capture(iteration), Capture(critic_step))
    return Execution(iteration, critic_step)


def _make_warmup_step(game: Game) -> Callable[[State, Tensor, Tensor, Tensor, Tensor], State]:
    generate, critic_step = make_generate(game), make_critic_step(game)

    def warmup_step(state: State, real: Tensor, latent: Tensor, noise: Tensor, label: Tensor) -> State:
        (fake,) = generate(generator_weights(game, state), latent[None], label[None])
        state, _ = critic_step(state, real, fake, noise, label)
        return state

    return warmup_step


def _taped(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def taped(*args: P.args, **kwargs: P.kwargs) -> R:
        with use_autograd():
            return function(*args, **kwargs)

    return taped
