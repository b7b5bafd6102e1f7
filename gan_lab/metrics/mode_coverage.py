"""How many modes of a known mixture a generator reaches, how well, and in which proportions."""

import math
from typing import Literal, NamedTuple

import torch
from scipy.stats import chi2
from torch import Tensor

from gan_lab.config.checks import PositiveInt, conform
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.metrics.multinomial import Method, divergence, fit_test
from gan_lab.metrics.transport import BY_DIFFERENCES

HIGH_QUALITY_RADIUS = 3.0  # standard deviations; VEEGAN and PacGAN
CONFIDENT = 0.9
WEIGHT_TOLERANCE = 1e-4  # float32 weights of a thousand modes sum to 1 within 1e-5


class ModeCoverage(NamedTuple):
    """How samples spread over the modes of a mixture.

    Attributes:
        modes_hit: modes with at least one sample of high quality.
        n_modes: K.
        high_quality_share: share of samples within three standard deviations of a mode, 0 to 1.
        kl_to_target: KL of the histogram of high-quality samples from the weights, nats; nan without any.
        p_value: of that histogram, if the weights were right; nan without samples of high quality.
        p_value_by: how it was found, see :class:`gan_lab.metrics.multinomial.FitTest`; "none" without any.
    """

    modes_hit: int
    n_modes: int
    high_quality_share: float
    kl_to_target: float
    p_value: float
    p_value_by: Method | Literal["none"]


class LabelCoverage(NamedTuple):
    """How labels spread over modes: :func:`label_coverage`."""

    modes_hit: int
    n_modes: int
    kl_to_uniform: float


def high_quality_ceiling(dimension: int) -> float:
    """Return the high-quality share of a perfect sampler: P(χ_d <= 3).

    1 - exp(-4.5) = 0.98889 in the plane, .99730 on the line, .97071 in space.

    Args:
        dimension: d, greater than 0.
    """
    dimension = conform("dimension", dimension, PositiveInt)
    half = torch.tensor([dimension / 2, HIGH_QUALITY_RADIUS**2 / 2], dtype=torch.float64)
    return float(torch.special.gammainc(half[0], half[1]))


def mode_coverage(
    samples: Tensor,
    modes: Tensor,
    stds: Tensor,
    weights: Tensor,
    generator: torch.Generator,
    n_simulations: int = 1000,
) -> ModeCoverage:
    """Count the modes that samples reach, and test the proportions in which they do.

    A sample belongs to its nearest mode, in units of that mode's standard deviation, and is of high
    quality within 3 of them. The share of a perfect sampler is :func:`high_quality_ceiling`, 0.98889
    in the plane, not 1: a larger share means modes narrower than the data's. The p-value is that of
    :func:`gan_lab.metrics.multinomial.fit_test`; it takes samples to be independent.

    Bias: modes_hit rises with the number of samples, and one lucky sample hits a mode: compare at
    equal numbers (the papers use 2,500). kl_to_target is too large by about (K - 1) / (2 n) for n
    high-quality samples in the right proportions. The share is unbiased. Where modes overlap within 3
    standard deviations, cells are not the components and the weights are not quite their probabilities.

    Args:
        samples: (N, d), N at least 1; one that is not finite is not of high quality.
        modes: centres (K, d).
        stds: standard deviation of each mode along every axis (K,), above 0.
        weights: probability of each mode (K,), above 0, with sum 1.
        generator: draws histograms where too many are possible to list all and the weights differ, or samples
            are too many for convolution, too: a Monte Carlo p-value, as exact ones need none.
        n_simulations: how many; no Monte Carlo p-value is below 1 / (1 + n_simulations).

    Raises:
        UserError: if shapes disagree or a number is out of its range.

    Reference:
        Srivastava et al., "VEEGAN", 2017, section 4.1; Lin et al., "PacGAN", 2018, section 4.1.
    """
    _require_mixture(samples, modes, stds, weights)
    distances = torch.cdist(samples.double(), modes.double(), compute_mode=BY_DIFFERENCES) / stds  # (N, K)
    distance, nearest = distances.min(dim=1)
    high_quality = distance <= HIGH_QUALITY_RADIUS  # false for nan
    counts = torch.bincount(nearest[high_quality], minlength=len(modes))  # (K,)
    modes_hit, share = int((counts > 0).sum()), float(high_quality.double().mean())
    if modes_hit == 0:
        return ModeCoverage(0, len(modes), share, float("nan"), float("nan"), "none")
    weights = weights.double() / weights.double().sum()
    fit = fit_test(counts, weights, generator, n_simulations)
    return ModeCoverage(modes_hit, len(modes), share, float(divergence(counts, weights)), *fit)


