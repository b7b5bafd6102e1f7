import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from sklearn.metrics.pairwise import polynomial_kernel
from torch import Tensor

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.metrics.frechet import classifier_score, frechet_feature_distance, kernel_feature_distance


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def with_moments(mean: list[float], covariance: list[list[float]], n: int = 50, seed: int = 0) -> Tensor:
    """n points whose mean and unbiased covariance are exactly those."""
    points = normal(n, len(mean), seed=seed)
    points = points - points.mean(dim=0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(points.T.cov()), points.T, upper=False)
    factor = torch.linalg.cholesky(torch.tensor(covariance, dtype=torch.float64))
    return (factor @ white).T + torch.tensor(mean, dtype=torch.float64)


def direct_kernel_distance(real: Tensor, fake: Tensor) -> float:
    """The U-statistic of MMD², with the kernel of scikit-learn."""
    n, m = len(real), len(fake)
    xx, yy, xy = (polynomial_kernel(a, b, 3) for a, b in ((real, real), (fake, fake), (real, fake)))
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * xy.mean())


BURES = ([0.0, 0.0], [[2, 0.5], [0.5, 1]]), ([1.0, -1.0], [[1, -0.3], [-0.3, 1.5]])
SWAPPED = ([0.0, 0.0], [[1.0, 0], [0, 4]]), ([0.0, 0.0], [[4.0, 0], [0, 1]])
DIAGONAL = ([0.0, 0.0], [[1.0, 0], [0, 4]]), ([1.0, 2.0], [[9.0, 0], [0, 1]])


@pytest.mark.parametrize(("pair", "expected"), [(BURES, 2.463471), (DIAGONAL, 10), (SWAPPED, 2)])
def test_frechet_distance_of_two_gaussians(pair: tuple, expected: float) -> None:
    real, fake = with_moments(*pair[0]), with_moments(*pair[1], n=80, seed=1)
    assert frechet_feature_distance(real, fake) == pytest.approx(expected, abs=1e-6)
    assert frechet_feature_distance(fake, real) == pytest.approx(expected, abs=1e-6)
    assert frechet_feature_distance(real.float(), fake.float()) == pytest.approx(expected, abs=1e-5)


def test_frechet_distance_is_that_of_scipy() -> None:
    real, fake = normal(300, 6) @ normal(6, 6, seed=1) + 5, normal(200, 6, seed=2) @ normal(6, 6, seed=3)
    first, second = np.cov(real.T), np.cov(fake.T)
    gap = (real.mean(dim=0) - fake.mean(dim=0)).square().sum().item()
    expected = gap + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert frechet_feature_distance(real, fake) == pytest.approx(expected, abs=1e-8)


def test_frechet_distance_of_equal_features_is_zero_and_of_shifted_ones_the_square_of_the_shift() -> None:
    real = normal(200, 3)
    assert frechet_feature_distance(real, real) == pytest.approx(0, abs=1e-8)
    assert frechet_feature_distance(real, real) >= 0
    assert frechet_feature_distance(real, real + torch.tensor([1, -2, 2])) == pytest.approx(9, abs=1e-8)


def test_features_that_never_fire_do_no_harm() -> None:
    real, fake = normal(50, 2), normal(50, 2, seed=1)
    padded = [torch.cat([features, torch.zeros(50, 3)], dim=1) for features in (real, fake)]
    expected = frechet_feature_distance(real, fake)
    assert frechet_feature_distance(*padded) == pytest.approx(expected, abs=1e-6)


def test_a_small_frechet_distance_of_large_features_is_a_number() -> None:
    """Moved by a thousandth of their size, though the square of the size alone is no float."""
    features = 2e155 * normal(200, 2)
    assert frechet_feature_distance(features, features + 1e152) == pytest.approx(2e304, rel=1e-6)


def test_frechet_distance_of_one_distribution_from_itself_falls_as_one_over_n() -> None:
    """Of N(0, I): 2d/n for the means and d (d + 1) / (2n) for the covariances, to the first order in 1/n.

    For S = I + E the second part is Tr(E₁ - E₂)² / 4, and E‖E₁ - E₂‖² = 2 d (d + 1) / n.
    """
    d, values = 4, {}
    for n in (100, 400):
        draws = normal(60, 2, n, d)
        values[n] = sum(frechet_feature_distance(first, second) for first, second in draws) / 60
        assert values[n] == pytest.approx((2 * d + d * (d + 1) / 2) / n, rel=0.15)


def test_kernel_distance_by_hand() -> None:
    # k(x, y) = (xy + 1)³: real pair 1, fake pair -1, across 1, 1, 27 and 0
    real, fake = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [-1.0]])
    value = kernel_feature_distance(real, fake, seeded(), n_subsets=3, subset_size=2)
    assert value.mean == pytest.approx(1 - 1 - 2 * 29 / 4, abs=1e-12)
    assert value.std == 0


def test_kernel_distance_of_whole_samples_is_the_direct_formula() -> None:
    real, fake = normal(60, 5), normal(60, 5, seed=1) * 1.2 + 0.3
    value = kernel_feature_distance(real, fake, seeded(), n_subsets=2, subset_size=60)
    assert value.mean == pytest.approx(direct_kernel_distance(real, fake), abs=1e-12)
    assert value.std == pytest.approx(0, abs=1e-12)


def test_kernel_distance_is_computed_in_double_precision() -> None:
    real, fake = 30 * normal(60, 5).float(), 30 * normal(60, 5, seed=1).float() + 1
    value = kernel_feature_distance(real, fake, seeded(), n_subsets=1, subset_size=60)
    assert value.mean == pytest.approx(direct_kernel_distance(real.double(), fake.double()), rel=1e-10)


