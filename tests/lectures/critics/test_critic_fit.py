"""Critics fitted to a pair that stands still."""

import pytest
import torch
from torch import nn

from gan_lab.architectures.base import CriticArchitecture
from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.constraints.spectral_norm import SpectralNorm
from gan_lab.game.iteration import make_critic_step
from gan_lab.game.networks import bind, parameters
from gan_lab.game.rules import Game
from gan_lab.lectures.critics.critic_fit import FittedCritic, Look, Source, fit_critic
from gan_lab.metrics.transport import wasserstein
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.linear_decay import LinearDecay


def gaussian(n: int, rng: torch.Generator) -> torch.Tensor:
    return torch.randn(n, 2, generator=rng)


REAL = gaussian(32, torch.Generator().manual_seed(0)) + 2
FAKE = gaussian(32, torch.Generator().manual_seed(1))


def fit(
    real: Source = REAL,
    fake: Source = FAKE,
    *,
    constraint: Constraint | None = None,
    eps: float = 1e-8,
    steps: int = 3,
    batch_size: int | None = None,
    seed: int = 0,
    look_every: int = 0,
    look: Look | None = None,
) -> FittedCritic:
    return fit_critic(
        real,
        fake,
        objective=Wasserstein(),
        constraint=constraint or GradientPenalty(),
        critic=ToyCritic(width=8, depth=2),
        optimizer=Adam(lr=1e-2, eps=eps),
        steps=steps,
        batch_size=batch_size,
        seed=seed,
        look_every=look_every,
        look=look,
    )


def test_a_full_batch_step_is_the_step_of_the_training_loop() -> None:
    # with a larger eps, no rounding decides on the sign of a step
    fitted, start = (fit(constraint=SpectralNorm(), eps=1e-3, steps=steps) for steps in (4, 0))
    state, step = start.state, make_critic_step(start.game)
    for _ in range(4):
        state, _ = step(state, REAL, FAKE, torch.empty(len(REAL), 0), torch.zeros(0, dtype=torch.int64))
    for name, value in state.critic.items():
        torch.testing.assert_close(fitted.state.critic[name], value, atol=1e-6, rtol=0)


def test_the_gap_grows_and_slopes_stay_near_one() -> None:
    fitted = fit(steps=150)
    gap = float(fitted.score(REAL).mean() - fitted.score(FAKE).mean())
    assert gap == pytest.approx(wasserstein(REAL, FAKE), rel=0.15)
    slopes = fitted.gradients(REAL).norm(dim=1)
    assert float(slopes.mean()) == pytest.approx(1, abs=0.2)


def test_scores_are_those_of_the_reparameterised_weights() -> None:
    fitted = fit(constraint=SpectralNorm(power_iterations=50), steps=2)
    raw = bind(fitted.game, fitted.state.critic)(REAL)
    assert not torch.allclose(fitted.score(REAL), raw)
    norms = [torch.linalg.matrix_norm(value, ord=2) for value in fitted.weights.values() if value.ndim == 2]
    torch.testing.assert_close(torch.stack(norms), torch.ones(3), atol=1e-3, rtol=0)


def test_gradients_are_of_the_score_by_each_point() -> None:
    fitted, eps = fit(steps=5), 1e-2
    moved = REAL + torch.tensor([eps, 0.0])
    slope = (fitted.score(moved) - fitted.score(REAL)) / eps
    assert float((slope - fitted.gradients(REAL)[:, 0]).abs().median()) < 1e-3


def test_one_seed_gives_one_critic_and_another_another() -> None:
    def scores(seed: int) -> torch.Tensor:
        return fit(gaussian, gaussian, steps=5, batch_size=8, seed=seed).score(REAL)

    torch.manual_seed(5)
    first = scores(0)
    drawn = torch.rand(())
    torch.manual_seed(5)
    assert torch.equal(torch.rand(()), drawn)  # fitting leaves the global generator alone
    assert torch.equal(scores(0), first)
    assert not torch.equal(scores(1), first)


