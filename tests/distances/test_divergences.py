"""f-divergences: golden values, closed forms, exact infinities, and f against the objectives' own."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import integrate, stats

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.distances import generating_functions as f
from gan_lab.distances.divergences import (
    f_divergence,
    jeffrey,
    jensen_shannon,
    kl,
    neyman_chi_squared,
    pearson_chi_squared,
    squared_hellinger,
    total_variation,
)
from gan_lab.distances.line import Dirac, Discrete, Empirical, Gaussian, LineMixture, Uniform
from gan_lab.distances.line.distribution import Measure
from gan_lab.distances.plane import Segment
from gan_lab.objectives import power_divergences, relative_entropies
from gan_lab.objectives.f_divergence import FDivergence

LOG_2 = math.log(2)
NORMAL = Gaussian(0, 1)
Divergence = Callable[[Measure, Measure], float]


def alpha_divergence(p: Measure, q: Measure, alpha: float) -> float:
    return f_divergence(p, q, f.alpha_function(alpha))


def weighted_jensen_shannon(p: Measure, q: Measure, weight: float) -> float:
    return f_divergence(p, q, f.weighted_jensen_shannon_function(weight))


# P of f-GAN's table 3, as its numbers imply it
FGAN_MIXTURE = LineMixture((0.33, 0.67), (-1, 2), (0.25, math.sqrt(2)))
TWO_MODES = LineMixture((0.5, 0.5), (-2, 2), (0.6, 0.6))

# the functions normalised, and the members of the family that they must agree with
FAMILY: dict[str, tuple[f.GeneratingFunction, FDivergence]] = {
    "kl": (f.KULLBACK_LEIBLER, relative_entropies.KullbackLeibler()),
    "reverse_kl": (f.REVERSE_KULLBACK_LEIBLER, relative_entropies.ReverseKullbackLeibler()),
    "jeffrey": (f.JEFFREY, relative_entropies.Jeffrey()),
    "jensen_shannon": (f.JENSEN_SHANNON, relative_entropies.JensenShannon()),
    "gan": (f.GAN, relative_entropies.GANDivergence()),
    "pearson": (f.PEARSON, power_divergences.PearsonChiSquared()),
    "neyman": (f.NEYMAN, power_divergences.NeymanChiSquared()),
    "squared_hellinger": (f.SQUARED_HELLINGER, power_divergences.SquaredHellinger()),
    "total_variation": (f.TOTAL_VARIATION, power_divergences.TotalVariation()),
    "alpha .5": (f.alpha_function(0.5), power_divergences.Alpha(alpha=0.5)),
    "alpha 1.5": (f.alpha_function(1.5), power_divergences.Alpha(alpha=1.5)),
    "alpha -2": (f.alpha_function(-2), power_divergences.Alpha(alpha=-2)),
}
every_member = pytest.mark.parametrize(("ours", "objective"), FAMILY.values(), ids=FAMILY.keys())


@every_member
def test_f_is_the_objectives_up_to_its_value_and_slope_at_1(
    ours: f.GeneratingFunction, objective: FDivergence
) -> None:
    u = torch.logspace(-3, 3, 61, dtype=torch.float64)
    one = torch.ones((), dtype=torch.float64, requires_grad=True)
    at_one = objective.generating_function(one)
    (slope,) = torch.autograd.grad(at_one, one)
    if ours is f.TOTAL_VARIATION:
        slope = torch.zeros(())  # at the kink, autograd's choice among the subgradients
    at_one = at_one.detach()
    expected = objective.generating_function(u) - at_one - slope * (u - 1)
    assert_allclose(ours(u.numpy()), expected.numpy(), rtol=1e-9, atol=1e-12)
    assert ours.constant == pytest.approx(float(at_one), abs=1e-15)


def test_the_series_of_u_log_u_near_1_is_its_formula() -> None:
    x = np.array([-0.009, -0.005, 0.003, 0.0099])
    assert_allclose(f.KULLBACK_LEIBLER(1 + x), (1 + x) * np.log1p(x) - x, rtol=1e-9)


@every_member
def test_the_ends_of_f_are_its_limits(ours: f.GeneratingFunction, objective: FDivergence) -> None:
    del objective
    at_zero = float(ours(np.array([1e-300]))[0])
    at_infinity = float(ours(np.array([1e300]))[0]) / 1e300
    for found, limit in ((at_zero, ours.at_zero), (at_infinity, ours.at_infinity)):
        if math.isinf(limit):
            assert found > 600
        else:
            assert found == pytest.approx(limit, abs=1e-10)


@every_member
def test_the_powers_at_the_ends_are_those_of_f(ours: f.GeneratingFunction, objective: FDivergence) -> None:
    del objective
    for power, u in ((ours.power_at_zero, 1e-40), (ours.power_at_infinity, 1e40)):
        low, high = ours(np.array([u, u * u]))
        # what is left beside the power is a logarithm at most: a factor of 2
        assert abs(math.log(high / low) / math.log(u) - power) < 0.01


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        # KL, reverse KL, Jeffrey, JSD, TV, H^2, chi^2 /q, chi^2 /p, JS of weight .3, alpha .5, alpha 1.5
        ((1, 1), ".5 .5 1 .111421 .382925 .235006 1.718282 1.718282 .094910 .470012 .606655"),
        ((2, 1), "2 2 4 .336831 .682689 .786939 53.598150 53.598150 .291858 1.573877 4.642252"),
        ((4, 1), "8 8 16 .632720 .954500 1.729329 8886109.5205 8886109.5205 .556150 3.458659 536.571725"),
        ((0, 2), ".318147 .806853 1.125 .092733 .322675 .211146 .511858 inf .072112 .422291 .274727"),
    ],
)
def test_golden_values_from_the_standard_normal(other: tuple[float, float], expected: str) -> None:
    q = Gaussian(*other)
    found = (
        kl(NORMAL, q),
        kl(q, NORMAL),
        jeffrey(NORMAL, q),
        jensen_shannon(NORMAL, q),
        total_variation(NORMAL, q),
        squared_hellinger(NORMAL, q),
        pearson_chi_squared(NORMAL, q),
        neyman_chi_squared(NORMAL, q),
        weighted_jensen_shannon(NORMAL, q, 0.3),
        alpha_divergence(NORMAL, q, 0.5),
        alpha_divergence(NORMAL, q, 1.5),
    )
    wanted = [float(number) for number in expected.split()]
    assert found == pytest.approx(wanted, rel=1e-11, abs=1e-6)


@pytest.mark.parametrize("d", [1e-5, 0.3, 1.0, 5.0, 12.0])
def test_closed_forms_of_a_shift(d: float) -> None:
    q = Gaussian(d, 1)
    assert kl(NORMAL, q) == pytest.approx(d * d / 2, rel=1e-9)
    assert total_variation(NORMAL, q) == pytest.approx(2 * stats.norm.cdf(d / 2) - 1, rel=1e-9)
    assert pearson_chi_squared(NORMAL, q) == pytest.approx(math.expm1(d * d), rel=1e-9)
    assert squared_hellinger(NORMAL, q) == pytest.approx(-2 * math.expm1(-d * d / 8), rel=1e-9)


def test_the_papers_alpha_integral_has_p_and_q_exchanged() -> None:
    q = Gaussian(1, 1.5)
    assert alpha_divergence(NORMAL, q, 1.5) == pytest.approx(0.312568, abs=1e-6)
    # the printed integral int p [(q/p)^a - 1] - a (q - p), over a (a - 1)
    assert alpha_divergence(q, NORMAL, 1.5) == pytest.approx(3.499168, abs=1e-6)


def test_identities_within_the_family() -> None:
    p, q = FGAN_MIXTURE, Gaussian(0.5, 1.6)
    assert jeffrey(p, q) == pytest.approx(kl(p, q) + kl(q, p), abs=1e-10)
    assert f_divergence(p, q, f.REVERSE_KULLBACK_LEIBLER) == pytest.approx(kl(q, p), abs=1e-12)
    assert f_divergence(p, q, f.GAN) == pytest.approx(2 * jensen_shannon(p, q) - math.log(4), abs=1e-10)
    assert weighted_jensen_shannon(p, q, 0.5) == pytest.approx(jensen_shannon(p, q), abs=1e-10)
    assert weighted_jensen_shannon(p, q, 1e-6) / 1e-6 == pytest.approx(kl(p, q), rel=1e-4)
    assert alpha_divergence(p, q, 0.5) == pytest.approx(2 * squared_hellinger(p, q), abs=1e-10)
    assert alpha_divergence(p, q, 2) == pytest.approx(pearson_chi_squared(p, q) / 2, abs=1e-10)
    assert alpha_divergence(q, p, -1) == pytest.approx(neyman_chi_squared(q, p) / 2, abs=1e-10)
    assert alpha_divergence(p, q, 1 + 1e-6) == pytest.approx(kl(p, q), abs=1e-5)


@pytest.mark.parametrize(
    ("divergence", "mean", "scale", "value"),
    [
        (kl, 1.010000, 1.830444, 0.288093),
        (lambda p, q: kl(q, p), 1.584093, 1.629423, 0.250673),
        (lambda p, q: 2 * jensen_shannon(p, q), 1.312515, 1.752473, 0.129827),
        (jeffrey, 1.324916, 1.702270, 0.579101),
        (pearson_chi_squared, 0.566320, 1.926751, 0.661622),
        (squared_hellinger, 1.317500, 1.731561, 0.136575),
        (total_variation, 1.339828, 1.878226, 0.241060),
        (neyman_chi_squared, 1.828559, 1.517051, 0.407191),
    ],
)
def test_golden_values_at_the_fits_of_f_gan(
    divergence: Divergence, mean: float, scale: float, value: float
) -> None:
    assert divergence(FGAN_MIXTURE, Gaussian(mean, scale)) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("divergence", "mean", "scale", "value"),
    [
        (kl, 0, 2.0881, 0.555156),
        (lambda p, q: kl(q, p), 1.9971, 0.6049, 0.691836),
        (lambda p, q: kl(q, p), 0, 1.7903, 1.138382),
        (jensen_shannon, 0, 2.0634, 0.154805),
        (jensen_shannon, -1.9948, 0.6091, 0.215280),
        (jeffrey, 0, 1.8411, 1.714756),
        (total_variation, 0, 2.1088, 0.449333),
        (total_variation, 1.6498, 1.1713, 0.473396),
        (squared_hellinger, 0, 2.0193, 0.348091),
        (pearson_chi_squared, 0, 2.1274, 1.026922),
    ],
)
def test_golden_values_at_the_fits_of_two_modes(
    divergence: Divergence, mean: float, scale: float, value: float
) -> None:
    assert divergence(TWO_MODES, Gaussian(mean, scale)) == pytest.approx(value, abs=2e-6)


def test_golden_values_of_discrete_distributions() -> None:
    p, q = Discrete((0, 1, 2), (0.36, 0.48, 0.16)), Discrete((0, 1, 2), (1 / 3, 1 / 3, 1 / 3))
    found = [kl(p, q), kl(q, p), jensen_shannon(p, q)]
    assert found == pytest.approx([0.085300, 0.097455, 0.022460], abs=1e-6)


@pytest.mark.parametrize("shift", [0.1, 0.25, 0.5, 0.75, 1.0, 2.0])
def test_golden_values_of_shifted_uniforms(shift: float) -> None:
    p, q, m = Uniform(0, 1), Uniform(shift, 1 + shift), min(shift, 1)
    found = [total_variation(p, q), jensen_shannon(p, q), squared_hellinger(p, q)]
    assert found == pytest.approx([m, m * LOG_2, 2 * m], abs=1e-12)
    assert kl(p, q) == kl(q, p) == jeffrey(p, q) == pearson_chi_squared(p, q) == math.inf


@pytest.mark.parametrize("divergence", [kl, jeffrey, neyman_chi_squared, jensen_shannon, total_variation])
def test_quadrature_is_scipys(divergence: Divergence) -> None:
    p, q = FGAN_MIXTURE, Gaussian(1.2, 1.3)
    formulas = {
        kl: lambda a, b: a * math.log(a / b),
        jeffrey: lambda a, b: (a - b) * math.log(a / b),
        neyman_chi_squared: lambda a, b: (a - b) ** 2 / a,
        jensen_shannon: lambda a, b: (a * math.log(2 * a / (a + b)) + b * math.log(2 * b / (a + b))) / 2,
        total_variation: lambda a, b: abs(a - b) / 2,
    }
    integrand = formulas[divergence]
    expected, _ = integrate.quad(
        lambda x: integrand(float(p.pdf(x)), float(q.pdf(x))),
        -12,
        14,
        points=[-1, 0, 2],
        limit=400,
        epsabs=1e-11,
    )
    assert divergence(p, q) == pytest.approx(expected, abs=1e-8)


SINGULAR_PAIRS = (
    (Dirac(0), Dirac(1e-9)),
    (Dirac(0), NORMAL),
    (NORMAL, Empirical((0.0, 1.0))),
    (Uniform(0, 1), Uniform(1, 2)),
    (Discrete((0, 1), (0.5, 0.5)), Discrete((2, 3), (0.5, 0.5))),
)


@pytest.mark.parametrize(("p", "q"), SINGULAR_PAIRS)
def test_singular_distributions_are_as_far_apart_as_can_be(p: Measure, q: Measure) -> None:
    assert kl(p, q) == kl(q, p) == jeffrey(p, q) == math.inf
    assert pearson_chi_squared(p, q) == neyman_chi_squared(p, q) == math.inf
    assert total_variation(p, q) == 1
    assert squared_hellinger(p, q) == 2
    assert jensen_shannon(p, q) == pytest.approx(LOG_2, abs=1e-15)
    assert f_divergence(p, q, f.GAN) == pytest.approx(0, abs=1e-15)  # 2 log 2 - log 4
    assert weighted_jensen_shannon(p, q, 0.3) == pytest.approx(0.610864, abs=1e-6)  # the entropy of (.3, .7)
    assert alpha_divergence(p, q, 0.25) == pytest.approx(1 / 0.25 + 1 / 0.75, abs=1e-12)
    assert alpha_divergence(p, q, 1.5) == alpha_divergence(p, q, -0.5) == math.inf


@pytest.mark.parametrize("p", [Dirac(3), FGAN_MIXTURE, Uniform(0, 2), Discrete((0, 4), (0.3, 0.7))])
def test_equal_distributions_are_exactly_0_apart(p: Measure) -> None:
    for function, _ in FAMILY.values():
        assert f_divergence(p, p, function) == function.constant


def test_mass_that_the_other_lacks_is_infinite_only_where_its_price_is() -> None:
    wide, inside = Uniform(0, 4), Uniform(1, 2)
    assert kl(inside, wide) == pytest.approx(math.log(4), abs=1e-12)
    assert kl(wide, inside) == math.inf
    assert pearson_chi_squared(inside, wide) == pytest.approx(3, abs=1e-12)
    assert neyman_chi_squared(inside, wide) == math.inf
    assert total_variation(inside, wide) == pytest.approx(0.75, abs=1e-12)
    some, more = Discrete((0, 1), (0.5, 0.5)), Discrete((0, 1, 2), (0.25, 0.25, 0.5))
    assert kl(some, more) == pytest.approx(LOG_2, abs=1e-15)
    assert kl(more, some) == math.inf


def test_each_side_of_a_weighted_jensen_shannon_has_its_own_price() -> None:
    # m = .3 p + .7 q is .85 where both are, and .15 where p is alone
    p, q = Uniform(0, 2), Uniform(0, 1)
    expected = 0.15 * math.log(0.5 / 0.85) + 0.15 * math.log(0.5 / 0.15) - 0.7 * math.log(0.85)
    assert weighted_jensen_shannon(p, q, 0.3) == pytest.approx(expected, abs=1e-12)
    assert weighted_jensen_shannon(q, p, 0.7) == pytest.approx(expected, abs=1e-12)


def test_mass_below_the_least_float_is_mass() -> None:
    # outside of (-50, 50) the normal has 1e-545
    assert kl(NORMAL, Uniform(-50, 50)) == math.inf
    assert kl(Uniform(-50, 50), NORMAL) == pytest.approx(
        2500 / 6 + math.log(2 * math.pi) / 2 - math.log(100), rel=1e-12
    )


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0, 7.7])
def test_chi_squared_is_infinite_from_twice_the_variance_on(scale: float) -> None:
    p = Gaussian(1, scale)
    for ratio in (math.sqrt(2), 1.5, 100):
        assert neyman_chi_squared(p, Gaussian(0, scale * ratio)) == math.inf
        assert pearson_chi_squared(Gaussian(0, scale * ratio), p) == math.inf
    r = 2 * 0.999  # q's variance over p's
    expected = 1 / math.sqrt(r * (2 - r)) - 1
    assert neyman_chi_squared(p, Gaussian(1, scale * math.sqrt(r))) == pytest.approx(expected, rel=1e-8)


def test_alpha_is_infinite_from_its_own_ratio_of_variances_on() -> None:
    # int p^3 q^-2 with precisions 3 - 2 r: finite below the ratio 3/2
    assert alpha_divergence(Gaussian(0, math.sqrt(1.5)), NORMAL, 3) == math.inf
    assert alpha_divergence(Gaussian(0, 1.2), NORMAL, 3) < 1


def test_the_widest_component_decides_however_little_it_weighs() -> None:
    heavy = LineMixture((1 - 1e-12, 1e-12), (0, 0), (1, 1.5))
    assert pearson_chi_squared(heavy, NORMAL) == math.inf
    assert pearson_chi_squared(NORMAL, heavy) < 1e-3
    weightless = LineMixture((1, 0), (0, 0), (1, 1.5))
    assert pearson_chi_squared(weightless, NORMAL) == 0


def test_at_the_boundary_the_means_of_a_mixture_can_save_the_integral() -> None:
    # p^2/q falls like exp(-3 |x|): the quadratic terms cancel, and q's means lie further out
    p, q = Gaussian(0, 1), LineMixture((0.5, 0.5), (-3, 3), (math.sqrt(0.5), math.sqrt(0.5)))
    found = pearson_chi_squared(p, q)
    expected, _ = integrate.quad(
        lambda x: math.exp(2 * float(p.log_pdf(x)) - float(q.log_pdf(x))), -40, 40, points=[0], limit=400
    )
    assert found == pytest.approx(expected - 1, rel=1e-8)
    assert pearson_chi_squared(p, Gaussian(3, math.sqrt(0.5))) == math.inf
    # only the means of the widest components count far out
    scales = (math.sqrt(0.5), math.sqrt(0.5), 0.1)
    assert pearson_chi_squared(p, LineMixture((0.25, 0.25, 0.5), (-3, 3, 5), scales)) < math.inf


def test_peaks_are_found_at_any_scale() -> None:
    for size in (1e-6, 1.0, 1e6):
        p = LineMixture((0.5, 0.5), (-size, size), (1e-3 * size, 1e-3 * size))
        assert kl(p, Gaussian(0, size)) == pytest.approx(math.log(1e3) - LOG_2 + 0.5e-6, rel=1e-9)


def test_what_has_no_divergence_is_refused() -> None:
    with pytest.raises(UserError, match="two distributions on the line or two in the plane"):
        kl(NORMAL, Segment((0, 0), (1, 1)))
    with pytest.raises(BadValueError, match="weight must be a number between 0 and 1, and neither; got 1"):
        weighted_jensen_shannon(NORMAL, NORMAL, 1)
    with pytest.raises(BadValueError, match="alpha must be a finite number other than 0 and 1"):
        alpha_divergence(NORMAL, NORMAL, 0)
