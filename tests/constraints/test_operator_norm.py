"""Spectral normalisation by the norm of the convolution itself: closed forms, and every way to play it."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from gan_lab.constraints.compose import Compose
from gan_lab.constraints.operator_norm import find_convolutions, operator_norm
from gan_lab.constraints.spectral_norm import SpectralNorm
from gan_lab.game.execution import make_execution
from gan_lab.game.rules import init_state
from gan_lab.numerics.trees import member_of, stack
from support.configs import DIGITS, Train
from support.games import BATCH, IMAGE, assert_same_play, make_cast, rules_of

RNG = torch.Generator().manual_seed(0)


def weights_of(network: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(value.shape, generator=rng, dtype=torch.float64)
        for name, value in network.named_parameters()
    }


def norm_of(layer: nn.Module, weight: Tensor, size: tuple[int, ...], steps: int = 400) -> float:
    """The norm of a layer by itself at inputs (C, *size), settled."""
    (convolution,) = find_convolutions(nn.Sequential(layer), size).by_name.values()
    left = convolution.random_output(weight, torch.Generator().manual_seed(0))
    return float(operator_norm(convolution, weight, left, steps)[0])


def dense_norm(layer: nn.Module, weight: Tensor, size: tuple[int, ...]) -> float:
    """The largest singular value of the matrix whose columns are what the layer makes of each unit input."""
    units = torch.eye(int(np.prod(size)), dtype=torch.float64).reshape(-1, *size)
    bias = {"bias": torch.zeros(0)} if layer.bias is None else {"bias": torch.zeros_like(layer.bias).double()}
    given = {"weight": weight} | (bias if layer.bias is not None else {})
    columns = functional_call(layer, given, (units,)).flatten(1)
    return float(torch.linalg.matrix_norm(columns, ord=2))


@pytest.mark.parametrize(("inputs", "outputs", "kernel", "size"), [(1, 1, 3, 8), (2, 3, 3, 7), (3, 2, 5, 9)])
def test_with_circular_padding_it_is_the_largest_over_frequencies(
    inputs: int, outputs: int, kernel: int, size: int
) -> None:
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="circular")
    weight = weights_of(layer)["weight"]
    # a circular convolution is diagonal in Fourier space: a matrix (outputs, inputs) for each frequency
    symbol = np.fft.fft2(weight.numpy(), (size, size)).transpose(2, 3, 0, 1)
    expected = np.linalg.svd(symbol, compute_uv=False).max()
    assert norm_of(layer, weight, (inputs, size, size)) == pytest.approx(expected, rel=1e-6)


LAYERS = [
    nn.Conv2d(2, 3, 4, 2, 1, bias=False),
    nn.Conv2d(2, 3, 3, 1, 1),
    nn.Conv2d(4, 2, 3, 1, 0, groups=2, dilation=2),
    nn.Conv1d(2, 3, 5, 2, 1),
    nn.ConvTranspose2d(2, 3, 4, 2, 1, bias=False),
    nn.ConvTranspose2d(3, 2, 3, 2, 1, output_padding=1),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_it_is_that_of_the_matrix_of_the_whole_map(layer: nn.Module) -> None:
    weight = weights_of(layer)["weight"]
    size = (layer.in_channels, *[8] * (weight.ndim - 2))
    assert norm_of(layer, weight, size) == pytest.approx(dense_norm(layer, weight, size), rel=1e-4)


@pytest.mark.parametrize(("kind", "low", "high"), [("random", 1.1, 1.5), ("constant", 1.95, 2.0)])
def test_it_exceeds_the_norm_of_the_reshaped_matrix(kind: str, low: float, high: float) -> None:
    layer = nn.Conv2d(4, 8, 4, 2, 1, bias=False)
    weight = weights_of(layer)["weight"] if kind == "random" else torch.ones(8, 4, 4, 4).double()
    reshaped = float(torch.linalg.matrix_norm(weight.flatten(1), ord=2))
    assert low < norm_of(layer, weight, (4, 32, 32)) / reshaped < high


def small_critic() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 3, 4, 2, 1),
        nn.Tanh(),
        nn.Conv2d(3, 2, 3, 1, 1),
        nn.Flatten(),
        nn.Linear(32, 1),
        nn.Flatten(0),
    )


def test_every_layer_of_a_settled_critic_has_norm_one_and_so_has_no_steeper_slope() -> None:
    network, params = small_critic(), weights_of(small_critic())
    constraint = SpectralNorm(power_iterations=500, norm="operator").bind(network, (1, 8, 8))
    made, state = constraint.reparameterize(params, constraint.init(params, RNG))
    assert {name: tuple(u.shape) for name, u in state.items()} == {
        "0.weight": (3, 4, 4),
        "2.weight": (2, 4, 4),
        "4.weight": (1,),
    }
    assert dense_norm(network[0], made["0.weight"], (1, 8, 8)) == pytest.approx(1, abs=1e-4)
    assert dense_norm(network[2], made["2.weight"], (3, 4, 4)) == pytest.approx(1, abs=1e-4)
    points = torch.randn(64, 1, 8, 8, dtype=torch.float64)
    slopes = (
        torch.func.grad(lambda x: functional_call(network, made, (x,)).sum())(points).flatten(1).norm(dim=1)
    )
    assert slopes.max() <= 1 + 1e-4


def test_the_gradient_passes_through_the_norm() -> None:
    layer = nn.Conv2d(1, 2, 3, 2, 1, bias=False)
    weight = weights_of(layer)["weight"]
    (convolution,) = find_convolutions(nn.Sequential(layer), (1, 6, 6)).by_name.values()
    left = operator_norm(convolution, weight, convolution.random_output(weight, RNG), 1000)[1]
    got = torch.func.grad(lambda w: operator_norm(convolution, w, left, 1)[0])(weight)
    step = 1e-6 * torch.randn(weight.shape, dtype=torch.float64, generator=RNG)
    change = dense_norm(layer, weight + step, (1, 6, 6)) - dense_norm(layer, weight - step, (1, 6, 6))
    assert float((got * step).sum()) == pytest.approx(change / 2, rel=1e-4)


def test_a_kernel_of_zeros_stays_and_keeps_its_guess() -> None:
    network = small_critic()
    params = weights_of(network)
    params["0.weight"] = torch.zeros_like(params["0.weight"])
    constraint = Compose({"sn": SpectralNorm(norm="operator")}).bind(network, (1, 8, 8))
    state = constraint.init(params, RNG)
    made, following = constraint.reparameterize(params, state)
    assert torch.equal(made["0.weight"], params["0.weight"])
    assert torch.equal(following["sn/0.weight"], state["sn/0.weight"])


def test_without_a_network_it_is_no_constraint_yet() -> None:
    with pytest.raises(AssertionError, match="bind"):
        SpectralNorm(norm="operator").init(weights_of(small_critic()), RNG)


def test_stacked_and_compiled_play_what_eager_plays() -> None:
    cast = make_cast(rules_of("gan", "spectral_norm"), IMAGE, norm="none", members=2, iterations=1)
    constraint = SpectralNorm(norm="operator").bind(cast.game.critic, IMAGE)
    game = dataclasses.replace(cast.game, constraint=constraint)
    states = [
        init_state(game, state.generator, state.critic, torch.Generator().manual_seed(k))
        for k, state in enumerate(cast.states)
    ]
    members = list(zip(states, cast.batches[0], strict=True))
    eager = make_execution(game, "eager").iteration
    lone = [eager(*member) for member in members]
    together = make_execution(game, "eager", stacked=True).iteration(*stack(members))
    for k, expected in enumerate(lone):
        assert_same_play([[member_of(together, k)]], [[expected]], batch=BATCH)
    compiled = make_execution(game, "compiled", backend="eager").iteration
    assert_same_play([[compiled(*members[0])]], [[lone[0]]], batch=BATCH)


def test_a_resumed_run_is_the_uninterrupted_one(train: Train) -> None:
    given = [*DIGITS, "objective=hinge", "constraint.norm=operator", "train.n_critic=1", "train.iterations=8"]
    whole = train("whole", *given)
    train("parts", *given[:-1], "train.iterations=8", iterations=4)
    parts = train("parts", *given[:-1], "train.iterations=8", iterations=8)
    assert (parts / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()


@pytest.mark.parametrize("factor", [1e-25, 1e-12, 1e12, 1e25])
def test_the_norm_of_extreme_weights_is_as_much_smaller_or_larger(factor: float) -> None:
    layer = nn.Conv2d(2, 3, 3, padding=1)
    weight = layer.weight.detach().double()
    expected = norm_of(layer, weight, (2, 6, 6))
    assert norm_of(layer, factor * weight, (2, 6, 6)) == pytest.approx(factor * expected, rel=1e-6)
