"""What becomes of a Dirac-GAN: what eigenvalues decide, and what orbits show where they do not."""

import math

import numpy as np
import pandas
import pytest
import torch
from numpy.typing import NDArray

from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.zero_centered import R1
from gan_lab.lectures.dirac.dirac_game import DiracGame
from gan_lab.lectures.dirac.dirac_gan import DiracGAN
from gan_lab.lectures.dirac.dirac_verdict import Turns, say_verdicts, turns_of, verdict
from gan_lab.lectures.drawing import slide_style
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.least_squares import LeastSquares
from gan_lab.objectives.wasserstein import Wasserstein

FREE = Constraint()
GAMES = {
    "minimax": DiracGame(GAN("minimax"), FREE),
    "non_saturating": DiracGame(GAN(), FREE),
    "least_squares": DiracGame(LeastSquares(), FREE),
    "wgan": DiracGame(Wasserstein(), FREE),
    "clipped": DiracGame(Wasserstein(), WeightClip(0.5)),
    "regularised": DiracGame(GAN(), R1(0.5)),
}


def spiral(per_turn: float, turns: float, points: int = 400) -> NDArray[np.float64]:
    """A logarithmic spiral, flattened by nothing: its distance changes by a factor each turn."""
    angle = np.linspace(0, 2 * math.pi * turns, points) + 0.4
    radius = 3 * per_turn ** ((angle - 0.4) / (2 * math.pi))
    return radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)


@pytest.mark.parametrize("per_turn", [0.5, 0.99, 1.0, 1.3])
def test_turns_of_a_spiral_are_its_own(per_turn: float) -> None:
    found = turns_of(spiral(per_turn, 5.5))
    assert found.count == 5
    assert (found.first, found.last) == pytest.approx((per_turn, per_turn), rel=1e-6)
    assert found.later == pytest.approx(per_turn**3, rel=1e-6)
    mirrored = turns_of(spiral(per_turn, 5.5)[:, ::-1])
    assert mirrored.later == pytest.approx(found.later, rel=1e-6)


def test_an_ellipse_is_no_way_inwards() -> None:
    ellipse = spiral(1.0, 3.2, 200) * np.array([1.0, 0.7])
    assert verdict((0.0, 0.0), turns_of(ellipse)) == "circles"


def test_what_cannot_be_counted_is_no_turn() -> None:
    assert turns_of(spiral(0.5, 0.9)) == Turns(0)
    assert turns_of(spiral(0.5, 40, points=90)) == Turns(0)  # less than three steps a turn
    assert turns_of(np.array([[1.0, 1.0], [math.inf, 1.0]])) == Turns(0)
    assert verdict((0.0, 0.0), turns_of(spiral(0.5, 1.5))) == "unknown"


def test_the_linearisation_decides_only_off_the_axis() -> None:
    inwards = turns_of(spiral(0.9, 4))
    assert verdict((-0.1, -0.2), Turns(0)) == "attracted"
    assert verdict((0.1, -0.2), inwards) == "repelled"
    assert verdict((0.0, 0.0), inwards) == "nearer"
    assert verdict((math.nan, math.nan), inwards) == "nearer"
    assert verdict((0.0, 0.0), turns_of(spiral(1.1, 4))) == "farther"


def findings(steps: int, **changes: object) -> tuple[pandas.DataFrame, str]:
    settings = {"games": GAMES, "lr": 0.1, "steps": steps, "n_critic": 1, "start": (1.0, 1.0), "reach": 3.0}
    with slide_style():
        found = DiracGAN(**{**settings, **changes}).run()  # type: ignore[arg-type]
    return found.table.set_index("game"), found.sentence


def test_the_non_saturating_gan_and_least_squares_come_nearer_and_the_others_circle() -> None:
    table, sentence = findings(150, lr=0.2)
    found = table["verdict"].to_dict()
    assert [name for name in found if found[name] == "nearer"] == ["non_saturating", "least_squares"]
    assert [name for name in found if found[name] == "circles"] == ["minimax", "wgan", "clipped"]
    assert found["regularised"] == "attracted"
    # 0.346 and 0.181 in the limit of small steps, after as long a time
    ends = table["relative_distance_alternating"]
    assert (ends["non_saturating"], ends["least_squares"]) == pytest.approx((0.346, 0.181), rel=0.05)
    assert "have come nearer so far, ever more slowly" in sentence
    assert "minimax, wgan and clipped circle at" in sentence
    assert "the equilibrium attracts regularised" in sentence