def fewest_for_proportions(weights: Tensor, level: float = 0.05) -> float:
    """Return how many samples of high quality the test of proportions needs to see half of the modes missing.

    Of n samples that are spread in the right proportions over the heavier half of the modes, with the weight
    W in all, Pearson's statistic is n (1 / W - 1); fewer than this number leave it below the critical value
    of χ² with K - 1 degrees of freedom. Then a generator that lacks half of the modes passes as well as a
    perfect one, with p-values up to 1 for a sample or two: a large p-value says nothing of the generator, a
    small one does.

    Args:
        weights: probability of each mode (K,), above 0, with sum 1.
        level: of the test.

    Returns:
        A number of samples, 14.07 for 8 modes of equal weight; infinite for a single mode.
    """
    k = len(weights)
    if k == 1:
        return math.inf
    heavier = float(weights.double().sort(descending=True).values[: k // 2].sum())
    return float(chi2.ppf(1 - level, k - 1)) / (1 / heavier - 1)


def label_coverage(labels: Tensor, n_modes: int) -> LabelCoverage:
    """Count the modes among labels that a classifier gave, and their KL from uniform in nats.

    The KL runs from 0 to log(n_modes), for one label only: 6.907755 for the 1,000 modes of stacked
    digits, of which the papers classify 26,000 samples.

    Bias: modes_hit rises with n. The KL of n uniform labels is too large by about
    (n_modes - 1) / (2 n), .0192 for 26,000 of 1,000. Both count the classifier's mistakes as samples.

    Args:
        labels: (n,), whole numbers from 0 to n_modes - 1, n at least 1.
        n_modes: number of possible labels.

    Raises:
        BadValueError: if labels have another shape or range.

    Reference:
        Metz et al., "Unrolled Generative Adversarial Networks", 2017, section 3.3.
    """
    n_modes = conform("n_modes", n_modes, PositiveInt)
    if labels.ndim != 1 or len(labels) == 0 or labels.is_floating_point():
        found = f"{tuple(labels.shape)} of {labels.dtype}"
        raise BadValueError("labels", "whole numbers of shape (n,), n at least 1", found)
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= n_modes:
        raise BadValueError("labels", f"from 0 to {n_modes - 1}", lowest if lowest < 0 else highest)
    counts = torch.bincount(labels, minlength=n_modes)
    uniform = torch.full((n_modes,), 1 / n_modes, dtype=torch.float64, device=labels.device)
    return LabelCoverage(int((counts > 0).sum()), n_modes, float(divergence(counts, uniform)))


def confident_share(probabilities: Tensor) -> float:
    """Return the share of samples that a classifier is sure of: one class has more than ``CONFIDENT``.

    Confident predictions are what the Inception score takes for the sign of a good image (Salimans et al.,
    2016, section 4). Other than the score, the share does not ask for many classes.

    Args:
        probabilities: p(y|x) (n, K), n at least 1.

    Raises:
        BadValueError: if they have another shape.
    """
    if probabilities.ndim != 2 or not probabilities.numel():
        raise BadValueError(
            "probabilities", "of shape (n, K), n and K at least 1", tuple(probabilities.shape)
        )
    return float((probabilities.amax(dim=1) > CONFIDENT).double().mean())


def _require_mixture(samples: Tensor, modes: Tensor, stds: Tensor, weights: Tensor) -> None:
    """Raise a UserError unless shapes agree and the mixture is one."""
    if modes.ndim != 2 or len(modes) == 0:
        raise BadValueError("modes", "of shape (K, d)", tuple(modes.shape))
    if samples.ndim != 2 or len(samples) == 0 or samples.shape[1] != modes.shape[1]:
        rule = f"of shape (n, {modes.shape[1]}), n at least 1"
        raise BadValueError("samples", rule, tuple(samples.shape))
    for key, tensor in (("stds", stds), ("weights", weights)):
        if tensor.shape != (len(modes),):
            raise BadValueError(key, f"of shape ({len(modes)},), one for each mode", tuple(tensor.shape))
        if not bool((tensor > 0).all()):
            raise UserError(f"{key} must be greater than 0 for every mode; got {float(tensor.min())}.")
    if abs(float(weights.double().sum()) - 1) > WEIGHT_TOLERANCE:
        raise UserError(f"weights must sum to 1; got {float(weights.double().sum())}.")
