"""Consistency regularisation against changes worked out by hand."""

import numpy as np
import pytest
import torch

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.constraints.consistency import Consistency, reflected_indices


def image(size: int = 8, channels: int = 1) -> torch.Tensor:
    """One image whose pixels are all different."""
    return torch.arange(channels * size * size, dtype=torch.float64).reshape(1, channels, size, size)


def noise(flip: float, down: float, across: float) -> torch.Tensor:
    return torch.tensor([[flip, down, across]], dtype=torch.float64)


def test_reflection_repeats_what_lies_beside_the_edge():
    got = reflected_indices(5, torch.tensor([0, 2, -2, 4, -4]))
    expected = [[0, 1, 2, 3, 4], [2, 3, 4, 3, 2], [2, 1, 0, 1, 2], [4, 3, 2, 1, 0], [4, 3, 2, 1, 0]]
    assert got.tolist() == expected


@pytest.mark.parametrize(
    ("draw", "pixel"),
    [
        ((0.9, 0.5, 0.5), (0, 0)),  # nothing changes
        ((0.9, 0.99, 0.5), (2, 0)),  # two rows down
        ((0.9, 0.5, 0.99), (0, 2)),  # two columns on
        ((0.9, 0.0, 0.5), (2, 0)),  # two rows up, reflected
        ((0.9, 0.61, 0.79), (1, 1)),  # fifths: the fourth is 1
        ((0.4, 0.5, 0.5), (0, 7)),  # flipped
        ((0.4, 0.5, 0.99), (0, 5)),  # flipped, then two columns on
    ],
)
def test_a_critic_that_reads_one_pixel(draw, pixel):
    real = image()
    got = Consistency(weight=3, shift_px=2).penalty(lambda x: x[:, 0, 0, 0], real, real, noise(*draw))
    assert got.shape == ()
    assert got.item() == 3 * (real[0, 0, pixel[0], pixel[1]] - real[0, 0, 0, 0]).item() ** 2


def test_without_flip_the_first_number_is_not_read():
    real, constraint = image(), Consistency(flip=False)
    assert constraint.penalty(lambda x: x[:, 0, 0, 0], real, real, noise(0.0, 0.5, 0.5)).item() == 0


def test_all_channels_move_together_and_each_sample_on_its_own():
    real = image(channels=3).repeat(2, 1, 1, 1)
    draws = torch.cat([noise(0.4, 0.99, 0.5), noise(0.9, 0.5, 0.0)])
    seen = []
    Consistency().penalty(lambda x: seen.append(x) or x.flatten(1).sum(1), real, real, draws)
    pixels = real[0].numpy()
    rows, columns = [2, 3, 4, 5, 6, 7, 6, 5], [2, 1, 0, 1, 2, 3, 4, 5]
    assert np.array_equal(seen[0], real)
    assert np.array_equal(seen[1][0], pixels[:, :, ::-1][:, rows])
    assert np.array_equal(seen[1][1], pixels[:, :, columns])


def test_a_critic_that_no_shift_changes_is_free():
    generator = torch.Generator().manual_seed(0)
    real = torch.zeros(64, 3, 12, 12, dtype=torch.float64)
    # black within reach of the border, so that reflection neither loses nor repeats anything
    real[:, :, 3:9, 3:9] = torch.randint(256, (64, 3, 6, 6), generator=generator).double()
    draws = torch.rand(64, 3, generator=generator, dtype=torch.float64)
    constraint = Consistency(shift_px=2)
    assert constraint.penalty(lambda x: x.flatten(1).sum(1), real, real, draws).item() == 0
    assert constraint.penalty(lambda x: x[:, 0, 4, 4], real, real, draws).item() > 0


def test_every_shift_is_equally_likely():
    draws = torch.rand(70_000, generator=torch.Generator().manual_seed(0))
    shifts, counts = Consistency(shift_px=3)._shift(draws).unique(return_counts=True)
    assert shifts.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    np.testing.assert_allclose(counts / 70_000, 1 / 7, atol=0.006)
    almost_one = torch.tensor([1 - 2**-24])
    assert [Consistency(shift_px=s)._shift(almost_one).item() for s in range(1, 65)] == list(range(1, 65))


def test_generated_images_are_not_read():
    real = image()
    nothing = torch.full_like(real, float("nan"))
    assert Consistency().penalty(lambda x: x[:, 0, 0, 0], real, nothing, noise(0.4, 0.1, 0.1)).isfinite()


def test_vectors_are_refused_in_one_sentence():
    with pytest.raises(UserError) as error:
        Consistency().noise_shape((2,))
    assert str(error.value) == (
        "constraint=consistency flips and shifts images; "
        "dataset has shape (2,): use another constraint, such as constraint=gp."
    )


@pytest.mark.parametrize(("shift", "size"), [(8, 8), (9, 8)])
def test_a_shift_as_large_as_the_image_is_refused(shift, size):
    with pytest.raises(UserError, match=r"^shift_px must be smaller .* 8x8 pixels; got"):
        Consistency(shift_px=shift).noise_shape((3, size, size))
    assert Consistency(shift_px=size - 1).noise_shape((3, size, size)) == (3,)


def test_no_shift_at_all_is_refused():
    with pytest.raises(BadValueError, match="shift_px must be a whole number greater than 0; got 0"):
        Consistency(shift_px=0)


def test_the_penalty_is_a_mean_over_the_batch():
    draws = torch.cat([noise(0.4, 0.5, 0.5), noise(0.9, 0.99, 0.5), noise(0.9, 0.5, 0.5)])
    both = Consistency(weight=3).penalty(
        lambda x: x[:, 0, 0, 0], image().repeat(3, 1, 1, 1), image().repeat(3, 1, 1, 1), draws
    )
    alone = [
        Consistency(weight=3).penalty(lambda x: x[:, 0, 0, 0], image(), image(), draw[None]) for draw in draws
    ]
    assert both.item() == pytest.approx(sum(each.item() for each in alone) / 3, rel=1e-12)
    assert alone[0] > 0
