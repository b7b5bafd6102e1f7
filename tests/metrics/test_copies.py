"""The share of samples that are copies, against what is known of it."""

import math

import pytest
import torch

from gan_lab.config.errors import BadValueError
from gan_lab.metrics.copies import copied_share

SQUARE = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


@pytest.mark.parametrize(("distance", "share"), [(0.0, 1.0), (0.499, 1.0), (0.501, 0.0)])
def test_half_of_the_way_to_the_next_is_the_line(distance, share):
    outwards = (SQUARE - 0.5) / math.sqrt(0.5)  # from the centre: away from all others
    assert copied_share(SQUARE, SQUARE + distance * outwards) == share


def test_means_of_images_are_no_copies():
    assert copied_share(SQUARE, SQUARE.mean(dim=0, keepdim=True)) == 0.0
    assert copied_share(SQUARE, torch.tensor([[0.5, 0.0]])) == 0.0  # of two, just on the line
    cloud = torch.randn(200, 500, generator=torch.Generator().manual_seed(0))
    assert copied_share(cloud, cloud.mean(dim=0, keepdim=True)) == 0.0
    assert copied_share(cloud, torch.randn(300, 500, generator=torch.Generator().manual_seed(1))) == 0.0
    assert copied_share(cloud, torch.cat([cloud[:50] * 1.01, -cloud[:150]])) == 0.25


def test_draws_repeat_one_another_as_often_as_theory_says():
    rng = torch.Generator().manual_seed(0)
    images = torch.randn(1797, 64, generator=rng)
    one, other = (images[torch.randint(1797, (1024,), generator=rng)] for _ in range(2))
    # a draw is among n others of N with probability 1 - (1 - 1/N)^n, about 1 - exp(-n/N)
    expected = 1 - (1 - 1 / 1797) ** 1024
    assert expected == pytest.approx(1 - math.exp(-1024 / 1797), abs=1e-3)
    assert copied_share(one, other) == pytest.approx(expected, abs=3 * math.sqrt(0.25 / 1024))


def test_equal_images_count_once():
    assert copied_share(SQUARE.repeat(3, 1), SQUARE + 0.1) == 1.0
    assert copied_share(SQUARE[:1].repeat(5, 1), SQUARE) == 0.0


def test_images_of_another_size_are_refused():
    with pytest.raises(BadValueError):
        copied_share(torch.zeros(4, 1, 8, 8), torch.zeros(4, 1, 4, 4))
