"""Games with class labels, constraints on the generator, and modules that hold buffers.

No option of the lab builds such networks yet; the game and the sampling network must carry them.
"""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from gan_lab.config.errors import UserError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.compose import Compose
from gan_lab.constraints.spectral_norm import SpectralNorm
from gan_lab.game.execution import make_execution
from gan_lab.game.iteration import make_iteration
from gan_lab.game.networks import critic_of, generator_weights, parameters, template_of
from gan_lab.game.rules import Game, init_state
from gan_lab.game.sampling import make_sampling_network, sample
from gan_lab.numerics.trees import flatten, member_of, stack, tensors_of
from gan_lab.types import Batch, Params, State
from support.games import BATCH, IMAGE, LATENT, make_batch, make_networks, rules_of

CLASSES = 3
CPU = torch.device("cpu")


class ConditionalGenerator(nn.Module):
    """Latents (B, Z) and labels (B,) to images, by batch norm whose gain and bias belong to the class."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(LATENT, 4 * 8 * 8)
        self.norm = nn.BatchNorm2d(4, affine=False, track_running_stats=False)
        self.gain, self.bias = nn.Embedding(CLASSES, 4), nn.Embedding(CLASSES, 4)
        self.last = nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1)

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        hidden = self.norm(self.first(latent).view(-1, 4, 8, 8))
        hidden = hidden * (1 + self.gain(label))[:, :, None, None] + self.bias(label)[:, :, None, None]
        return torch.tanh(self.last(nn.functional.silu(hidden)))


class ProjectionCritic(nn.Module):
    """Images and labels (B,) to scores w·h + <e_y, h> (Miyato and Koyama, 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 4, stride=4), nn.Flatten(), nn.Linear(64, 6), nn.SiLU())
        self.head, self.embedding = nn.Linear(6, 1), nn.Embedding(CLASSES, 6)

    def forward(self, samples: Tensor, label: Tensor) -> Tensor:
        hidden = self.body(samples)
        return self.head(hidden).squeeze(1) + (self.embedding(label) * hidden).sum(dim=1)


