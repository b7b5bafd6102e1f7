"""Parzen windows, against scikit-learn's kernel densities, and what they are wrong about."""

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity

from gan_lab.config.errors import UserError
from gan_lab.evaluation.lines import parzen_lines
from gan_lab.metrics.parzen import WIDTHS, parzen_estimate
from gan_lab.tags.names import parzen_tag
from gan_lab.tags.table import find_tag


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_it_is_the_kernel_density_of_the_width_that_is_likeliest_of_the_others() -> None:
    centres, seen, held_out = (0.3 * normal(seed, n, 5) for seed, n in ((0, 300), (1, 150), (2, 130)))
    found = parzen_estimate(centres, seen, held_out)
    densities = {width: KernelDensity(bandwidth=width).fit(centres.numpy()) for width in WIDTHS}
    best = max(WIDTHS, key=lambda width: float(densities[width].score(seen.numpy())))
    scores = densities[best].score_samples(held_out.numpy())
    assert found.width == best
    assert min(WIDTHS) < best < max(WIDTHS)
    assert found.log_likelihood == pytest.approx(scores.mean(), rel=1e-9)
    assert found.standard_error == pytest.approx(scores.std(ddof=1) / math.sqrt(130), rel=1e-9)


def test_around_one_centre_it_is_a_gaussian() -> None:
    centre, points = torch.zeros(1, 2, 3), 0.1 * normal(3, 400, 2, 3)
    found = parzen_estimate(centre, points, points)
    squares = points.flatten(1).square().sum(dim=1).mean()
    expected = -float(squares) / (2 * found.width**2) - 6 * math.log(found.width * math.sqrt(2 * math.pi))
    assert found.width == pytest.approx(0.1)
    assert found.log_likelihood == pytest.approx(expected, rel=1e-9)


def test_centres_in_the_middle_get_more_than_samples_of_the_distribution() -> None:
    """Why it ranks generators wrongly: half of the spread is likelier, in 64 dimensions."""
    samples, seen, held_out = (0.2 * normal(seed, 200, 64) for seed in (4, 5, 6))
    of_samples, of_smooth = (parzen_estimate(each, seen, held_out) for each in (samples, samples / 2))
    assert of_smooth.log_likelihood > of_samples.log_likelihood + 10 * of_samples.standard_error


def test_a_generator_that_repeats_images_gets_the_floor_and_equal_images_count_once() -> None:
    real, repeated = (normal(seed, 40, 1, 4, 4).float().clamp(-1, 1) for seed in (7, 8))
    lines = parzen_lines(torch.cat([real, real, repeated[:20]]), repeated, repeated)
    assert [line.metric for line in lines] == [
        "parzen/log_likelihood",
        "parzen/standard_error",
        "parzen/width",
    ]
    assert [line.value for line in lines] == [line.floor for line in lines]
    pixels = (real + 1) / 2
    expected = parzen_estimate((repeated + 1) / 2, pixels[::2], pixels[1::2])
    assert [line.value for line in lines] == list(expected)


def test_the_value_is_of_generated_images_and_the_floor_of_real_ones() -> None:
    real, other, fake = (normal(seed, 40, 1, 4, 4).float().clamp(-1, 1) for seed in (7, 8, 9))
    lines = parzen_lines(real, other, fake / 2)
    held_out = (real[::2] + 1) / 2, (real[1::2] + 1) / 2
    assert [line.value for line in lines] == list(parzen_estimate((fake / 2 + 1) / 2, *held_out))
    assert [line.floor for line in lines] == list(parzen_estimate((other + 1) / 2, *held_out))
    assert lines[0].value != lines[0].floor


def test_where_too_few_images_differ_nothing_is_said() -> None:
    real = normal(9, 3, 1, 4, 4).repeat(5, 1, 1, 1)
    assert parzen_lines(real, normal(10, 15, 1, 4, 4), real) == []
    assert parzen_lines(normal(11, 30, 2), normal(12, 30, 2), normal(13, 30, 2)) == []
    with pytest.raises(UserError, match="held_out must be at least two samples; got 1"):
        parzen_estimate(real, real, real[:1])


def test_far_from_every_centre_it_is_finite() -> None:
    found = parzen_estimate(torch.zeros(2, 3), torch.full((2, 3), 1e3), torch.full((2, 3), 1e3))
    assert np.isfinite(found.log_likelihood)
    assert found.width == max(WIDTHS)


def test_the_widths_are_those_that_the_table_of_tags_names() -> None:
    tag = find_tag(parzen_tag("width"))
    assert tag is not None
    assert f"of {len(WIDTHS)} that are tried from {WIDTHS[0]:g} to {WIDTHS[-1]:g}" in tag.meaning
