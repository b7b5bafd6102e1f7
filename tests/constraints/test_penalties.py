"""Gradient penalties against closed forms."""

import math

import pytest
import torch
from torch import Tensor

from gan_lab.constraints.base import Constraint
from gan_lab.constraints.dragan import DRAGAN
from gan_lab.constraints.gradient_penalty import GradientPenalty, OneSidedGradientPenalty, interpolate
from gan_lab.constraints.zero_centered import R1, R2
from gan_lab.types import Score

BATCH = 64
ALL = [GradientPenalty(), OneSidedGradientPenalty(), R1(), R2(), DRAGAN()]


def linear(slope: float, data_shape: tuple[int, ...] = (5,)) -> Score:
    """A critic <w, x> with ‖w‖ = slope."""
    direction = torch.randn(data_shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights = slope * direction / direction.norm()
    return lambda x: (x * weights).flatten(1).sum(1)


def samples(data_shape: tuple[int, ...], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, *data_shape, generator=generator, dtype=torch.float64)


def charge(constraint: Constraint, score: Score, data_shape: tuple[int, ...] = (5,)) -> float:
    generator = torch.Generator().manual_seed(2)
    noise = torch.rand(BATCH, *constraint.noise_shape(data_shape), generator=generator, dtype=torch.float64)
    real, fake = samples(data_shape, 3), samples(data_shape, 4)
    penalty = constraint.penalty(score, real, fake, noise)
    assert penalty.shape == ()
    return penalty.item()


@pytest.mark.parametrize("data_shape", [(1,), (5,), (3, 4, 4)])
@pytest.mark.parametrize("slope", [0.25, 1.0, 3.0])
@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (GradientPenalty(weight=7), lambda k: 7 * (k - 1) ** 2),
        (OneSidedGradientPenalty(weight=7), lambda k: 7 * max(0.0, k - 1) ** 2),
        (DRAGAN(weight=7), lambda k: 7 * (k - 1) ** 2),
        (R1(weight=7), lambda k: 3.5 * k**2),
        (R2(weight=7), lambda k: 3.5 * k**2),
    ],
)
def test_a_linear_critic_is_charged_for_its_slope(constraint, expected, slope, data_shape):
    # A norm over the whole batch, over one axis of an image, or of the mean score would all differ.
    assert charge(constraint, linear(slope, data_shape), data_shape) == pytest.approx(
        expected(slope), abs=1e-12
    )


@pytest.mark.parametrize("constraint", [GradientPenalty(), OneSidedGradientPenalty(), DRAGAN()])
def test_the_optimal_critic_of_a_shift_in_one_dimension_is_free(constraint):
    assert charge(constraint, lambda x: x.abs().flatten(), (1,)) == 0


@pytest.mark.parametrize(("constraint", "expected"), [(R1(), 5.0), (R2(), 5.0)])
def test_zero_centred_penalties_charge_half_gamma_for_slope_one(constraint, expected):
    assert charge(constraint, lambda x: x.abs().flatten(), (1,)) == pytest.approx(expected, abs=1e-12)


def half_square(x: Tensor) -> Tensor:
    """A critic whose gradient is the sample itself."""
    return x.square().flatten(1).sum(1) / 2


def test_interpolation_goes_from_fake_to_real():
    real, fake = torch.full((3, 2, 2, 2), 5.0), torch.full((3, 2, 2, 2), 1.0)
    mixed = interpolate(real, fake, torch.tensor([0.0, 0.25, 1.0]))
    assert torch.equal(mixed[:, 0, 0, 0], torch.tensor([1.0, 2.0, 5.0]))


def test_one_epsilon_serves_a_whole_sample():
    real, fake = samples((3, 4, 4), 3), samples((3, 4, 4), 4)
    noise = torch.rand(BATCH, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    got = GradientPenalty(weight=10).penalty(half_square, real, fake, noise)
    total = 0.0
    for x, y, epsilon in zip(real, fake, noise, strict=True):
        norm = math.sqrt(sum(v**2 for v in (epsilon * x + (1 - epsilon) * y).flatten().tolist()))
        total += 10 * (norm - 1) ** 2 / BATCH
    assert got.item() == pytest.approx(total, abs=1e-9)


def test_r1_reads_real_samples_and_r2_generated_ones():
    real, fake = samples((5,), 3), samples((5,), 4)
    none = torch.empty(BATCH, 0)
    assert R1(weight=2).penalty(half_square, real, fake, none).item() == pytest.approx(
        real.square().sum().item() / BATCH, abs=1e-12
    )
    assert R2(weight=2).penalty(half_square, real, fake, none).item() == pytest.approx(
        fake.square().sum().item() / BATCH, abs=1e-12
    )


def test_dragan_moves_real_samples_by_half_a_standard_deviation_at_most():
    real, fake, noise = samples((5,), 3), samples((5,), 4), samples((5,), 5).sigmoid()
    spread = math.sqrt(((real - real.mean()) ** 2).mean().item())
    norms = (real + 0.5 * spread * noise).square().sum(1).sqrt()
    got = DRAGAN(weight=10).penalty(half_square, real, fake, noise)
    assert got.item() == pytest.approx(10 * (norms - 1).square().mean().item(), abs=1e-9)


@pytest.mark.parametrize("constraint", ALL, ids=lambda c: type(c).__name__)
def test_a_constant_critic_has_finite_gradients(constraint):
    real, fake = samples((5,), 3), samples((5,), 4)
    noise = torch.rand(BATCH, *constraint.noise_shape((5,)), dtype=torch.float64)

    def penalty(weights: Tensor) -> Tensor:
        return constraint.penalty(lambda x: x @ weights, real, fake, noise)

    gradient, value = torch.func.grad_and_value(penalty)(torch.zeros(5, dtype=torch.float64))
    assert torch.equal(gradient, torch.zeros_like(gradient))
    assert value.item() == (10.0 if isinstance(constraint, GradientPenalty | DRAGAN) else 0.0)


@pytest.mark.parametrize(
    ("constraint", "factor"),
    [
        (GradientPenalty(), lambda k: 2 * 10 * (k - 1) / k),
        (OneSidedGradientPenalty(), lambda k: 2 * 5 * max(0.0, k - 1) / k),
        (DRAGAN(), lambda k: 2 * 10 * (k - 1) / k),
        (R1(), lambda _: 10.0),
        (R2(), lambda _: 10.0),
    ],
)
@pytest.mark.parametrize("slope", [0.5, 2.0])
def test_the_gradient_by_the_critics_parameters(constraint, factor, slope):
    real, fake = samples((5,), 3), samples((5,), 4)
    noise = torch.rand(BATCH, *constraint.noise_shape((5,)), dtype=torch.float64)
    weights = torch.randn(5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weights = slope * weights / weights.norm()
    got = torch.func.grad(lambda w: constraint.penalty(lambda x: x @ w, real, fake, noise))(weights)
    torch.testing.assert_close(got, factor(slope) * weights, atol=1e-10, rtol=0)


@pytest.mark.parametrize("constraint", ALL, ids=lambda c: type(c).__name__)
def test_gradient_penalties_say_that_batch_norm_breaks_them(constraint):
    assert constraint.bounds.batch == "nothing"
    assert constraint.bounds.best == ("none", "layer")
    assert "Batch norm mixes the samples" in " ".join(type(constraint).__doc__.split())
