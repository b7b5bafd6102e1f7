import numpy as np
import pytest
import torch
from scipy.stats import kstest
from sklearn.datasets import make_swiss_roll

from gan_lab.config.errors import BadValueError
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.toy import GaussianMixture, Grid, ParallelLines, Ring, SwissRoll

CPU = torch.device("cpu")
VECTORS = [Ring(), Grid(), SwissRoll(), ParallelLines(), GaussianMixture()]


def draw(dataset: Dataset, n: int, seed: int = 0) -> torch.Tensor:
    return dataset.open(CPU)(n, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dataset", VECTORS, ids=lambda d: type(d).__name__)
def test_draws_are_float32_of_the_shape_and_follow_the_seed(dataset: Dataset) -> None:
    first = draw(dataset, 500)
    assert first.shape == (500, *dataset.data_shape)
    assert first.dtype == torch.float32
    assert torch.equal(first, draw(dataset, 500))
    assert not torch.equal(first, draw(dataset, 500, seed=1))


@pytest.mark.parametrize("dataset", VECTORS, ids=lambda d: type(d).__name__)
def test_sampling_leaves_the_global_generator_alone(dataset: Dataset) -> None:
    before = torch.get_rng_state()
    draw(dataset, 10)
    assert torch.equal(before, torch.get_rng_state())


def test_ring_is_that_of_the_wgan_gp_code() -> None:
    half = 1 / np.sqrt(2)
    unit = [[1, 0], [half, half], [0, 1], [-half, half], [-1, 0], [-half, -half], [0, -1], [half, -half]]
    np.testing.assert_allclose(Ring().modes, 2 / 1.414 * np.array(unit), rtol=0, atol=1e-6)
    np.testing.assert_allclose(Ring().mode_stds, 0.02 / 1.414, rtol=0, atol=1e-6)


def test_grid_is_that_of_the_wgan_gp_code() -> None:
    line = np.array([-4, -2, 0, 2, 4]) / 2.828
    expected = np.array([[x, y] for x in line for y in line])
    np.testing.assert_allclose(Grid().modes, expected, rtol=0, atol=2e-6)
    np.testing.assert_allclose(Grid().mode_stds, 0.05 / 2.828, rtol=0, atol=1e-6)


def test_coordinates_of_the_grid_have_the_known_spread() -> None:
    # standard error of the deviation: about 1.0 sqrt(0.7 / 4n) < 0.001
    np.testing.assert_allclose(draw(Grid(), 400_000).std(0), 2.828869 / 2.828, rtol=0, atol=0.004)


@pytest.mark.parametrize("dataset", [Ring(), Grid()], ids=["ring", "grid"])
def test_components_are_equally_likely_and_round(dataset: Ring | Grid) -> None:
    points, modes = draw(dataset, 100_000), dataset.modes
    distance, nearest = torch.cdist(points, modes).min(1)
    share = torch.bincount(nearest, minlength=len(modes)) / len(points)
    np.testing.assert_allclose(share, 1 / len(modes), rtol=0, atol=0.006)
    offset = (points - modes[nearest]) / dataset.std
    np.testing.assert_allclose(offset.T.cov(), np.eye(2), rtol=0, atol=0.02)
    # in the plane 1 - exp(-9/2) lies within three standard deviations
    assert (distance < 3 * dataset.std).float().mean() == pytest.approx(0.988891, abs=0.002)


def test_mixture_has_the_exact_moments() -> None:
    weights, means, scales = (
        (0.6, 0.1, 0.3),
        ((0.0, 1.0, -2.0), (3.0, 0.0, 0.5), (-1.0, -1.0, 1.0)),
        (0.5, 1.0, 0.1),
    )
    points = draw(GaussianMixture(weights, means, scales), 400_000).double().numpy()
    w, m, s = np.array(weights), np.array(means), np.array(scales)
    mean = w @ m
    covariance = np.einsum("k,ki,kj->ij", w, m, m) + np.eye(3) * (w @ s**2) - np.outer(mean, mean)
    np.testing.assert_allclose(points.mean(0), mean, rtol=0, atol=0.01)
    np.testing.assert_allclose(np.cov(points.T), covariance, rtol=0, atol=0.02)


def test_mixture_draws_each_component_with_its_weight_and_its_scale() -> None:
    mixture = GaussianMixture((0.7, 0.05, 0.25), ((-10.0,), (0.0,), (10.0,)), (0.1, 0.4, 0.8))
    points = draw(mixture, 200_000).squeeze(1)
    for centre, weight, scale in zip((-10, 0, 10), mixture.weights, mixture.scales, strict=True):
        near = points[(points - centre).abs() < 5]
        assert len(near) / len(points) == pytest.approx(weight, abs=0.005)
        assert near.std() == pytest.approx(scale, rel=0.03)


def test_mixture_of_one_component_is_a_gaussian() -> None:
    points = draw(GaussianMixture((1,), ((2.0,),), (3.0,)), 20_000).squeeze(1)
    assert kstest(points.numpy(), "norm", args=(2, 3)).pvalue > 0.01


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("weights", {"weights": [0.5, 0.4, 0.2]}),
        ("weights", {"weights": [1.2, -0.1, -0.1]}),
        ("weights", {"weights": []}),
        ("means", {"means": [[0.0], [1.0]]}),
        ("means", {"means": [[0.0], [1.0], [1.0, 2.0]]}),
        ("means", {"means": [[], [], []]}),
        ("scales", {"scales": [1.0, 1.0]}),
        ("scales", {"scales": [1.0, 1.0, 0.0]}),
    ],
)
def test_mixture_refuses_settings_that_do_not_fit(key: str, settings: dict[str, list[float]]) -> None:
    with pytest.raises(BadValueError, match=f"^{key} must be .*; got .*\\.$"):
        GaussianMixture(**settings)


@pytest.mark.parametrize("noise", [0.0, 0.25])
@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0), (0.6, 0.8), (0.6, -0.8)])
def test_swiss_roll_is_that_of_scikit_learn(noise: float, direction: tuple[float, float]) -> None:
    theirs = make_swiss_roll(20_000, noise=noise, random_state=0)[0][:, [0, 2]] / 7.5
    ours = draw(SwissRoll(noise=noise), 20_000).double().numpy()
    assert kstest(ours @ direction, theirs @ direction).pvalue > 0.01


def test_radius_of_the_noiseless_swiss_roll_is_uniform() -> None:
    radius = draw(SwissRoll(noise=0), 20_000).norm(dim=1).numpy() * 7.5
    assert kstest(radius, "uniform", args=(1.5 * np.pi, 3 * np.pi)).pvalue > 0.01


def test_parallel_lines_are_equally_likely_unit_segments() -> None:
    points = draw(ParallelLines((-2.0, 0.5, 3.0)), 30_000)
    positions, counts = points[:, 0].unique(return_counts=True)
    assert positions.tolist() == [-2.0, 0.5, 3.0]
    np.testing.assert_allclose(counts / 30_000, 1 / 3, rtol=0, atol=0.01)
    for position in positions:
        assert kstest(points[points[:, 0] == position, 1].numpy(), "uniform").pvalue > 0.01


def test_parallel_lines_refuse_an_empty_list() -> None:
    with pytest.raises(BadValueError, match=r"^positions must be"):
        ParallelLines(())
