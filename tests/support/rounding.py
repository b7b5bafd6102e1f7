"""How far rounding is carried: what two ways of computing the same training may differ by.

Processors, thread counts and execution modes add in different orders, so that each of them rounds differently
in the last bit, and training carries the difference on. How far depends on the game, so it is measured: the
same game is played again from parameters that were changed by their last bit. What a rounding error does to
the numbers of an iteration, such a change does too; what is many times larger is no rounding.

Two games carry rounding so far that no tolerance is left, and are not to be compared in this way:

- Adam and RMSprop divide a gradient by its own size. Where a gradient vanishes, as that of a bias does in
  WGAN-GP wherever as many real as generated samples pass its ReLU, the rounding error that is left of it
  decides on the sign of a whole step. A larger eps, :data:`EPS`, makes a small step of a small gradient.
- A ReLU has a kink. In a large network some unit lies so near to it that rounding decides on which side, and
  so on whole gradients. :func:`without_kinks` makes a network smooth.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gan_lab.types import Params, State

EPS = 1e-4
"""Of optimizers whose steps are compared: far above the rounding of most gradients, and below themselves."""

ULP = 2.0**-23
"""The last bit of a float32 number between 1 and 2."""

SAFETY = 32.0
"""How many times the measured growth is allowed.

One way of computing rounds in every operation, not once at the start, and a few changes do not find the
direction that grows most. Between vector units of four widths, two libraries of products and two layouts the
largest difference was 2.1 times the growth that two changes of three seeds measured.
"""

LARGEST = 0.01
"""The most that a tolerance may be of the numbers it is for; above it a comparison would say too little."""

Course = Mapping[str, NDArray[np.float64]]
"""Numbers by name; the first axis counts iterations. NaN where something was not measured."""


def nudged(params: Params, seed: int) -> Params:
    """Return parameters each changed by its last bit or so, up or down at random; 0 stays 0."""
    rng = torch.Generator().manual_seed(seed)
    signs = {name: 2 * torch.randint(2, value.shape, generator=rng) - 1 for name, value in params.items()}
    return {name: value * (1 + ULP * signs[name].to(value)) for name, value in params.items()}


def nudged_state(state: State, seed: int) -> State:
    """Return an initial state whose networks are nudged."""
    return state._replace(generator=nudged(state.generator, seed), critic=nudged(state.critic, seed + 1000))


def without_kinks(network: nn.Module) -> nn.Module:
    """Put SiLU, which is smooth, in the place of every ReLU and leaky ReLU of a network, and return it."""
    for name, child in network.named_children():
        if isinstance(child, nn.ReLU | nn.LeakyReLU):
            setattr(network, name, nn.SiLU())
        else:
            without_kinks(child)
    return network


def growth(reference: Course, changed: Sequence[Course]) -> dict[str, NDArray[np.float64]]:
    """Return how far a change was carried: the greatest distance from the reference up to each iteration.

    Args:
        reference: what was played.
        changed: the same played from nudged parameters, each another way.
    """
    return {name: _reach([course[name] - values for course in changed]) for name, values in reference.items()}


def tolerances(
    pairs: Sequence[tuple[Course, Sequence[Course]]], counted: Mapping[str, float] | None = None
) -> dict[str, NDArray[np.float64]]:
    """Return what may lie between two ways of computing a course, by name and iteration.

    It is :data:`SAFETY` times the growth, and as many last bits of the greatest number of that name.

    Args:
        pairs: references and what was played of each from nudged parameters; such as of several seeds, since
            what grows in one game grows in another of the same rules.
        counted: a share of samples, by name, and what one sample is of it; rounding may let one cross.

    Raises:
        AssertionError: if rounding grows so far that a comparison would say too little.
    """
    counted = counted or {}
    allowed = {}
    for name in pairs[0][0]:
        reach = np.max([growth(reference, changed)[name] for reference, changed in pairs], axis=0)
        scale = max(_largest(reference[name]) for reference, _ in pairs)
        allowed[name] = SAFETY * (reach + ULP * scale)
        most = float(allowed[name].max())
        assert most <= LARGEST * scale, f"{name}: rounding may reach {most:.2g} of {scale:.2g}"
        allowed[name] = np.maximum(allowed[name], counted.get(name, 0.0))
    return allowed


def assert_within(found: Course, expected: Course, allowed: Course, rows: int | None = None) -> None:
    """Hold one course to another, in the first rows or all: what was measured there, and its value.

    Raises:
        AssertionError: naming the measurement and the first iteration that lie further apart.
    """
    assert list(found) == list(expected)
    for name, values in expected.items():
        one, other = found[name][:rows], values[:rows]
        assert one.shape == other.shape, f"{name}: {one.shape} for {other.shape}"
        np.testing.assert_array_equal(np.isnan(one), np.isnan(other), err_msg=name)
        for k, (row, limit) in enumerate(zip(one - other, allowed[name], strict=False)):
            gap = f"{name}, iteration {k + 1}: {_largest(row):.2g} apart"
            assert _largest(row) <= limit, f"{gap}; rounding explains {limit:.2g}"


def _reach(distances: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    by_iteration = [max(_largest(each[k]) for each in distances) for k in range(len(distances[0]))]
    return np.maximum.accumulate(by_iteration)


def _largest(values: Any) -> float:
    """The greatest size of numbers, of which NaN is none."""
    return float(np.nan_to_num(np.abs(values)).max(initial=0.0))
