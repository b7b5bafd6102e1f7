"""Constraints on the critic's weights: clipping and spectral normalisation."""

import numpy as np
import pytest
import torch

from gan_lab.config.errors import BadValueError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.spectral_norm import SpectralNorm


def critic_params(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"conv.weight": (6, 3, 4, 4), "conv.bias": (6,), "norm.weight": (6,), "out.weight": (1, 6)}
    return {
        name: torch.randn(shape, generator=generator, dtype=torch.float64) for name, shape in shapes.items()
    }


def settled(constraint: SpectralNorm, params: dict[str, torch.Tensor], uses: int):
    state = constraint.init(params, torch.Generator().manual_seed(0))
    for _ in range(uses):
        _, state = constraint.reparameterize(params, state)
    return state


def largest_singular_value(weight: torch.Tensor) -> float:
    return np.linalg.svd(weight.numpy().reshape(weight.shape[0], -1), compute_uv=False)[0]


def test_no_constraint_leaves_everything_alone():
    params, constraint = critic_params(), Constraint()
    assert constraint.init(params, torch.Generator()) == {}
    assert constraint.reparameterize(params, {}) == (params, {})
    assert constraint.project(params) is params
    assert constraint.measure(params) == {}
    assert constraint.noise_shape((2,)) == (0,)
    real = torch.ones(4, 2)
    assert constraint.penalty(lambda x: x.sum(1), real, real, torch.empty(4, 0)).item() == 0


def test_clipping_puts_every_parameter_into_the_box():
    params = critic_params()
    clipped = WeightClip(bound=0.3).project(params)
    assert clipped.keys() == params.keys()
    for name, value in clipped.items():
        np.testing.assert_array_equal(value.numpy(), np.clip(params[name].numpy(), -0.3, 0.3))


def test_clipping_does_not_touch_its_input():
    params = critic_params()
    WeightClip(bound=0.01).project(params)
    assert torch.equal(params["conv.weight"], critic_params()["conv.weight"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_fraction_at_the_edge_counts_single_parameters(dtype):
    params = {
        "weight": torch.tensor([[0.5, -0.5, 0.001], [0.009, 0.002, -0.003]], dtype=dtype),
        "bias": torch.tensor([-0.02, 0.0], dtype=dtype),
    }
    constraint = WeightClip(bound=0.01)
    assert constraint.measure(constraint.project(params)) == {"health/at_clip_fraction": torch.tensor(3 / 8)}


@pytest.mark.parametrize("bound", [0, -0.01, "wide"])
def test_a_bound_that_is_no_positive_number_is_refused(bound):
    with pytest.raises(BadValueError, match=r"^bound must be a number greater than 0; got"):
        WeightClip(bound=bound)


def test_spectral_norm_keeps_a_unit_vector_for_each_weight_matrix():
    state = SpectralNorm().init(critic_params(), torch.Generator().manual_seed(0))
    assert {name: value.shape for name, value in state.items()} == {"conv.weight": (6,), "out.weight": (1,)}
    for value in state.values():
        assert value.norm().item() == pytest.approx(1, abs=1e-12)


def test_spectral_norm_draws_from_its_own_generator():
    first, again, other = (
        SpectralNorm().init(critic_params(), torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(first["conv.weight"], again["conv.weight"])
    assert not torch.equal(first["conv.weight"], other["conv.weight"])


def test_spectral_norm_settles_on_the_largest_singular_value():
    params, constraint = critic_params(), SpectralNorm()
    normalised, _ = constraint.reparameterize(params, settled(constraint, params, uses=2000))
    for name in ("conv.weight", "out.weight"):
        expected = params[name].numpy() / largest_singular_value(params[name])
        np.testing.assert_allclose(normalised[name].numpy(), expected, atol=1e-10, rtol=0)
    assert torch.equal(normalised["conv.bias"], params["conv.bias"])
    assert torch.equal(normalised["norm.weight"], params["norm.weight"])


def test_one_use_is_one_power_iteration():
    params = critic_params()
    state = SpectralNorm().init(params, torch.Generator().manual_seed(0))
    normalised, after = SpectralNorm().reparameterize(params, state)
    matrix, u = params["conv.weight"].flatten(1).numpy(), state["conv.weight"].numpy()
    v = matrix.T @ u / np.linalg.norm(matrix.T @ u)
    u = matrix @ v / np.linalg.norm(matrix @ v)
    np.testing.assert_allclose(after["conv.weight"].numpy(), u, atol=1e-12, rtol=0)
    np.testing.assert_allclose(
        normalised["conv.weight"].flatten(1).numpy(), matrix / (u @ matrix @ v), atol=1e-12, rtol=0
    )


def test_more_power_iterations_are_more_uses():
    params = critic_params()
    twice = settled(SpectralNorm(power_iterations=1), params, uses=2)
    at_once = settled(SpectralNorm(power_iterations=2), params, uses=1)
    torch.testing.assert_close(at_once["conv.weight"], twice["conv.weight"], atol=1e-12, rtol=0)


def test_the_gradient_passes_through_the_norm():
    params, constraint = critic_params(), SpectralNorm()
    state = settled(constraint, params, uses=3000)
    direction = torch.randn(params["conv.weight"].shape, dtype=torch.float64)

    def by_power_iteration(weight):
        normalised, _ = constraint.reparameterize(params | {"conv.weight": weight}, state)
        return (normalised["conv.weight"] * direction).sum()

    weight = params["conv.weight"].clone().requires_grad_()
    exact = (weight / torch.linalg.matrix_norm(weight.flatten(1), ord=2) * direction).sum()
    exact.backward()
    got = torch.func.grad(by_power_iteration)(params["conv.weight"])
    torch.testing.assert_close(got, weight.grad, atol=1e-9, rtol=0)


def test_no_gradient_passes_through_the_singular_vectors():
    params, constraint = critic_params(), SpectralNorm()
    state = constraint.init(params, torch.Generator().manual_seed(0))
    _, after = constraint.reparameterize(params, state)
    weight, u = params["conv.weight"].flatten(1), after["conv.weight"]
    v = torch.nn.functional.normalize(weight.mT @ state["conv.weight"], dim=0)
    sigma, direction = u @ weight @ v, torch.randn(weight.shape, dtype=torch.float64)
    # d/dW <M, W / uᵀWv> with u and v held fixed, far from the singular vectors
    expected = direction / sigma - (direction * weight).sum() / sigma**2 * torch.outer(u, v)

    def inner_product(value):
        normalised, _ = constraint.reparameterize(params | {"conv.weight": value}, state)
        return (normalised["conv.weight"].flatten(1) * direction).sum()

    got = torch.func.grad(inner_product)(params["conv.weight"]).flatten(1)
    torch.testing.assert_close(got, expected, atol=1e-10, rtol=0)
