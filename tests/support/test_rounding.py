"""What is taken for rounding: as much as it grows, and no fault."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from gan_lab.game.execution import Execution, make_execution
from gan_lab.game.iteration import Game
from gan_lab.types import Batch, State
from support.games import MAIN, Cast, Played, course_of, make_cast, plainly, play, play_alone, play_stacked
from support.rounding import (
    SAFETY,
    ULP,
    Course,
    assert_within,
    growth,
    nudged,
    nudged_state,
    tolerances,
    without_kinks,
)


def test_a_nudge_is_the_last_bit_up_or_down() -> None:
    values = {"weight": torch.randn(1000, generator=torch.Generator().manual_seed(0)), "bias": torch.zeros(3)}
    moved = nudged(values, 0)
    ratio = (moved["weight"].double() / values["weight"].double() - 1) / ULP
    assert ratio.abs().min() >= 0.5
    assert ratio.abs().max() <= 2
    assert 400 < (ratio > 0).sum() < 600
    assert torch.equal(moved["bias"], values["bias"])
    assert torch.equal(nudged(values, 0)["weight"], moved["weight"])
    assert not torch.equal(nudged(values, 1)["weight"], moved["weight"])


def logistic(start: float) -> Course:
    """x to 4 x (1 - x), in float64, which doubles a distance in each iteration on the average."""
    values = [start]
    for _ in range(20):
        values.append(4 * values[-1] * (1 - values[-1]))
    return {"x": np.array(values), "none": np.full(21, np.nan)}


def test_growth_is_that_of_a_map_whose_growth_is_known() -> None:
    start = 0.3
    found = growth(logistic(start), [logistic(start * (1 + sign * 1e-12)) for sign in (1, -1)])
    assert found["x"][0] == pytest.approx(0.3e-12, rel=1e-3)
    assert bool((np.diff(found["x"]) >= 0).all())
    # of x = sin²(π t / 2) it is t that doubles exactly; dx <= π/2 dt
    moved = 0.3e-12 * 2.0 ** np.arange(21) / np.sqrt(0.3 * 0.7) / 2
    assert bool((found["x"] <= 1.01 * moved).all())
    assert found["x"][-1] > 0.1 * moved[-1]
    assert bool((found["none"] == 0).all())


def test_a_game_that_carries_rounding_too_far_is_refused() -> None:
    reference, changed = logistic(0.3), logistic(0.3 * (1 + 1e-8))
    with pytest.raises(AssertionError, match=r"^x: rounding may reach 0\.\d+ of 0\.\d+"):
        tolerances([(reference, [changed])])


def test_what_is_measured_or_not_must_be_the_same() -> None:
    one, other = {"x": np.array([1.0, np.nan])}, {"x": np.array([1.0, 2.0])}
    allowed = {"x": np.ones(2)}
    assert_within(one, one, allowed)
    assert_within(one, other, allowed, rows=1)
    with pytest.raises(AssertionError, match="x"):
        assert_within(one, other, allowed)
    with pytest.raises(AssertionError, match="x"):
        assert_within({"x": np.ones(1)}, other, allowed)
    with pytest.raises(AssertionError):
        assert_within({}, other, allowed)


def test_a_count_may_differ_by_one() -> None:
    course = {"share": np.array([0.5, 0.5])}
    allowed = tolerances([(course, [course])], counted={"share": 0.125})
    assert_within({"share": np.array([0.5, 0.625])}, course, allowed)
    with pytest.raises(AssertionError, match=r"^share, iteration 2: 0\.25 apart; rounding explains 0\.1"):
        assert_within({"share": np.array([0.5, 0.75])}, course, allowed)
    assert tolerances([(course, [course])])["share"] == pytest.approx([SAFETY * ULP / 2] * 2)


def test_networks_without_kinks_keep_their_parameters() -> None:
    def build() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 1), nn.LeakyReLU(0.2)))

    one, other = build(), without_kinks(build())
    assert not [layer for layer in other.modules() if isinstance(layer, nn.ReLU | nn.LeakyReLU)]
    parameters = dict(other.named_parameters())
    assert all(torch.equal(value, parameters[name]) for name, value in one.named_parameters())


# A game, what rounding may do to it, and faults


CAST = make_cast(MAIN["wgan_gp"](), members=2, iterations=6)
COUNTED = {"measurements health/critic_accuracy": 1 / 16}


def play_nudged(cast: Cast, member: int, nudges: int) -> list[Course]:
    rows = [row[member] for row in cast.batches]
    states = [nudged_state(cast.states[member], seed) for seed in range(nudges)]
    return [course_of(play(plainly(cast.game), state, rows)) for state in states]


def assert_all_within(
    found: list[Played], expected: list[Course], allowed: Course, rows: int | None = None
) -> None:
    for one, other in zip(found, expected, strict=True):
        assert_within(course_of(one), other, allowed, rows)


@pytest.fixture(name="expected", scope="module")
def _expected() -> list[Course]:
    return [course_of(played) for played in play_alone(plainly(CAST.game), CAST)]


@pytest.fixture(name="allowed", scope="module")
def _allowed(expected: list[Course]) -> Course:
    pairs = [(expected[member], play_nudged(CAST, member, nudges=2)) for member in range(2)]
    return tolerances(pairs, COUNTED)


def test_rounding_grows_in_training_and_stays_small(expected: list[Course]) -> None:
    found = growth(expected[0], play_nudged(CAST, 0, nudges=2))
    for name, reach in found.items():
        scale = np.abs(expected[0][name]).max(initial=0.0)
        assert bool((np.diff(reach) >= 0).all()), name
        assert reach[-1] <= 100 * ULP * scale, name
    moving = [reach[-1] > 0 for name, reach in found.items() if "weight" in name or "distance" in name]
    assert moving
    assert all(moving)


@pytest.mark.parametrize("way", ["tape", "stacked", "one pass apart"])
def test_other_orders_of_the_same_sums_are_rounding(
    way: str, expected: list[Course], allowed: Course
) -> None:
    game = CAST.game
    if way == "one pass apart":
        game = dataclasses.replace(game, generator_mixes=True, critic_mixes=True)
    execution = make_execution(game, "eager", stacked=way == "stacked")
    found = (play_stacked if way == "stacked" else play_alone)(execution, CAST)
    assert_all_within(found, expected, allowed)


def with_rules(**changes: object) -> Callable[[], list[Played]]:
    game: Game = dataclasses.replace(CAST.game, **changes)  # type: ignore[arg-type]
    return lambda: play_alone(plainly(game), CAST)


def with_batches(change: Callable[[list[Batch]], list[Batch]]) -> Callable[[], list[Played]]:
    cast = CAST._replace(batches=[change(row) for row in CAST.batches])
    return lambda: play_stacked(make_execution(CAST.game, "eager", stacked=True), cast)


def with_iteration(change: Callable[[State, State], State]) -> Callable[[], list[Played]]:
    """Change what an iteration returns, given what it was given."""

    def iteration(state: State, batch: Batch) -> tuple[State, dict[str, torch.Tensor]]:
        after, measured = plainly(CAST.game).iteration(state, batch)
        return change(state, after), measured

    return lambda: play_alone(Execution(iteration, plainly(CAST.game).critic_step), CAST)


CONSTRAINT = CAST.game.constraint
ADAM = CAST.game.critic_optimizer
FAULTS = {
    "the first member's batch for all": with_batches(lambda row: [row[0]] * 2),
    "batches of members swapped": with_batches(lambda row: row[::-1]),
    "members swapped": lambda: play_alone(plainly(CAST.game), CAST)[::-1],
    "no penalty": with_rules(constraint=dataclasses.replace(CONSTRAINT, weight=1e-9)),
    "a penalty of 10.01": with_rules(constraint=dataclasses.replace(CONSTRAINT, weight=10.01)),
    "one critic step": with_rules(n_critic=1),
    "another decay of the average": with_rules(ema=0.901),
    "another rate": with_rules(critic_optimizer=dataclasses.replace(ADAM, lr=1.01 * ADAM.lr)),
    "a generator that steps up": with_iteration(
        lambda before, after: after._replace(
            generator={name: 2 * before.generator[name] - value for name, value in after.generator.items()}
        )
    ),
    "an optimizer that forgets": with_iteration(
        lambda before, after: after._replace(critic_optimizer=before.critic_optimizer)
    ),
    "a critic that stands still": with_iteration(lambda before, after: after._replace(critic=before.critic)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_no_rounding(fault: str, expected: list[Course], allowed: Course) -> None:
    """It is seen as early as it can be: an average has a decay from its second iteration on."""
    found, first = FAULTS[fault](), 2 if "decay" in fault else 1
    with pytest.raises(AssertionError, match=rf"iteration {first}: .* apart; rounding explains"):
        assert_all_within(found, expected, allowed, rows=first)
