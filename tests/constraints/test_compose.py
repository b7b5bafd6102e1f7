"""A constraint made of constraints equals its parts."""

import pytest
import torch

from gan_lab.config.build import build
from gan_lab.config.errors import BadValueError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.compose import Compose
from gan_lab.constraints.consistency import Consistency
from gan_lab.constraints.dragan import DRAGAN
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.constraints.spectral_norm import SpectralNorm
from gan_lab.constraints.zero_centered import R1
from support.configs import compose_config

SHAPE = (2, 6, 6)
PARTS = {"gp": GradientPenalty(), "r1": R1(), "dragan": DRAGAN(), "cr": Consistency(), "none": Constraint()}


def score(x: torch.Tensor) -> torch.Tensor:
    return (x.flatten(1) * torch.linspace(-1, 1, 72, dtype=x.dtype)).sum(1).sin()


def test_penalties_add_up_each_with_its_own_noise():
    generator = torch.Generator().manual_seed(0)
    whole = Compose(parts=PARTS)
    assert whole.noise_shape(SHAPE) == (1 + 0 + 72 + 3 + 0,)
    noise = torch.rand(8, 76, generator=generator, dtype=torch.float64)
    real, fake = torch.randn(2, 8, *SHAPE, generator=generator, dtype=torch.float64)
    slices = [noise[:, 0], noise[:, :0], noise[:, 1:73].reshape(8, *SHAPE), noise[:, 73:], noise[:, :0]]
    expected = sum(
        part.penalty(score, real, fake, own) for part, own in zip(PARTS.values(), slices, strict=True)
    )
    torch.testing.assert_close(whole.penalty(score, real, fake, noise), expected, atol=1e-12, rtol=0)


def test_states_of_two_parts_do_not_collide():
    params = {"weight": torch.randn(4, 3, generator=torch.Generator().manual_seed(0))}
    once, thrice = SpectralNorm(), SpectralNorm(power_iterations=3)
    whole = Compose(parts={"a": once, "b": thrice})
    generator = torch.Generator().manual_seed(5)
    state = whole.init(params, generator)
    assert list(state) == ["a/weight", "b/weight"]
    assert not torch.equal(state["a/weight"], state["b/weight"])

    got, after = whole.reparameterize(params, state)
    middle, first = once.reparameterize(params, {"weight": state["a/weight"]})
    expected, second = thrice.reparameterize(middle, {"weight": state["b/weight"]})
    assert torch.equal(got["weight"], expected["weight"])
    assert torch.equal(after["a/weight"], first["weight"])
    assert torch.equal(after["b/weight"], second["weight"])


def test_a_compose_within_a_compose_keeps_its_state():
    params = {"weight": torch.eye(3)}
    inner = Compose(parts={"sn": SpectralNorm()})
    whole = Compose(parts={"sn": SpectralNorm(), "inner": inner})
    state = whole.init(params, torch.Generator().manual_seed(0))
    assert list(state) == ["sn/weight", "inner/sn/weight"]
    _, after = whole.reparameterize(params, state)
    assert list(after) == list(state)


def test_projections_run_in_order():
    params = {"weight": torch.tensor([5.0, -0.3, 0.05])}
    whole = Compose(parts={"wide": WeightClip(bound=1.0), "narrow": WeightClip(bound=0.1)})
    projected = whole.project(params)
    torch.testing.assert_close(projected["weight"], torch.tensor([0.1, -0.1, 0.05]))
    assert whole.measure(projected)["health/at_clip_fraction"].item() == pytest.approx(2 / 3)


def test_parts_bound_together_what_the_strongest_of_them_bounds():
    both = Compose(parts={"sn": SpectralNorm(), "whole": Compose(parts={"r1": R1(), "clip": WeightClip()})})
    bounds = both.bounds
    assert (bounds.none, bounds.layer, bounds.batch) == ("everywhere", "everywhere", "batches")
    assert Compose(parts={"sn": SpectralNorm(), "r1": R1()}).bounds.layer == "local"
    assert [type(each) for each in both.members] == [SpectralNorm, R1, WeightClip]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, r"parts must be at least one constraint by name.*; got \{\}\.$"),
        ({"a/b": R1()}, "parts must be constraints under names without \"/\"; got 'a/b'."),
        ({"a": 3}, r"parts must be a mapping, each entry a Constraint; got \{'a': 3\}."),
    ],
)
def test_parts_that_are_no_constraints_are_refused(parts, message):
    with pytest.raises(BadValueError, match=message):
        Compose(parts=parts)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ["constraint=spectral_norm_consistency", "constraint.parts.consistency.weight=5"],
            {"spectral_norm": SpectralNorm(), "consistency": Consistency(weight=5)},
        ),
        (["constraint=compose", "+constraint@constraint.parts.gp=gp"], {"gp": GradientPenalty()}),
    ],
)
def test_parts_are_composed_on_the_command_line(overrides, expected):
    node = compose_config(*overrides)["constraint"]
    assert build(node, Constraint, "constraint") == Compose(parts=expected)
