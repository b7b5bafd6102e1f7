"""From the numbers of runs to curves over generator iterations: filtered, and with a band over seeds."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas

from gan_lab.reports.claims.bands import at_common_rows, filtered, mean_band
from gan_lab.reports.sweep.model import ReportRun


@dataclass(frozen=True)
class SeedCurve:
    """One run's values.

    Attributes:
        seed: its seed.
        raw: finite values by iteration, where there are any.
        filtered: each the median of the 101 values around it, near the ends of fewer; where known. Without a
            filter, ``raw``.
        diverged: whether it ends where it does because values were no longer finite.
    """

    seed: int | None
    raw: pandas.Series
    filtered: pandas.Series
    diverged: bool


@dataclass(frozen=True)
class SeedCurves:
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


def curves_of(runs: Iterable[ReportRun], tag: str, *, median: bool = False) -> SeedCurves:
    """Return the curves of a tag, and their mean over seeds with its 95% t interval (``bands.mean_band``).

    Args:
        runs: of one cell; those with a fault are left out, and named.
        tag: a column of ``metrics.csv``.
        median: whether they are filtered, as what every iteration measures is.
    """
    seeds: list[SeedCurve] = []
    left_out: list[str] = []
    runs = list(runs)
    counted = [run for run in runs if run.fault is None]
    for run in runs:
        if run.fault is not None:
            left_out.append(f"{run.record.path.name}: {run.fault}")
        elif (raw := values_of(run, tag)).size:
            curve = filtered(run, tag, centred=True).dropna() if median else raw
            seeds.append(SeedCurve(run.record.seed, raw, curve, run.record.status == "diverged"))
    curves = [curve.filtered for curve in seeds]
    over_seeds = mean_band([at_common_rows(counted, curve) for curve in curves] if median else curves)
    mean, low, high = (
        pandas.Series(column, index=over_seeds.iterations)
        for column in (over_seeds.mean, over_seeds.low, over_seeds.high)
    )
    return SeedCurves(tag, tuple(seeds), mean, low, high, tuple(left_out))


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
