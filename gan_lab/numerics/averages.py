"""The exponential moving average of a network's weights."""

import torch

from gan_lab.types import AverageState, Params

ENDLESS = 2**62
"""The count of an average that is taken for one of a run without beginning."""


def begin_average(params: Params) -> tuple[Params, AverageState]:
    """Return the average before the first iteration, which is of nothing yet: ``params`` stand in for it."""
    device = next(iter(params.values())).device
    count = torch.zeros((), dtype=torch.int64, device=device)
    return {name: value.clone() for name, value in params.items()}, {"count": count}


def move_average(
    average: Params, state: AverageState, params: Params, decay: float | None
) -> tuple[Params, AverageState]:
    """Return the exponential moving average and its state one iteration later; without decay, the same.

    After k iterations it is the mean of the k weights seen, that of iteration i weighted by decay^(k - i):
    the weights add up to (1 - decay^k) / (1 - decay), which they are divided by, as in Adam (Kingma and Ba,
    2015, section 3). The initial weights are not among them. The usual average, which starts from them and is
    divided by nothing, still owes them decay^k of itself: nearly all at .9999 and k = 1,000.

    Args:
        average: by name.
        state: ``count`` k - 1, (); ``ENDLESS`` goes on as the usual average does.
        params: the weights of iteration k, by name.
        decay: from 0 up to 1, without 1.
    """
    if decay is None:
        return average, state
    count = state["count"] + 1
    # in float64: of a decay near 1, little is left of 1 - decay^k
    weight = (1 - decay) / (1 - torch.pow(decay, count.double()))
    moved = {name: torch.lerp(value, params[name], weight.to(value.dtype)) for name, value in average.items()}
    return moved, {"count": count}