def test_both_sides_draw_from_streams_of_their_own() -> None:
    drawn: list[torch.Tensor] = []

    def noted(n: int, rng: torch.Generator) -> torch.Tensor:
        drawn.append(gaussian(n, rng))
        return drawn[-1]

    fit(noted, noted, steps=1, batch_size=4)
    assert all(not torch.equal(one, other) for k, one in enumerate(drawn) for other in drawn[:k])


def test_batches_come_from_fixed_points_of_any_number() -> None:
    assert torch.isfinite(fit(REAL[:3], FAKE, steps=2, batch_size=8).score(REAL)).all()


def test_the_critic_is_looked_at_from_before_the_first_step_to_after_the_last() -> None:
    seen: list[int] = []
    gaps: list[float] = []

    def look(step: int, score: object) -> None:
        assert callable(score)
        seen.append(step)
        gaps.append(float(score(REAL).mean() - score(FAKE).mean()))

    fitted = fit(steps=50, look_every=20, look=look)
    assert seen == [0, 20, 40, 50]
    assert gaps == sorted(gaps)
    assert gaps[-1] == pytest.approx(float(fitted.score(REAL).mean() - fitted.score(FAKE).mean()), abs=1e-6)


@pytest.mark.parametrize(
    ("sources", "sizes", "message"),
    [
        ((REAL[:3], FAKE), {}, r"batch_size=null .* equally many; got 3 real and 32 fake"),
        ((gaussian, FAKE), {}, r"batch_size must be a whole number greater than 0 for a sampler"),
        ((REAL, FAKE[:, :1]), {}, r"fake must be points of shape \(2,\)"),
        ((REAL, FAKE), {"batch_size": 0}, r"batch_size must be"),
        ((REAL, FAKE), {"steps": -1}, r"steps must be a whole number, 0 or greater; got -1"),
        ((REAL[:, :, None], FAKE[:, :, None]), {}, r"architecture.critic scores vectors"),
    ],
)
def test_what_does_not_fit_is_refused(sources, sizes, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=message):
        fit(*sources, **sizes)


def test_steps_that_decay_fall_linearly_to_nothing() -> None:
    rule, plain = LinearDecay(Adam(lr=0.1), steps=4), Adam(lr=0.1)
    state, plain_state = rule.init(torch.zeros(3)), plain.init(torch.zeros(3))
    gradient = torch.tensor([1.0, -2.0, 0.5])
    for factor in (1, 0.75, 0.5, 0.25, 0, 0):
        step, state = rule.update(gradient, state)
        expected, plain_state = plain.update(gradient, plain_state)
        torch.testing.assert_close(step, factor * expected, atol=1e-7, rtol=0)


def test_a_decay_without_a_length_is_refused() -> None:
    with pytest.raises(BadValueError, match="steps must be a whole number greater than 0"):
        LinearDecay(Adam(), steps=0)


def test_any_objective_can_be_fitted() -> None:
    fitted = fit_critic(
        REAL,
        FAKE,
        objective=GAN(),
        constraint=Constraint(),
        critic=ToyCritic(width=8, depth=1),
        optimizer=LinearDecay(Adam(lr=1e-2), 60),
        steps=60,
    )
    assert isinstance(fitted.game, Game)
    assert float((fitted.score(REAL) > 0).float().mean()) > 0.9
    assert set(fitted.state.critic) == set(parameters(fitted.game.critic))


class BatchNormCritic(CriticArchitecture):
    """A critic whose scores depend on the other points of their batch."""

    def build(self, data_shape: tuple[int, ...]) -> nn.Module:
        return nn.Sequential(
            nn.Linear(*data_shape, 8),
            nn.BatchNorm1d(8, track_running_stats=False),
            nn.Linear(8, 1),
            nn.Flatten(0),
        )


def test_a_critic_that_mixes_its_batch_scores_each_side_apart() -> None:
    rule = Adam(lr=1e-2)
    settings = {
        "objective": Wasserstein(),
        "constraint": Constraint(),
        "optimizer": rule,
        "steps": 1,
        "seed": 0,
    }
    fitted = fit_critic(REAL, FAKE, critic=BatchNormCritic(), batch_size=None, **settings)  # type: ignore[arg-type]
    assert fitted.game.critic_mixes
    assert not fit(steps=0).game.critic_mixes
