"""Kernel densities against sums of kernels written out, narrow kernels in many dimensions among them."""

import math

import numpy as np
import pytest

from gan_lab.lectures.likelihood.density_first import DensityFirst
from gan_lab.lectures.likelihood.kernel_density import KernelDensity
from gan_lab.lectures.likelihood.likelihood_and_quality import LikelihoodAndQuality


def written_out(centres: np.ndarray, points: np.ndarray, h: float) -> list[float]:
    n, d = centres.shape
    found = []
    for x in points:
        exponents = [-sum((a - b) ** 2 for a, b in zip(x, c, strict=True)) / (2 * h * h) for c in centres]
        top = max(exponents)
        total = top + math.log(sum(math.exp(each - top) for each in exponents))
        found.append(total - math.log(n) - d * math.log(h * math.sqrt(2 * math.pi)))
    return found


@pytest.mark.parametrize("bandwidth", [1e-5, 0.2, 1.0, 10.0])
@pytest.mark.parametrize("d", [1, 8, 64])
def test_every_kernel_is_in_the_sum(d: int, bandwidth: float) -> None:
    rng = np.random.default_rng(0)
    centres, points = rng.standard_normal((100, d)), rng.standard_normal((10, d))
    found = KernelDensity(centres, bandwidth).log_density(points)
    np.testing.assert_allclose(found, written_out(centres, points, bandwidth), rtol=1e-9)


def test_points_of_several_parts_are_told_apart_and_a_centre_has_the_height_of_its_kernel() -> None:
    centres = 10.0 * np.arange(600.0)[:, None]
    found = KernelDensity(centres, 1e-25).log_density(centres)
    np.testing.assert_allclose(found, -math.log(600) - math.log(1e-25 * math.sqrt(2 * math.pi)), rtol=1e-12)


def test_samples_lie_around_the_centres() -> None:
    samples = KernelDensity(np.array([[0.0], [100.0]]), 0.5).sample(4000, np.random.RandomState(0))
    assert samples.shape == (4000, 1)
    upper = samples[samples > 50]
    assert len(upper) == pytest.approx(2000, abs=150)
    assert upper.mean() == pytest.approx(100, abs=0.05)
    assert upper.std() == pytest.approx(0.5, abs=0.05)


def test_the_likelihoods_of_digits_are_those_of_their_kernels() -> None:
    lecture = LikelihoodAndQuality(8, 300, 0.2, 0.01, 0.01, 4, 0)
    training, held_out = lecture._split()
    by_name = {model.name: model.log_density for model in lecture._models(training, held_out)}
    for name, h in (("p", 0.2), ("memorised", 0.01)):
        np.testing.assert_allclose(by_name[name][:3], written_out(training, held_out[:3], h), rtol=1e-9)
    assert by_name["p"].mean() == pytest.approx(-19.412176, abs=1e-5)


def test_estimates_in_many_dimensions_are_those_of_their_kernels() -> None:
    lecture = DensityFirst((32,), 1.0, 100, 1.0, 1, 0)
    real = np.random.default_rng([0, 32]).standard_normal((2, 100, 32))[0]
    log_p = written_out(real[:50], real[50:], lecture.bandwidth(32))
    log_q = -((real[50:] - np.eye(1, 32)[0]) ** 2).sum(axis=1) / 2 - 16 * math.log(2 * math.pi)
    assert lecture._estimates(32, 0)["estimate"] == pytest.approx(np.mean(log_p - log_q), rel=1e-9)
