"""Intervals, tests and effect sizes of a few runs; each number says what it is biased by."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest, rankdata, sem, spearmanr, t

LEVEL = 0.95
"""Confidence level of every interval."""

_RESAMPLES = 10_000
_BLOCK = 1_000_000  # numbers that are permuted at once: a series may have as many as a run has iterations
_SEED = 0  # the same runs give the same interval


class Interval(NamedTuple):
    """An estimate with its 95% interval; NaN where there is none."""

    value: float
    low: float
    high: float


class Pairs(NamedTuple):
    """How many pairs of runs succeeded in which of the two."""

    both: int
    only_first: int
    only_second: int
    neither: int


def wilson_interval(successes: int, n: int) -> Interval:
    """Return a success rate with Wilson's score interval; of no runs, NaN.

    It covers about 95% on average also for few runs and rates near 0 or 1, but oscillates with n: for a
    single rate the coverage may be some points lower.

    Reference:
        Wilson 1927, Journal of the American Statistical Association 22; as scipy computes it.
    """
    if n == 0:
        return Interval(math.nan, math.nan, math.nan)
    interval = binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Interval(successes / n, float(interval.low), float(interval.high))


def bootstrap_mean(values: ArrayLike) -> Interval:
    """Return the mean of independent values (n,), one a seed, with a percentile bootstrap interval.

    Of few values the interval is coarse and too narrow: of five normal ones it covers some 83% instead of
    95%, and it never leaves their range. Of fewer than two it is NaN. NaN among the values is for the caller
    to count and take out.

    Reference:
        Efron 1979, Annals of Statistics 7(1).
    """
    numbers: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    if len(numbers) < 2:
        return Interval(float(numbers[0]) if len(numbers) else math.nan, math.nan, math.nan)
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(len(numbers), size=(_RESAMPLES, len(numbers)))
    means = numbers[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(numbers.mean()), float(low), float(high))


def t_mean(values: ArrayLike) -> Interval:
    """Return the mean of independent values (n,), one a seed, with Student's t interval.

    Exact for normal values; of five that are skewed it may cover a few points less than 95%. Of fewer than
    two it is NaN. NaN among the values is for the caller to count and take out.

    Reference:
        Student 1908, Biometrika 6(1); as scipy computes it.
    """
    numbers: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    if len(numbers) < 2:
        return Interval(float(numbers[0]) if len(numbers) else math.nan, math.nan, math.nan)
    mean, half = float(numbers.mean()), float(sem(numbers) * t.ppf((1 + LEVEL) / 2, len(numbers) - 1))
    return Interval(mean, mean - half, mean + half)


def log_t_mean(values: ArrayLike) -> Interval:
    """Return the geometric mean of positive values (n,), one a seed, with the t interval of their logarithms.

    The interval is of positive numbers, too, and exact for log-normal values; for others it holds of the
    geometric mean, which lies at most at the mean. Of fewer than two it is NaN.

    Reference:
        Student 1908, Biometrika 6(1); Aitchison and Brown, "The Lognormal Distribution", 1957, section 5.4.
    """
    logarithms = t_mean(np.log(np.asarray(values, dtype=np.float64)))
    return Interval(*(math.exp(each) for each in logarithms))


def mcnemar_p(pairs: Pairs) -> float:
    """Return the two-sided p-value of McNemar's exact test: that either of a pair fails alone as often.

    Only pairs that differ speak: with k of them it cannot fall below 2^(1-k), so five pairs never reach
    0.05. Without any it is 1; without pairs, NaN.

    Reference:
        McNemar 1947, Psychometrika 12(2); exact: a binomial test of the pairs that differ.
    """
    if not sum(pairs):
        return math.nan
    differing = pairs.only_first + pairs.only_second
    return float(binomtest(pairs.only_first, differing).pvalue) if differing else 1.0


def rate_difference(pairs: Pairs) -> Interval:
    """Return the first success rate minus the second, of the same pairs, with Newcombe's interval.

    Wilson's intervals of the two rates, combined under the correlation φ of the pairs, which is corrected
    for continuity so that pairs that all agree keep an interval of some width.

    Reference:
        Newcombe 1998, Statistics in Medicine 17, 2635-2650, method 10.
    """
    n = sum(pairs)
    if not n:
        return Interval(math.nan, math.nan, math.nan)
    first = wilson_interval(pairs.both + pairs.only_first, n)
    second = wilson_interval(pairs.both + pairs.only_second, n)
    phi = _corrected_phi(pairs)
    difference = (pairs.only_first - pairs.only_second) / n
    below = _combine(first.value - first.low, second.high - second.value, phi)
    above = _combine(first.high - first.value, second.value - second.low, phi)
    return Interval(difference, difference - below, difference + above)


def cohens_h(pairs: Pairs) -> float:
    """Return the effect size of two rates, 2 asin √p1 - 2 asin √p2, from -π to π; 0.2 is small, 0.8 large.

    Reference:
        Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, chapter 6.
    """
    n = sum(pairs)
    if not n:
        return math.nan
    first, second = ((pairs.both + alone) / n for alone in (pairs.only_first, pairs.only_second))
    return 2 * math.asin(math.sqrt(first)) - 2 * math.asin(math.sqrt(second))


def paired_dominance(differences: ArrayLike) -> float:
    """Return the share of positive differences (n,) minus that of negative ones, -1 to 1: Cliff's paired δ.

    Reference:
        Cliff 1993, Psychological Bulletin 114(3), the within-pair δ.
    """
    numbers: NDArray[np.float64] = np.asarray(differences, dtype=np.float64)
    return float(np.sign(numbers).mean()) if len(numbers) else math.nan


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Return Spearman's rank correlation of two series (n,); NaN of fewer than three values or a constant.

    Two series that both fall along training correlate whatever ties them, so that its sign and its
    spread over seeds say more than a p-value would.
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    return float(spearmanr(x, y).statistic)


def chance_of_spearman(series: Sequence[tuple[ArrayLike, ArrayLike]]) -> tuple[float, float]:
    """Return between what the mean of rank correlations lies by chance alone, in 95 of 100 cases.

    The order of each second series is permuted, independently of the others: under that, nothing ties it to
    the first. Exchangeable are the changes of a series from one measurement to the next, where they do not
    depend on those before, as those of a random walk; what drifts is not, nor are the changes of a drift that
    slows down. Of changes of independent noise, each of which turns back half of the last, the range has 89
    of 100 cases. Of no pair with a correlation it is NaN.

    Args:
        series: pairs of series, each (n,) and one a seed; those without a correlation are left out.

    Reference:
        Pitman 1937, Supplement to the Journal of the Royal Statistical Society 4(2).
    """
    rng = np.random.default_rng(_SEED)
    drawn = []
    for first, second in series:
        if math.isnan(spearman(first, second)):
            continue
        x, y = (ranks - ranks.mean() for ranks in (rankdata(first), rankdata(second)))
        rows = max(1, _BLOCK // len(y))
        sizes = [min(rows, _RESAMPLES - done) for done in range(0, _RESAMPLES, rows)]
        products = [rng.permuted(np.tile(y, (size, 1)), axis=1) @ x for size in sizes]
        drawn.append(np.concatenate(products) / math.sqrt(x @ x * (y @ y)))
    if not drawn:
        return math.nan, math.nan
    low, high = np.quantile(np.mean(drawn, axis=0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values (m,) adjusted for their number, so that the chance of any false finding holds.

    NaN, of what was not tested, stays NaN and counts for nothing.

    Reference:
        Holm 1979, Scandinavian Journal of Statistics 6(2).
    """
    adjusted = list(p_values)
    tested = sorted(
        (index for index, p in enumerate(p_values) if not math.isnan(p)), key=p_values.__getitem__
    )
    highest = 0.0
    for rank, index in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def _corrected_phi(pairs: Pairs) -> float:
    """Return the correlation of a pair's successes, 0 where one side always or never succeeds."""
    both, only_first, only_second, neither = pairs
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not margins:
        return 0.0
    determinant: float = both * neither - only_first * only_second
    if determinant > 0:
        determinant = max(determinant - sum(pairs) / 2, 0.0)
    return determinant / math.sqrt(margins)


def _combine(first: float, second: float, phi: float) -> float:
    # rounding may leave a negative zero
    return math.sqrt(max(first**2 - 2 * phi * first * second + second**2, 0.0))
