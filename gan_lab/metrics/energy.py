"""The energy distance (Székely and Rizzo)."""

import torch
from torch import Tensor

from gan_lab.metrics.permutation import pairwise_distances, permutation_test
from gan_lab.metrics.two_sample import TwoSampleTest, comparable_points


def energy_test(
    real: Tensor, fake: Tensor, generator: torch.Generator, n_permutations: int = 1000
) -> TwoSampleTest:
    """Return the energy distance of two samples and its permutation p-value.

    2 E‖x - y‖ - E‖x - x'‖ - E‖y - y'‖, in the units of the data: 0 only for equal distributions. There
    is no kernel to choose, but coordinates of large scale outweigh the others.

    Bias: none, because pairs of a sample with itself are left out (the U-statistic); the estimate is
    negative about as often as not where the distributions agree. The V-statistic V of Székely and
    Rizzo keeps those pairs and is larger, by (mean ‖x - x'‖) / N + (mean ‖y - y'‖) / M, means over
    different samples. ``scipy.stats.energy_distance`` is √V, in one dimension only. For N = M both give
    the same p-value.

    Memory grows with (N + M)²: 0.8 GB per matrix for 10,000 samples together.

    Args:
        real: samples x (N, *D), N at least 2; images are flattened.
        fake: samples y (M, *D), M at least 2.
        generator: draws the permutations.
        n_permutations: B; no p-value is below 1 / (1 + B).

    Raises:
        BadValueError: if the samples cannot be compared or a number is out of its range.

    Reference:
        Székely and Rizzo, "Energy statistics: a class of statistics based on distances", 2013,
        definition 2.
    """
    real, fake, unit = comparable_points(real, fake, at_least=2)
    # -‖x - y‖ is a kernel up to constants that cancel: the energy distance is its MMD² (Sejdinovic 2013).
    similarity = -pairwise_distances(torch.cat([real, fake]))
    statistic, p_value = permutation_test(similarity, len(real), generator, n_permutations)
    return TwoSampleTest(unit * statistic, p_value)
