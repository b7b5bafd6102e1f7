"""Parzen windows: how likely real samples are under a kernel density of generated ones."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_lab.config.errors import BadValueError
from gan_lab.metrics.transport import flat_points

WIDTHS = tuple(float(width) for width in np.logspace(-2, 0, 21))
"""Standard deviations of kernels that are tried, in the unit of the samples."""

_ROWS = 128


class ParzenEstimate(NamedTuple):
    """What a Parzen window says of held-out samples.

    Attributes:
        log_likelihood: their mean log density, in nats; it depends on the unit of the samples.
        standard_error: of that mean, over the held-out samples.
        width: standard deviation of the kernels.
    """

    log_likelihood: float
    standard_error: float
    width: float


def parzen_estimate(centres: Tensor, chosen_on: Tensor, held_out: Tensor) -> ParzenEstimate:
    """Return the mean log density of held-out samples under Gaussians around others.

    The density is (1/n) Σ_i N(x; c_i, σ² I); σ is that of ``WIDTHS`` under which the samples to choose on are
    likeliest, the smallest of equal ones.

    It depends on n, so that values compare at the same n alone, and it ranks generators wrongly: in many
    dimensions it is far below the log likelihood of the distribution for any n that can be had; centres in
    the middle of the data get more than samples of the distribution itself do, and training samples that are
    repeated get as much.

    Args:
        centres: c_i, generated samples (n, *D).
        chosen_on: real samples (k, *D).
        held_out: other real samples (m, *D), m at least 2.

    Raises:
        BadValueError: if shapes do not match, something is not a finite number, or m is 1.

    Reference:
        Breuleux, Bengio and Vincent, 2011; Goodfellow et al., "Generative Adversarial Nets", 2014, section 5.
        What it is worth: Theis, van den Oord and Bethge, "A note on the evaluation of generative models",
        2016, section 3.1 and 3.4.
    """
    if len(held_out) < 2:
        raise BadValueError("held_out", "at least two samples", len(held_out))
    c, x, y = flat_points(centres=centres, chosen_on=chosen_on, held_out=held_out)
    likelihoods = [float(densities.mean()) for densities in _log_densities(c, x, WIDTHS)]
    width = WIDTHS[int(np.argmax(likelihoods))]
    (densities,) = _log_densities(c, y, (width,))
    error = float(densities.std()) / math.sqrt(len(densities))
    return ParzenEstimate(float(densities.mean()), error, width)


def unlike(samples: Tensor, others: Tensor) -> Tensor:
    """Return the samples (n, *D) that equal none of the others (m, *D), each of them once, in their order."""
    seen = {row.tobytes() for row in others.cpu().numpy()}
    kept = []
    for k, row in enumerate(samples.cpu().numpy()):
        if row.tobytes() not in seen:
            seen.add(row.tobytes())
            kept.append(k)
    return samples[kept]


def _log_densities(centres: Tensor, points: Tensor, widths: tuple[float, ...]) -> Tensor:
    """Return the log density of points (m, d) under kernels of several widths, (len(widths), m)."""
    n, d = centres.shape
    centres, columns = centres.double(), []
    for rows in torch.split(points.double(), _ROWS):
        squares = torch.cdist(rows, centres) ** 2
        columns.append(
            torch.stack(
                [
                    torch.logsumexp(-squares / (2 * width**2), dim=1) - math.log(n) - d * _log_norm(width)
                    for width in widths
                ]
            )
        )
    return torch.cat(columns, dim=1)


def _log_norm(width: float) -> float:
    """Return log ∫ exp(-t² / (2 σ²)) dt."""
    return math.log(width) + math.log(2 * math.pi) / 2
