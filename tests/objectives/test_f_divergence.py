"""The pieces of each f-divergence: f, its conjugate, the output activation, and their composition."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import lambertw, wrightomega
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.power_divergences import (
    Alpha,
    NeymanChiSquared,
    PearsonChiSquared,
    SquaredHellinger,
    TotalVariation,
    log_softplus,
)
from gan_lab.objectives.relative_entropies import (
    GANDivergence,
    Jeffrey,
    JensenShannon,
    KullbackLeibler,
    ReverseKullbackLeibler,
    log_lambert_w_of_exp,
)

F64 = torch.float64


def alpha_f(a: float) -> Callable[[float], float]:
    return lambda u: (u**a - 1 - a * (u - 1)) / (a * (a - 1))


# member, f written apart from the code, ends of the domain of f* to test between
CASES: dict[str, tuple[FDivergence, Callable[[float], float], float, float]] = {
    "kl": (KullbackLeibler(), lambda u: u * math.log(u), -6, 6),
    "reverse_kl": (ReverseKullbackLeibler(), lambda u: -math.log(u), -8, -0.01),
    "pearson": (PearsonChiSquared(), lambda u: (u - 1) ** 2, -6, 6),
    "neyman": (NeymanChiSquared(), lambda u: (1 - u) ** 2 / u, -8, 0.99),
    "hellinger": (SquaredHellinger(), lambda u: (math.sqrt(u) - 1) ** 2, -8, 0.95),
    "jeffrey": (Jeffrey(), lambda u: (u - 1) * math.log(u), -8, 6),
    "jensen_shannon": (
        JensenShannon(),
        lambda u: u * math.log(u) - (u + 1) * math.log((1 + u) / 2),
        -8,
        0.69,
    ),
    "gan": (GANDivergence(), lambda u: u * math.log(u) - (u + 1) * math.log(u + 1), -8, -0.01),
    "total_variation": (TotalVariation(), lambda u: abs(u - 1) / 2, -0.5, 0.49),
    "alpha -1": (Alpha(alpha=-1), alpha_f(-1), -8, 0.49),
    "alpha 0.5": (Alpha(alpha=0.5), alpha_f(0.5), -8, 1.9),
    "alpha 0.9": (Alpha(alpha=0.9), alpha_f(0.9), -4, 5),
    "alpha 1.5": (Alpha(alpha=1.5), alpha_f(1.5), -6, 4),
    "alpha 3": (Alpha(alpha=3), alpha_f(3), -6, 6),
}
MEMBERS = {name: case[0] for name, case in CASES.items()}
every_member = pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS.keys())
SCORES = torch.linspace(-8, 8, 97, dtype=F64)
GRID = np.linspace(-40, 40, 4001)  # log u


def supremum(f: Callable[[float], float], t: float) -> float:
    """sup over u > 0 of u t - f(u): the best of a grid in log u, then refined between its neighbours."""

    def loss(log_u: float) -> float:
        u = math.exp(log_u)
        return f(u) - u * t

    best = int(np.argmin([loss(log_u) for log_u in GRID]))
    low, high = GRID[max(best - 1, 0)], GRID[min(best + 1, len(GRID) - 1)]
    refined = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12})
    return -min(float(refined.fun), loss(GRID[best]))


@pytest.mark.parametrize("name", CASES)
def test_generating_function_is_the_one_named(name: str) -> None:
    member, f, _, _ = CASES[name]
    u = torch.tensor([0.05, 0.3, 1.0, 1.7, 20.0], dtype=F64)
    expected = torch.tensor([f(float(value)) for value in u], dtype=F64)
    torch.testing.assert_close(member.generating_function(u), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_conjugate_is_the_numerical_supremum(name: str) -> None:
    member, f, low, high = CASES[name]
    t = torch.linspace(low, high, 23, dtype=F64)
    expected = torch.tensor([supremum(f, float(value)) for value in t], dtype=F64)
    torch.testing.assert_close(member.conjugate(t), expected, rtol=1e-8, atol=1e-8)


@every_member
def test_composed_form_is_the_conjugate_of_the_activation(member: FDivergence) -> None:
    composed = member.conjugate_of_activation(SCORES)
    torch.testing.assert_close(
        composed, member.conjugate(member.output_activation(SCORES)), rtol=1e-9, atol=1e-9
    )


@every_member
def test_gradient_of_the_composed_form_follows_the_chain_rule(member: FDivergence) -> None:
    def two_steps(v: Tensor) -> Tensor:
        return member.conjugate(member.output_activation(v)).sum()

    gradient = torch.func.grad(lambda v: member.conjugate_of_activation(v).sum())(SCORES)
    torch.testing.assert_close(gradient, torch.func.grad(two_steps)(SCORES), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(
    "name", sorted(MEMBERS.keys() - {"total_variation"})
)  # |u - 1| has no derivative to undo
def test_conjugate_undoes_the_derivative_of_f(name: str) -> None:
    member = MEMBERS[name]
    u = torch.logspace(-2, 2, 21, dtype=F64)
    t = torch.func.grad(lambda u: member.generating_function(u).sum())(u)
    gradient, value = torch.func.grad_and_value(lambda t: member.conjugate(t).sum())(t)
    torch.testing.assert_close(gradient, u, rtol=1e-9, atol=1e-9)
    fenchel_young = (u * t - member.generating_function(u)).sum()
    torch.testing.assert_close(value, fenchel_young, rtol=1e-9, atol=1e-9)


@every_member
def test_output_activation_increases(member: FDivergence) -> None:
    slope = torch.func.grad(lambda v: member.output_activation(v).sum())(SCORES)
    assert (slope > 0).all()


@every_member
def test_conjugate_of_activation_never_decreases(member: FDivergence) -> None:
    slope = torch.func.grad(lambda v: member.conjugate_of_activation(v).sum())(SCORES)
    assert (slope >= 0).all()


@every_member
def test_threshold_is_where_the_activation_meets_the_slope_of_f_at_one(member: FDivergence) -> None:
    one = torch.ones((), dtype=F64)
    # the kink of |u - 1| has slopes from -1/2 to 1/2: the middle is the threshold
    slope = (
        torch.zeros((), dtype=F64)
        if isinstance(member, TotalVariation)
        else torch.func.grad(member.generating_function)(one)
    )
    threshold = member.threshold(SCORES, SCORES)
    torch.testing.assert_close(member.output_activation(threshold), slope, rtol=0, atol=1e-12)
    # tight at p = q: t f'(1) - f*(t) = f(1)
    gap = member.output_activation(threshold) - member.conjugate_of_activation(threshold)
    torch.testing.assert_close(gap, member.generating_function(one), rtol=0, atol=1e-12)


@every_member
def test_losses_are_the_two_terms_of_the_bound(member: FDivergence) -> None:
    generator = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 9, generator=generator, dtype=F64)
    real_term = member.output_activation(real).mean()
    fake_term = member.conjugate(member.output_activation(fake)).mean()
    minimax = type(member)(**{**vars(member), "generator_cost": "minimax"})
    expected = real_term - fake_term
    torch.testing.assert_close(member.estimate(real, fake), expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(member.critic_loss(real, fake), -expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(minimax.generator_loss(real, fake) + real_term, expected, rtol=1e-9, atol=1e-9)
    non_saturating = -member.output_activation(fake).mean()
    torch.testing.assert_close(member.generator_loss(real, fake), non_saturating, rtol=0, atol=1e-12)


# Whose terms exceed float32 at scores of -100 (real) or 100 (generated).
REAL_OVERFLOWS = {"reverse_kl", "neyman", "hellinger"}
FAKE_OVERFLOWS = {"kl", "hellinger", "jeffrey", "alpha 0.5", "alpha 0.9"}


@pytest.mark.parametrize("name", CASES)
def test_only_what_is_too_large_for_float32_overflows(name: str) -> None:
    member, v = MEMBERS[name], torch.tensor([-100.0, 100.0])
    expected = {member.output_activation: REAL_OVERFLOWS, member.conjugate_of_activation: FAKE_OVERFLOWS}
    for term, overflows in expected.items():
        gradient, value = torch.func.grad_and_value(lambda v, term=term: term(v).sum())(v)
        assert value.isinf() == (name in overflows)
        assert gradient.isfinite().all() == (name not in overflows)


@every_member
def test_float32_keeps_six_digits_of_float64(member: FDivergence) -> None:
    v = torch.linspace(-30, 30, 121)
    if member == Alpha(alpha=0.9):
        v = v.clamp(max=8)  # exp(9 v) beyond
    for term in (member.output_activation, member.conjugate_of_activation):
        torch.testing.assert_close(term(v), term(v.double()).float(), rtol=2e-5, atol=1e-6)


def test_pearson_is_the_published_conjugate_above_minus_two_and_flat_below() -> None:
    above, below = torch.linspace(-2, 5, 15, dtype=F64), torch.linspace(-9, -2, 8, dtype=F64)
    torch.testing.assert_close(PearsonChiSquared().conjugate(above), above**2 / 4 + above, rtol=0, atol=1e-12)
    torch.testing.assert_close(
        PearsonChiSquared().conjugate(below), torch.full_like(below, -1), rtol=0, atol=0
    )


def test_lambert_w_in_logs_agrees_with_scipy() -> None:
    y = torch.cat([torch.linspace(-80, 80, 1601, dtype=F64), torch.logspace(2, 8, 13, dtype=F64)])
    x = log_lambert_w_of_exp(y)
    # below -30, scipy's own logarithm of a tiny number is the reference
    torch.testing.assert_close(x, torch.from_numpy(np.log(wrightomega(y.numpy()))), rtol=0, atol=1e-12)
    slope = torch.func.grad(lambda y: log_lambert_w_of_exp(y).sum())(y)
    torch.testing.assert_close(slope, 1 / (1 + x.exp()), rtol=0, atol=1e-12)


def test_jeffrey_conjugate_is_the_published_one() -> None:
    t = torch.linspace(-20, 20, 81, dtype=F64)
    w = lambertw(np.exp(1 - t.numpy())).real
    torch.testing.assert_close(
        Jeffrey().conjugate(t), torch.from_numpy(w + 1 / w + t.numpy() - 2), rtol=1e-10, atol=1e-10
    )


def test_log_softplus_is_accurate_on_both_sides_of_its_seam() -> None:
    v = torch.linspace(-30, 30, 601, dtype=F64)
    expected = torch.from_numpy(np.log(np.log1p(np.exp(v.numpy()))))
    torch.testing.assert_close(log_softplus(v), expected, rtol=0, atol=1e-13)
    slope = torch.func.grad(lambda v: log_softplus(v).sum())(v)
    reference = torch.from_numpy(1 / (1 + np.exp(-v.numpy())) / np.log1p(np.exp(v.numpy())))
    torch.testing.assert_close(slope, reference, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("alpha", "member", "factor"),
    [(2.0, PearsonChiSquared(), 0.5), (-1.0, NeymanChiSquared(), 0.5), (0.5, SquaredHellinger(), 2.0)],
)
def test_alpha_generates_its_special_cases(alpha: float, member: FDivergence, factor: float) -> None:
    u = torch.linspace(0.1, 5, 50, dtype=F64)
    expected = factor * member.generating_function(u)
    torch.testing.assert_close(Alpha(alpha=alpha).generating_function(u), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("alpha", [0, 1, 0.0, 1.0, math.inf, math.nan, "half", True])
def test_orders_without_a_divergence_are_refused_in_one_sentence(alpha: object) -> None:
    with pytest.raises(
        BadValueError, match=r"^alpha must be a finite number other than 0 and 1, .*; got .*\.$"
    ):
        Alpha(alpha=alpha)  # type: ignore[arg-type]


def test_the_loss_without_logarithms_is_the_total_variation_and_not_the_gan() -> None:
    """E sigmoid(V(x)) + E[1 - sigmoid(V(G(z)))], which slides call the standard GAN loss."""
    rng = torch.Generator().manual_seed(0)
    real, fake = (3 * torch.randn(50, generator=rng, dtype=F64) for _ in range(2))
    on_slides = real.sigmoid().mean() + (1 - fake.sigmoid()).mean()
    bound = TotalVariation().estimate(real / 2, fake / 2)
    assert float(on_slides) == pytest.approx(1 + float(bound), abs=1e-12)
    assert abs(float(on_slides + GAN().critic_loss(real, fake))) > 0.1
    assert "logarithms" in (TotalVariation.__doc__ or "")
    assert "fgan_total_variation" in (GAN.__doc__ or "")
