"""MMD, energy distance and classifier test: values, power, and how often they cry wolf."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist
from scipy.special import ndtri
from scipy.stats import binom, binomtest, energy_distance
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.metrics.classifier_test import classifier_test, nearest_vote
from gan_lab.metrics.energy import energy_test
from gan_lab.metrics.mmd import gaussian_kernel, median_bandwidth, mmd_test
from gan_lab.metrics.permutation import block_contrast, pairwise_distances, permutation_test
from gan_lab.metrics.two_sample import TwoSampleTest

Test = Callable[[Tensor, Tensor, torch.Generator], TwoSampleTest]

TESTS: dict[str, Test] = {
    "mmd": lambda real, fake, rng: mmd_test(real, fake, rng, n_permutations=99),
    "energy": lambda real, fake, rng: energy_test(real, fake, rng, n_permutations=99),
    "classifier": classifier_test,
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(n: int, d: int, rng: torch.Generator, shift: float = 0.0) -> Tensor:
    return torch.randn(n, d, generator=rng) + shift


def quantiles(n: int, mean: float = 0.0) -> Tensor:
    """N(mean, 1) as n points of equal probability, (n, 1): a sample without chance."""
    return torch.from_numpy(ndtri((np.arange(n) + 0.5) / n))[:, None] + mean


def means(real: Tensor, fake: Tensor, pair: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float, float]:
    """Mean of a function of distance over different real pairs, different fake pairs and mixed pairs."""
    x, y = real.double().numpy(), fake.double().numpy()
    return pair(pdist(x)).mean(), pair(pdist(y)).mean(), pair(cdist(x, y)).mean()


def test_mmd_is_the_u_statistic_of_its_kernel() -> None:
    real, fake = normal(17, 3, generator(1)), normal(9, 3, generator(2), shift=0.7)
    for bandwidth in (0.5, 1.0, 3.0):
        xx, yy, xy = means(real, fake, lambda r, s=bandwidth: np.exp(-(r**2) / (2 * s**2)))
        statistic = mmd_test(real, fake, generator(), bandwidth, n_permutations=1).statistic
        assert statistic == pytest.approx(xx + yy - 2 * xy, abs=1e-12)


def test_median_bandwidth_is_the_median_distance_of_the_pooled_sample() -> None:
    real, fake = normal(8, 2, generator(1)), normal(6, 2, generator(2), shift=2)
    pooled = torch.cat([real, fake])  # 91 pairs
    median = float(np.median(pdist(pooled.double().numpy())))
    assert median_bandwidth(pairwise_distances(pooled)) == pytest.approx(median, abs=1e-12)
    with_copies = torch.cat([pooled, pooled[:1], pooled[:1]])
    apart = pdist(with_copies.double().numpy())
    apart = apart[apart > 0]  # 117 of 120
    assert median_bandwidth(pairwise_distances(with_copies)) == pytest.approx(np.median(apart), abs=1e-12)
    assert mmd_test(real, fake, generator(3)) == mmd_test(real, fake, generator(3), median)


def test_mmd_of_shifted_gaussians_by_quadrature() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    x, w = torch.from_numpy(nodes)[:, None], torch.from_numpy(weights / weights.sum())

    def expected(shift: float) -> float:
        return float(w @ gaussian_kernel(torch.cdist(x, x + shift), 1.0) @ w)

    assert 2 * expected(0) - 2 * expected(1) == pytest.approx(0.177268, abs=1e-6)
    assert 2 * expected(0) - 2 * expected(1) == pytest.approx(2 / 3**0.5 * (1 - math.exp(-1 / 6)), abs=1e-9)


def test_mmd_of_shifted_gaussians_from_samples() -> None:
    n = 1500
    statistic = mmd_test(quantiles(n), quantiles(n, 1.0), generator(), 1.0, n_permutations=1).statistic
    # evenly spread points give the expectations of the V-statistic; without the diagonal of ones it is
    excess = 2 * (n / 3**0.5 - 1) / (n - 1) - 2 / 3**0.5
    assert statistic - excess == pytest.approx(0.177268, abs=1e-4)


@pytest.mark.parametrize(("t", "squared"), [(0.0, 0.0), (0.5, 0.235006), (1.0, 0.786939), (2.0, 1.729329)])
def test_two_diracs(t: float, squared: float) -> None:
    real, fake = torch.zeros(7, 2), torch.tensor([[t, 0.0]]).expand(5, 2)
    # the U-statistic is exact here: all pairs within a Dirac coincide
    assert mmd_test(real, fake, generator(), bandwidth=1.0).statistic == pytest.approx(squared, abs=1e-6)
    assert energy_test(real, fake, generator()).statistic == pytest.approx(2 * t, abs=1e-12)


def test_energy_is_the_u_statistic_of_distances_in_any_dimension() -> None:
    real, fake = normal(11, 5, generator(1)), normal(16, 5, generator(2), shift=0.3)
    xx, yy, xy = means(real, fake, lambda r: r)
    statistic = energy_test(real, fake, generator(), n_permutations=1).statistic
    assert statistic == pytest.approx(2 * xy - xx - yy, abs=1e-12)


def test_energy_against_scipy_on_the_line() -> None:
    real, fake = normal(40, 1, generator(1)), normal(25, 1, generator(2), shift=0.8)
    xx, yy, _ = means(real, fake, lambda r: r)
    # SciPy returns the square root of the V-statistic, which counts each point paired with itself
    v_statistic = energy_distance(real[:, 0].double().numpy(), fake[:, 0].double().numpy()) ** 2
    statistic = energy_test(real, fake, generator(), n_permutations=1).statistic
    assert statistic == pytest.approx(v_statistic - xx / 40 - yy / 25, abs=1e-12)


def test_both_are_unbiased_under_the_null() -> None:
    rng = generator(0)
    values = {name: [] for name in ("mmd", "energy")}
    for _ in range(400):
        real, fake = normal(6, 2, rng), normal(9, 2, rng)
        values["mmd"].append(mmd_test(real, fake, rng, 1.0, n_permutations=1).statistic)
        values["energy"].append(energy_test(real, fake, rng, n_permutations=1).statistic)
    for each in values.values():
        assert abs(np.mean(each)) < 4 * np.std(each) / 20  # four standard errors
        assert 0.3 < np.mean(np.array(each) < 0) < 0.8  # a V-statistic never is negative


def test_block_contrast_of_every_relabelling() -> None:
    points = normal(9, 2, generator(4))
    similarity = pairwise_distances(points) + 3 * torch.eye(9)
    labels = torch.stack([torch.randperm(9, generator=generator(s)) < 4 for s in range(20)])
    contrasts = block_contrast(similarity, labels.double(), 4)
    for label, contrast in zip(labels, contrasts, strict=True):
        xx, yy, xy = means(points[label], points[~label], lambda r: r)
        assert float(contrast) == pytest.approx(xx + yy - 2 * xy, abs=1e-12)


def test_permutation_p_value_against_all_permutations() -> None:
    real, fake = normal(4, 1, generator(1)), normal(4, 1, generator(6), shift=1.0)
    similarity = -pairwise_distances(torch.cat([real, fake]))
    subsets = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 8).double()
    subsets = subsets[subsets.sum(dim=1) == 4]  # all 70
    observed = torch.tensor([[1.0] * 4 + [0.0] * 4]).double()
    reached = block_contrast(similarity, subsets, 4) >= block_contrast(similarity, observed, 4) - 1e-9
    exact = float(reached.double().mean())
    assert 0.1 < exact < 0.9
    p_value = permutation_test(similarity, 4, generator(), 20_000).p_value
    assert p_value == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 20_000) ** 0.5)


def test_permutations_that_change_nothing_count_in_spite_of_rounding() -> None:
    # scattered numbers of which every labelling has the same contrast: all must reach the observed one
    similarity = torch.full((30, 30), 0.1).double() + 0.3 * torch.eye(30)
    assert permutation_test(similarity, 13, generator(), 500).p_value == 1.0
    # four points: 6 labellings, in pairs of equal contrast
    points = torch.tensor([[0.0], [0.1], [1.3], [1.4]])
    p_value = energy_test(points[:2], points[2:], generator(), n_permutations=3000).p_value
    assert p_value == pytest.approx(1 / 3, abs=4 * (2 / 9 / 3000) ** 0.5)


@pytest.mark.parametrize("name", TESTS)
def test_false_alarms_are_as_many_as_the_level_says(name: str) -> None:
    rng, n_repetitions = generator(7), 200
    n = 100 if name == "classifier" else 15
    p_values = np.array(
        [TESTS[name](normal(n, 2, rng), normal(n, 2, rng), rng).p_value for _ in range(n_repetitions)]
    )
    for level in (0.05, 0.5):
        # an accuracy takes few values, so that not every level can be attained: .0443 instead of .05
        fewest = binom.isf(level, n, 0.5)
        attained = binom.sf(fewest, n, 0.5) if name == "classifier" else level
        low, high = binom.interval(0.999, n_repetitions, attained)
        assert low <= (p_values <= level).sum() <= high


@pytest.mark.parametrize("name", TESTS)
def test_a_clear_shift_is_seen_from_either_side(name: str) -> None:
    rng = generator(3)
    for shift in (1.5, -1.5):
        result = TESTS[name](normal(60, 2, rng), normal(60, 2, rng, shift), rng)
        assert result.p_value <= 0.01
        assert result.statistic > 0.1


@pytest.mark.parametrize("name", ["mmd", "energy"])
def test_another_spread_is_seen(name: str) -> None:
    rng = generator(5)
    assert TESTS[name](normal(60, 2, rng), 3 * normal(60, 2, rng), rng).p_value == 1 / 100


def test_no_p_value_is_below_one_over_permutations() -> None:
    rng = generator(3)
    real, fake = normal(30, 2, rng), normal(20, 2, rng, shift=9)
    assert mmd_test(real, fake, rng).p_value == 1 / 1001
    assert energy_test(real, fake, rng, n_permutations=300).p_value == 1 / 301


@pytest.mark.parametrize("neighbours", [1, 4, 7])
def test_nearest_vote_against_scikit_learn(neighbours: int) -> None:
    train, test = normal(50, 3, generator(1)), normal(80, 3, generator(2))
    labels = torch.rand(50, generator=generator(3)) < 0.5
    classifier = KNeighborsClassifier(neighbours, algorithm="brute").fit(train.numpy(), labels.numpy())
    share = classifier.predict_proba(test.numpy())[:, 1]
    expected = (np.sign(share - 0.5) + 1) / 2
    assert nearest_vote(train, labels, test, neighbours).tolist() == expected.tolist()


def test_a_tied_vote_is_half_a_hit() -> None:
    """Where every sample is the same, nothing can be told, and the accuracy is 1/2 whatever the draw."""
    same = torch.ones(20, 2)
    assert nearest_vote(same, torch.arange(20) < 10, same[:3], neighbours=4).tolist() == [0.5] * 3
    assert classifier_test(same, same, generator(1)).statistic == 0.5
    assert classifier_test(same, same + 1, generator(1)).statistic == 1


def test_classifier_test_takes_the_tail_of_the_binomial() -> None:
    rng = generator(2)
    accuracy, p_value = classifier_test(normal(50, 2, rng), normal(50, 2, rng, shift=0.6), rng)
    n_hits = round(50 * accuracy)
    assert accuracy == n_hits / 50  # 25 + 25 held out
    assert p_value == pytest.approx(binomtest(n_hits, 50, 0.5, alternative="greater").pvalue, abs=1e-12)
    assert p_value == pytest.approx(sum(math.comb(50, k) for k in range(n_hits, 51)) / 2**50, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_classifier_test_asks_the_root_of_the_training_samples(seed: int) -> None:
    real, fake = normal(60, 2, generator(1)), normal(60, 2, generator(2), shift=0.6)
    rng = generator(seed)
    x, y = real[torch.randperm(60, generator=rng)].numpy(), fake[torch.randperm(60, generator=rng)].numpy()
    labels = [1] * 30 + [0] * 30
    classifier = KNeighborsClassifier(7, algorithm="brute").fit(np.concatenate([x[:30], y[:30]]), labels)
    expected = classifier.score(np.concatenate([x[30:], y[30:]]), labels)  # 7 < √60 < 8
    assert classifier_test(real, fake, generator(seed)).statistic == pytest.approx(expected, abs=1e-12)


def test_classifier_test_of_separate_samples_and_of_odd_numbers() -> None:
    rng = generator(2)
    far = classifier_test(normal(31, 2, rng), normal(31, 2, rng, shift=50), rng)
    assert far == pytest.approx((1.0, 0.5**32), abs=1e-15)  # 15 of each kind train, 16 test


def test_classifier_accuracy_approaches_that_of_the_best() -> None:
    rng = generator(2)
    accuracy, _ = classifier_test(normal(4000, 1, rng), normal(4000, 1, rng, shift=2), rng)
    # (1 + TV) / 2 = .841345, less a little for the neighbours' noise
    assert accuracy == pytest.approx(0.835, abs=0.02)


@pytest.mark.parametrize("name", TESTS)
def test_the_generator_decides_and_the_input_stays(name: str) -> None:
    real, fake = normal(20, 2, generator(1)), normal(20, 2, generator(2))
    before = real.clone(), fake.clone()
    assert TESTS[name](real, fake, generator(5)) == TESTS[name](real, fake, generator(5))
    assert torch.equal(real, before[0])
    assert torch.equal(fake, before[1])
    image = TESTS[name](real.reshape(20, 1, 1, 2), fake.reshape(20, 1, 1, 2), generator(5))
    assert image == TESTS[name](real, fake, generator(5))


@pytest.mark.parametrize("name", TESTS)
def test_what_cannot_be_compared_is_refused(name: str) -> None:
    good = normal(20, 2, generator())
    with pytest.raises(UserError, match="fake must be at least"):
        TESTS[name](good, good[:1], generator())
    with pytest.raises(UserError, match=r"fake must be .*got \(3,\)"):
        TESTS[name](good, torch.zeros(20, 3), generator())
    with pytest.raises(UserError, match="fake must be finite numbers; got nan"):
        TESTS[name](good, torch.full((20, 2), math.nan), generator())


def test_bad_settings_are_refused() -> None:
    good = normal(20, 2, generator())
    with pytest.raises(UserError, match="bandwidth must be a number greater than 0; got -1"):
        mmd_test(good, good, generator(), bandwidth=-1)
    with pytest.raises(UserError, match="all samples coincide"):
        mmd_test(torch.ones(5, 2), torch.ones(5, 2), generator())
    with pytest.raises(UserError, match="n_permutations must be a whole number greater than 0; got 0"):
        energy_test(good, good, generator(), n_permutations=0)
    with pytest.raises(UserError, match="equally many; got 20 and 10"):
        classifier_test(good, good[:10], generator())


def test_all_that_are_as_near_vote_in_whatever_order_they_come() -> None:
    train, test = torch.tensor([[0.0], [0.0], [0.0], [5.0]]), torch.zeros(1, 1)
    for labels, expected in (([1, 0, 0, 1], False), ([0, 1, 1, 0], True)):
        for order in ([0, 1, 2, 3], [2, 1, 0, 3]):
            votes = torch.tensor(labels).bool()[order]
            assert nearest_vote(train[order], votes, test, neighbours=1).tolist() == [expected]
