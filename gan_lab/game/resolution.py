"""What the rounding of scores leaves of a number that is made of them.

A score is rounded to the networks' floating-point type: by half a spacing where it is written, and by about
as much again in the sums before, so by up to one spacing, that of the largest score. (Where large sums before
cancel to a small score, rounding is that of the sums, and is not seen from the scores: the evaluator, which
can score again in float64, looks for it.) Where an offset is large
and what samples differ by is small, as in a deep critic under the WGAN paper's clip, nothing else is left of
a difference of means.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_lab.numerics.precision import rounds_products
from gan_lab.tags.names import resolution_tag
from gan_lab.types import Measurements


def spacing_of(real: Tensor, fake: Tensor, dtype: torch.dtype) -> Tensor:
    """Return by how much rounding may have moved one of the scores (B,), (B,), as a scalar ().

    Args:
        real: scores of real samples.
        fake: scores of generated samples.
        dtype: of what the critic computes; its scores may have been widened since.
    """
    largest = torch.maximum(real.abs().amax(), fake.abs().amax())
    return eps_of(dtype, real.device) * largest


def eps_of(dtype: torch.dtype, device: torch.device) -> float:
    """Return the relative spacing of the numbers that networks multiply.

    Where CUDA may round the factors of float32 products to TF32, those have the 10 bits of float16 behind
    their point, and a score that is made of such products is no more exact than they.
    """
    rounded = dtype == torch.float32 and device.type == "cuda" and rounds_products()
    return torch.finfo(torch.float16 if rounded else dtype).eps


def are_alike(real: Tensor, fake: Tensor, spacing: Tensor) -> Tensor:
    """Return whether scores (B,), (B,) may all be one number that was rounded, as a bool ()."""
    greatest = torch.maximum(real.amax(), fake.amax())
    least = torch.minimum(real.amin(), fake.amin())
    return greatest - least <= 2 * spacing


def with_resolution(
    tag: str, function: Callable[[Tensor, Tensor], Tensor], real: Tensor, fake: Tensor, spacing: Tensor
) -> Measurements:
    """Return a number that is made of scores, by its tag, and beside it what rounding may have moved it by.

    The latter is how far it moves when every real score rises and every generated one falls by one spacing:
    as far as rounding can carry a gap, which it widens.

    Args:
        tag: what the number is called.
        function: scores (B,), (B,) to the number ().
        real: scores of real samples, float64, so that a mean adds no rounding of its own.
        fake: scores of generated samples, likewise.
        spacing: see :func:`spacing_of`.
    """
    value = function(real, fake)
    return {tag: value, resolution_tag(tag): (function(real + spacing, fake - spacing) - value).abs()}
