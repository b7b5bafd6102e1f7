"""How an iteration runs: the same functions, eagerly or compiled whole.

The critic steps of a warm-up are called one by one, whatever their number: unrolled into one graph, a
hundred of them would take minutes to compile.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from gan_lab.iteration import Game, make_critic_step, make_iteration
from gan_lab.types import Batch, Measurements, State


class Execution(NamedTuple):
    """The two functions that a training loop calls."""

    iteration: Callable[[State, Batch], tuple[State, Measurements]]
    critic_step: Callable[[State, Tensor, Tensor, Tensor], tuple[State, Measurements]]


def make_execution(game: Game, mode: Literal["eager", "compiled"], backend: str = "inductor") -> Execution:
    """Return the functions of a game, ready to be called in a loop.

    Args:
        game: networks and rules.
        mode: ``eager`` runs operator by operator; ``compiled`` makes one graph of an iteration, which takes
            a minute or so at the first call and pays where the interpreter, not the arithmetic, is slow.
        backend: the compiler behind ``compiled``.
    """
    iteration, critic_step = make_iteration(game), make_critic_step(game)
    if mode == "eager":
        return Execution(iteration, critic_step)
    # all games share the code of one function, of which torch keeps eight compilations only
    torch.compiler.reset()
    return Execution(
        torch.compile(iteration, fullgraph=True, dynamic=False, backend=backend),
        torch.compile(critic_step, fullgraph=True, dynamic=False, backend=backend),
    )
