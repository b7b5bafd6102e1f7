import math

import numpy as np
import ot
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.metrics.patches import (
    blur,
    draw_patches,
    expand,
    laplacian_pyramid,
    patch_descriptors,
    patch_distances,
)
from gan_lab.metrics.sliced import sliced_wasserstein

LINE = np.array([1, 4, 6, 4, 1]) / 16
FILTER = np.outer(LINE, LINE)[None, None]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed))


@pytest.mark.parametrize("side", [7, 16, 33])
def test_blur_is_the_binomial_filter_mirrored_at_the_edge(side: int) -> None:
    images = noise(2, 3, side, side + 3).double()
    expected = ndimage.convolve(images.numpy(), FILTER, mode="mirror")
    torch.testing.assert_close(blur(images), torch.from_numpy(expected), rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [(16, 22), (17, 21)])
def test_expand_is_zero_insertion_and_four_times_the_filter(size: tuple[int, int]) -> None:
    images = noise(2, 1, 9 if size[0] % 2 else 8, 11).double()
    spread = np.zeros((2, 1, *size))
    spread[..., ::2, ::2] = images
    expected = ndimage.convolve(spread, 4 * FILTER, mode="mirror")
    torch.testing.assert_close(expand(images, *size), torch.from_numpy(expected), rtol=0, atol=1e-14)
    constant = expand(torch.ones_like(images), *size)
    torch.testing.assert_close(constant, torch.ones(2, 1, *size).double(), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        ((128, 128), [128, 64, 32, 16]),
        ((64, 96), [64, 32, 16]),
        ((61, 70), [61, 31, 16]),
        ((30, 30), [30]),
        ((28, 28), [28]),
        ((8, 8), [8]),
    ],
)
def test_levels_add_up_to_the_images(size: tuple[int, int], sides: list[int]) -> None:
    images = noise(2, 3, *size)
    levels = laplacian_pyramid(images)
    assert [min(level.shape[-2:]) for level in levels] == sides
    image = levels[-1]
    for level in reversed(levels[:-1]):
        image = expand(image, *level.shape[-2:]) + level
    torch.testing.assert_close(image, images, rtol=0, atol=2e-6)


def test_a_constant_image_is_all_in_the_last_level() -> None:
    levels = laplacian_pyramid(torch.full((1, 1, 64, 64), 0.7))
    assert [level.abs().max().item() for level in levels] == pytest.approx([0, 0, 0.7], abs=1e-6)


def test_coarser_levels_are_every_other_pixel_of_the_blurred_image() -> None:
    images = noise(2, 1, 64, 64).double()
    coarse = ndimage.convolve(images.numpy(), FILTER, mode="mirror")[..., ::2, ::2]
    coarsest = ndimage.convolve(coarse, FILTER, mode="mirror")[..., ::2, ::2]
    torch.testing.assert_close(laplacian_pyramid(images)[-1], torch.from_numpy(coarsest), rtol=0, atol=1e-14)


def test_patches_are_windows_of_one_image() -> None:
    pixels = torch.arange(5 * 2 * 12 * 15).reshape(5, 2, 12, 15)  # every pixel is its own number
    patches = draw_patches(pixels, seeded(), 40)
    assert patches.shape == (5, 40, 7, 7, 2)
    image, channel, top, left = np.unravel_index(patches[:, :, 0, 0].numpy(), pixels.shape)
    assert (image == np.arange(5)[:, None, None]).all()
    assert (channel == np.arange(2)).all()
    assert (set(top.flat), set(left.flat)) == (set(range(6)), set(range(9)))  # every position is drawn
    assert (top[0] != top[1]).any()  # and not the same ones in every image
    window = 15 * torch.arange(7)[:, None] + torch.arange(7)
    assert (patches - patches[:, :, :1, :1] == window[..., None]).all()


@pytest.mark.parametrize(("side", "patches"), [(16, 100), (24, 128), (8, 4), (7, 1)])
def test_no_more_patches_than_positions(side: int, patches: int) -> None:
    assert patch_descriptors(noise(3, 1, side, side), seeded()).shape == (3 * patches, 49)


def test_every_channel_is_normalised_over_the_whole_set() -> None:
    images = noise(6, 2, 20, 20) * torch.tensor([0.01, 5.0]).reshape(2, 1, 1) + noise(6, 1, 1, 1, seed=1)
    values = patch_descriptors(images, seeded()).reshape(-1, 49, 2)
    torch.testing.assert_close(values.mean((0, 1)), torch.zeros(2), rtol=0, atol=1e-5)
    torch.testing.assert_close(values.square().mean((0, 1)), torch.ones(2), rtol=0, atol=1e-5)
    assert values[..., 0].reshape(6, -1).mean(1).std() > 0.5  # images keep their differences


