"""Mescheder's test: eigenvalues against closed forms, and orbits that do what these say."""

import math

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from gan_lab.config.errors import BadValueError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.gradient_penalty import GradientPenalty, OneSidedGradientPenalty
from gan_lab.constraints.zero_centered import R1, R2
from gan_lab.lectures.dirac.dirac_game import DiracGame
from gan_lab.lectures.dirac.dirac_gan import DiracGAN
from gan_lab.lectures.drawing import slide_style
from gan_lab.objectives.base import Objective
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.hinge import Hinge
from gan_lab.objectives.least_squares import LeastSquares
from gan_lab.objectives.wasserstein import Wasserstein

FREE = Constraint()


def radii(
    game: DiracGame, steps: int, *, alternating: bool, lr: float = 0.1, n_critic: int = 1
) -> list[float]:
    """Distances from the equilibrium, step by step."""
    state, found = torch.ones(2, dtype=torch.float64), []
    for _ in range(steps):
        state = game.step(state, lr, alternating=alternating, n_critic=n_critic)
        found.append(float(state.norm()))
    return found


@pytest.mark.parametrize(
    ("objective", "frequency"),
    [
        (GAN("minimax"), 0.5),
        (GAN("non_saturating"), 0.5),
        (LeastSquares(), 0.5),
        (Wasserstein(), 1.0),
        (Hinge(), 1.0),
    ],
)
def test_unregularised_games_have_imaginary_eigenvalues(objective: Objective, frequency: float) -> None:
    eigenvalues = DiracGame(objective, FREE).eigenvalues()
    np.testing.assert_allclose(eigenvalues, [1j * frequency, -1j * frequency], atol=1e-9, rtol=0)


@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0, 2.0, 10.0])
@pytest.mark.parametrize("cost", ["minimax", "non_saturating"])
@pytest.mark.parametrize("penalty", [R1, R2])
def test_zero_centred_penalties_move_them_as_the_paper_says(
    gamma: float, cost: str, penalty: type[R1] | type[R2]
) -> None:
    eigenvalues = DiracGame(GAN(cost), penalty(gamma)).eigenvalues()  # type: ignore[arg-type]
    root = np.sqrt(complex(gamma**2 / 4 - 1 / 4))
    expected = np.array([-gamma / 2 + root, -gamma / 2 - root])
    # a double eigenvalue, at gamma 1, is the root of a rounding error
    np.testing.assert_allclose(np.sort_complex(eigenvalues), np.sort_complex(expected), atol=1e-5, rtol=0)


@pytest.mark.parametrize("constraint", [WeightClip(0.5), OneSidedGradientPenalty(5.0)])
def test_what_does_nothing_near_the_equilibrium_leaves_them_alone(constraint: Constraint) -> None:
    np.testing.assert_allclose(
        DiracGame(Wasserstein(), constraint).eigenvalues(), [1j, -1j], atol=1e-9, rtol=0
    )


def test_the_gradient_penalty_has_no_jacobian() -> None:
    assert np.isnan(DiracGame(Wasserstein(), GradientPenalty(0.25)).eigenvalues()).all()


def test_the_field_is_the_closed_form_away_from_the_equilibrium() -> None:
    psi, theta, gamma = 0.7, -1.3, 0.5
    state = torch.tensor([psi, theta], dtype=torch.float64)

    def sigmoid(t: float) -> float:
        return 1 / (1 + math.exp(-t))

    by_psi = -sigmoid(psi * theta) * theta - gamma * psi
    minimax = DiracGame(GAN("minimax"), R1(gamma)).field(state)
    assert minimax.tolist() == pytest.approx([by_psi, sigmoid(psi * theta) * psi], abs=1e-12)
    alternative = DiracGame(GAN("non_saturating"), R1(gamma)).field(state)
    assert alternative.tolist() == pytest.approx([by_psi, sigmoid(-psi * theta) * psi], abs=1e-12)
    wgan_gp = DiracGame(Wasserstein(), GradientPenalty(10.0)).field(state)
    assert wgan_gp.tolist() == pytest.approx([-theta - 20 * (psi - 1), psi], abs=1e-12)


def test_simultaneous_steps_of_wgan_leave_at_the_rate_of_their_eigenvalues() -> None:
    """|1 + i lr| per step, exactly, because the game is linear."""
    found = radii(DiracGame(Wasserstein(), FREE), 50, alternating=False)
    assert found == pytest.approx([math.sqrt(2) * 1.01 ** (k / 2) for k in range(1, 51)], abs=1e-9)


