"""One whole iteration against a loop written by hand in plain autograd, and in every way it can run."""

import dataclasses
from collections.abc import Callable, Iterable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_lab.architectures.dcgan import DCGANCritic, DCGANGenerator
from gan_lab.architectures.mlp import MLPCritic, MLPGenerator
from gan_lab.architectures.mlp_toy import ToyCritic, ToyGenerator
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.constraints.spectral_norm import SpectralNorm
from gan_lab.game.execution import make_execution
from gan_lab.game.iteration import make_critic_step, make_iteration
from gan_lab.game.measurements import measure_critic_step, measure_scores
from gan_lab.game.networks import parameters
from gan_lab.game.rules import Game, init_state
from gan_lab.numerics.trees import add, copy_of, cosine, flatten, stack, tensors_of
from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.relative_entropies import KullbackLeibler
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.rmsprop import RMSprop
from gan_lab.types import Batch
from support.games import BATCH, IMAGE, LATENT, make_batch
from support.rounding import nudged_state, without_kinks

NO_LABEL = torch.zeros(0, dtype=torch.int64)

N_CRITIC = 2
TorchRule = Callable[[Iterable[Tensor]], torch.optim.Optimizer]

# Of optimizers: their steps are compared where gradients as small as 1e-5 vanish in places. There, with the
# usual 1e-8, rounding alone would decide on the sign of a whole step.
EPS = 1e-6
# in the usual box of 0.01, gradients are as small as rounding
BOX = 0.1
# how far parameters may lie apart after an iteration
ATOL = 2e-6


def torch_adam(lr: float, beta1: float, beta2: float = 0.999) -> TorchRule:
    return lambda parameters: torch.optim.Adam(parameters, lr, (beta1, beta2), EPS)


# option: objective, constraint, its optimizer, the same from torch
GAMES = {
    "wgan": (
        Wasserstein(),
        WeightClip(BOX),
        RMSprop(5e-5, eps=EPS),
        lambda p: torch.optim.RMSprop(p, 5e-5, eps=EPS),
    ),
    "gan": (GAN(), Constraint(), Adam(2e-4, 0.5, eps=EPS), torch_adam(2e-4, 0.5)),
    "wgan_gp": (
        Wasserstein(),
        GradientPenalty(10.0),
        Adam(1e-4, 0.0, 0.9, EPS),
        torch_adam(1e-4, 0.0, 0.9),
    ),
    "fgan_kl": (KullbackLeibler(), Constraint(), Adam(2e-4, 0.5, eps=EPS), torch_adam(2e-4, 0.5)),
}
NETWORKS = {
    "dcgan": (DCGANGenerator(width=8), DCGANCritic(width=8)),
    "mlp": (MLPGenerator(width=32), MLPCritic(width=32)),
}


def make_modules(networks: str, norm: str = "batch", seed: int = 0) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    generator, critic = NETWORKS[networks]
    if networks == "dcgan":
        critic = DCGANCritic(width=8, norm=norm)
    # of so many ReLU one would lie at its kink, where rounding decides on a gradient
    return without_kinks(generator.build(LATENT, IMAGE)), without_kinks(critic.build(IMAGE))


def make_game(name: str, generator: nn.Module, critic: nn.Module, **changes: object) -> Game:
    objective, constraint, optimizer, _ = GAMES[name]
    settings = {"objective": objective, "constraint": constraint, "n_critic": N_CRITIC} | changes
    return Game(
        generator=generator,
        critic=critic,
        generator_optimizer=optimizer,
        critic_optimizer=optimizer,
        **settings,
    )


