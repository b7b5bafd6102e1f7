"""Tensors in nested tuples and dictionaries, handled together and put back in their places."""

import pytest
import torch
from torch import Tensor

from gan_lab.numerics.trees import copy_of, map_tensors, member_of, stack, tensors_of
from gan_lab.types import Batch, State


def a_state(fill: float) -> State:
    """Parts in every form that occurs: several tensors, one of no dimension, none at all."""
    weights = {"b": torch.full((2, 3), fill), "a": torch.full((), -fill)}
    critic, optimizer = {"w": torch.full((1,), 2 * fill)}, {"count": torch.tensor(7)}
    return State(weights, critic, optimizer, {}, {}, {}, {}, torch.tensor(9))


def test_a_function_meets_the_tensors_that_share_a_place() -> None:
    tree = (a_state(1.0), {"x": torch.tensor(3.0)})
    other = (a_state(10.0), {"x": torch.tensor(30.0)})
    state, values = map_tensors(torch.sub, other, tree)
    assert isinstance(state, State)
    assert torch.equal(state.generator["b"], torch.full((2, 3), 9.0))
    assert torch.equal(state.generator["a"], torch.tensor(-9.0))
    assert torch.equal(state.critic["w"], torch.full((1,), 18.0))
    assert torch.equal(values["x"], torch.tensor(27.0))
    assert list(state.generator) == ["b", "a"]
    assert state.average == {}
    # by name, whatever the order
    reverse = {"a": torch.tensor(1.0), "b": torch.tensor(2.0)}
    assert map_tensors(torch.sub, {"b": torch.tensor(5.0), "a": torch.tensor(3.0)}, reverse) == {
        "b": 3,
        "a": 2,
    }


def test_tensors_come_in_order() -> None:
    x, y, z = torch.arange(3.0)
    found = tensors_of(({"y": y, "x": x}, (z, ()), {}))
    assert [tensor is expected for tensor, expected in zip(found, (y, x, z), strict=True)] == [True] * 3


def test_a_copy_has_memory_of_its_own() -> None:
    state = a_state(1.0)
    copy = copy_of(state)
    for tensor in tensors_of(state):
        tensor.zero_()
    assert torch.equal(copy.generator["b"], torch.ones(2, 3))
    assert copy.generator_optimizer == {"count": 7}


def test_members_are_stacked_along_a_new_axis_and_come_back() -> None:
    states = [a_state(float(k)) for k in range(3)]
    stacked = stack(states)
    assert stacked.generator["b"].shape == (3, 2, 3)
    assert stacked.generator["a"].shape == (3,)
    for k, state in enumerate(states):
        member = member_of(stacked, k)
        assert isinstance(member, State)
        assert all(map(torch.equal, tensors_of(member), tensors_of(state)))
    member = member_of(stacked, 1)
    stacked.generator["b"].zero_()
    assert torch.equal(member.generator["b"], torch.ones(2, 3))


def test_batches_are_trees_too() -> None:
    batch = stack([Batch(torch.ones(2), torch.zeros(3), torch.ones(1), torch.zeros(0))] * 4)
    assert isinstance(batch, Batch)
    assert [tuple(tensor.shape) for tensor in batch] == [(4, 2), (4, 3), (4, 1), (4, 0)]


@pytest.mark.parametrize("wrong", [3.0, [torch.ones(1)], None], ids=repr)
def test_what_is_no_tree_of_tensors_is_a_fault_of_ours(wrong: object) -> None:
    def keep(tensor: Tensor) -> Tensor:
        return tensor

    with pytest.raises(AssertionError, match="a tree of tensors holds"):
        map_tensors(keep, {"x": wrong})