def test_alternating_steps_of_wgan_circle() -> None:
    """The update has determinant 1: psi² + theta² - lr psi theta stays what it is."""
    game, state = DiracGame(Wasserstein(), FREE), torch.ones(2, dtype=torch.float64)

    def kept(at: torch.Tensor) -> float:
        return float(at.square().sum() - 0.1 * at.prod())

    for _ in range(30):
        after = game.step(state, 0.1, alternating=True)
        assert kept(after) == pytest.approx(kept(state), abs=1e-12)
        state = after


@pytest.mark.parametrize("alternating", [False, True])
def test_only_regularised_games_come_to_rest(alternating: bool) -> None:
    assert radii(DiracGame(GAN(), R1(1.0)), 200, alternating=alternating)[-1] < 1e-2
    for constraint in (FREE, WeightClip(0.5), GradientPenalty(0.25)):
        assert min(radii(DiracGame(Wasserstein(), constraint), 150, alternating=alternating)) > 0.3


def test_the_generator_sees_the_new_critic_only_where_they_alternate() -> None:
    game, state = DiracGame(Wasserstein(), FREE), torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert game.step(state, 0.1, alternating=False).tolist() == pytest.approx([0.8, 2.1])
    assert game.step(state, 0.1, alternating=True).tolist() == pytest.approx([0.8, 2.08])
    assert game.step(state, 0.1, alternating=True, n_critic=3).tolist() == pytest.approx([0.4, 2.04])


def small(**changes: object) -> DiracGAN:
    games = {"gan": DiracGame(GAN(), FREE), "gan_r1": DiracGame(GAN(), R1(0.5))}
    settings = {"games": games, "lr": 0.1, "steps": 30, "n_critic": 1, "start": (1.0, 0.5), "reach": 2.0}
    return DiracGAN(**{**settings, **changes})  # type: ignore[arg-type]


def test_the_table_has_eigenvalues_and_distances() -> None:
    with slide_style():
        findings = small().run()
    table = findings.table.set_index("game")
    assert table.loc["gan_r1", "real_1"] == pytest.approx(-0.25, abs=1e-9)
    assert table.loc["gan_r1", "imaginary_1"] == pytest.approx(math.sqrt(3) / 4, abs=1e-9)
    assert (
        table.loc["gan_r1", "relative_distance_alternating"]
        < table.loc["gan", "relative_distance_alternating"]
    )
    assert "By its eigenvalues the equilibrium attracts gan_r1 (-0.25+0.433i" in findings.sentence
    orbits = findings.details["orbits"]
    assert len(orbits) == 2 * 2 * 31
    assert tuple(orbits.loc[0, ["theta", "psi"]]) == (1.0, 0.5)


def test_a_game_without_rest_is_said_to_have_none() -> None:
    with slide_style():
        findings = small(games={"wgan_gp": DiracGame(Wasserstein(), GradientPenalty(0.25))}, steps=5).run()
    assert "wgan_gp, at " in findings.sentence
    assert "makes too few turns to tell" in findings.sentence
    assert "attracts" not in findings.sentence


def test_the_animation_grows() -> None:
    with slide_style():
        animation = small().animation()
        lengths = []
        for frame in (0, animation.n_frames - 1):
            animation.draw(frame)
            assert isinstance(animation.figure, Figure)
            lengths.append(len(animation.figure.axes[0].lines[0].get_xdata()))
    assert lengths == [2, 31]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"games": {}}, "games must be a mapping of at least one"),
        ({"start": (1.0,)}, "start must be two numbers"),
        ({"start": (0.0, 0.0)}, "start must be two numbers, theta and psi, not both 0"),
        ({"lr": 0}, "lr must be a number greater than 0"),
        ({"steps": 0}, "steps must be"),
    ],
)
def test_bad_settings_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadValueError, match=message):
        small(**changes)


@pytest.mark.parametrize("weight", [1e-4, 10.0])
def test_a_kink_is_found_however_small(weight: float) -> None:
    game = DiracGame(Wasserstein(), GradientPenalty(weight=weight))
    assert np.isnan(game.eigenvalues()).all()


def test_a_steep_field_is_no_kink() -> None:
    gamma = 5000.0
    root = np.sqrt(gamma**2 / 4 - 1 / 4)
    found = DiracGame(GAN(), R1(weight=gamma)).eigenvalues()
    assert sorted(found.real) == pytest.approx([-gamma / 2 - root, -gamma / 2 + root], rel=1e-4)