def reference_critic_loss(name: str, critic: nn.Module, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
    """The losses as the papers print them, without anything of gan_lab."""
    on_real, on_fake = critic(real), critic(fake)
    if name == "gan":
        ones = torch.ones_like(on_real)
        return F.binary_cross_entropy_with_logits(on_real, ones) + F.binary_cross_entropy_with_logits(
            on_fake, 0 * ones
        )
    if name == "fgan_kl":  # T = V, f*(t) = exp(t - 1)
        return torch.exp(on_fake - 1).mean() - on_real.mean()
    loss = on_fake.mean() - on_real.mean()
    if name == "wgan_gp":
        epsilon = noise.view(-1, 1, 1, 1)
        between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        loss = loss + 10 * ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()
    return loss


def reference_generator_loss(name: str, critic: nn.Module, fake: Tensor) -> Tensor:
    on_fake = critic(fake)
    if name == "gan":
        return F.binary_cross_entropy_with_logits(on_fake, torch.ones_like(on_fake))
    return -on_fake.mean()  # also of fgan_kl, non-saturating: -E T(G(z)) with T = V


def play_reference(name: str, generator: nn.Module, critic: nn.Module, batch: Batch) -> None:
    """Change both modules as one iteration of the textbook would."""
    make_optimizer = GAMES[name][3]
    of_critic, of_generator = make_optimizer(critic.parameters()), make_optimizer(generator.parameters())
    for k in range(N_CRITIC):
        of_critic.zero_grad()
        fake = generator(batch.latent[k]).detach()
        reference_critic_loss(name, critic, batch.real[k], fake, batch.noise[k]).backward()
        of_critic.step()
        if name == "wgan":
            with torch.no_grad():
                for parameter in critic.parameters():
                    parameter.clamp_(-BOX, BOX)
    of_generator.zero_grad()
    reference_generator_loss(name, critic, generator(batch.latent[-1])).backward()
    of_generator.step()


@pytest.mark.parametrize("networks", NETWORKS)
@pytest.mark.parametrize("name", GAMES)
def test_one_iteration_equals_a_textbook_loop(name: str, networks: str) -> None:
    generator, critic = make_modules(networks, "layer" if name == "wgan_gp" else "batch")
    game = make_game(name, generator, critic)
    state = init_state(game, parameters(generator), parameters(critic), torch.Generator())
    batch = make_batch(game, IMAGE)
    state, _ = make_iteration(game)(state, batch)
    play_reference(name, generator, critic, batch)
    for ours, theirs in ((state.generator, generator), (state.critic, critic)):
        for key, value in theirs.named_parameters():
            torch.testing.assert_close(ours[key], value.detach(), atol=ATOL, rtol=0)


@pytest.mark.parametrize("networks", NETWORKS)
@pytest.mark.parametrize("name", GAMES)
def test_the_tolerance_lies_between_rounding_and_a_step(name: str, networks: str) -> None:
    """Far below what an iteration changes, and above what it makes of a last bit."""
    generator, critic = make_modules(networks, "layer" if name == "wgan_gp" else "batch")
    game = make_game(name, generator, critic)
    before = init_state(game, parameters(generator), parameters(critic), torch.Generator())
    batch = make_batch(game, IMAGE)
    after, _ = make_iteration(game)(before, batch)
    nudged, _ = make_iteration(game)(nudged_state(before, 0), batch)
    for part in ("generator", "critic"):
        start, end, near = (flatten(getattr(state, part)) for state in (before, after, nudged))
        assert (end - start).abs().mean() > 10 * ATOL
        assert (end - near).abs().max() < ATOL / 3


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.slow
def test_compiled_equals_eager(name: str) -> None:
    generator, critic = make_modules("dcgan", "layer")
    game = make_game(name, generator, critic, ema=0.9)
    state = init_state(game, parameters(generator), parameters(critic), torch.Generator())
    batch = make_batch(game, IMAGE)
    eager, measured = make_execution(game, "eager").iteration(state, batch)
    compiled, measured_too = make_execution(game, "compiled", backend="aot_eager").iteration(state, batch)
    for one, other in zip(eager, compiled, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(measured, measured_too, atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_inductor_equals_eager() -> None:
    torch.manual_seed(0)
    generator, critic = ToyGenerator(width=32).build(LATENT, (2,)), ToyCritic(width=32).build((2,))
    game = make_game("wgan_gp", generator, critic)
    state = init_state(game, parameters(generator), parameters(critic), torch.Generator())
    batch = make_batch(game, (2,))
    eager, _ = make_execution(game, "eager").iteration(state, batch)
    compiled, _ = make_execution(game, "compiled").iteration(state, batch)
    torch.testing.assert_close(flatten(eager.critic), flatten(compiled.critic), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(flatten(eager.generator), flatten(compiled.generator), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("networks", NETWORKS)
@pytest.mark.parametrize("constraint", [GradientPenalty(10.0), SpectralNorm(), WeightClip(BOX)])
def test_vmap_over_seeds_equals_the_loop(networks: str, constraint: Constraint) -> None:
    """Batch norm, double backward and power iteration included."""
    states, batches, loops = [], [], []
    for seed in range(3):
        generator, critic = make_modules(networks, "batch", seed)
        game = make_game("wgan", generator, critic, constraint=constraint)
        rng = torch.Generator().manual_seed(seed)
        states.append(init_state(game, parameters(generator), parameters(critic), rng))
        batches.append(make_batch(game, IMAGE, seed))
        loops.append(make_iteration(game)(states[-1], batches[-1])[0])
    together, _ = torch.vmap(make_iteration(game))(stack(states), stack(batches))
    for part in ("generator", "critic", "constraint"):
        expected = stack([getattr(loop, part) for loop in loops])
        for key, value in getattr(together, part).items():
            torch.testing.assert_close(value, expected[key], atol=2e-5, rtol=1e-4)


def test_the_clip_box_holds_after_every_step() -> None:
    generator, critic = make_modules("dcgan")
    game = make_game("wgan", generator, critic)
    state = init_state(game, parameters(generator), parameters(critic), torch.Generator())
    for seed in range(5):
        state, measured = make_iteration(game)(state, make_batch(game, IMAGE, seed))
        assert flatten(state.critic).abs().max() <= BOX
        assert 0 < measured["health/at_clip_fraction"] <= 1


def test_the_average_follows_the_generator() -> None:
    generator, critic = make_modules("mlp")
    game = make_game("gan", generator, critic, ema=0.75)
    start = init_state(game, parameters(generator), parameters(critic), torch.Generator())
    first, _ = make_iteration(game)(start, make_batch(game, IMAGE))
    torch.testing.assert_close(flatten(first.average), flatten(first.generator), atol=1e-7, rtol=1e-6)
    second, _ = make_iteration(game)(first, make_batch(game, IMAGE))
    expected = (0.75 * flatten(first.generator) + flatten(second.generator)) / 1.75
    torch.testing.assert_close(flatten(second.average), expected, atol=1e-7, rtol=1e-6)


def test_the_iteration_changes_nothing_that_it_was_given() -> None:
    generator, critic = make_modules("mlp")
    game = make_game("wgan", generator, critic)
    state = init_state(game, parameters(generator), parameters(critic), torch.Generator())
    copies = copy_of(state)
    make_iteration(game)(state, make_batch(game, IMAGE))
    assert all(map(torch.equal, tensors_of(state), tensors_of(copies)))


def test_scores_are_measured_by_the_same_words_for_every_objective() -> None:
    real, fake = torch.tensor([2.0, 1.0, -0.5, 3.0]), torch.tensor([-1.0, 0.5, -2.0, -3.0])
    measured = measure_scores(GAN(), real, fake)
    assert measured["distance/critic_raw"].item() == pytest.approx(5.5 / 4 + 5.5 / 4)
    assert measured["health/critic_accuracy"].item() == pytest.approx(0.75)
    assert set(measured) - {"distance/jsd", "resolution/distance/jsd"} == set(
        measure_scores(Wasserstein(), real, fake)
    )
    assert isinstance(KullbackLeibler(), FDivergence)
    assert "distance/f_divergence" in measure_scores(KullbackLeibler(), real, fake)


def test_the_step_gradient_cosine_tells_when_momentum_turns_against_the_gradient() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(2, BATCH, 2)
    critic = ToyCritic(width=8).build((2,))
    make = {"constraint": Constraint(), "n_critic": 1}
    game = make_game("wgan", critic, critic, **make)
    slow = dataclasses.replace(game, critic_optimizer=Adam(1e-9, 0.99, 0.999))
    state = init_state(slow, {"unused": torch.zeros(1)}, parameters(critic), torch.Generator())
    noise = torch.zeros(BATCH, 0)
    for _ in range(5):
        state, step = make_critic_step(slow)(state, other, one, noise, NO_LABEL)
    assert measure_critic_step(slow, state, step)["health/step_gradient_cosine"] > 0.3
    # real and generated change places: the gradient turns round exactly, the momentum does not
    state, step = make_critic_step(slow)(state, one, other, noise, NO_LABEL)
    assert measure_critic_step(slow, state, step)["health/step_gradient_cosine"] < -0.3


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e-30])
def test_the_cosine_does_not_depend_on_lengths(scale: float) -> None:
    a, b = torch.tensor([3.0, 4.0]), torch.tensor([4.0, 3.0])
    assert cosine(a, scale * b).item() == pytest.approx(24 / 25, abs=1e-6)
    assert cosine(-a, scale * b).item() == pytest.approx(-24 / 25, abs=1e-6)
    assert cosine(a, 0 * b).item() == 0


@pytest.mark.slow
def test_many_compiled_games_fit_into_one_process() -> None:
    """A sweep compiles a game per job; torch keeps eight compilations of one function."""
    torch.manual_seed(0)
    generator, critic = ToyGenerator(width=4).build(LATENT, (2,)), ToyCritic(width=4).build((2,))
    for job in range(10):
        game = dataclasses.replace(make_game("gan", generator, critic), generator_optimizer=Adam(1e-4 + job))
        state = init_state(game, parameters(generator), parameters(critic), torch.Generator())
        make_execution(game, "compiled", backend="eager").iteration(state, make_batch(game, (2,)))


def test_add_undoes_flatten() -> None:
    params = {"a": torch.randn(2, 3), "b": torch.randn(()), "c": torch.randn(4)}
    moved = add(params, -flatten(params))
    assert all(torch.equal(value, torch.zeros_like(value)) for value in moved.values())
