"""Weights of zero, tiny and huge ones, and gradients of zero: finite, and no dead end."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils import _pytree as pytree

from gan_lab.config.build import build
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bjorck import Bjorck, orthonormalize
from gan_lab.constraints.scales import near_one
from gan_lab.constraints.spectral_norm import SpectralNorm
from support.games import composed, names_in

SHAPE, BATCH = (1, 6, 6), 4
CRITIC = nn.Sequential(
    nn.Conv2d(1, 3, 3, bias=False), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(48, 1), nn.Flatten(0)
)


def built(option: str) -> Constraint:
    return build(composed(f"constraint={option}")["constraint"], Constraint, "constraint")


def weights(scale: float, seed: int = 0) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return {
        name: scale * torch.randn(value.shape, generator=rng) for name, value in CRITIC.named_parameters()
    }


def zeroed(params: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name: torch.zeros_like(value) if name.startswith(prefix) else value for name, value in params.items()
    }


def inputs(constraint: Constraint) -> tuple[Tensor, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(1)
    noise = torch.rand(BATCH, *constraint.noise_shape(SHAPE), generator=rng)
    return torch.rand(BATCH, *SHAPE, generator=rng), torch.rand(BATCH, *SHAPE, generator=rng) - 1, noise


def make_step(constraint: Constraint) -> Any:
    """A critic step: parameters and the constraint's state to those after it, the loss and its gradient."""

    def step(params: Any, state: Any, real: Tensor, fake: Tensor, noise: Tensor) -> Any:
        def loss(params: Any) -> Any:
            made, following = constraint.reparameterize(params, state)

            def score(x: Tensor) -> Tensor:
                scores: Tensor = functional_call(CRITIC, made, (x,))
                return scores

            penalty = constraint.penalty(score, real, fake, noise) + constraint.weight_penalty(params)
            return score(fake).mean() - score(real).mean() + penalty, following

        gradients, (value, following) = torch.func.grad_and_value(loss, has_aux=True)(params)
        moved = {name: params[name] - 1e-3 * gradients[name] for name in params}
        return constraint.project(moved), following, value, gradients

    return step


@pytest.mark.parametrize("which", ["all", "the first", "the last"])
@pytest.mark.parametrize("option", names_in("constraint"))
def test_a_step_from_weights_of_zero_is_finite(option: str, which: str) -> None:
    constraint = built(option)
    params = zeroed(weights(1.0), {"all": "", "the first": "0.", "the last": "3.weight"}[which])
    state = constraint.init(params, torch.Generator().manual_seed(0))
    step, arguments = make_step(constraint), (params, state, *inputs(constraint))
    stacked = pytree.tree_map(lambda tensor: torch.stack([tensor, tensor]), arguments)
    for outcome in (step(*arguments), torch.vmap(step)(*stacked)):
        assert all(bool(leaf.isfinite().all()) for leaf in pytree.tree_leaves(outcome))


@pytest.mark.parametrize("constraint", [SpectralNorm(), Bjorck()], ids=["spectral_norm", "bjorck"])
def test_weights_of_zero_can_be_trained_away(constraint: Constraint) -> None:
    last = "3.weight"
    params = zeroed(weights(1.0), last)
    state = constraint.init(params, torch.Generator().manual_seed(0))
    step, arguments = make_step(constraint), inputs(constraint)
    losses = []
    for _ in range(3):
        params, state, value, _ = step(params, state, *arguments)
        losses.append(float(value))
    made, _ = constraint.reparameterize(params, state)
    assert losses[0] == 0
    assert losses[-1] < losses[0]
    assert torch.linalg.matrix_norm(made[last], ord=2).item() == pytest.approx(1, rel=1e-5)


def test_a_weight_of_zero_keeps_the_guess_of_its_singular_vector() -> None:
    params = {"weight": torch.zeros(3, 5)}
    state = SpectralNorm().init(params, torch.Generator().manual_seed(0))
    made, following = SpectralNorm().reparameterize(params, state)
    assert torch.equal(made["weight"], params["weight"])
    assert torch.equal(following["weight"], state["weight"])


def test_a_guess_across_all_columns_finds_the_norm_all_the_same() -> None:
    weight = torch.tensor([[3.0, 4.0], [-6.0, -8.0], [0.0, 0.0]])
    blind = {"weight": torch.tensor([0.0, 0.0, 1.0])}
    made, following = SpectralNorm().reparameterize({"weight": weight}, blind)
    torch.testing.assert_close(made["weight"], weight / (5 * 5**0.5))
    assert following["weight"].norm().item() == pytest.approx(1)


@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1e-15, 1e-6, 1e6, 1e15, 1e30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_neither_depends_on_the_scale_of_a_weight(scale: float, dtype: torch.dtype) -> None:
    weight = torch.randn(4, 7, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    scaled = (scale * weight).to(dtype)
    # a subnormal number has few digits left
    rtol = 1e-3 if scale < 1e-37 else 2e-5

    exact = weight / torch.linalg.matrix_norm(weight, ord=2)
    state = {"weight": torch.linalg.svd(weight).U[:, 0].to(dtype)}
    made, _ = SpectralNorm().reparameterize({"weight": scaled}, state)
    torch.testing.assert_close(made["weight"].double(), exact, atol=1e-7, rtol=rtol)

    left, _, right = torch.linalg.svd(weight, full_matrices=False)
    torch.testing.assert_close(orthonormalize(scaled, 20).double(), left @ right, atol=1e-5, rtol=rtol)


@pytest.mark.parametrize("size", [1e-9, 1e-3, 0.5, 1.0, 3.0, 1e9])
def test_usual_weights_are_not_scaled(size: float) -> None:
    assert near_one(torch.tensor([size, -size / 2])) == 1


@pytest.mark.parametrize("size", [1e-12, 0.9e-9, 1.1e9, 1e30])
def test_extreme_weights_are_divided_by_their_largest(size: float) -> None:
    assert near_one(torch.tensor([size / 2, -size])) == torch.tensor(size)
