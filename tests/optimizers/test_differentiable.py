"""A step can be differentiated by the gradient that it was made from, as unrolled games will ask."""

import pytest
import torch
from torch import Tensor

from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.base import UpdateRule
from gan_lab.optimizers.linear_decay import LinearDecay
from gan_lab.optimizers.rmsprop import RMSprop

MOMENTUM, NONE = Adam(lr=0.1, beta1=0.5), Adam(lr=0.1, beta1=0.0, beta2=0.9)
RULES = [MOMENTUM, NONE, RMSprop(lr=0.1), LinearDecay(MOMENTUM, 9)]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_derivative_through_two_steps_is_that_of_differences(rule: UpdateRule) -> None:
    def moved(gradient: Tensor) -> Tensor:
        first, state = rule.update(gradient, rule.init(torch.zeros(3, dtype=torch.float64)))
        second, _ = rule.update(gradient.square() + first, state)
        return first + second

    at = torch.tensor([0.3, -0.7, 1.1], dtype=torch.float64)
    assert torch.autograd.gradcheck(moved, at.requires_grad_(), eps=1e-6, atol=1e-6)
    by_func = torch.func.jacrev(moved)(at.detach())
    torch.testing.assert_close(by_func, torch.autograd.functional.jacobian(moved, at.detach()))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_step_changes_nothing_that_it_was_given(rule: UpdateRule) -> None:
    gradient, state = torch.tensor([0.3, -0.7]), rule.init(torch.zeros(2))
    before = {name: value.clone() for name, value in state.items()}
    rule.update(gradient, state)
    assert torch.equal(gradient, torch.tensor([0.3, -0.7]))
    assert all(torch.equal(state[name], value) for name, value in before.items())
