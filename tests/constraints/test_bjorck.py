"""Orthonormal weights, and networks that keep the length of every gradient."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_lab.architectures.group_sort import GroupSort
from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.errors import BadValueError
from gan_lab.constraints.bjorck import Bjorck, orthonormalize, singular_bound
from gan_lab.constraints.spectral_norm import SpectralNorm
from gan_lab.game.networks import parameters
from gan_lab.lectures.critics.critic_fit import FittedCritic, fit_critic
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.linear_decay import LinearDecay

SHAPES = [(6, 6), (4, 9), (9, 4), (1, 7), (7, 1), (6, 3, 4, 4)]


def normal(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def singular_values(weight: Tensor) -> np.ndarray:
    return np.linalg.svd(weight.numpy().reshape(len(weight), -1), compute_uv=False)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_singular_values_become_one(shape: tuple[int, ...]) -> None:
    weight = 3 * normal(shape)
    orthonormal = orthonormalize(weight, iterations=60)
    assert orthonormal.shape == weight.shape
    np.testing.assert_allclose(singular_values(orthonormal), 1, atol=1e-12, rtol=0)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_limit_is_the_nearest_orthonormal_matrix(shape: tuple[int, ...]) -> None:
    weight = normal(shape, seed=1)
    u, _, vh = np.linalg.svd(weight.numpy().reshape(len(weight), -1), full_matrices=False)
    polar = (u @ vh).reshape(shape)
    np.testing.assert_allclose(orthonormalize(weight, 60).numpy(), polar, atol=1e-12, rtol=0)


def test_one_iteration_is_the_formula() -> None:
    weight = normal((5, 3))
    a = (weight / singular_bound(weight.mT)).numpy()
    expected = a @ (np.eye(3) + 0.5 * (np.eye(3) - a.T @ a))
    np.testing.assert_allclose(orthonormalize(weight, 1).numpy(), expected, atol=1e-14, rtol=0)


@pytest.mark.parametrize("iterations", [1, 2, 3, 5, 20])
def test_no_singular_value_ever_exceeds_one(iterations: int) -> None:
    for seed, scale in enumerate((1e-6, 1.0, 1e6)):
        values = singular_values(orthonormalize(scale * normal((8, 5), seed), iterations))
        assert values.max() <= 1 + 1e-12
        assert values.min() > 0


def test_the_default_is_enough_for_the_layers_of_a_critic() -> None:
    torch.manual_seed(0)
    params = parameters(ToyCritic(activation="groupsort").build((2,)))
    weights, state = Bjorck().reparameterize(params, {})
    assert state == {}
    assert weights.keys() == params.keys()
    for name, value in weights.items():
        if value.ndim == 2:
            np.testing.assert_allclose(singular_values(value), 1, atol=2e-2, rtol=0)
        else:
            assert torch.equal(value, params[name])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e12])
def test_the_bound_is_above_the_largest_singular_value_and_near_it(
    shape: tuple[int, ...], scale: float
) -> None:
    matrix = scale * normal(shape).flatten(1)
    largest = singular_values(matrix)[0]
    bound = float(singular_bound(matrix))
    assert largest * (1 - 1e-12) <= bound <= largest * min(matrix.shape) ** (1 / 8) * (1 + 1e-12)


def test_a_weight_of_zeros_stays_zero() -> None:
    assert torch.equal(orthonormalize(torch.zeros(3, 4), 20), torch.zeros(3, 4))


def test_the_gradient_is_that_of_the_polar_factor() -> None:
    weight, direction = normal((4, 6)), normal((4, 6), seed=2)

    def polar(w: Tensor) -> Tensor:
        eigenvalues, vectors = torch.linalg.eigh(w @ w.mT)
        return vectors @ torch.diag(eigenvalues.rsqrt()) @ vectors.mT @ w

    got = torch.func.grad(lambda w: (orthonormalize(w, 60) * direction).sum())(weight)
    exact = torch.func.grad(lambda w: (polar(w) * direction).sum())(weight)
    torch.testing.assert_close(got, exact, atol=1e-10, rtol=0)


def test_the_same_under_vmap_and_compiled() -> None:
    stacked = normal((3, 4, 6)).float()
    lone = torch.stack([orthonormalize(weight, 10) for weight in stacked])
    torch.testing.assert_close(torch.vmap(lambda w: orthonormalize(w, 10))(stacked), lone, atol=1e-6, rtol=0)
    compiled = torch.compile(orthonormalize, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(stacked[0], 10), lone[0], atol=1e-6, rtol=0)


def test_a_convolution_keeps_within_the_bound_of_its_patches() -> None:
    kernel = orthonormalize(normal((6, 3, 4, 4)), 60)

    def layer(image: Tensor) -> Tensor:
        return nn.functional.conv2d(image.view(1, 3, 8, 8), kernel, stride=2, padding=1).flatten()

    jacobian = torch.func.jacrev(layer)(torch.zeros(3 * 8 * 8, dtype=torch.float64))
    assert 1 < np.linalg.norm(jacobian.numpy(), ord=2) <= 2


def test_group_sort_sorts_within_groups() -> None:
    x = torch.tensor([[3.0, 1.0, -2.0, 5.0, 0.0, -1.0]])
    assert GroupSort()(x).tolist() == [[1, 3, -2, 5, -1, 0]]
    assert GroupSort(3)(x).tolist() == [[-2, 1, 3, -1, 0, 5]]


def gradient_norms(activation: str, constraint: Bjorck | SpectralNorm, group_size: int = 2) -> Tensor:
    """Of an untrained critic none of whose layers has more outputs than inputs."""
    architecture = ToyCritic(width=32, depth=3, activation=activation, group_size=group_size)  # type: ignore[arg-type]
    points = normal((200, 32)).float()
    fitted = fit(points, points, architecture, constraint, steps=0)
    return fitted.gradients(points).norm(dim=1)


def fit(
    real: Tensor, fake: Tensor, critic: ToyCritic, constraint: Bjorck | SpectralNorm, steps: int
) -> FittedCritic:
    return fit_critic(
        real,
        fake,
        objective=Wasserstein(),
        constraint=constraint,
        critic=critic,
        optimizer=LinearDecay(Adam(lr=1e-2), max(steps, 1)),
        steps=steps,
    )


@pytest.mark.parametrize("group_size", [2, 4, 32])
def test_group_sort_with_orthonormal_weights_keeps_the_slope_at_one(group_size: int) -> None:
    norms = gradient_norms("groupsort", Bjorck(iterations=60), group_size)
    torch.testing.assert_close(norms, torch.ones(200), atol=1e-4, rtol=0)


def test_relu_shortens_gradients() -> None:
    norms = gradient_norms("relu", Bjorck(iterations=60))
    assert float(norms.max()) < 0.8


def test_group_sort_fits_the_absolute_value_and_relu_does_not() -> None:
    """The pair of Anil et al.: W1 between 0 and {-1, 1} is 1, and its potential is |x|."""
    real, fake = torch.tensor([[-1.0], [1.0]]), torch.zeros(2, 1)

    def gap(activation: str) -> float:
        critic = ToyCritic(width=16, depth=2, activation=activation)  # type: ignore[arg-type]
        fitted = fit(real, fake, critic, Bjorck(iterations=15), steps=150)
        return float(fitted.score(real).mean() - fitted.score(fake).mean())

    assert gap("groupsort") == pytest.approx(1, abs=0.01)
    assert gap("relu") < 0.8


@pytest.mark.parametrize("iterations", [0, 1.5, "many"])
def test_iterations_that_are_no_number_are_refused(iterations: object) -> None:
    with pytest.raises(BadValueError, match=r"^iterations must be a whole number from 1 to 1000; got"):
        Bjorck(iterations=iterations)  # type: ignore[arg-type]


def test_a_width_that_the_groups_do_not_divide_is_refused() -> None:
    with pytest.raises(
        BadValueError, match=r"^width must be a multiple of group_size, 2, with .*; got 33\.$"
    ):
        ToyCritic(width=33, activation="groupsort")
    assert ToyCritic(width=33).width == 33


def test_relu_is_the_default_and_what_it_was() -> None:
    torch.manual_seed(0)
    network = ToyCritic(width=8, depth=2).build((2,))
    assert [type(layer) for layer in network] == [
        nn.Linear,
        nn.ReLU,
        nn.Linear,
        nn.ReLU,
        nn.Linear,
        nn.Flatten,
    ]


def test_group_sort_runs_under_vmap_compiled_and_twice_differentiated() -> None:
    x, sort = normal((3, 5, 6)), GroupSort(3)
    lone = torch.stack([sort(each) for each in x])
    assert torch.equal(torch.vmap(sort)(x), lone)
    assert torch.equal(torch.compile(sort, fullgraph=True, backend="eager")(x[0]), lone[0])

    def squared_slope(y: Tensor) -> Tensor:
        return torch.func.grad(lambda z: (sort(z) ** 3).sum())(y).square().sum()

    expected = 4 * 9 * x[0] ** 3  # d/dy of (3 y²)², whatever the order
    torch.testing.assert_close(torch.func.grad(squared_slope)(x[0]), expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize(("activation", "gain"), [("relu", 2.0), ("groupsort", 1.0)])
def test_weights_start_so_that_their_activation_keeps_lengths(activation: str, gain: float) -> None:
    torch.manual_seed(0)
    network = ToyCritic(width=400, depth=2, activation=activation).build((2,))  # type: ignore[arg-type]
    second = network.get_parameter("2.weight").detach()
    assert float(second.var()) == pytest.approx(gain / 400, rel=0.02)
