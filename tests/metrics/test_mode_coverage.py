"""Coverage of known modes, and the test of their proportions."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import binom, binomtest, chi, chi2, chisquare, entropy, multinomial
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.datasets.toy import Grid, Ring
from gan_lab.metrics import multinomial as exact
from gan_lab.metrics.mode_coverage import (
    confident_share,
    fewest_for_proportions,
    high_quality_ceiling,
    label_coverage,
    mode_coverage,
)
from gan_lab.metrics.multinomial import (
    divergence,
    draw_histograms,
    fit_test,
    histograms,
    log_probabilities,
    pearson,
)

WEIGHTS = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def line(weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Modes at 0, 10, 20, ... of std 1, 2, 1, 2, ..."""
    k = len(weights)
    return 10 * torch.arange(k).float()[:, None], 1.0 + torch.arange(k) % 2, weights


def at(counts: tuple[int, ...]) -> Tensor:
    """That many samples on each mode of the line."""
    return 10 * torch.arange(len(counts)).float().repeat_interleave(torch.tensor(counts))[:, None]


@pytest.mark.parametrize(("n_modes", "fewest"), [(2, 4), (8, 15), (25, 34)])
def test_fewer_samples_cannot_show_half_of_the_modes_missing(n_modes: int, fewest: int) -> None:
    weights = torch.full((n_modes,), 1 / n_modes, dtype=torch.float64)
    assert math.ceil(fewest_for_proportions(weights)) == fewest
    # a generator of half of the modes, in equal proportions as far as they go
    halved = [n_modes // 2 * k for k in (fewest // (n_modes // 2) - 1, fewest // (n_modes // 2) + 2)]
    p_values = []
    for n in halved:
        counts = torch.zeros(n_modes, dtype=torch.int64)
        counts[: n_modes // 2] = n // (n_modes // 2)
        p_values.append(fit_test(counts, weights, generator()).p_value)
    assert p_values[1] < 0.05 < p_values[0]


def test_a_single_mode_has_no_proportions() -> None:
    assert fewest_for_proportions(torch.ones(1)) == math.inf
    assert fewest_for_proportions(torch.tensor([0.9, 0.1])) == pytest.approx(3.8415 * 9, rel=1e-4)


@pytest.mark.parametrize("d", [1, 2, 3, 10])
def test_ceiling_is_the_chi_distribution(d: int) -> None:
    assert high_quality_ceiling(d) == pytest.approx(chi(d).cdf(3), abs=1e-12)


def test_ceiling_golden_values() -> None:
    assert high_quality_ceiling(2) == pytest.approx(1 - math.exp(-4.5), abs=1e-12)
    assert high_quality_ceiling(2) == pytest.approx(0.988891, abs=1e-6)
    assert high_quality_ceiling(1) == pytest.approx(math.erf(3 / 2**0.5), abs=1e-12)
    assert high_quality_ceiling(3) == pytest.approx(0.97071, abs=1e-5)


@pytest.mark.parametrize(
    "mixture", [Ring(), Ring(radius=1.0, std=0.01), Grid()], ids=["ring", "veegan", "grid"]
)
def test_a_perfect_sampler_reaches_the_ceiling(mixture: Ring | Grid) -> None:
    n, k = 4_000, len(mixture.modes)
    samples = mixture.open(torch.device("cpu"))(n, generator(1))
    result = mode_coverage(samples, mixture.modes, mixture.mode_stds, mixture.mode_weights, generator())
    assert (result.modes_hit, result.n_modes) == (k, k)
    low, high = binom.interval(0.999, n, high_quality_ceiling(2))
    assert low <= result.high_quality_share * n <= high
    n_good = result.high_quality_share * n
    assert result.kl_to_target < chi2(k - 1).ppf(0.999) / (2 * n_good)
    # twice n KL is nearly Pearson's statistic, and this nearly χ²
    assert result.p_value == pytest.approx(chi2(k - 1).sf(2 * n_good * result.kl_to_target), abs=0.02)


def test_quality_is_measured_in_the_std_of_the_mode() -> None:
    modes, stds = torch.tensor([[0.0, 0.0], [10.0, 0.0]]), torch.tensor([1.0, 2.0])
    # within 3 std of the first, outside it, on the wide one, and nearer to the first in data units alone
    samples = torch.tensor([[2.9, 0.0], [3.1, 0.0], [10.0, 5.9], [4.5, 0.0]])
    result = mode_coverage(samples, modes, stds, torch.tensor([0.5, 0.5]), generator())
    assert result[:3] == (2, 2, 0.75)
    nearer = torch.tensor([[4.5, 0.0]])  # 4.5 std from the first and 2.75 from the second
    assert mode_coverage(nearer, modes, stds, torch.tensor([0.5, 0.5]), generator())[:3] == (1, 2, 1.0)


def test_kl_and_p_value_of_a_small_histogram() -> None:
    counts = (4, 0, 2)
    result = mode_coverage(at(counts), *line(WEIGHTS), generator())
    assert result[:3] == (2, 3, 1.0)
    assert result.kl_to_target == pytest.approx(entropy([4, 0, 2], WEIGHTS.numpy()), abs=1e-6)
    assert result.p_value_by == "enumeration"
    assert result.p_value == pytest.approx(enumerated(counts), abs=1e-6)


def enumerated(counts: tuple[int, ...]) -> float:
    """The p-value by SciPy's probabilities of every histogram whose statistic is as large."""
    n, weights = sum(counts), WEIGHTS.numpy()
    every = [c for c in product(range(n + 1), repeat=len(counts)) if sum(c) == n]
    least = chisquare(counts, n * weights).statistic - 1e-9
    reached = [c for c in every if chisquare(c, n * weights).statistic >= least]
    return float(sum(multinomial.pmf(c, n, weights) for c in reached))


@pytest.mark.parametrize("counts", [(4, 0, 2), (3, 2, 1), (0, 0, 5), (10, 6, 4), (1, 0, 0)])
def test_enumerated_p_value_against_scipy(counts: tuple[int, ...]) -> None:
    fit = fit_test(torch.tensor(counts), WEIGHTS, generator())
    assert fit.p_value == pytest.approx(enumerated(counts), abs=1e-9)
    assert fit.p_value_by == "enumeration"


def test_the_statistic_is_pearsons() -> None:
    counts = torch.tensor([[14, 3, 3], [0, 0, 7]])
    expected = [chisquare(c, c.sum() * WEIGHTS.numpy()).statistic for c in counts.numpy()]
    assert pearson(counts, WEIGHTS).tolist() == pytest.approx(expected, abs=1e-12)


def test_two_equal_cells_are_the_two_sided_binomial_test() -> None:
    for hits in (0, 3, 20, 29, 50):
        p_value = fit_test(torch.tensor([hits, 50 - hits]), torch.tensor([0.5, 0.5]), generator()).p_value
        assert p_value == pytest.approx(binomtest(hits, 50, 0.5).pvalue, abs=1e-9)


def test_simulated_p_value_agrees_with_the_enumerated_one(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = torch.tensor([14, 3, 3])
    p_value = fit_test(counts, WEIGHTS, generator()).p_value
    monkeypatch.setattr(exact, "TABLE_LIMIT", 0)
    simulated = fit_test(counts, WEIGHTS, generator(), n_simulations=20_000)
    assert simulated.p_value_by == "Monte Carlo"
    assert simulated.p_value == pytest.approx(p_value, abs=4 * (p_value * (1 - p_value) / 20_000) ** 0.5)
    impossible = fit_test(torch.tensor([0, 0, 500]), WEIGHTS, generator(), n_simulations=99)
    assert impossible.p_value == 1 / 100


@pytest.mark.parametrize("by", ["enumeration", "Monte Carlo"])
def test_false_alarms_are_as_many_as_the_level_says(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    n_items, n_repetitions = 40, 400
    if by == "Monte Carlo":
        monkeypatch.setattr(exact, "TABLE_LIMIT", 0)
    rng = generator(3)
    drawn = np.random.default_rng(0).multinomial(n_items, WEIGHTS.numpy(), size=n_repetitions)
    fits = [fit_test(torch.from_numpy(c), WEIGHTS, rng, n_simulations=199) for c in drawn]
    assert {fit.p_value_by for fit in fits} == {by}
    p_values = np.array([fit.p_value for fit in fits])
    for level in (0.05, 0.2, 0.5):  # 861 histograms: the attainable levels lie close to these
        low, high = binom.interval(0.999, n_repetitions, level)
        assert low <= (p_values <= level).sum() <= high


def test_histograms_are_all_there_are() -> None:
    table = histograms(5, 3)
    assert sorted(map(tuple, table.tolist())) == [c for c in product(range(6), repeat=3) if sum(c) == 5]
    assert histograms(4, 1).tolist() == [[4]]
    probabilities = log_probabilities(table, WEIGHTS).exp()
    expected = multinomial.pmf(table.numpy(), 5, WEIGHTS.numpy())
    torch.testing.assert_close(probabilities, torch.from_numpy(expected), rtol=0, atol=1e-12)


def test_drawn_histograms_are_multinomial() -> None:
    n_draws = 20_000
    table, drawn = histograms(4, 3), draw_histograms(4, WEIGHTS, n_draws, generator())
    observed = (drawn[:, None] == table).all(dim=2).sum(dim=0).double().numpy()
    expected = n_draws * multinomial.pmf(table.numpy(), 4, WEIGHTS.numpy())
    assert observed.sum() == n_draws
    statistic = ((observed - expected) ** 2 / expected).sum()
    assert statistic < chi2(len(table) - 1).ppf(0.999)
    many = draw_histograms(26_000, torch.full((1000,), 1e-3), 200, generator())
    assert set(many.sum(dim=1).tolist()) == {26_000.0}
    twice = 2 * 26_000 * divergence(many, torch.full((1000,), 1e-3))  # nearly χ² of 999
    assert float(twice.mean()) == pytest.approx(999 * (1 + 1 / (6 * 26)), abs=4 * (2 * 999 / 200) ** 0.5)


def test_kl_is_biased_by_half_the_free_cells_over_n() -> None:
    drawn = np.random.default_rng(0).multinomial(200, [1 / 8] * 8, size=4000)
    mean = float(divergence(torch.from_numpy(drawn), torch.full((8,), 1 / 8)).mean())
    assert mean == pytest.approx(7 / (2 * 200), abs=0.0006)


def test_wrong_proportions_are_seen() -> None:
    result = mode_coverage(at((50, 50, 50)), *line(WEIGHTS), generator())
    assert result.p_value < 1e-3
    assert result.kl_to_target == pytest.approx(entropy([1 / 3] * 3, WEIGHTS.numpy()), abs=1e-6)


def test_one_mode_alone() -> None:
    result = mode_coverage(at((3,)), *line(torch.ones(1)), generator())
    assert result == (1, 1, 1.0, 0.0, 1.0, "enumeration")


@pytest.mark.parametrize("bad", [50.0, math.nan, math.inf])
def test_without_samples_of_quality_there_is_no_histogram(bad: float) -> None:
    result = mode_coverage(torch.full((5, 1), bad), *line(WEIGHTS), generator())
    assert result[:3] == (0, 3, 0.0)
    assert math.isnan(result.kl_to_target)
    assert math.isnan(result.p_value)
    assert result.p_value_by == "none"


def test_label_coverage() -> None:
    assert label_coverage(torch.full((50,), 7), 1000) == pytest.approx((1, 1000, 6.907755), abs=1e-6)
    assert label_coverage(torch.arange(1000).repeat(26), 1000) == pytest.approx((1000, 1000, 0), abs=1e-12)
    labels = torch.tensor([0, 0, 0, 1, 1, 3])
    modes_hit, n_modes, kl = label_coverage(labels, 4)
    assert (modes_hit, n_modes) == (3, 4)
    assert kl == pytest.approx(entropy([3, 2, 0, 1], [1, 1, 1, 1]), abs=1e-12)


def test_label_coverage_bias_of_stacked_digits() -> None:
    labels = torch.randint(1000, (26_000,), generator=generator())
    # (K - 1) / (2 n) = .0192, and a spread of √(2 (K - 1)) / (2 n) = .00086
    assert label_coverage(labels, 1000).kl_to_uniform == pytest.approx(0.0192, abs=0.003)


def test_bad_input_is_refused() -> None:
    modes, stds, weights = line(WEIGHTS)
    good = at((1, 1, 1))
    for arguments, message in (
        ((torch.zeros(3, 2), modes, stds, weights), r"samples must be of shape \(n, 1\).*got \(3, 2\)"),
        ((good[:0], modes, stds, weights), r"samples must be .*got \(0, 1\)"),
        ((good, modes[0], stds, weights), r"modes must be of shape \(K, d\); got \(1,\)"),
        ((good, modes, stds[:2], weights), r"stds must be of shape \(3,\).*got \(2,\)"),
        ((good, modes, 0 * stds, weights), "stds must be greater than 0 for every mode; got 0.0"),
        ((good, modes, stds, 2 * weights), "weights must sum to 1; got 2"),
    ):
        with pytest.raises(UserError, match=message):
            mode_coverage(*arguments, generator())
    with pytest.raises(UserError, match="labels must be from 0 to 9; got 10"):
        label_coverage(torch.tensor([3, 10]), 10)
    with pytest.raises(UserError, match="labels must be whole numbers"):
        label_coverage(torch.tensor([3.0]), 10)
    with pytest.raises(UserError, match="n_simulations must be"):
        mode_coverage(good, modes, stds, weights, generator(), n_simulations=0)


def test_a_classifier_is_sure_of_what_has_more_than_nine_tenths() -> None:
    top = torch.tensor([0.91, 0.9, 0.5, 0.95, 0.99], dtype=torch.float64)
    assert confident_share(torch.stack([1 - top, top], dim=1)) == 0.6
    assert confident_share(torch.eye(3)) == 1
    with pytest.raises(UserError, match=r"probabilities must be of shape \(n, K\)"):
        confident_share(torch.ones(3))
