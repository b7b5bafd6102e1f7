"""Derivatives by torch.func and on autograd's tape: the same numbers, and nothing left over."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lab.numerics import derivatives
from gan_lab.numerics.derivatives import input_gradients, use_autograd, value_and_gradients
from gan_lab.numerics.trees import tensors_of
from gan_lab.types import Params

WAYS = {"torch.func": nullcontext, "tape": use_autograd}


@pytest.fixture(autouse=True)
def _recording_as_usual() -> Iterator[None]:
    yield
    assert not derivatives._on_the_tape
    assert torch.is_grad_enabled()


def make_params() -> Params:
    rng = torch.Generator().manual_seed(0)
    sizes = {"first.weight": (7, 3), "first.bias": (7,), "second.weight": (1, 7), "second.bias": (1,)}
    return {name: torch.randn(size, generator=rng, dtype=torch.float64) for name, size in sizes.items()}


def score(params: Params, points: Tensor) -> Tensor:
    """A critic (B, 3) to (B,) whose second derivatives do not vanish."""
    hidden = torch.tanh(F.linear(points, params["first.weight"], params["first.bias"]))
    return F.linear(hidden, params["second.weight"], params["second.bias"]).flatten()


def penalized_loss(points: Tensor) -> Callable[[Params], tuple[Tensor, tuple[Tensor, dict[str, Tensor]]]]:
    """A loss that holds a derivative itself, with something beside it."""

    def loss(params: Params) -> tuple[Tensor, tuple[Tensor, dict[str, Tensor]]]:
        scores = score(params, points)
        slopes = torch.linalg.vector_norm(input_gradients(lambda x: score(params, x), points), dim=1)
        return scores.mean() + ((slopes - 1) ** 2).mean(), (scores, {"slope": slopes.amax()})

    return loss


def points() -> Tensor:
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_the_tape_equals_torch_func_derivatives_of_derivatives_included() -> None:
    loss, params = penalized_loss(points()), make_params()
    expected = value_and_gradients(loss, params)
    with use_autograd():
        found = value_and_gradients(loss, params)
    assert list(found[0]) == list(expected[0]) == list(params)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("way", WAYS)
def test_the_gradients_are_those_of_finite_differences(way: str) -> None:
    loss, params, step = penalized_loss(points()), make_params(), 1e-5
    with WAYS[way]():
        gradients, value, _ = value_and_gradients(loss, params)
    torch.testing.assert_close(value, loss(params)[0], atol=1e-12, rtol=0)
    for name, gradient in gradients.items():
        for index in range(gradient.numel()):
            shift = torch.zeros_like(gradient).view(-1)
            shift[index] = step
            up, down = (
                loss(params | {name: params[name] + sign * shift.view_as(gradient)})[0] for sign in (1, -1)
            )
            assert gradient.view(-1)[index].item() == pytest.approx(float(up - down) / (2 * step), abs=1e-7)


@pytest.mark.parametrize("way", WAYS)
def test_each_sample_gets_the_gradient_of_its_score(way: str) -> None:
    params, at = make_params(), points()
    with WAYS[way]():
        found = input_gradients(lambda x: score(params, x), at)
    # by hand: the weights behind tanh, whose slope is 1 - tanh²
    slope = 1 - torch.tanh(F.linear(at, params["first.weight"], params["first.bias"])) ** 2
    expected = (slope * params["second.weight"]) @ params["first.weight"]
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("way", WAYS)
def test_what_a_loss_does_not_depend_on_has_gradient_zero(way: str) -> None:
    params, constant = make_params(), torch.tensor(2.0)
    with WAYS[way]():
        some, value, _ = value_and_gradients(lambda p: (p["first.bias"].sum(), ()), params)
        none, other, kept = value_and_gradients(lambda p: (constant, {"beside": constant + 1}), params)
    ones = {name: torch.full_like(tensor, name == "first.bias") for name, tensor in params.items()}
    zeros = {name: torch.zeros_like(tensor) for name, tensor in params.items()}
    torch.testing.assert_close(some, ones, atol=0, rtol=0)
    torch.testing.assert_close(none, zeros, atol=0, rtol=0)
    torch.testing.assert_close((value, other), (params["first.bias"].sum(), constant), atol=0, rtol=0)
    assert kept == {"beside": 3}


@pytest.mark.parametrize("way", WAYS)
def test_a_score_that_does_not_depend_on_the_sample_is_flat(way: str) -> None:
    bias = make_params()["second.bias"]

    def loss(params: Params) -> tuple[Tensor, tuple[()]]:
        flat = input_gradients(lambda x: params["second.bias"].expand(len(x)), points())
        return flat.square().sum() + params["second.bias"].sum(), ()

    with WAYS[way]():
        constant = input_gradients(lambda x: torch.ones(len(x)), points())
        gradients, value, _ = value_and_gradients(loss, {"second.bias": bias})
    assert torch.equal(constant, torch.zeros(5, 3, dtype=torch.float64))
    assert torch.equal(gradients["second.bias"], torch.ones_like(bias))
    assert value == bias.sum()


@pytest.mark.parametrize("way", WAYS)
def test_nothing_that_is_returned_carries_a_graph(way: str) -> None:
    params = make_params()
    with WAYS[way]():
        result = value_and_gradients(penalized_loss(points()), params)
    tensors = tensors_of(result)
    assert len(tensors) == len(params) + 3
    assert not any(tensor.requires_grad or tensor.grad_fn for tensor in tensors)
    assert not any(tensor.requires_grad for tensor in params.values())


def test_the_tape_is_left_as_it_was_entered() -> None:
    with use_autograd():
        with use_autograd():
            assert not torch.is_grad_enabled()
        # an inner one leaves the outer one on
        assert derivatives._on_the_tape
        assert not torch.is_grad_enabled()
    assert not derivatives._on_the_tape


def test_the_tape_is_left_after_an_error() -> None:
    def loss(params: Params) -> tuple[Tensor, tuple[()]]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), use_autograd():
        value_and_gradients(loss, make_params())
    assert not derivatives._on_the_tape
    assert torch.is_grad_enabled()


def test_the_tape_is_what_says_so_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, both ways could be torch.func."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("torch.func on the tape")

    monkeypatch.setattr(torch.func, "grad_and_value", refuse)
    monkeypatch.setattr(torch.func, "grad", refuse)
    with use_autograd():
        gradients, _, _ = value_and_gradients(penalized_loss(points()), make_params())
    assert gradients["first.weight"].abs().max() > 0
    with pytest.raises(AssertionError, match="on the tape"):
        value_and_gradients(penalized_loss(points()), make_params())
