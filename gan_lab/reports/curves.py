"""From the numbers of runs to curves over generator iterations: filtered, and with a band over seeds."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas
from scipy import stats

from gan_lab.reports.model import ReportRun

CONFIDENCE = 0.95


@dataclass(frozen=True)
class SeedCurve:
    """One run's values.

    Attributes:
        seed: its seed.
        raw: finite values by iteration, where there are any.
        filtered: the same, each the median of the last ``window`` values; the first ones of fewer.
        diverged: whether it ends where it does because values were no longer finite.
    """

    seed: int | None
    raw: pandas.Series
    filtered: pandas.Series
    diverged: bool


@dataclass(frozen=True)
class Band:
    """What the seeds of a cell have in common.

    Attributes:
        tag: what was measured.
        seeds: those that count.
        mean: of the filtered values of the seeds that still run, by iteration.
        low: lower end of the mean's 95% t interval, NaN where fewer than two seeds run.
        high: its upper end.
        left_out: one sentence for each run that does not count.
    """

    tag: str
    seeds: tuple[SeedCurve, ...]
    mean: pandas.Series
    low: pandas.Series
    high: pandas.Series
    left_out: tuple[str, ...]


def band_of(runs: Iterable[ReportRun], tag: str, window: int = 1) -> Band:
    """Return the curves of a tag and their mean over seeds.

    The interval is Student's, mean ± t(0.975, n - 1) s / sqrt(n), with s the standard deviation of the n
    seeds that have a value at that iteration. It takes them for draws of one normal distribution.

    Args:
        runs: of one cell; those with a fault are left out, and named.
        tag: a column of ``metrics.csv``.
        window: of the median filter.
    """
    seeds: list[SeedCurve] = []
    left_out: list[str] = []
    for run in runs:
        if run.fault is not None:
            left_out.append(f"{run.record.path.name}: {run.fault}")
        elif (raw := values_of(run, tag)).size:
            filtered = raw.rolling(window, min_periods=1).median()
            seeds.append(SeedCurve(run.record.seed, raw, filtered, run.record.status == "diverged"))
    mean, low, high = _mean_and_interval([curve.filtered for curve in seeds])
    return Band(tag, tuple(seeds), mean, low, high, tuple(left_out))


def values_of(run: ReportRun, tag: str) -> pandas.Series:
    """Return the finite values of a tag by iteration; empty if the run did not measure it."""
    if tag not in run.numbers:
        return pandas.Series(dtype=float)
    column = run.numbers[tag].astype(float)
    return column[np.isfinite(column)]


def thin(values: pandas.Series, points: int = 600) -> pandas.Series:
    """Return the extremes of each of many stretches: at most ``points`` points that keep a line's peaks."""
    if len(values) <= points:
        return values
    numbers = values.to_numpy()
    edges = np.linspace(0, len(numbers), points // 2 + 1).astype(int)
    kept = set()
    for start, stop in pairwise(edges):
        part = numbers[start:stop]
        kept |= {int(start + part.argmin()), int(start + part.argmax())}
    return values.iloc[sorted(kept)]


def stride(values: pandas.Series, points: int = 400) -> pandas.Series:
    """Return at most ``points`` evenly spaced values of a smooth curve, the first and the last among them."""
    if len(values) <= points:
        return values
    return values.iloc[np.unique(np.linspace(0, len(values) - 1, points).round().astype(int))]


def _mean_and_interval(
    curves: list[pandas.Series],
) -> tuple[pandas.Series, pandas.Series, pandas.Series]:
    if not curves:
        empty = pandas.Series(dtype=float)
        return empty, empty, empty
    table = pandas.concat(curves, axis=1)
    count = table.count(axis=1).to_numpy()
    mean = table.mean(axis=1)
    spread: pandas.Series = table.std(axis=1, ddof=1) / np.sqrt(count)  # NaN of a single seed
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, np.maximum(count - 1, 1))
    return mean, mean - quantile * spread, mean + quantile * spread