def conditional(seed: int = 0, mixes: bool = True, **changes: object) -> tuple[Game, State]:
    """A game of both networks with a gradient penalty, and the state that a seed begins with."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator, critic = ConditionalGenerator(), ProjectionCritic()
    rules = dataclasses.replace(rules_of("wgan_gp", "gp"), **changes)
    game = dataclasses.replace(
        rules, generator=generator, critic=critic, generator_mixes=mixes, critic_mixes=False
    )
    rng = torch.Generator().manual_seed(seed)
    return game, init_state(game, parameters(generator), parameters(critic), rng)


def labelled(game: Game, seed: int = 1) -> Batch:
    batch = make_batch(game, IMAGE, seed)
    rng = torch.Generator().manual_seed(seed)
    return batch._replace(label=torch.randint(CLASSES, (game.n_critic + 1, BATCH), generator=rng))


# Labels


BOTH = {"constraint": SpectralNorm(), "generator_constraint": SpectralNorm()}


@pytest.mark.parametrize("changes", [{}, BOTH], ids=["penalty", "spectral norm in both"])
def test_a_conditional_game_is_the_same_in_every_execution(changes: dict[str, object]) -> None:
    game, state = conditional(**changes)
    batch = labelled(game)
    plain, measured = make_iteration(game)(state, batch)
    for mode in ("eager", "compiled"):
        execution = make_execution(game, mode, backend="aot_eager")
        again, measured_again = execution.iteration(state, batch)
        torch.testing.assert_close(again, plain, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(measured_again, measured, atol=1e-5, rtol=1e-4)
    states = [state, conditional(1, **changes)[1]]
    batches = [batch, labelled(game, 2)]
    together, _ = make_execution(game, "eager", stacked=True).iteration(stack(states), stack(batches))
    for k in range(2):
        alone, _ = make_iteration(game)(states[k], batches[k])
        torch.testing.assert_close(member_of(together, k), alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("mixes", [True, False], ids=["a pass for each batch", "one pass for all"])
def test_each_row_of_a_batch_is_played_with_its_own_labels(mixes: bool) -> None:
    game, state = conditional(mixes=mixes)
    batch = labelled(game)
    seen: dict[nn.Module, list[Tensor]] = {game.generator: [], game.critic: []}

    def note(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        seen[module].append(arguments[1])

    with game.critic.register_forward_pre_hook(note), game.generator.register_forward_pre_hook(note):
        make_iteration(game)(state, batch)
    before = [*batch.label[:-1]] if mixes else [batch.label[:-1].flatten()]
    assert_equal(seen[game.generator], [*before, batch.label[-1]])
    # a critic step scores real and generated samples of one row in one pass, then points between them
    expected = [row for k in range(game.n_critic) for row in (batch.label[k].repeat(2), batch.label[k])]
    assert_equal(seen[game.critic], [*expected, batch.label[-1], batch.label[-1]])


def assert_equal(found: list[Tensor], expected: list[Tensor]) -> None:
    assert len(found) == len(expected)
    assert all(map(torch.equal, found, expected))


def test_classes_have_no_order() -> None:
    """Renaming the classes, and the rows of every embedding with them, changes no sample and no score."""
    game, state = conditional()
    batch, order = labelled(game), torch.tensor([2, 0, 1])
    renamed = state._replace(
        generator={k: v[order] if k.startswith(("gain", "bias")) else v for k, v in state.generator.items()},
        critic={k: v[order] if k.startswith("embedding") else v for k, v in state.critic.items()},
    )
    _, measured = make_iteration(game)(state, batch)
    _, again = make_iteration(game)(renamed, batch._replace(label=torch.argsort(order)[batch.label]))
    assert measured["distance/critic_raw"] == pytest.approx(float(again["distance/critic_raw"]), abs=1e-6)
    _, other = make_iteration(game)(state, batch._replace(label=(batch.label + 1) % CLASSES))
    assert abs(measured["distance/critic_raw"] - other["distance/critic_raw"]) > 1e-4


# The generator's constraint


class WeightDecay(Constraint):
    """A penalty on weights: half the sum of their squares, whose gradient is the weights themselves."""

    def weight_penalty(self, params: Params) -> Tensor:
        """Return ½ Σ w²."""
        return flatten(params).square().sum() / 2


class HeavyDecay(Constraint):
    """The same, so heavy that no loss turns a step around."""

    def weight_penalty(self, params: Params) -> Tensor:
        """Return 10⁶ Σ w²."""
        return 1e6 * flatten(params).square().sum()


def unconditional(**changes: object) -> tuple[Game, State, Batch]:
    generator, critic = make_networks(IMAGE, "layer", 0)
    game = dataclasses.replace(rules_of("wgan", "none"), generator=generator, critic=critic, **changes)
    state = init_state(game, parameters(generator), parameters(critic), torch.Generator().manual_seed(0))
    return game, state, make_batch(game, IMAGE)


def test_the_generator_makes_samples_with_the_weights_of_its_constraint() -> None:
    game, state, batch = unconditional(generator_constraint=SpectralNorm(power_iterations=300))
    weights = generator_weights(game, state)
    for value in weights.values():
        if value.ndim > 1:
            assert float(torch.linalg.matrix_norm(value.flatten(1), ord=2)) == pytest.approx(1, abs=1e-3)
    after, _ = make_iteration(game)(state, batch)
    before, following = state.generator_constraint, after.generator_constraint
    assert before.keys() == following.keys() != set()
    assert not any(torch.equal(before[name], following[name]) for name in before)
    # what the critic's steps, the generator's step and a sample are made of is the same network
    by_hand = dataclasses.replace(game, generator_constraint=Constraint())
    _, measured = make_iteration(game)(state, batch)
    _, expected = make_iteration(by_hand)(state._replace(generator=weights), batch)
    for tag in ("distance/critic_raw", "loss/critic", "loss/generator"):
        assert measured[tag] == pytest.approx(float(expected[tag]), abs=1e-5)


def test_the_averaged_generator_is_constrained_like_the_other() -> None:
    game, state, _ = unconditional(generator_constraint=SpectralNorm(50), ema=0.9)
    state = state._replace(average={name: 3 * value for name, value in state.generator.items()})
    plain, averaged = generator_weights(game, state), generator_weights(game, state, averaged=True)
    for name, value in plain.items():
        factor = 1 if value.ndim > 1 else 3  # a norm takes the factor away again
        torch.testing.assert_close(averaged[name], factor * value, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("combined", [False, True])
def test_a_penalty_on_weights_adds_its_gradient_to_either_network(combined: bool) -> None:
    constraint: Constraint = Compose({"a": WeightDecay()}) if combined else WeightDecay()
    assert constraint.has_penalty
    plain, state, batch = unconditional()
    penalised = dataclasses.replace(plain, constraint=constraint, generator_constraint=constraint, n_critic=1)
    plain = dataclasses.replace(plain, n_critic=1)
    _, without = make_iteration(plain)(state, batch)
    _, measured = make_iteration(penalised)(state, batch)
    weights = flatten(state.critic)
    assert measured["loss/penalty"] == pytest.approx(float(weights.square().sum() / 2), rel=1e-5)
    assert measured["loss/critic"] == pytest.approx(float(without["loss/critic"]), abs=1e-6)
    for network in ("critic", "generator"):
        tag = f"health/{network}_gradient_norm"
        assert measured[tag] > without[tag] + 0.1


def test_a_penalty_on_weights_draws_them_to_zero_in_either_network() -> None:
    game, state, batch = unconditional(constraint=HeavyDecay(), generator_constraint=HeavyDecay(), n_critic=1)
    after, _ = make_iteration(game)(state, batch)
    for before, following in ((state.critic, after.critic), (state.generator, after.generator)):
        weights, moved = flatten(before), flatten(following)
        large = weights.abs() > 0.01  # a step of the first iteration is shorter
        assert large.sum() > 100
        assert bool((moved[large].abs() < weights[large].abs()).all())


def test_the_generator_is_projected_after_its_step() -> None:
    game, state, batch = unconditional(generator_constraint=WeightClip(0.01))
    after, _ = make_iteration(game)(state, batch)
    assert flatten(after.generator).abs().max() <= 0.01
    assert flatten(after.critic).abs().max() > 0.01


def test_iterations_are_counted() -> None:
    game, state, batch = unconditional()
    for expected in (0, 1, 2):
        assert (int(state.iteration), state.iteration.dtype) == (expected, torch.int64)
        state, _ = make_iteration(game)(state, batch)


# Buffers, and norms without parameters


class Filtered(nn.Module):
    """A generator whose samples pass a fixed filter."""

    def __init__(self, persistent: bool) -> None:
        super().__init__()
        self.first = nn.Linear(LATENT, 256)
        self.register_buffer("filter", torch.full((1, 1, 3, 3), 1 / 9), persistent=persistent)

    def forward(self, latent: Tensor) -> Tensor:
        return nn.functional.conv2d(self.first(latent).view(-1, *IMAGE), self.filter, padding=1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("persistent", [True, False])
def test_buffers_are_constants(persistent: bool, dtype: torch.dtype) -> None:
    module, critic = Filtered(persistent), make_networks(IMAGE, "layer", 0)[1]
    template = template_of(module, CPU, "architecture.generator")
    assert {value.device.type for value in template.parameters()} == {"meta"}
    assert all(map(torch.equal, template.buffers(), module.buffers()))
    game = dataclasses.replace(rules_of("wgan", "none"), generator=template, critic=critic, dtype=dtype)
    state = init_state(game, parameters(module), parameters(critic), torch.Generator())
    compiled = make_execution(game, "compiled", backend="aot_eager").iteration
    for run in (make_iteration(game), make_execution(game, "eager").iteration, compiled):
        after, _ = run(state, make_batch(game, IMAGE))
        assert all(torch.isfinite(tensor).all() for tensor in tensors_of(after))
    two, batch = stack([state, state]), stack([make_batch(game, IMAGE)] * 2)
    after, _ = make_execution(game, "eager", stacked=True).iteration(two, batch)
    assert all(torch.isfinite(tensor).all() for tensor in tensors_of(after))
    latents = torch.randn(5, LATENT)
    sampled = sample(make_sampling_network(Filtered(persistent), state.generator, LATENT), latents)
    torch.testing.assert_close(sampled, module(latents))


def test_running_statistics_are_refused() -> None:
    network = nn.Sequential(nn.Linear(LATENT, 4), nn.BatchNorm1d(4))
    with pytest.raises(UserError, match=r"^architecture.critic must not keep running .*BatchNorm1d needs"):
        template_of(network, CPU, "architecture.critic")


def test_a_norm_without_parameters_gets_standing_statistics() -> None:
    def make() -> nn.Module:
        torch.manual_seed(0)
        norm = nn.BatchNorm2d(4, affine=False, track_running_stats=False)
        return nn.Sequential(nn.Linear(LATENT, 64), nn.Unflatten(1, (4, 4, 4)), norm)

    network, latents = make_sampling_network(make(), parameters(make()), LATENT), torch.randn(300, LATENT)
    many = sample(network, latents)
    for k in (0, 255, 299):
        torch.testing.assert_close(sample(network, latents[k : k + 1])[0], many[k], atol=1e-5, rtol=0)
    assert float(many.mean()) == pytest.approx(0, abs=0.1)
    assert float(many.std()) == pytest.approx(1, abs=0.1)


# One place for the critic of a state


def test_the_critic_of_a_state_scores_by_its_reparameterised_weights() -> None:
    game, state = conditional(constraint=SpectralNorm())
    samples, label = torch.randn(BATCH, *IMAGE), torch.arange(BATCH) % CLASSES
    weights, _ = game.constraint.reparameterize(state.critic, state.constraint)
    expected = torch.func.functional_call(game.critic, weights, (samples, label))
    torch.testing.assert_close(critic_of(game, state, label)(samples), expected)