def test_subsets_have_the_mean_of_the_whole() -> None:
    real, fake = normal(300, 4), normal(200, 4, seed=1) * 1.5
    value = kernel_feature_distance(real, fake, seeded(), n_subsets=2000, subset_size=50)
    error = value.std / 2000**0.5
    assert value.mean == pytest.approx(direct_kernel_distance(real, fake), abs=4 * error)
    assert error < 0.05 * value.mean


def test_kernel_distance_has_no_bias() -> None:
    values = [
        kernel_feature_distance(first, second, seeded(), n_subsets=1, subset_size=20).mean
        for first, second in normal(400, 2, 20, 3)
    ]
    error = np.std(values) / 20
    assert np.mean(values) == pytest.approx(0, abs=3 * error)
    assert error < 0.1


def one_hot(n_classes: int, n_each: int) -> Tensor:
    return torch.eye(n_classes).repeat(n_each, 1)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        (one_hot(10, 100), 10),
        (one_hot(1000, 2), 1000),
        (torch.full((50, 10), 0.1), 1),
        (torch.eye(10)[:1].repeat(50, 1), 1),
        (torch.tensor([[0.9, 0.1], [0.1, 0.9]]), math.exp(0.9 * math.log(1.8) + 0.1 * math.log(0.2))),
    ],
    ids=["ten classes", "a thousand", "never sure", "one class", "nearly sure"],
)
def test_classifier_score_of_simple_cases(probabilities: Tensor, expected: float) -> None:
    value = classifier_score(probabilities, seeded(), n_splits=1)
    assert value.mean == pytest.approx(expected, rel=1e-6)
    assert math.isnan(value.std)


def test_classifier_score_is_the_exponential_of_the_mean_divergence() -> None:
    p = (3 * normal(500, 7)).softmax(dim=1)
    expected = (p * (p / p.mean(dim=0)).log()).sum(dim=1).mean().exp().item()
    assert classifier_score(p, seeded(), n_splits=1).mean == pytest.approx(expected, abs=1e-9)


def test_splits_lower_the_score_by_their_small_number_of_samples() -> None:
    value = classifier_score(one_hot(10, 1000), seeded())
    assert value.mean == pytest.approx(10 * (1 - 10 * 9 / (2 * 10_000)), abs=0.01)
    assert 0 < value.std < 0.1


def test_randomness_comes_from_the_generator_alone() -> None:
    real, fake, state = normal(100, 3), normal(100, 3, seed=1), torch.get_rng_state()
    kernel = [kernel_feature_distance(real, fake, seeded(seed), 5, 20) for seed in (1, 1, 2)]
    score = [classifier_score(fake.softmax(dim=1), seeded(seed)) for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), state)
    for first, again, other in (kernel, score):
        assert first == again != other
    generator = seeded(1)
    assert kernel_feature_distance(real, fake, generator, 5, 20) != kernel_feature_distance(
        real, fake, generator, 5, 20
    )


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (normal(4, 4), normal(9, 4), "real must be more samples than the 4 features of each; got 4"),
        (normal(9, 4), normal(3, 4), "fake must be more samples than the 4 features of each; got 3"),
        (normal(9, 2, 2), normal(9, 4), r"real must be floats of shape \(n, d\)"),
        (normal(9, 4), normal(9, 3), "fake must be of 4 features, as real is; got 3"),
        (normal(9, 4), normal(9, 4) / 0, "fake must be finite numbers; got '9 samples that are not'"),
    ],
)
def test_features_without_a_covariance_are_refused(real: Tensor, fake: Tensor, message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}"):
        frechet_feature_distance(real, fake)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "fake must be at least 1,000 samples, those of a subset; got 999"),
        ({"subset_size": 1}, "subset_size must be 2 or greater; got 1"),
        ({"n_subsets": 0}, "n_subsets must be a whole number greater than 0; got 0"),
    ],
)
def test_subsets_that_cannot_be_drawn_are_refused(more: dict[str, int], message: str) -> None:
    with pytest.raises(BadValueError, match=f"^{message}"):
        kernel_feature_distance(normal(1000, 2), normal(999, 2), seeded(), **more)


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (torch.ones(20), r"floats of shape \(n, K\); got '\(20,\)"),
        (torch.ones(20, 3, dtype=torch.int64), r"floats of shape \(n, K\)"),
        (torch.full((9, 2), 0.5), "at least 10 samples, one for each split; got 9"),
        (torch.zeros(20, 2), "0 or greater, each row adding up to 1; got 'a row off by 1'"),
        (torch.tensor([[1.5, -0.5]]).repeat(20, 1), "0 or greater, each row adding up to 1"),
        (torch.full((20, 2), math.nan), "0 or greater, each row adding up to 1"),
    ],
)
def test_what_is_no_probability_is_refused(probabilities: Tensor, message: str) -> None:
    with pytest.raises(BadValueError, match=f"^probabilities must be {message}"):
        classifier_score(probabilities, seeded())


@pytest.mark.gpu
def test_on_cuda_the_distances_are_those_of_the_cpu() -> None:
    real, fake = normal(300, 6), normal(300, 6, seed=1) + 0.5
    on_cpu = frechet_feature_distance(real, fake), kernel_feature_distance(real, fake, seeded(), 5, 100)
    on_cuda = (
        frechet_feature_distance(real.cuda(), fake.cuda()),
        kernel_feature_distance(real.cuda(), fake.cuda(), seeded(), 5, 100),
    )
    assert on_cuda[0] == pytest.approx(on_cpu[0], abs=1e-8)
    assert on_cuda[1] == pytest.approx(on_cpu[1], abs=1e-8)