def test_rounding_is_not_blown_up_to_a_texture() -> None:
    images = 0.7 + 1e-7 * noise(4, 1, 16, 16)
    assert images.std() > 0
    assert (patch_descriptors(images, seeded()) == 0).all()


def test_identical_sets_at_identical_positions_are_0_apart() -> None:
    images = noise(5, 3, 16, 16)
    first, second = (patch_descriptors(images, seeded(1)) for _ in range(2))
    assert sliced_wasserstein(first, second, seeded()) == 0
    elsewhere = patch_descriptors(images, seeded(2))
    assert sliced_wasserstein(first, elsewhere, seeded()) > 0


def test_noise_lies_the_mean_of_a_half_normal_from_a_constant() -> None:
    # E |⟨u, x⟩| = √(2/π) for normal x, whatever the scale of a channel, and a constant counts as 0
    real = noise(400, 3, 16, 16) * torch.tensor([1.0, 0.1, 0.01]).reshape(3, 1, 1) + 0.2
    found = patch_distances(real, torch.full((50, 3, 16, 16), 0.3), seeded(), patches_per_image=20)
    assert found.by_resolution == {16: found.average}
    assert found.average == pytest.approx(1e3 * math.sqrt(2 / math.pi), abs=3)


def test_images_of_one_patch_are_compared_whole() -> None:
    real, fake = noise(40, 2, 7, 7), noise(30, 2, 7, 7, seed=1) + noise(30, 1, 1, 1, seed=2)

    def standard(images: Tensor) -> np.ndarray:
        values = images.double().numpy()
        axes = (0, 2, 3)
        return ((values - values.mean(axes, keepdims=True)) / values.std(axes, keepdims=True)).reshape(-1, 98)

    expected = 1e3 * ot.sliced_wasserstein_distance(
        standard(real), standard(fake), n_projections=4000, p=1, seed=0
    )
    found = patch_distances(real, fake, seeded(), n_directions=4000)
    assert found.by_resolution[7] == pytest.approx(expected, abs=10)
    assert expected > 100


def test_blurred_images_differ_most_at_the_finest_level() -> None:
    real, other = noise(24, 1, 64, 64).clamp(-1, 1), noise(24, 1, 64, 64, seed=1).clamp(-1, 1)
    same = patch_distances(real, other, seeded(), n_directions=64)
    found = patch_distances(real, blur(other), seeded(), n_directions=64)
    assert list(found.by_resolution) == [64, 32, 16]
    rise = {side: found.by_resolution[side] - same.by_resolution[side] for side in (64, 32, 16)}
    assert rise[64] > 2 * max(rise[32], rise[16])
    assert found.average == pytest.approx(sum(found.by_resolution.values()) / 3, abs=1e-9)


def test_brightness_and_contrast_of_a_set_are_not_seen() -> None:
    real, fake = noise(10, 1, 32, 32), noise(8, 1, 32, 32, seed=1)
    plain, changed = (patch_distances(real, each, seeded(), 20, 32) for each in (fake, 0.5 * fake + 0.3))
    assert plain.average == pytest.approx(changed.average, abs=1e-2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"real": torch.zeros(2, 8, 8), "fake": torch.zeros(2, 8, 8)},
            r"^real must be images \(B, C, H, W\)",
        ),
        (
            {"real": torch.zeros(2, 1, 8, 6), "fake": torch.zeros(2, 1, 8, 6)},
            r"^real must .*; got \(2, 1, 8, 6\)\.$",
        ),
        ({"fake": torch.zeros(2, 3, 8, 8)}, r"^fake must be .* \(1, 8, 8\), as real are; got \(3, 8, 8\)\.$"),
        ({"fake": torch.full((2, 1, 8, 8), math.nan)}, r"^fake must be finite numbers; got nan\.$"),
        ({"fake": torch.zeros(2, 1, 8, 8, dtype=torch.uint8)}, r"^fake must be floating-point images"),
        ({"patches_per_image": 0}, r"^patches_per_image must be a whole number greater than 0; got 0\.$"),
        ({"n_directions": 0}, r"^n_directions must be a whole number greater than 0; got 0\.$"),
    ],
)
def test_wrong_input_is_named(change: dict[str, Tensor | int], message: str) -> None:
    right = {"real": torch.zeros(2, 1, 8, 8), "fake": torch.zeros(2, 1, 8, 8), "generator": seeded()}
    with pytest.raises(BadValueError, match=message):
        patch_distances(**{**right, **change})


def test_one_patch_of_each_image_is_enough():
    real, fake = (torch.rand(30, 1, 16, 16, generator=seeded(seed)) for seed in (1, 2))
    found = patch_distances(real, fake, seeded(), patches_per_image=1)
    assert found.average > 0
