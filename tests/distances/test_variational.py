"""The variational bound between known densities: tight at f'(p/q), and never above the divergence."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.special import ndtr
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.distances.line import Gaussian, LineMixture, Uniform
from gan_lab.distances.variational import exact_divergence, least_value, make_bound, optimal_function
from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.objectives.power_divergences import (
    Alpha,
    NeymanChiSquared,
    PearsonChiSquared,
    SquaredHellinger,
    TotalVariation,
)
from gan_lab.objectives.relative_entropies import (
    GANDivergence,
    Jeffrey,
    JensenShannon,
    KullbackLeibler,
    ReverseKullbackLeibler,
)

NORMAL = Gaussian(0.0, 1.0)
# between N(0, 1) and N(1, 1)
SHIFTED = {
    KullbackLeibler(): 0.5,
    ReverseKullbackLeibler(): 0.5,
    Jeffrey(): 1.0,
    JensenShannon(): 2 * 0.111421,
    GANDivergence(): 2 * 0.111421 - math.log(4),
    PearsonChiSquared(): 1.718282,
    NeymanChiSquared(): 1.718282,
    SquaredHellinger(): 0.235006,
    Alpha(alpha=0.5): 0.470012,
    Alpha(alpha=1.5): 0.606655,
    TotalVariation(): 0.382925,
}
# scores at which g_f(V) = f'(p/q), by log p/q
OPTIMAL_SCORES: dict[FDivergence, Callable[[Tensor], Tensor]] = {
    KullbackLeibler(): lambda r: 1 + r,
    ReverseKullbackLeibler(): lambda r: r,
    Jeffrey(): lambda r: 1 + r - torch.exp(-r),
    JensenShannon(): lambda r: r,
    GANDivergence(): lambda r: r,
    PearsonChiSquared(): lambda r: 2 * torch.expm1(r),
    NeymanChiSquared(): lambda r: 2 * r,
    SquaredHellinger(): lambda r: r / 2,
    Alpha(alpha=1.5): lambda r: torch.expm1(r / 2) / 0.5,
    TotalVariation(): lambda r: 40 * r.sign(),
}


@pytest.mark.parametrize("objective", SHIFTED, ids=repr)
def test_exact_values_are_the_golden_ones(objective: FDivergence) -> None:
    found = exact_divergence(objective, NORMAL, Gaussian(1.0, 1.0))
    assert found == pytest.approx(SHIFTED[objective], abs=1.1e-6)


@pytest.mark.parametrize("objective", OPTIMAL_SCORES, ids=repr)
def test_the_bound_is_tight_at_the_optimal_score(objective: FDivergence) -> None:
    p, q = LineMixture((0.33, 0.67), (-1.0, 2.0), (0.25, 2**0.5)), Gaussian(1.5, 1.6)

    def score(points: Tensor) -> Tensor:
        # in float64: the bound's own points are rounded to float32
        x = points[:, 0].double().numpy()
        return OPTIMAL_SCORES[objective](torch.from_numpy(p.log_pdf(x) - q.log_pdf(x)))

    found = make_bound(p, q)(objective, score)
    assert found == pytest.approx(exact_divergence(objective, p, q), abs=2e-6)
    # and nowhere else
    nudge = 50 if isinstance(objective, TotalVariation) else 0.1  # tanh is flat at the optimum
    beside = make_bound(p, q)(objective, lambda points: score(points) + nudge * points[:, 0].sin())
    assert beside < found - 1e-7


@pytest.mark.parametrize("objective", SHIFTED, ids=repr)
@pytest.mark.parametrize("seed", range(4))
def test_no_score_lifts_the_bound_above_the_divergence(objective: FDivergence, seed: int) -> None:
    weights = torch.randn(3, 20, generator=torch.Generator().manual_seed(seed))

    def score(points: Tensor) -> Tensor:
        return (weights[0] * (weights[1] * points + 3 * weights[2]).relu()).sum(dim=1)

    bound = make_bound(NORMAL, Gaussian(1.0, 1.0))(objective, score)
    assert bound <= exact_divergence(objective, NORMAL, Gaussian(1.0, 1.0)) + 1e-9


def test_the_bound_is_the_expectations_that_samples_estimate() -> None:
    objective, q = JensenShannon(), Gaussian(1.0, 2.0)
    rng = np.random.default_rng(0)
    p_points, q_points = (torch.from_numpy(each.sample(400_000, rng))[:, None] for each in (NORMAL, q))

    def score(points: Tensor) -> Tensor:
        return (points[:, 0] - 0.3).abs()

    sampled = float(objective.estimate(score(p_points), score(q_points)))
    assert make_bound(NORMAL, q)(objective, score) == pytest.approx(sampled, abs=0.01)


@pytest.mark.parametrize(
    ("objective", "of_log_ratio"),
    [
        (KullbackLeibler(), lambda r: 1 + r),
        (ReverseKullbackLeibler(), lambda r: -np.exp(-r)),
        (PearsonChiSquared(), lambda r: 2 * np.expm1(r)),
        (NeymanChiSquared(), lambda r: -np.expm1(-2 * r)),
        (SquaredHellinger(), lambda r: -np.expm1(-r / 2)),
        (Jeffrey(), lambda r: 1 + r - np.exp(-r)),
        (JensenShannon(), lambda r: np.log(2 / (1 + np.exp(-r)))),
        (GANDivergence(), lambda r: -np.log1p(np.exp(-r))),
        (Alpha(alpha=1.5), lambda r: np.expm1(r / 2) / 0.5),
        (TotalVariation(), lambda r: np.sign(r) / 2),
    ],
    # a function's text holds an address, which differs between the workers of a test run
    ids=lambda value: type(value).__name__ if isinstance(value, FDivergence) else "",
)
def test_the_optimum_is_the_derivative_of_f(
    objective: FDivergence, of_log_ratio: Callable[[np.ndarray], np.ndarray]
) -> None:
    x, q = np.linspace(-3, 4, 8), Gaussian(1.0, 1.0)
    found = optimal_function(objective, NORMAL, q, x)
    np.testing.assert_allclose(found, of_log_ratio(NORMAL.log_pdf(x) - q.log_pdf(x)), atol=1e-10)


def test_what_is_infinite_has_bounds_without_end() -> None:
    p, q = Uniform(0.0, 1.0), Uniform(0.5, 1.5)
    assert exact_divergence(KullbackLeibler(), p, q) == math.inf
    bounds = [make_bound(p, q)(KullbackLeibler(), lambda x, a=a: a * (x[:, 0] < 0.5)) for a in (10, 20, 40)]
    assert np.diff(bounds).tolist() == pytest.approx([5, 10], abs=1e-6)


def test_tails_that_outgrow_the_densities_give_minus_infinity() -> None:
    assert make_bound(NORMAL, NORMAL)(KullbackLeibler(), lambda x: x[:, 0] ** 4) == -math.inf


def test_scores_that_overflow_where_there_is_no_mass_count_for_nothing() -> None:
    found = make_bound(Gaussian(0.0, 3.0), Gaussian(0.0, 0.5))(
        KullbackLeibler(), lambda x: 10 * x[:, 0].abs()
    )
    # E|x| of N(0, 3^2), and E exp(10 |x|) of N(0, 0.5^2)
    real, fake = 3 * math.sqrt(2 / math.pi), 2 * math.exp(12.5) * ndtr(5.0)
    assert found == pytest.approx(10 * real - fake / math.e, rel=1e-6)


def test_only_the_game_of_gan_starts_below_zero() -> None:
    assert {type(each).__name__ for each in SHIFTED if least_value(each) != 0} == {"GANDivergence"}
    assert least_value(GANDivergence()) == pytest.approx(-math.log(4), abs=1e-12)
    assert math.copysign(1, least_value(ReverseKullbackLeibler())) == 1


def test_an_objective_of_ones_own_is_refused_by_name() -> None:
    class Own(KullbackLeibler):
        pass

    with pytest.raises(UserError, match=r"Exact values are known of KullbackLeibler, .* Alpha; not of Own"):
        exact_divergence(Own(), NORMAL, NORMAL)
