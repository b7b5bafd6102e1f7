"""Every objective's estimate, at its optimal critic, is the divergence that its docstring names."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import Tensor

from gan_lab.objectives.base import Objective
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.hinge import Hinge
from gan_lab.objectives.least_squares import LeastSquares
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
from gan_lab.objectives.wasserstein import Wasserstein

LOG_2 = math.log(2)
REACH = 14.0  # standard deviations of p beyond which nothing below contributes


@dataclass(frozen=True)
class Pair:
    """P = N(0, 1) and Q = N(mean, std^2) on the line."""

    mean: float
    std: float

    def log_ratio(self, x: Any) -> Any:
        """log p(x) - log q(x), for floats, arrays or tensors."""
        return -(x**2) / 2 + ((x - self.mean) / self.std) ** 2 / 2 + math.log(self.std)

    def p(self, x: Any) -> Any:
        return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)

    def q(self, x: Any) -> Any:
        return np.exp(-(((x - self.mean) / self.std) ** 2) / 2) / (self.std * math.sqrt(2 * math.pi))

    def crossings(self) -> list[float]:
        """Where p = q: the kinks of |p - q|."""
        a, b, c = 1 / self.std**2 - 1, -2 * self.mean / self.std**2, (self.mean / self.std) ** 2
        roots = np.roots([a, b, c + 2 * math.log(self.std)])
        return sorted(float(root.real) for root in roots)

    def integral(self, integrand: Callable[[float, float], float]) -> float:
        """Integrate a function of (p, q) with an adaptive rule."""
        edges = [-REACH, *self.crossings(), REACH]
        parts = [
            quad(lambda x: integrand(self.p(x), self.q(x)), lo, hi, epsabs=1e-12, epsrel=1e-12, limit=200)[0]
            for lo, hi in pairwise(edges)
        ]
        return sum(parts)

    def expected_estimate(self, objective: Objective, critic: Callable[[Tensor], Tensor]) -> float:
        """The expectation of ``estimate`` under P and Q, by Gauss-Legendre panels between the kinks.

        An estimate is a mean over real scores plus a mean over generated scores, so that
        E e(r, f) = E e(r, 0) + E e(0, f) - e(0, 0); the first test below holds every objective to it.
        """
        nodes, weights = np.polynomial.legendre.leggauss(24)
        edges = np.unique([*np.linspace(-REACH, REACH, 113), *self.crossings(), 0.0])
        half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
        x, dx = (middle + half * nodes).ravel(), (half * weights).ravel()
        scores = critic(torch.from_numpy(x))[:, None]
        zero = torch.zeros(1, dtype=torch.float64)
        from_real = torch.vmap(lambda score: objective.estimate(score, zero))(scores).numpy()
        from_fake = torch.vmap(lambda score: objective.estimate(zero, score))(scores).numpy()
        total = np.sum(dx * (self.p(x) * from_real + self.q(x) * from_fake))
        return float(total - objective.estimate(zero, zero))


SHIFTED, WIDER, NARROWER = Pair(1.0, 1.0), Pair(0.0, 2.0), Pair(0.5, 0.8)
PAIRS = {"shifted": SHIFTED, "wider": WIDER, "narrower": NARROWER}


def alpha_score(a: float) -> Callable[[Tensor], Tensor]:
    """The optimal score of an alpha-divergence as a function of log(p/q)."""
    if a > 1:
        return lambda r: torch.expm1((a - 1) * r) / (a - 1)

    def score(log_ratio: Tensor) -> Tensor:
        s = torch.exp((a - 1) * log_ratio) / (1 - a)  # softplus(-v)
        return -(s + (-torch.expm1(-s)).log())

    return score


def alpha_integrand(a: float) -> Callable[[float, float], float]:
    return lambda p, q: (p**a * q ** (1 - a) - a * p - (1 - a) * q) / (a * (a - 1))


def jsd(p: float, q: float) -> float:
    m = (p + q) / 2
    return (p * np.log(p / m) + q * np.log(q / m)) / 2


# objective, optimal score as a function of r = log(p/q), integrand of the divergence, infinite pairs
CASES: dict[str, tuple[Objective, Callable[[Tensor], Tensor], Callable[[float, float], float], set[str]]] = {
    "gan": (GAN(), lambda r: r, jsd, set()),
    "lsgan": (LeastSquares(), torch.sigmoid, lambda p, q: (p - q) ** 2 / (p + q), set()),
    "lsgan_far": (
        LeastSquares(label_distance=4.0),
        lambda r: 0.5 + 2 * torch.tanh(r / 2),
        lambda p, q: (p - q) ** 2 / (p + q),
        set(),
    ),
    "hinge": (Hinge(), torch.sign, lambda p, q: abs(p - q) / 2, set()),
    "kl": (KullbackLeibler(), lambda r: 1 + r, lambda p, q: p * np.log(p / q), set()),
    "reverse_kl": (ReverseKullbackLeibler(), lambda r: r, lambda p, q: q * np.log(q / p), set()),
    "pearson": (PearsonChiSquared(), lambda r: 2 * torch.expm1(r), lambda p, q: (p - q) ** 2 / q, set()),
    "neyman": (NeymanChiSquared(), lambda r: 2 * r, lambda p, q: (p - q) ** 2 / p, {"wider"}),
    "hellinger": (SquaredHellinger(), lambda r: r / 2, lambda p, q: (p**0.5 - q**0.5) ** 2, set()),
    "jeffrey": (Jeffrey(), lambda r: 1 + r - (-r).exp(), lambda p, q: (p - q) * np.log(p / q), set()),
    "jensen_shannon": (JensenShannon(), lambda r: r, lambda p, q: 2 * jsd(p, q), set()),
    "gan_divergence": (GANDivergence(), lambda r: r, lambda p, q: 2 * jsd(p, q) - (p + q) * LOG_2, set()),
    "total_variation": (
        TotalVariation(),
        lambda r: 50 * torch.sign(r),
        lambda p, q: abs(p - q) / 2,
        set(),
    ),
    "alpha -0.5": (Alpha(alpha=-0.5), alpha_score(-0.5), alpha_integrand(-0.5), {"wider"}),
    "alpha 0.5": (Alpha(alpha=0.5), alpha_score(0.5), alpha_integrand(0.5), set()),
    "alpha 1.5": (Alpha(alpha=1.5), alpha_score(1.5), alpha_integrand(1.5), set()),
    "alpha 2": (Alpha(alpha=2), alpha_score(2), alpha_integrand(2), set()),
}
FINITE = [(name, pair) for name, case in CASES.items() for pair in PAIRS if pair not in case[3]]


@pytest.mark.parametrize("name", CASES)
def test_estimate_is_a_mean_over_real_plus_a_mean_over_fake(name: str) -> None:
    objective = CASES[name][0]
    real, fake = torch.randn(2, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    zero = torch.zeros(1, dtype=torch.float64)
    apart = sum(objective.estimate(r[None], zero) for r in real) / 7
    apart = apart + sum(objective.estimate(zero, f[None]) for f in fake) / 7 - objective.estimate(zero, zero)
    torch.testing.assert_close(objective.estimate(real, fake), apart, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "pair"), FINITE)
def test_estimate_at_the_optimal_critic_is_the_divergence(name: str, pair: str) -> None:
    objective, score, integrand, _ = CASES[name]
    estimate = PAIRS[pair].expected_estimate(objective, lambda x: score(PAIRS[pair].log_ratio(x)))
    assert estimate == pytest.approx(PAIRS[pair].integral(integrand), abs=1e-9)


@pytest.mark.parametrize(("name", "pair"), FINITE)
@pytest.mark.parametrize(
    "change", [lambda v, x: v + 0.1, lambda v, x: 0.9 * v, lambda v, x: v - 0.2 * x.sin()]
)
def test_any_other_critic_estimates_less(name: str, pair: str, change: Callable[..., Tensor]) -> None:
    objective, score, integrand, _ = CASES[name]

    def critic(x: Tensor) -> Tensor:
        return change(score(PAIRS[pair].log_ratio(x)), x)

    # hinge and total variation have flat directions: not more, instead of less
    slack = 1e-9 if name in ("hinge", "total_variation") else -1e-5
    assert PAIRS[pair].expected_estimate(objective, critic) <= PAIRS[pair].integral(integrand) + slack


# Values for N(0, 1) against N(1, 1) and N(0, 2^2), computed apart from this code.
GOLDEN = {
    "gan": (0.111421, 0.092733),
    "hinge": (0.382925, 0.322675),
    "kl": (0.5, 0.318147),
    "reverse_kl": (0.5, 0.806853),
    "pearson": (1.718282, 0.511858),
    "neyman": (1.718282, None),
    "hellinger": (0.235006, 0.211146),
    "jeffrey": (1.0, 1.125),
    "jensen_shannon": (2 * 0.111421, 2 * 0.092733),
    "gan_divergence": (2 * 0.111421 - 1.386294, 2 * 0.092733 - 1.386294),
    "total_variation": (0.382925, 0.322675),
    "alpha 0.5": (0.470012, 0.422291),
    "alpha 1.5": (0.606655, 0.274727),
    "alpha 2": (1.718282 / 2, 0.511858 / 2),
}


@pytest.mark.parametrize(
    ("name", "pair", "golden"),
    [
        (n, p, g)
        for n, pair in GOLDEN.items()
        for p, g in zip((SHIFTED, WIDER), pair, strict=True)
        if g is not None
    ],
)
def test_estimate_matches_the_table(name: str, pair: Pair, golden: float) -> None:
    objective, score, _, _ = CASES[name]
    estimate = pair.expected_estimate(objective, lambda x: score(pair.log_ratio(x)))
    assert estimate == pytest.approx(golden, abs=2e-6)


@pytest.mark.parametrize(("pair", "w1"), [(SHIFTED, 1.0), (WIDER, math.sqrt(2 / math.pi))])
def test_wasserstein_gap_of_the_optimal_potential_is_w1(pair: Pair, w1: float) -> None:
    potential = torch.neg if pair is SHIFTED else lambda x: -x.abs()
    assert pair.expected_estimate(Wasserstein(), potential) == pytest.approx(w1, abs=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_threshold_is_the_optimal_score_where_the_densities_agree(name: str) -> None:
    objective, score, _, _ = CASES[name]
    any_scores = torch.ones(3, dtype=torch.float64)
    expected = score(torch.zeros((), dtype=torch.float64))
    torch.testing.assert_close(objective.threshold(any_scores, any_scores), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_equal_distributions_have_the_estimate_of_the_best_critic_on_them(name: str) -> None:
    objective, score, integrand, _ = CASES[name]
    same = Pair(0.0, 1.0)
    value = same.expected_estimate(objective, lambda x: score(torch.zeros_like(x)))
    assert objective.estimate_at_equality == pytest.approx(value, abs=1e-9)
    assert objective.estimate_at_equality == pytest.approx(same.integral(integrand), abs=1e-9)
