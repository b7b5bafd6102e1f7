"""Operations counted by hand: two for each product and its sum."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from gan_lab.architectures.mlp_toy import ToyCritic, ToyGenerator
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.game.execution import make_execution
from gan_lab.game.iteration import make_critic_step
from gan_lab.game.networks import parameters
from gan_lab.game.rules import Game, init_state
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from gan_lab.training.flops import count_flops
from gan_lab.types import State

NO_LABEL = torch.zeros(0, dtype=torch.int64)

BATCH, LATENT, DIMENSION, WIDTH = 10, 3, 2, 8


def test_a_matrix_product() -> None:
    assert count_flops(torch.mm, torch.ones(3, 5), torch.ones(5, 7)) == 2 * 3 * 5 * 7
    assert count_flops(torch.matmul, torch.ones(4, 3, 5), torch.ones(4, 5, 7)) == 4 * 2 * 3 * 5 * 7


def test_a_linear_layer_has_its_bias_for_nothing() -> None:
    layer = nn.Linear(5, 7)
    assert count_flops(layer, torch.ones(3, 5)) == 2 * 3 * 5 * 7
    assert count_flops(F.linear, torch.ones(3, 5), torch.ones(7, 5)) == 2 * 3 * 5 * 7


def test_a_convolution_is_a_product_at_each_place() -> None:
    images, kernels = torch.ones(3, 4, 16, 16), torch.ones(6, 4, 5, 5)
    places = 8 * 8
    expected = 2 * 3 * places * 6 * (4 * 5 * 5)
    assert count_flops(lambda: F.conv2d(images, kernels, stride=2, padding=2)) == expected


def test_elementwise_operations_are_not_counted() -> None:
    assert count_flops(lambda x: (x * x + x).relu().sum(), torch.ones(100)) == 0


def test_every_member_of_an_ensemble_counts() -> None:
    matrices = torch.ones(4, 3, 5), torch.ones(4, 5, 7)
    assert count_flops(torch.vmap(torch.mm), *matrices) == 4 * 2 * 3 * 5 * 7


def test_counting_ends_with_the_call() -> None:
    counts = [count_flops(torch.mm, torch.ones(2, 2), torch.ones(2, 2)) for _ in range(2)]
    assert counts == [16, 16]
    with pytest.raises(ZeroDivisionError):
        count_flops(lambda: 1 // 0)
    assert count_flops(torch.mm, torch.ones(2, 2), torch.ones(2, 2)) == 16


def toy_game(constraint: Constraint) -> tuple[Game, State]:
    generator = ToyGenerator(WIDTH, depth=2).build(LATENT, (DIMENSION,))
    critic = ToyCritic(WIDTH, depth=2).build((DIMENSION,))
    adam = Adam(1e-4)
    game = Game(
        generator,
        critic,
        Wasserstein(),
        constraint,
        adam,
        adam,
        n_critic=1,
        generator_mixes=False,
        critic_mixes=False,
    )
    return game, init_state(game, parameters(generator), parameters(critic), torch.Generator())


# a batch's way through the critic's three layers
LAYERS = [
    2 * BATCH * inputs * outputs for inputs, outputs in ((DIMENSION, WIDTH), (WIDTH, WIDTH), (WIDTH, 1))
]
# as often again for the gradient of the weights, and of each layer's inputs but those of the first
FORWARD_AND_BACKWARD = 3 * sum(LAYERS) - LAYERS[0]


def torch_count_of_a_penalized_loss(critic: nn.Module) -> int:
    """What torch counts for WGAN-GP as a textbook writes it; with no module in the way, it can."""
    params = {name: value.requires_grad_() for name, value in parameters(critic).items()}

    def score(points: Tensor) -> Tensor:
        hidden = F.relu(F.linear(points, params["0.weight"], params["0.bias"]))
        hidden = F.relu(F.linear(hidden, params["2.weight"], params["2.bias"]))
        return F.linear(hidden, params["4.weight"], params["4.bias"]).flatten()

    real, fake, between = torch.randn(3, BATCH, DIMENSION)
    torch.testing.assert_close(score(real), functional_call(critic, params, (real,)), atol=1e-6, rtol=0)
    with FlopCounterMode(display=False) as counter:
        between.requires_grad_()
        (slopes,) = torch.autograd.grad(score(between).sum(), between, create_graph=True)
        loss = score(fake).mean() - score(real).mean() + ((slopes.norm(dim=1) - 1) ** 2).mean()
        torch.autograd.grad(loss, list(params.values()))
    return int(counter.get_total_flops())


@pytest.mark.parametrize("constraint", [Constraint(), GradientPenalty(10.0)])
def test_a_critic_step_of_a_toy(constraint: Constraint) -> None:
    game, state = toy_game(constraint)
    real, fake = torch.randn(2, BATCH, DIMENSION)
    noise = torch.rand(BATCH, *constraint.noise_shape((DIMENSION,)))
    expected = 2 * FORWARD_AND_BACKWARD  # real and generated samples
    if constraint.has_penalty:
        without, expected = expected, torch_count_of_a_penalized_loss(game.critic)
        assert expected > without + 2 * sum(LAYERS)
    assert count_flops(make_critic_step(game), state, real, fake, noise, NO_LABEL) == expected


def test_the_warm_up_step_of_a_toy_on_the_tape() -> None:
    game, state = toy_game(Constraint())
    real, latent, noise = torch.randn(BATCH, DIMENSION), torch.randn(BATCH, LATENT), torch.zeros(BATCH, 0)
    generating = 2 * BATCH * (LATENT * WIDTH + WIDTH * WIDTH + WIDTH * DIMENSION)
    step = make_execution(game, "eager").critic_step
    assert count_flops(step, state, real, latent, noise, NO_LABEL) == generating + 2 * FORWARD_AND_BACKWARD
