"""The pure optimizers take the steps of their torch.optim namesakes."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.base import UpdateRule
from gan_lab.optimizers.rmsprop import RMSprop

STEPS = 20
TorchRule = Callable[[list[Tensor]], torch.optim.Optimizer]


def torch_rmsprop(**kwargs: float) -> TorchRule:
    return lambda parameters: torch.optim.RMSprop(parameters, **kwargs)


def torch_adam(lr: float, beta1: float, beta2: float, eps: float = 1e-8) -> TorchRule:
    return lambda parameters: torch.optim.Adam(parameters, lr=lr, betas=(beta1, beta2), eps=eps)


CASES: dict[str, tuple[UpdateRule, TorchRule]] = {
    "rmsprop, WGAN": (RMSprop(), torch_rmsprop(lr=5e-5, alpha=0.99, eps=1e-8)),
    "rmsprop, other": (RMSprop(lr=0.1, alpha=0.5, eps=0.01), torch_rmsprop(lr=0.1, alpha=0.5, eps=0.01)),
    "rmsprop, no memory": (RMSprop(alpha=0.0), torch_rmsprop(lr=5e-5, alpha=0.0)),
    "adam, DCGAN": (Adam(), torch_adam(2e-4, 0.5, 0.999)),
    "adam, WGAN-GP": (Adam(lr=1e-4, beta1=0.0, beta2=0.9), torch_adam(1e-4, 0.0, 0.9)),
    "adam, other": (Adam(lr=0.1, beta1=0.9, beta2=0.99, eps=0.01), torch_adam(0.1, 0.9, 0.99, 0.01)),
    "adam, no memory": (Adam(beta1=0.0, beta2=0.0), torch_adam(2e-4, 0.0, 0.0)),
}
every_rule = pytest.mark.parametrize(("rule", "torch_rule"), CASES.values(), ids=CASES.keys())


def problem(seed: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Parameters (5,) and the gradients (STEPS, 5) of widely differing sizes that they meet."""
    generator = torch.Generator().manual_seed(seed)
    parameters = torch.randn(5, generator=generator, dtype=dtype)
    gradients = torch.randn(STEPS, 5, generator=generator, dtype=dtype)
    return parameters, gradients * torch.tensor([1e-9, 1e-4, 1, 100, 0], dtype=dtype)


def run(rule: UpdateRule, parameters: Tensor, gradients: Tensor) -> Tensor:
    state = rule.init(parameters)
    for gradient in gradients:
        step, state = rule.update(gradient, state)
        parameters = parameters + step
    return parameters


def run_torch(torch_rule: TorchRule, parameters: Tensor, gradients: Tensor) -> Tensor:
    leaf = parameters.clone().requires_grad_()
    optimizer = torch_rule([leaf])
    for gradient in gradients:
        leaf.grad = gradient.clone()
        optimizer.step()
    return leaf.detach()


@every_rule
@pytest.mark.parametrize("steps", [1, STEPS])
def test_parameters_follow_torch(rule: UpdateRule, torch_rule: TorchRule, steps: int) -> None:
    parameters, gradients = problem(0)
    expected = run_torch(torch_rule, parameters, gradients[:steps])
    torch.testing.assert_close(run(rule, parameters, gradients[:steps]), expected, rtol=0, atol=1e-12)


@every_rule
def test_float32_follows_torch(rule: UpdateRule, torch_rule: TorchRule) -> None:
    parameters, gradients = problem(1, torch.float32)
    expected = run_torch(torch_rule, parameters, gradients)
    actual = run(rule, parameters, gradients)
    assert actual.dtype == torch.float32
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)


@every_rule
def test_vmapped_members_step_as_if_alone(rule: UpdateRule, torch_rule: TorchRule) -> None:
    problems = [problem(seed) for seed in (2, 3)]
    parameters, gradients = (torch.stack(parts) for parts in zip(*problems, strict=True))
    expected = torch.stack([run_torch(torch_rule, *one) for one in problems])
    actual = torch.vmap(lambda p, g: run(rule, p, g))(parameters, gradients)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


@every_rule
def test_state_is_stacked_by_vmap_and_keeps_its_shapes(rule: UpdateRule, torch_rule: TorchRule) -> None:
    del torch_rule
    stacked = torch.vmap(rule.init)(torch.randn(2, 5))
    assert all(value.shape[0] == 2 for value in stacked.values())
    step, after = torch.vmap(rule.update)(torch.ones(2, 5), stacked)
    assert step.shape == (2, 5)
    assert {k: (v.shape, v.dtype) for k, v in after.items()} == {
        k: (v.shape, v.dtype) for k, v in stacked.items()
    }


@every_rule
def test_update_leaves_its_inputs_alone(rule: UpdateRule, torch_rule: TorchRule) -> None:
    del torch_rule
    parameters, gradients = problem(4)
    state = rule.init(parameters)
    before = {key: value.clone() for key, value in state.items()}
    gradient = gradients[0].clone()
    rule.update(gradient, state)
    assert torch.equal(gradient, gradients[0])
    assert all(torch.equal(state[key], before[key]) for key in before)


@every_rule
def test_update_compiles_without_a_graph_break(rule: UpdateRule, torch_rule: TorchRule) -> None:
    del torch_rule
    parameters, gradients = problem(5)
    state = rule.init(parameters)
    compiled = torch.compile(rule.update, fullgraph=True, backend="eager")(gradients[0], state)
    torch.testing.assert_close(compiled, rule.update(gradients[0], state), rtol=0, atol=1e-15)


def test_a_step_descends() -> None:
    for rule in (RMSprop(), Adam()):
        step, _ = rule.update(torch.tensor([2.0, -3.0]), rule.init(torch.zeros(2)))
        assert step[0] < 0 < step[1]


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: Adam(lr=0), "lr"),
        (lambda: Adam(beta1=1.0), "beta1"),
        (lambda: Adam(beta2=-0.1), "beta2"),
        (lambda: Adam(eps=0.0), "eps"),
        (lambda: RMSprop(lr=-1e-4), "lr"),
        (lambda: RMSprop(alpha=1.0), "alpha"),
    ],
)
def test_settings_out_of_range_are_refused(make: Callable[[], UpdateRule], key: str) -> None:
    with pytest.raises(BadValueError, match=rf"^{key} must be a number .*; got .*\.$"):
        make()
