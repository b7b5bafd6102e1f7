"""States that hold little, for what stores them."""

import torch

from gan_lab.types import Params, State


def bare_state(generator: Params | None = None, critic: Params | None = None, iteration: int = 0) -> State:
    """A state of these parameters, with nothing else in it but the count of iterations."""
    count = torch.tensor(iteration)
    return State(generator or {}, critic or {}, {}, {}, {}, {}, {}, count)
