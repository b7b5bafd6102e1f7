"""The classifier two-sample test (Lopez-Paz and Oquab, 2017) with nearest neighbours."""

import math

import torch
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.metrics.neighbours import distance_blocks
from gan_lab.metrics.two_sample import TwoSampleTest, comparable_points
from gan_lab.numerics.draws import permutation


def nearest_vote(train: Tensor, labels: Tensor, test: Tensor, neighbours: int) -> Tensor:
    """Return the label that most of the nearest training samples bear, and 1/2 where their vote is tied.

    All vote that are no farther than the k-th nearest: more than k where several are as far, as where samples
    repeat. Which of them come first in ``train`` then decides nothing.

    Args:
        train: (n, d).
        labels: (n,), bool.
        test: (m, d).
        neighbours: k, from 1 to n.

    Returns:
        Votes (m,), float: 1 for True, 0 for False, 1/2 where as many say either.
    """
    guesses = []
    for _, distances in distance_blocks(test, train):
        radius = distances.topk(neighbours, dim=1, largest=False).values[:, -1:]
        votes = distances <= radius
        lead = 2 * (votes & labels).sum(dim=1) - votes.sum(dim=1)
        guesses.append((lead.sign() + 1) / 2)
    return torch.cat(guesses)


def classifier_test(real: Tensor, fake: Tensor, generator: torch.Generator) -> TwoSampleTest:
    """Return the accuracy at telling held-out real from generated samples, and its p-value.

    Half of either sample, drawn at random, trains a classifier of the k = ⌊√n_train⌋ nearest
    neighbours, and of those that are as near; the statistic is its accuracy on the other halves, a tied
    vote being half a hit: 1/2 on average for equal distributions, 1 where they are told apart without fail.

    The p-value is the exact tail of the binomial distribution of n_test fair guesses, where the paper
    takes the normal approximation; half a hit is rounded down, lest it make a false alarm. It is exact
    for labels drawn independently; here half of the test labels are real by construction, so that the
    variance of the count of hits is up to n / (n - 1) as large, and false alarms at 0.05 exceed it by
    less than 0.01 from n_test = 100 on.

    Bias: none in the accuracy of this classifier where the distributions agree. Where they differ it
    is a lower bound, on average, of the accuracy of the best classifier, (1 + total variation) / 2, and
    rises with n; it depends on the metric of the space, and so on the scale of the coordinates.

    Args:
        real: samples (n, *D), n at least 4; images are flattened.
        fake: samples (n, *D), as many: otherwise a classifier that always answers alike beats 1/2.
        generator: draws the halves.

    Raises:
        BadValueError: if the samples cannot be compared or there are too few.
        UserError: if their numbers differ.

    Reference:
        Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", 2017, sections 3 and 5.
    """
    from scipy.stats import binomtest

    real, fake, _ = comparable_points(real, fake, at_least=4)
    if len(real) != len(fake):
        raise UserError(f"real and fake must be equally many; got {len(real)} and {len(fake)}.")
    halves = [sample[permutation(len(sample), generator).to(sample.device)] for sample in (real, fake)]
    n_train, n_test = len(real) // 2, len(real) - len(real) // 2  # of either kind
    train = torch.cat([sample[:n_train] for sample in halves])
    test = torch.cat([sample[n_train:] for sample in halves])
    train_is_real = torch.arange(2 * n_train, device=real.device) < n_train
    test_is_real = torch.arange(2 * n_test, device=real.device) < n_test
    guess = nearest_vote(train, train_is_real, test, math.isqrt(2 * n_train))
    n_hits = float((1 - (guess - test_is_real.float()).abs()).sum())
    p_value = binomtest(math.floor(n_hits), 2 * n_test, 0.5, alternative="greater").pvalue
    return TwoSampleTest(n_hits / (2 * n_test), float(p_value))
