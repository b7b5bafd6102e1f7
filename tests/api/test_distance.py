"""`gan_lab.distance`: closed forms, and the very values of the packages that it takes them from."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

import gan_lab
from gan_lab.api.distance import NAMES
from gan_lab.config.errors import UserError
from gan_lab.distances.by_name import BY_NAME
from gan_lab.distances.divergences import total_variation
from gan_lab.distances.kernels import energy_distance, mmd_squared
from gan_lab.distances.line import Dirac, Gaussian, Uniform
from gan_lab.distances.plane import PlaneGaussian, PlaneSamples, Rectangle
from gan_lab.evaluation.comparison import compare_points, two_sample_tests
from gan_lab.metrics.frechet import frechet_feature_distance
from gan_lab.metrics.mmd import mmd_test
from gan_lab.metrics.transport import wasserstein
from gan_lab.numerics.streams import make_rng

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 3)), RNG.normal(size=(50, 3)) + 1
UNIT = ((1.0, 0.0), (0.0, 1.0))
P, Q = Gaussian(0.0, 1.0), Gaussian(2.0, 1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("w1", 2),
        ("w2", 2),
        ("kl", 2),
        ("reverse_kl", 2),
        ("jeffrey", 4),
        ("pearson_chi_squared", math.expm1(4)),
        ("squared_hellinger", 2 - 2 * math.exp(-1 / 2)),
        ("tv", math.erf(1 / math.sqrt(2))),
    ],
)
def test_two_gaussians_have_the_closed_forms(name: str, value: float) -> None:
    assert gan_lab.distance(name, P, Q) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("name", BY_NAME)
def test_of_densities_it_is_what_the_divergence_of_that_name_is(name: str) -> None:
    p, q = Gaussian(0.0, 1.0), Gaussian(0.5, 1.2)
    assert gan_lab.distance(name, p, q) == BY_NAME[name].exact(p, q)


def test_distributions_of_other_kinds() -> None:
    assert gan_lab.distance("jsd", Dirac(0.0), Dirac(1.0)) == pytest.approx(math.log(2))
    assert gan_lab.distance("kl", Uniform(0.0, 1.0), Uniform(0.5, 1.5)) == math.inf
    assert gan_lab.distance("energy", P, Q) == energy_distance(P, Q)
    assert gan_lab.distance("mmd_squared", P, Q, bandwidth=0.7) == mmd_squared(P, Q, 0.7)
    near, far = PlaneGaussian((0.0, 0.0), UNIT), PlaneGaussian((3.0, 4.0), UNIT)
    assert gan_lab.distance("w1", near, far) == pytest.approx(5)
    assert gan_lab.distance("w2", near, far) == pytest.approx(5)
    assert gan_lab.distance("tv", near, far) == total_variation(near, far)


def test_of_samples_it_is_what_is_measured_of_a_run() -> None:
    real, fake = torch.from_numpy(X), torch.from_numpy(Y)
    numbers = compare_points(real, fake)
    assert gan_lab.distance("w1", X, Y) == numbers["distance/w1_exact"]
    assert gan_lab.distance("sliced_w1", real, fake) == numbers["quality/sliced_w1"]
    assert gan_lab.distance("sliced_w2", X.tolist(), Y) == numbers["quality/sliced_w2"]
    assert gan_lab.distance("w2", X, Y) == wasserstein(real, fake, order=2)
    assert gan_lab.distance("frechet", X, Y) == frechet_feature_distance(real, fake)
    tests, some = two_sample_tests(real[:50], fake), X[:50]
    assert gan_lab.distance("mmd_squared", some, Y) == pytest.approx(tests["MMD²"].statistic, rel=1e-12)
    assert gan_lab.distance("energy", some, Y) == pytest.approx(tests["energy distance"].statistic, rel=1e-12)
    given = mmd_test(real, fake, make_rng(0, "any"), bandwidth=0.3).statistic
    assert gan_lab.distance("mmd_squared", X, Y, bandwidth=0.3) == pytest.approx(given, rel=1e-12)


def test_samples_on_the_line_are_sorted_and_not_matched() -> None:
    expected = wasserstein_distance(X[:, 0], Y[:, 0])
    assert gan_lab.distance("w1", X[:, 0], Y[:, :1]) == pytest.approx(expected, rel=1e-12)
    matched = wasserstein(torch.from_numpy(X[:, :1]), torch.from_numpy(Y[:, :1]))
    assert gan_lab.distance("w1", X[:, 0], Y[:, 0]) == pytest.approx(matched, rel=1e-9)


def test_samples_against_a_distribution() -> None:
    """W1 of a point from a normal distribution is E|x|, of points from themselves 0."""
    assert gan_lab.distance("w1", [0.0], P) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-9)
    assert gan_lab.distance("w2", P, [0.0]) == pytest.approx(1, rel=1e-9)
    points = RNG.normal(size=(7, 2))
    assert gan_lab.distance("w1", points, PlaneSamples(tuple(map(tuple, points)))) == pytest.approx(0)


@pytest.mark.parametrize(
    ("name", "p", "q", "sentence"),
    [
        (
            "wasserstein1",
            X,
            Y,
            "^name must be one of w1, .*Did you mean wasserstein_1",
        ),
        ("jsd", X, Y, "^jsd is of distributions: of two sets of points it says nothing"),
        ("kl", X[:, 0], P, "^kl needs two samples or two distributions; got one of each.$"),
        ("sliced_w1", P, Q, "^sliced_w1 is of samples; "),
        ("mmd_squared", P, Q, "^bandwidth must be given for mmd_squared of distributions"),
        (
            "w1",
            P,
            Rectangle((0.0, 0.0), (1.0, 1.0)),
            "^w1 needs two distributions on the line or",
        ),
        (
            "energy",
            *[PlaneGaussian((0.0, 0.0), UNIT)] * 2,
            "^energy of known distributions is",
        ),
        ("w1", X, P, r"^samples must be on the line, \(n,\), as the distribution is; got \(60, 3\)"),
        ("w1", X, Y[:, :2], r"^q must be samples \(n, 3\), as p are; got \([0-9]+, 2\)\.$"),
        ("w1", [], Y, r"^p must be samples \(n, d\) or \(n,\), or a known distribution; got \[\]"),
        ("w1", "ring8", Y, "^p must be samples"),
        ("w1", [[math.nan]], [[0.0]], "^p must be finite numbers; got nan.$"),
        (
            "frechet",
            1e200 * X,
            1e200 * Y,
            r"^features of a size of [.0-9]+e.200 have a squared Fréchet distance that",
        ),
        ("frechet", 1e-200 * X, 1e-200 * Y, r"e-200 have a squared Fréchet distance that no float holds"),
        ("mmd_squared", 0 * X, 0 * Y, "^all samples coincide: "),
    ],
)
def test_what_there_is_no_distance_of_is_refused(name: str, p: object, q: object, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        gan_lab.distance(name, p, q)  # type: ignore[arg-type]


def test_a_bandwidth_goes_with_a_kernel() -> None:
    with pytest.raises(UserError, match=r"^bandwidth goes with mmd_squared; w1 has none.$"):
        gan_lab.distance("w1", X, Y, bandwidth=1.0)


def test_every_name_is_of_something_and_in_the_table() -> None:
    table = gan_lab.distance.__doc__ or ""
    for name in NAMES:
        assert f"``{name}``" in table or name in (*("wasserstein_2", "jensen_shannon", "total_variation"),), (
            name
        )
        values = []
        for pair in ((X, Y), (P, Q)):
            try:
                values.append(gan_lab.distance(name, *pair, bandwidth=1.0 if name == "mmd_squared" else None))
            except UserError:
                continue
        assert values, name
        assert all(math.isfinite(value) for value in values)
