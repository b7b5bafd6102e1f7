"""What separates a stacked and a lone run: rounding that grows, and nothing else.

In float64 the same two ways of playing lie closer by the factor between the two precisions, from the first
iteration to the last. A difference in what is computed would be as large in either.
"""

import dataclasses
from typing import Any

import pytest
import torch

from gan_lab.game.execution import make_execution
from gan_lab.game.rules import Game
from gan_lab.numerics.trees import map_tensors, tensors_of
from support.games import MAIN, Cast, make_cast, play_alone, play_stacked

PRECISIONS = 2.0**29  # how many times finer float64 is than float32: 53 bits and 24


def in_double(cast: Cast) -> Cast:
    def double(tree: Any) -> Any:
        return map_tensors(lambda value: value.double() if value.is_floating_point() else value, tree)

    batches = [[double(batch) for batch in row] for row in cast.batches]
    game = dataclasses.replace(cast.game, dtype=torch.float64)
    return Cast(game, [double(state) for state in cast.states], batches)


def gaps(alone: Cast, together: Cast) -> list[float]:
    """Largest difference of any number of any member between lone and stacked play, by iteration."""
    lone = play_alone(make_execution(alone.game, "eager"), alone)
    stacked = play_stacked(make_execution(together.game, "eager", stacked=True), together)
    largest = [0.0] * len(alone.batches)
    for one, other in zip(lone, stacked, strict=True):
        for k, (result, same) in enumerate(zip(one, other, strict=True)):
            pairs = zip(tensors_of(result), tensors_of(same), strict=True)
            far = [float((a.double() - b.double()).abs().max()) for a, b in pairs if a.numel()]
            largest[k] = max(largest[k], *far)
    return largest


def lively(rules: Game) -> Game:
    """Rules that carry rounding far: large steps, whose sign rounding decides where a gradient vanishes."""
    optimizer = dataclasses.replace(rules.critic_optimizer, eps=1e-8, lr=1e-2)  # type: ignore[call-arg]
    return dataclasses.replace(rules, critic_optimizer=optimizer, generator_optimizer=optimizer)


@pytest.mark.parametrize("rules", ["wgan", "wgan_gp"])
def test_in_float64_a_stacked_and_a_lone_run_are_closer_by_the_precision(rules: str) -> None:
    cast = make_cast(MAIN[rules](), members=3, iterations=8)
    single, double = max(gaps(cast, cast)), max(gaps(in_double(cast), in_double(cast)))
    assert 0 < single < 1e-4
    assert double < 64 * single / PRECISIONS


def test_what_separates_them_grows_from_the_last_bit_in_either_precision() -> None:
    cast = make_cast(lively(MAIN["wgan_gp"]()), members=3, iterations=192)
    single, double = gaps(cast, cast), gaps(in_double(cast), in_double(cast))
    assert max(single) > 2 * single[0]
    assert max(double) > 2 * double[0]
    assert max(double) < 64 * max(single) / PRECISIONS


def test_a_difference_in_what_is_computed_is_as_large_in_either_precision() -> None:
    """One step size changed by a millionth, which float64 does not make smaller."""
    cast = make_cast(MAIN["wgan_gp"](), members=3, iterations=8)
    optimizer: Any = cast.game.critic_optimizer
    other = dataclasses.replace(
        cast.game, critic_optimizer=dataclasses.replace(optimizer, lr=optimizer.lr * (1 + 1e-6))
    )
    double = in_double(cast)
    assert max(gaps(double, in_double(cast._replace(game=other)))) > 1e-9