def test_they_converge_like_one_over_the_root_of_the_steps() -> None:
    """Four times the steps end at half the distance; no linear rate does so at any number of steps."""
    for name in ("non_saturating", "least_squares"):
        state, radii = torch.tensor([0.5, 0.5], dtype=torch.float64), {}
        for step in range(1, 801):
            state = GAMES[name].step(state, 0.5, alternating=True)
            radii[step] = float(state.norm())
        assert radii[800] / radii[200] == pytest.approx(0.5, abs=0.06)


def test_too_few_steps_and_too_wide_ones_claim_nothing() -> None:
    for changes in ({"steps": 20}, {"steps": 20, "lr": 5.0}):
        _, sentence = findings(**changes)  # type: ignore[arg-type]
        # of all games but the one whose eigenvalues decide
        assert (
            "Real parts of 0, or no Jacobian, decide nothing, and nothing can be told of minimax, "
            "non_saturating, least_squares, wgan and clipped, at "
        ) in sentence
        assert ", which make too few turns to tell, or steps too wide. Simultaneous" in sentence
        assert "orbits show" not in sentence
        assert "nearer" not in sentence
        assert "circle at" not in sentence


def test_what_orbits_show_is_told_apart_from_what_nobody_can_tell() -> None:
    rows = [
        {"game": "a", "verdict": "circles", "relative_distance_alternating": 0.9},
        {"game": "b", "verdict": "unknown", "relative_distance_alternating": 0.8},
    ]
    table = pandas.DataFrame([row | {"relative_distance_simultaneous": 2.0} for row in rows])
    assert (
        "Real parts of 0, or no Jacobian, decide nothing, but orbits show that a circles at 0.9. Nothing can "
        "be told of b, at 0.8, which makes too few turns to tell, or steps too wide. Simultaneous"
    ) in say_verdicts(table, 20)


def test_one_game_alone_is_spoken_of_in_the_singular() -> None:
    sentence = findings(280, games={"least_squares": GAMES["least_squares"]})[1]
    assert "least_squares to 0.18" in sentence
    assert "has come nearer so far" in sentence
    assert "wgan circles at 0.9" in findings(150, games={"wgan": GAMES["wgan"]})[1]


@pytest.mark.parametrize(("name", "start", "lr"), [("wgan", (1.0, 1.0), 0.5), ("minimax", (0.01, 0.0), 1.0)])
def test_steps_too_wide_for_an_ellipse_are_no_way_in_or_out(
    name: str, start: tuple[float, float], lr: float
) -> None:
    """Alternating steps on a bilinear field keep to an ellipse, whose turns such steps tell to 1e-2."""
    lecture = DiracGAN({name: GAMES[name]}, lr, 100, 1, start, 3.0)
    turns = turns_of(lecture._orbits[name][1])
    assert turns.count >= 8
    assert verdict((0.0, 0.0), turns) == "unknown"
    fine = DiracGAN({name: GAMES[name]}, 0.1, 300, 1, start, 3.0)
    assert verdict((0.0, 0.0), turns_of(fine._orbits[name][1])) == "circles"


def test_a_change_that_is_wider_than_the_doubt_is_told_whatever_the_steps() -> None:
    game = DiracGAN({"gan": DiracGame(GAN(), FREE)}, 0.5, 100, 1, (1.0, 1.0), 3.0)
    assert verdict((0.0, 0.0), turns_of(game._orbits["gan"][1])) == "nearer"


def test_an_orbit_beyond_float64_is_infinitely_far() -> None:
    with slide_style():
        found = DiracGAN({"least_squares": GAMES["least_squares"]}, 2.0, 60, 5, (1.0, 1.0), 3.0).run()
    assert found.table["relative_distance_alternating"].tolist() == [math.inf]
    assert "least_squares, at inf, which makes too few turns to tell, or steps too wide" in found.sentence


def test_what_came_nearer_but_not_in_the_last_turn_is_said_to() -> None:
    row = {"game": "a", "verdict": "nearer", "relative_distance_alternating": 0.83, "first_turn": 0.98}
    table = pandas.DataFrame([row | {"last_turn": 1.001, "relative_distance_simultaneous": 2.0}])
    assert "that a to 0.83 (not in the last turn) has come nearer" in say_verdicts(table, 1)
    assert "after 1 alternating step." in say_verdicts(table, 1)
