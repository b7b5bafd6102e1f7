"""Every objective of conf/objective keeps its contract, and the closed forms of the classical ones."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_lab.config.build import build
from gan_lab.config.errors import BadValueError
from gan_lab.objectives.base import Objective
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.hinge import Hinge
from gan_lab.objectives.least_squares import LeastSquares
from gan_lab.objectives.wasserstein import Wasserstein
from support.configs import compose_config

LOG_2 = math.log(2)
OPTIONS = sorted((Path(__file__).parents[2] / "conf" / "objective").glob("*.yaml"))


def objective_of(option: Path) -> Objective:
    """Build what the option describes."""
    return build(compose_config(f"objective={option.stem}")["objective"], Objective, "objective")


every_objective = pytest.mark.parametrize(
    "objective", [objective_of(option) for option in OPTIONS], ids=[option.stem for option in OPTIONS]
)


def scores(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    real, fake = torch.randn(2, 7, generator=generator, dtype=torch.float64)
    return real, fake


@every_objective
def test_higher_real_and_lower_fake_scores_please_the_critic(objective: Objective) -> None:
    real, fake = (raw.sigmoid() for raw in scores(1))  # between the labels of least squares
    by_real, by_fake = torch.func.grad(objective.critic_loss, argnums=(0, 1))(real, fake)
    assert (by_real < 0).all()
    assert (by_fake > 0).all()


@every_objective
def test_higher_fake_scores_please_the_generator_and_real_ones_leave_it(objective: Objective) -> None:
    real, fake = (raw.sigmoid() for raw in scores(2))  # between the labels of least squares
    by_real, by_fake = torch.func.grad(objective.generator_loss, argnums=(0, 1))(real, fake)
    assert (by_fake < 0).all()
    assert (by_real == 0).all()


@every_objective
def test_results_are_scalars_that_do_not_grow_with_the_batch(objective: Objective) -> None:
    real, fake = scores(3)
    for function in (
        objective.critic_loss,
        objective.generator_loss,
        objective.estimate,
        objective.threshold,
    ):
        once, twice = function(real, fake), function(real.repeat(2), fake.repeat(2))
        assert once.shape == ()
        assert once.dtype == torch.float64
        torch.testing.assert_close(once, twice, rtol=0, atol=1e-12)


@every_objective
def test_vmap_over_members_is_a_loop_over_members(objective: Objective) -> None:
    real, fake = (torch.stack(pair) for pair in zip(scores(4), scores(5), strict=True))
    for function in (
        objective.critic_loss,
        objective.generator_loss,
        objective.estimate,
        objective.threshold,
    ):
        looped = torch.stack([function(r, f) for r, f in zip(real, fake, strict=True)])
        torch.testing.assert_close(torch.vmap(function)(real, fake), looped, rtol=0, atol=1e-12)
    gradient = torch.func.grad(objective.critic_loss, argnums=1)
    looped = torch.stack([gradient(r, f) for r, f in zip(real, fake, strict=True)])
    torch.testing.assert_close(torch.vmap(gradient)(real, fake), looped, rtol=0, atol=1e-12)


@every_objective
def test_gradient_compiles_without_a_graph_break(objective: Objective) -> None:
    real, fake = scores(6)

    def both(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        critic = torch.func.grad(objective.critic_loss, argnums=1)(real, fake)
        return critic, torch.func.grad(objective.generator_loss, argnums=1)(real, fake)

    torch.compiler.reset()
    compiled = torch.compile(both, fullgraph=True, backend="eager")(real, fake)
    torch.testing.assert_close(compiled, both(real, fake), rtol=0, atol=1e-12)


@every_objective
@pytest.mark.parametrize("size", [50.0, 80.0])
def test_losses_and_gradients_stay_finite_at_extreme_scores(objective: Objective, size: float) -> None:
    extreme = torch.tensor([-size, size])
    for loss in (objective.critic_loss, objective.generator_loss):
        gradients, value = torch.func.grad_and_value(loss, argnums=(0, 1))(extreme, extreme)
        assert value.isfinite()
        assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("cost", ["non_saturating", "minimax"])
def test_gan_generator_gradient_is_the_closed_form(cost: str) -> None:
    _, fake = scores(7)
    gradient = torch.func.grad(GAN(generator_cost=cost).generator_loss, argnums=1)(fake, fake)
    expected = -torch.sigmoid(-fake if cost == "non_saturating" else fake) / len(fake)
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-14)


def test_gan_losses_are_cross_entropies() -> None:
    real, fake = scores(8)
    d_real, d_fake = real.sigmoid(), fake.sigmoid()
    game = d_real.log().mean() + (1 - d_fake).log().mean()
    torch.testing.assert_close(GAN().critic_loss(real, fake), -game, rtol=0, atol=1e-12)
    torch.testing.assert_close(GAN().generator_loss(real, fake), -d_fake.log().mean(), rtol=0, atol=1e-12)
    minimax = GAN(generator_cost="minimax").generator_loss(real, fake)
    torch.testing.assert_close(minimax + d_real.log().mean(), game, rtol=0, atol=1e-12)
    # the sign convention of the WGAN paper: L/2 + log 2
    torch.testing.assert_close(GAN().estimate(real, fake), game / 2 + LOG_2, rtol=0, atol=1e-12)


def test_least_squares_and_hinge_values_by_hand() -> None:
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, -3.0])
    least_squares, hinge = LeastSquares(), Hinge()
    assert least_squares.critic_loss(real, fake).item() == pytest.approx(4.5 / 2 + 4.625 / 2, abs=1e-6)
    assert least_squares.generator_loss(real, fake).item() == pytest.approx((0.125 + 8) / 2, abs=1e-6)
    farther = LeastSquares(label_distance=3.0)  # -1 and 2
    assert farther.critic_loss(real, fake).item() == pytest.approx(8.5 / 2 + 3.125 / 2, abs=1e-6)
    assert farther.generator_loss(real, fake).item() == pytest.approx((1.125 + 12.5) / 2, abs=1e-6)
    assert hinge.critic_loss(real, fake).item() == pytest.approx(1.5 + 0.75, abs=1e-6)
    assert hinge.generator_loss(real, fake).item() == pytest.approx(1.25, abs=1e-6)


def test_wasserstein_does_not_see_a_constant_added_to_the_critic() -> None:
    real, fake = scores(9)
    wgan = Wasserstein()
    for function in (wgan.critic_loss, wgan.estimate):
        torch.testing.assert_close(function(real + 3, fake + 3), function(real, fake), rtol=0, atol=1e-12)
    moved = wgan.threshold(real + 3, fake + 3)
    torch.testing.assert_close(moved, wgan.threshold(real, fake) + 3, rtol=0, atol=1e-12)
    assert wgan.estimate(real, fake).item() == pytest.approx((real.mean() - fake.mean()).item(), abs=1e-12)
    assert wgan.critic_loss(real, fake) == -wgan.estimate(real, fake)


def test_unknown_generator_loss_is_refused_in_one_sentence() -> None:
    with pytest.raises(
        BadValueError, match=r"^generator_loss must be one of non_saturating, minimax; got 'x'\.$"
    ):
        GAN(generator_cost="x")  # type: ignore[arg-type]


@every_objective
def test_an_estimate_without_a_name_of_its_own_is_the_gap_of_the_means(objective: Objective) -> None:
    """Real less fake: means that differ in size and sign tell each other way to combine them."""
    if objective.estimate_tag is None:
        real, fake = torch.tensor([1.0, 2.0, 6.0]), torch.tensor([-4.0, 1.0, -6.0])
        assert objective.estimate(real, fake).item() == 6.0
        assert objective.estimate(fake, real).item() == -6.0
    else:
        assert objective.estimate_tag in ("jsd", "f_divergence")


class Plain(Objective):
    """An objective of a plug-in: nothing but its two losses."""

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return -fake.mean()


def test_an_objective_of_two_losses_has_the_gap_of_means_as_its_estimate_and_zero_as_its_threshold() -> None:
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([4.0, 8.0])
    assert Plain().estimate(real, fake).item() == -4
    assert Plain().threshold(real, fake).item() == 0
