"""Consistency regularisation: the critic should not notice a flip or a small shift."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gan_lab.config.checks import PositiveFloat, PositiveInt
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import Bounds
from gan_lab.types import Score


@dataclass(frozen=True)
class Consistency(Constraint):
    """Consistency regularisation: λ E_x (D(x) - D(T(x)))², for real images x and a random change T.

    T flips the image left to right with probability 1/2, then shifts it by whole pixels, by -s to s
    along each axis, alike for every size of shift. What a shift uncovers is filled by reflection.

    Attributes:
        weight: λ; the paper uses 10.
        shift_px: s, in pixels, smaller than the images.
        flip: whether T flips; turn it off where left and right matter, as in digits.

    Reference:
        Zhang et al., "Consistency Regularization for Generative Adversarial Networks", 2020, with
        the score as the only layer compared; the paper shifts by "a few pixels" and leaves their number open.
    """

    table_row: ClassVar[Bounds] = Bounds(why="It compares scores, whatever their slope.")

    weight: PositiveFloat = 10.0
    shift_px: PositiveInt = 2
    flip: bool = True

    def noise_shape(self, data_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (3,): whether to flip, the shift down and the shift across.

        Raises:
            UserError: if the samples are not images, or not larger than the shift.
        """
        if len(data_shape) != 3:
            raise UserError(
                "constraint=consistency flips and shifts images; "
                f"dataset has shape {data_shape}: use another constraint, such as constraint=gp."
            )
        if self.shift_px >= min(data_shape[1:]):
            rule = f"smaller than the images, which are {data_shape[1]}x{data_shape[2]} pixels"
            raise BadValueError("shift_px", rule, self.shift_px)
        return (3,)

    def penalty(self, score: Score, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        """Return λ times the mean squared change of the score, as (); costs two critic passes."""
        del fake
        changed = self._augment(real, noise)
        return self.weight * (score(real) - score(changed)).square().mean()

    def _augment(self, images: Tensor, noise: Tensor) -> Tensor:
        """Return T of images (B, C, H, W), from uniform noise (B, 3)."""
        batch, channels, height, width = images.shape
        rows = reflected_indices(height, self._shift(noise[:, 1]))  # (B, H)
        columns = reflected_indices(width, self._shift(noise[:, 2]))  # (B, W)
        if self.flip:
            columns = torch.where(noise[:, :1] < 0.5, width - 1 - columns, columns)
        down = rows[:, None, :, None].expand(batch, channels, height, width)
        across = columns[:, None, None, :].expand(batch, channels, height, width)
        return images.gather(2, down).gather(3, across)

    def _shift(self, noise: Tensor) -> Tensor:
        """Return whole numbers from -s to s (B,), equally likely, from uniform noise (B,)."""
        return (noise * (2 * self.shift_px + 1)).floor().long() - self.shift_px


def reflected_indices(size: int, shift: Tensor) -> Tensor:
    """Return where each pixel of a shifted axis is read from, reflected at the two edges.

    Args:
        size: pixels along the axis.
        shift: by how many pixels to read further on, (B,), smaller in magnitude than ``size``.

    Returns:
        Indices from 0 to size - 1, (B, size).
    """
    last = size - 1
    indices = torch.arange(size, device=shift.device) + shift[:, None]
    return last - (last - indices.abs()).abs()
