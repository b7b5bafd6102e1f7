"""What every constraint must bear: stacked members, compilation, a critic step."""

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.utils import _pytree as pytree

from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.compose import Compose
from gan_lab.constraints.consistency import Consistency
from gan_lab.constraints.dragan import DRAGAN
from gan_lab.constraints.gradient_penalty import GradientPenalty, OneSidedGradientPenalty
from gan_lab.constraints.norm_ball import NormBall
from gan_lab.constraints.spectral_norm import SpectralNorm
from gan_lab.constraints.zero_centered import R1, R2

SHAPE, BATCH, MEMBERS = (2, 6, 6), 4, 3
CRITIC = nn.Sequential(
    nn.Conv2d(2, 3, 3), nn.Tanh(), nn.GroupNorm(1, 3), nn.Flatten(), nn.Linear(48, 1), nn.Flatten(0)
).double()
CONSTRAINTS = [
    Constraint(),
    WeightClip(bound=0.05),
    NormBall(radius=0.5),
    NormBall(radius=0.5, scope="network"),
    GradientPenalty(),
    OneSidedGradientPenalty(),
    R1(),
    R2(),
    DRAGAN(),
    SpectralNorm(power_iterations=2),
    Consistency(),
    Compose(parts={"sn": SpectralNorm(), "cr": Consistency(), "gp": GradientPenalty(), "clip": WeightClip()}),
]
each = pytest.mark.parametrize("constraint", CONSTRAINTS, ids=lambda c: type(c).__name__)


def member(constraint: Constraint, seed: int):
    """Return what ``step`` takes: parameters, state, real, fake and noise of one member."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    params = {name: draw(*value.shape) / 4 for name, value in CRITIC.named_parameters()}
    noise_shape = constraint.noise_shape(SHAPE)
    noise = torch.rand(BATCH, *noise_shape, generator=generator, dtype=torch.float64)
    return params, constraint.init(params, generator), draw(BATCH, *SHAPE), draw(BATCH, *SHAPE), noise


def make_step(constraint: Constraint):
    """Return one gradient step on a Wasserstein critic, with every hook of the constraint in use."""

    def step(params, state, real, fake, noise):
        def loss(params):
            weights, following = constraint.reparameterize(params, state)
            score = lambda x: functional_call(CRITIC, weights, (x,))  # noqa: E731
            gap = score(fake).mean() - score(real).mean()
            return gap + constraint.penalty(score, real, fake, noise), following

        gradients, (value, following) = torch.func.grad_and_value(loss, has_aux=True)(params)
        moved = constraint.project({name: params[name] - 0.1 * gradients[name] for name in params})
        return moved, following, value, constraint.measure(moved)

    return step


def assert_same(left, right):
    left, right = pytree.tree_leaves(left), pytree.tree_leaves(right)
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


def stack(trees):
    return pytree.tree_map(lambda *leaves: torch.stack(leaves), *trees)


@each
def test_stacked_members_equal_a_loop(constraint):
    step, members = make_step(constraint), [member(constraint, seed) for seed in range(MEMBERS)]
    assert_same(torch.vmap(step)(*stack(members)), stack([step(*one) for one in members]))


@each
def test_compiled_equals_eager(constraint):
    torch._dynamo.reset()
    step, one = make_step(constraint), member(constraint, 0)
    assert_same(torch.compile(step, fullgraph=True, backend="eager")(*one), step(*one))


@each
def test_compiled_members_equal_a_loop(constraint):
    torch._dynamo.reset()
    step, members = make_step(constraint), [member(constraint, seed) for seed in range(MEMBERS)]
    compiled = torch.compile(torch.vmap(step), fullgraph=True, backend="eager")
    assert_same(compiled(*stack(members)), stack([step(*one) for one in members]))


@each
def test_a_step_is_finite_and_leaves_its_input_alone(constraint):
    one, untouched = member(constraint, 0), member(constraint, 0)
    outcome = make_step(constraint)(*one)
    assert all(leaf.isfinite().all() for leaf in pytree.tree_leaves(outcome))
    assert_same(one, untouched)


def test_the_box_holds_after_a_step():
    constraint = WeightClip(bound=0.05)
    moved, _, _, measured = make_step(constraint)(*member(constraint, 0))
    assert max(value.abs().max().item() for value in moved.values()) == 0.05
    assert 0 < measured["health/at_clip_fraction"].item() < 1
