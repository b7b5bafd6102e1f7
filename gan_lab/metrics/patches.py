"""The sliced Wasserstein distance between image patches, scale by scale (Karras et al., 2018)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.metrics.sliced import sliced_wasserstein
from gan_lab.metrics.transport import flat_points, own_unit
from gan_lab.numerics.draws import integers

PATCH = 7  # side of a patch, in pixels of its level
COARSEST = 16  # no level is smaller than this, unless the images are
CONSTANT = 1e-6  # a channel that varies less than this, of values up to 1, varies by rounding alone

BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


class PatchDistances(NamedTuple):
    """Sliced W1 between the patches of two sets of images, times 1000, without a unit."""

    by_resolution: dict[int, float]  # shorter side of the level: distance; finest first
    average: float  # over the levels


def patch_distances(
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator,
    patches_per_image: int = 128,
    n_directions: int = 512,
) -> PatchDistances:
    """Return the sliced Wasserstein distance of Progressive GAN, for each level of a Laplacian pyramid.

    On every level, patches of 7x7 pixels are drawn from each image, normalised (see
    :func:`patch_descriptors`) and compared by sliced W1 in 49 C dimensions. Fine levels compare edges and
    noise, the coarsest compares the layout. What the normalisation takes away is not seen: the mean and
    the contrast of a channel over the whole set.

    Two sets from one distribution do not give 0, because patches are drawn and images are few: the paper
    compares 16384 images (2^21 patches) with as many. Values depend on the number of images, and patches
    of one image are dependent, so show the value between two sets of real images next to it.

    Departures from the paper and from its released code: any number of channels and of images, also
    different numbers on both sides; not rounded to 8 bits; at most as many patches of an image as there
    are positions in it; images too small for a second level of 16 pixels are the only one; odd sides; a
    constant channel counts as 0 instead of dividing by 0.

    Cost: B patches_per_image descriptors of 49 C float32 for each side, and n_directions sorts of them.

    Args:
        real: (B, C, H, W) in [-1, 1], H and W at least 7.
        fake: (B', C, H, W) in [-1, 1].
        generator: of positions and directions, on any device.
        patches_per_image: at least 1.
        n_directions: projections, at least 1.

    Raises:
        BadValueError: if the images differ in shape, are too small or hold what is not a finite number, or
            if a count is below 1.

    Reference:
        Karras et al., "Progressive Growing of GANs", 2018, section 5. Its code (sliced_wasserstein.py) gives
        the filter, the positions and the normalisation.
    """
    _check_images(real, fake)
    unit = own_unit(real.flatten(1), fake.flatten(1))  # of which what counts as constant is a part
    distances = {}
    for levels in zip(laplacian_pyramid(real / unit), laplacian_pyramid(fake / unit), strict=True):
        first, second = (patch_descriptors(level, generator, patches_per_image) for level in levels)
        resolution = min(levels[0].shape[-2:])
        distances[resolution] = 1e3 * sliced_wasserstein(first, second, generator, n_directions)
    return PatchDistances(distances, sum(distances.values()) / len(distances))


def laplacian_pyramid(images: Tensor) -> list[Tensor]:
    """Return images (B, C, H, W) as what each scale adds to the next coarser one, finest first.

    Each level is half as large as the one before (rounded up), down to a shorter side of 16. The last is
    the blurred image itself, so that adding up, coarse to fine, gives the image back.

    Reference:
        Burt & Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983, equations 1 to 4.
    """
    levels, current = [], images
    while (min(current.shape[-2:]) + 1) // 2 >= COARSEST:
        coarser = blur(current)[..., ::2, ::2]
        levels.append(current - expand(coarser, current.shape[-2], current.shape[-1]))
        current = coarser
    return [*levels, current]


def expand(images: Tensor, height: int, width: int) -> Tensor:
    """Return images (B, C, h, w) doubled to (B, C, height, width): zeros in between, then 4 x blur."""
    spread = images.new_zeros(*images.shape[:2], height, width)
    spread[..., ::2, ::2] = images
    return 4 * blur(spread)


def blur(images: Tensor) -> Tensor:
    """Return images (B, C, H, W) filtered by [1, 4, 6, 4, 1] / 16 in both directions, mirrored at the edge.

    Sums of shifted images, because a GPU may round the products of a float32 convolution to 10 bits.
    """
    height, width = images.shape[-2:]
    padded = F.pad(images, (2, 2, 2, 2), mode="reflect")
    rows = torch.zeros_like(padded[..., :height, :])
    for shift, weight in enumerate(BINOMIAL):
        rows += weight * padded[..., shift : shift + height, :]
    blurred = torch.zeros_like(images)
    for shift, weight in enumerate(BINOMIAL):
        blurred += weight * rows[..., shift : shift + width]
    return blurred


def patch_descriptors(level: Tensor, generator: torch.Generator, patches_per_image: int = 128) -> Tensor:
    """Return random 7x7 patches of images (B, C, H, W), normalised, as points (B k, 49 C).

    k is ``patches_per_image``, or the number of positions where that is smaller; positions are uniform and
    may repeat. Every channel is shifted and scaled to mean 0 and variance 1 over all patches and pixels.

    Raises:
        BadValueError: if ``patches_per_image`` is below 1.
    """
    if patches_per_image < 1:
        raise BadValueError("patches_per_image", "a whole number greater than 0", patches_per_image)
    patches = draw_patches(level, generator, patches_per_image)  # (B, k, 7, 7, C)
    std, mean = torch.std_mean(patches, dim=(0, 1, 2, 3), correction=0)  # (C,)
    scale = torch.where(std > CONSTANT, 1 / std, 0.0)
    return ((patches - mean) * scale).flatten(0, 1).flatten(1)


def draw_patches(level: Tensor, generator: torch.Generator, patches_per_image: int) -> Tensor:
    """Return patches of images (B, C, H, W) at random positions, (B, k, 7, 7, C); k as in the descriptors."""
    n, _, height, width = level.shape
    down, across = height - PATCH + 1, width - PATCH + 1  # positions
    shape = (n, min(patches_per_image, down * across), 1, 1)
    top, left = (integers(positions, shape, generator).to(level.device) for positions in (down, across))
    offset = torch.arange(PATCH, device=level.device)
    image = torch.arange(n, device=level.device).reshape(n, 1, 1, 1)
    return level[image, :, top + offset[:, None], left + offset]


def _check_images(real: Tensor, fake: Tensor) -> None:
    flat_points(real=real, fake=fake)
    if real.ndim != 4 or min(real.shape[-2:]) < PATCH:
        rule = f"images (B, C, H, W), H and W at least {PATCH}"
        raise BadValueError("real", rule, tuple(real.shape))
    for name, images in (("real", real), ("fake", fake)):
        if not images.is_floating_point():
            raise BadValueError(name, "floating-point images in [-1, 1]", str(images.dtype))
