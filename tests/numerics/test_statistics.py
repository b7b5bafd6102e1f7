import math

import numpy as np
import pytest
from scipy.stats import norm, permutation_test, spearmanr, ttest_1samp

from gan_lab.numerics.statistics import (
    Pairs,
    bootstrap_mean,
    chance_of_spearman,
    cohens_h,
    holm,
    mcnemar_p,
    paired_dominance,
    rate_difference,
    spearman,
    t_mean,
    wilson_interval,
)

# Newcombe's method 10, as a test in another public repository quotes it from the paper's table III (the paper
# itself was not at hand); (1, 1, 7, 12) is the airway example of Fagerland, Lydersen and Laake 2014.
NEWCOMBE = {
    (36, 12, 2, 0): (0.0569, 0.3404),
    (20, 12, 2, 16): (0.0562, 0.3292),
    (18, 12, 2, 18): (0.0562, 0.3290),
    (36, 14, 0, 0): (0.1528, 0.4167),
    (18, 14, 0, 18): (0.1441, 0.3963),
    (2, 97, 1, 0): (0.8721, 0.9854),
    (0, 30, 0, 0): (0.8395, 1.0),
    (53, 0, 0, 1): (-0.0729, 0.0729),
    (27, 0, 0, 27): (-0.0351, 0.0351),
}


def test_wilson_is_its_closed_form():
    z = norm.ppf(0.975)
    for successes, n in ((0, 5), (3, 5), (5, 5), (17, 40)):
        rate = successes / n
        centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * math.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
        expected = (rate, max(centre - half, 0), min(centre + half, 1))
        assert wilson_interval(successes, n) == pytest.approx(expected, abs=1e-12)
    assert all(math.isnan(number) for number in wilson_interval(0, 0))


@pytest.mark.parametrize(("table", "expected"), NEWCOMBE.items())
def test_newcombes_interval_of_published_tables(table, expected):
    difference, low, high = rate_difference(Pairs(*table))
    assert difference == (table[1] - table[2]) / sum(table)
    assert (low, high) == pytest.approx(expected, abs=6e-5)


def test_newcombes_interval_turns_around_with_its_sides():
    one, other = rate_difference(Pairs(2, 3, 1, 4)), rate_difference(Pairs(2, 1, 3, 4))
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)


def test_newcombes_interval_covers_the_truth():
    rng = np.random.default_rng(1)
    tables = rng.multinomial(20, [0.3, 0.35, 0.15, 0.2], size=400)
    covered = [low <= 0.2 <= high for _, low, high in (rate_difference(Pairs(*map(int, t))) for t in tables)]
    assert 0.92 <= np.mean(covered) <= 0.99


def test_mcnemar_is_a_coin_toss_of_the_pairs_that_differ():
    assert mcnemar_p(Pairs(9, 5, 0, 3)) == pytest.approx(2 * 0.5**5, abs=1e-12)
    assert mcnemar_p(Pairs(0, 1, 8, 0)) == pytest.approx(2 * (1 + 9) / 2**9, abs=1e-12)
    assert mcnemar_p(Pairs(4, 0, 0, 1)) == 1
    assert math.isnan(mcnemar_p(Pairs(0, 0, 0, 0)))


def test_cohens_h_of_known_rates():
    assert cohens_h(Pairs(0, 10, 0, 0)) == pytest.approx(math.pi, abs=1e-12)
    assert cohens_h(Pairs(5, 0, 0, 5)) == 0
    # p = 3/4 and 1/4: 2 (π/3) - 2 (π/6)
    assert cohens_h(Pairs(1, 2, 0, 1)) == pytest.approx(math.pi / 3, abs=1e-12)


def test_the_bootstrap_of_many_values_is_the_normal_interval():
    values = np.random.default_rng(2).normal(3, 2, 400)
    mean, low, high = bootstrap_mean(values)
    half = norm.ppf(0.975) * values.std() / 20
    assert mean == pytest.approx(values.mean(), abs=1e-12)
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.02)
    assert bootstrap_mean(values) == (mean, low, high)


def test_the_bootstrap_covers_as_its_docstring_says():
    rng = np.random.default_rng(3)
    intervals = [bootstrap_mean(rng.normal(size=5)) for _ in range(300)]
    assert 0.77 <= np.mean([low <= 0 <= high for _, low, high in intervals]) <= 0.89


def test_the_bootstrap_of_one_value_has_no_interval():
    value, low, high = bootstrap_mean([0.5])
    assert (value, math.isnan(low), math.isnan(high)) == (0.5, True, True)
    assert math.isnan(bootstrap_mean([]).value)


def test_dominance_counts_signs():
    assert paired_dominance([3.0, 0.1, -5.0, 0.0]) == 0.25
    assert math.isnan(paired_dominance([]))


def test_spearman_is_scipys_and_undefined_of_a_constant():
    x, y = np.random.default_rng(4).normal(size=(2, 12))
    assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    assert spearman([1, 2, 3], np.exp([1, 2, 3])) == pytest.approx(1, abs=1e-12)
    assert math.isnan(spearman([1, 1, 1], [1, 2, 3]))
    assert math.isnan(spearman([1, 2], [1, 2]))


def test_holm_of_a_worked_example():
    # sorted 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1, each no smaller than the one before
    adjusted = holm([0.01, 0.04, math.nan, 0.03, 0.005])
    assert adjusted[:2] + adjusted[3:] == pytest.approx([0.03, 0.06, 0.06, 0.02], abs=1e-12)
    assert math.isnan(adjusted[2])


def test_the_t_interval_is_there_from_two_values_on():
    mean, low, high = t_mean([1.0, 3.0])
    found = ttest_1samp([1.0, 3.0], 0).confidence_interval(0.95)
    assert (mean, low, high) == pytest.approx((2.0, found.low, found.high), abs=1e-12)
    assert t_mean([5.0])[0] == 5
    assert all(math.isnan(bound) for bound in t_mean([5.0])[1:])
    assert all(math.isnan(number) for number in t_mean([]))


def test_chance_of_a_rank_correlation_is_that_of_permutations():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 12))
    by_scipy = permutation_test(
        (first, second),
        lambda x, y: spearmanr(x, y).statistic,
        permutation_type="pairings",
        n_resamples=4000,
        rng=np.random.default_rng(1),
    ).null_distribution
    assert chance_of_spearman([(first, second)]) == pytest.approx(
        np.quantile(by_scipy, [0.025, 0.975]), abs=0.03
    )
    # of all six orders of three values a quarter of the distribution lies at either end
    assert chance_of_spearman([([1, 2, 3], [1, 2, 3])]) == (-1, 1)


def test_chance_of_a_mean_of_rank_correlations_narrows_with_their_number():
    series = np.random.default_rng(0).normal(size=(9, 2, 25))
    low, high = chance_of_spearman([(first, second) for first, second in series])
    # Spearman's has a variance of 1 / (n - 1) under the null hypothesis
    assert (low, high) == pytest.approx((-1.96 / np.sqrt(9 * 24), 1.96 / np.sqrt(9 * 24)), abs=0.01)
    assert chance_of_spearman([]) == pytest.approx((math.nan, math.nan), nan_ok=True)
    constant = ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])
    assert chance_of_spearman([*((a, b) for a, b in series), constant]) == (low, high)
