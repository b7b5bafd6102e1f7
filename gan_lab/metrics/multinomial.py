"""Pearson's test of counts against the probabilities of their cells, without the χ² approximation."""

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from gan_lab.config.checks import PositiveInt, conform
from gan_lab.metrics.equal_cells import tail_probability

TABLE_LIMIT = 1_000_000  # numbers in the table of all histograms: 8 MB, and about a second to list
COUNTS_AT_ONCE = 2**20
ROUNDING = 1e-10  # relative; two ways to sum one statistic differ by less

Method = Literal["enumeration", "convolution", "Monte Carlo"]


class FitTest(NamedTuple):
    """The p-value of a histogram, and how it was found.

    Attributes:
        p_value: probability of a statistic at least as large if the weights are right.
        p_value_by: "enumeration" of every histogram and "convolution" over the cells are exact, the latter
            within 1e-12 and never below; "Monte Carlo" is a count of drawn histograms.
    """

    p_value: float
    p_value_by: Method


def divergence(counts: Tensor, weights: Tensor) -> Tensor:
    """Return KL(counts / n, weights) in nats.

    Args:
        counts: histograms (..., K) of the same or different n > 0.
        weights: (K,), each above 0, with sum 1.

    Returns:
        (...), float64, from 0 to log(1 / smallest weight).
    """
    counts, weights = counts.double(), weights.double()
    shares = counts / counts.sum(dim=-1, keepdim=True)
    return torch.xlogy(shares, shares / weights).sum(dim=-1).clamp_min(0)


def histograms(n: int, n_cells: int) -> Tensor:
    """Return every way to put n items into K cells, (C(n + K - 1, K - 1), K), by stars and bars."""
    n_places = n + n_cells - 1
    places = list(combinations(range(n_places), n_cells - 1))
    bars = torch.tensor(places, dtype=torch.int64).reshape(len(places), n_cells - 1)
    first, last = torch.full((len(bars), 1), -1), torch.full((len(bars), 1), n_places)
    return torch.cat([first, bars, last], dim=1).diff(dim=1) - 1


def log_probabilities(counts: Tensor, weights: Tensor) -> Tensor:
    """Return the log of the multinomial probability of histograms (..., K) under weights (K,)."""
    counts, weights = counts.double(), weights.double()
    arrangements = torch.lgamma(counts.sum(dim=-1) + 1) - torch.lgamma(counts + 1).sum(dim=-1)
    return arrangements + torch.xlogy(counts, weights).sum(dim=-1)


def draw_histograms(n: int, weights: Tensor, n_draws: int, generator: torch.Generator) -> Tensor:
    """Draw multinomial histograms (n_draws, K) of n items, float64, on the generator's device.

    Cell by cell: a count is binomial given those before it, so that the cost does not grow with n.

    Args:
        n: items in each histogram.
        weights: (K,), each above 0; only their ratios count.
        n_draws: histograms.
        generator: draws them.
    """
    weights = weights.double().to(generator.device)
    remaining_weight = weights.flip(0).cumsum(0).flip(0)
    remaining = torch.full((n_draws,), float(n), dtype=torch.float64, device=generator.device)
    columns = []
    for share in weights / remaining_weight:  # the last is 1
        column = torch.binomial(remaining, share.repeat(n_draws), generator=generator)
        columns.append(column)
        remaining = remaining - column
    return torch.stack(columns, dim=1)


def _blocks(total: int, size: int) -> Iterator[int]:
    """Yield sizes of at most ``size`` that sum to ``total``."""
    for start in range(0, total, size):
        yield min(size, total - start)


def pearson(counts: Tensor, weights: Tensor) -> Tensor:
    """Return X² = Σ (c - n w)² / (n w) of counts c with sum n > 0.

    Args:
        counts: histograms (..., K).
        weights: w (K,), each above 0, with sum 1.

    Returns:
        (...), float64, 0 or greater.

    Reference:
        Pearson 1900, Philosophical Magazine 50.
    """
    counts = counts.double()
    expected = counts.sum(dim=-1, keepdim=True) * weights.double()
    return ((counts - expected) ** 2 / expected).sum(dim=-1)


def fit_test(
    counts: Tensor, weights: Tensor, generator: torch.Generator, n_simulations: int = 1000
) -> FitTest:
    """Test whether counts are a multinomial sample with the given weights, by Pearson's X².

    The χ² approximation is wrong where a cell expects few, and is not used. The p-value is exact

    - by enumeration if few histograms are possible (at most a million numbers): the summed probability of all
      whose statistic is at least as large;
    - by convolution if all weights are equal and its table is not too large, which for 8 cells it is from
      about 15,000 items on: see :func:`gan_lab.metrics.equal_cells.tail_probability`.

    Otherwise it is a Monte Carlo estimate from B drawn histograms, (1 + #{drawn >= observed}) / (1 + B): none
    is below 1 / (1 + B), and another seed of the generator gives another one, with a standard deviation of
    0.5 / √B at most. All satisfy P(p_value <= a) <= a under the null hypothesis, for every a and n.

    Args:
        counts: (K,), whole numbers, with a sum n > 0.
        weights: (K,), each above 0, with sum 1.
        generator: draws the histograms; not used where the p-value is exact.
        n_simulations: B.

    Raises:
        BadValueError: if ``n_simulations`` is not greater than 0.
    """
    n_simulations = conform("n_simulations", n_simulations, PositiveInt)
    counts, weights = counts.to(generator.device), weights.double().to(generator.device)
    n, n_cells = int(counts.sum()), len(weights)
    threshold = pearson(counts, weights) * (1 - ROUNDING)  # equal statistics have to count
    if math.comb(n + n_cells - 1, n_cells - 1) * n_cells <= TABLE_LIMIT:
        table = histograms(n, n_cells).to(weights.device)
        reached = pearson(table, weights) >= threshold
        p_value = float(log_probabilities(table[reached], weights).exp().sum())
        return FitTest(min(p_value, 1.0), "enumeration")
    if bool((weights == weights[0]).all()):
        exact = tail_probability(n, n_cells, int(counts.long().square().sum()))
        if exact is not None:
            return FitTest(exact, "convolution")
    n_reached = 0
    for n_draws in _blocks(n_simulations, max(1, COUNTS_AT_ONCE // n_cells)):
        drawn = draw_histograms(n, weights, n_draws, generator)
        n_reached += int((pearson(drawn, weights) >= threshold).sum())
    return FitTest((1 + n_reached) / (1 + n_simulations), "Monte Carlo")
