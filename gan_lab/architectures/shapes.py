"""Which samples an architecture is for, and what the user is told when the dataset has others."""

from typing import Literal

from gan_lab.config.errors import UserError

Role = Literal["generator", "critic"]
Samples = Literal["images", "dcgan_images", "vectors"]
"""What an architecture is for: images of any size, of a size that DCGANs make, or vectors."""

DCGAN_SIZES = (16, 32, 64, 128)

_VERB = {"generator": "make", "critic": "score"}


def require_images(role: Role, data_shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return ``data_shape`` as (channels, height, width).

    Raises:
        UserError: if the samples are not images.
    """
    if len(data_shape) != 3:
        raise UserError(
            f"architecture.{role} {_VERB[role]}s images; "
            f"dataset has shape {data_shape}: use architecture=mlp_toy."
        )
    channels, height, width = data_shape
    return channels, height, width


def require_dcgan_images(role: Role, data_shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (channels, size) of square images that halve evenly down to 4x4.

    Raises:
        UserError: if the samples are not images, or of another size.
    """
    channels, height, width = require_images(role, data_shape)
    if height != width or height not in DCGAN_SIZES:
        sizes = ", ".join(map(str, DCGAN_SIZES))
        raise UserError(
            f"architecture.{role} cannot {_VERB[role]} {height}x{width} images: "
            f"DCGAN sizes are {sizes}. Set dataset.size to one of them, or take architecture=mlp_mlp."
        )
    return channels, height


def require_vectors(role: Role, data_shape: tuple[int, ...]) -> int:
    """Return the dimension of the vectors that the samples are.

    Raises:
        UserError: if the samples are not vectors.
    """
    if len(data_shape) != 1:
        raise UserError(
            f"architecture.{role} {_VERB[role]}s vectors; "
            f"dataset has shape {data_shape}: use architecture=dcgan or architecture=mlp_mlp."
        )
    return data_shape[0]


def require_samples(samples: Samples, role: Role, data_shape: tuple[int, ...]) -> None:
    """Do nothing where samples of a shape are what an architecture is for.

    Raises:
        UserError: as the function above that it is named for.
    """
    rules = {"images": require_images, "dcgan_images": require_dcgan_images, "vectors": require_vectors}
    rules[samples](role, data_shape)
