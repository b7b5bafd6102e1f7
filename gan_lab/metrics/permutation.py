"""Permutation p-values of statistics that compare the blocks of one matrix of similarities."""

import torch
from torch import Tensor

from gan_lab.config.checks import PositiveInt, conform
from gan_lab.metrics.transport import BY_DIFFERENCES
from gan_lab.metrics.two_sample import TwoSampleTest
from gan_lab.numerics.draws import uniform

PERMUTATIONS_AT_ONCE = 256  # bounds the memory at 256 (N + M) float64 numbers, whatever their count
ROUNDING = 1e-12  # of the mean similarity; sums in another order differ by less


def pairwise_distances(samples: Tensor) -> Tensor:
    """Return the Euclidean distances (n, n), float64, between samples (n, d)."""
    samples = samples.double()
    return torch.cdist(samples, samples, compute_mode=BY_DIFFERENCES)


def block_contrast(similarity: Tensor, is_real: Tensor, n_real: int) -> Tensor:
    """Return mean similarity within real + within fake - 2 between, for many labellings at once.

    All three means leave out a sample's similarity to itself (the U-statistic). One matrix product
    serves all labellings z: real pairs sum to z'Sz, mixed pairs to z'S1 - z'Sz, and the fake ones are
    what remains of 1'S1.

    Args:
        similarity: S (n, n), symmetric, float64; its diagonal is not used.
        is_real: z (B, n), float64, 1 for a real sample and 0 for a generated one.
        n_real: ones in each row of ``is_real``, from 2 to n - 2.

    Returns:
        One contrast per labelling (B,).
    """
    n_fake = len(similarity) - n_real
    diagonal = similarity.diagonal()
    products = is_real @ similarity  # (B, n)
    within_real = (products * is_real).sum(dim=1) - is_real @ diagonal
    between = (products * (1 - is_real)).sum(dim=1)
    within_fake = similarity.sum() - diagonal.sum() - within_real - 2 * between
    return (
        within_real / (n_real * (n_real - 1))
        + within_fake / (n_fake * (n_fake - 1))
        - 2 * between / (n_real * n_fake)
    )


def permutation_test(
    similarity: Tensor, n_real: int, generator: torch.Generator, n_permutations: int
) -> TwoSampleTest:
    """Test whether the first ``n_real`` samples differ from the others, by permuting who is real.

    The p-value is (1 + #{permuted >= observed}) / (1 + B): under the null hypothesis
    P(p_value <= a) <= a for every a and every sample size. None is below 1 / (1 + B).

    Args:
        similarity: (n, n), symmetric, float64, real samples first.
        n_real: from 2 to n - 2.
        generator: draws the permutations, on its own device.
        n_permutations: B.

    Returns:
        :func:`block_contrast` of the samples as they are, and its p-value.

    Raises:
        BadValueError: if ``n_permutations`` is not greater than 0.

    Reference:
        Phipson and Smyth, "Permutation P-values should never be zero", 2010: why 1 is added to both.
    """
    n_permutations = conform("n_permutations", n_permutations, PositiveInt)
    n = len(similarity)
    labels = (torch.arange(n, device=similarity.device) < n_real).double()  # (n,)
    observed = block_contrast(similarity, labels.unsqueeze(0), n_real)
    # A permutation that changes nothing has the observed statistic, but for rounding: it has to count.
    threshold = observed - ROUNDING * similarity.abs().mean()
    n_reached = torch.zeros((), dtype=torch.int64, device=similarity.device)
    for start in range(0, n_permutations, PERMUTATIONS_AT_ONCE):
        n_rows = min(PERMUTATIONS_AT_ONCE, n_permutations - start)
        keys = uniform((n_rows, n), generator, torch.float64)
        permuted = labels[keys.argsort(dim=1).to(labels.device)]  # (rows, n)
        n_reached += (block_contrast(similarity, permuted, n_real) >= threshold).sum()
    return TwoSampleTest(float(observed), (1 + int(n_reached)) / (1 + n_permutations))
