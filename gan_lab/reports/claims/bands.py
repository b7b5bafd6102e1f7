"""Curves of a cell: the mean over its seeds at each iteration, with a confidence band."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas
from numpy.typing import NDArray
from scipy import stats

from gan_lab.numerics.statistics import LEVEL
from gan_lab.reports.sweep.metrics_csv import CENTRED, RUNNING
from gan_lab.reports.sweep.model import ReportRun, estimate_tag
from gan_lab.tags.names import MEDIAN_WINDOW, median_tag
from gan_lab.tags.table import is_of_samples


class Band(NamedTuple):
    """A mean over seeds, with its interval, at each iteration (n,) that at least one seed was measured at.

    Attributes:
        iterations: (n,), ascending.
        mean: (n,).
        low: (n,), NaN where only one seed was measured.
        high: (n,), likewise.
        n_seeds: (n,), how many seeds the mean is of.
    """

    iterations: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_seeds: NDArray[np.int64]


def mean_band(curves: Sequence[pandas.Series]) -> Band:
    """Return the mean over seeds and its 95% t interval at every iteration.

    The interval is mean ± t s / sqrt(n), with the sample standard deviation s of n seeds and the quantile t
    of Student's distribution with n - 1 degrees of freedom. A percentile bootstrap would be too narrow: of 5
    normal values it covers their mean 83 times in a hundred, not 95.

    Args:
        curves: one per seed, by iteration; what is not finite counts as not measured.
    """
    if not curves:
        return Band(*(np.empty(0, kind) for kind in (int, float, float, float, int)))
    table = pandas.concat(list(curves), axis=1).sort_index()
    table = table.where(np.isfinite(table)).dropna(how="all")
    n_seeds = np.asarray(table.count(axis=1), np.int64)
    mean = table.mean(axis=1).to_numpy(float)
    deviation = table.std(axis=1, ddof=1).to_numpy(float)  # NaN of a single seed
    quantile = stats.t.ppf((1 + LEVEL) / 2, np.maximum(n_seeds - 1, 1))
    half = quantile * deviation / np.sqrt(n_seeds)
    return Band(table.index.to_numpy(np.int64), mean, mean - half, mean + half, n_seeds)


def thinned(band: Band, most: int) -> Band:
    """Return a band at no more than ``most`` of its iterations, evenly spaced, both ends included."""
    n = len(band.iterations)
    kept = np.linspace(0, n - 1, min(n, most)).round().astype(int)
    return Band(*(column[kept] for column in band))


def running_median(values: pandas.Series, window: int = MEDIAN_WINDOW) -> pandas.Series:
    """Return the median of up to the last ``window`` values at each place, as training tracks it."""
    return _median(values, window, centred=False)


def centred_median(values: pandas.Series, window: int = MEDIAN_WINDOW) -> pandas.Series:
    """Return the median of the ``window`` values around each place; near the ends, of those that there are.

    The filter of the WGAN paper's figures (SciPy's ``medfilt``, which takes zeros beyond the ends instead).
    The running median of training, which cannot look ahead, stands half a window later: it must not be
    compared with what was measured at one iteration.
    """
    return _median(values, window, centred=True)


def _median(values: pandas.Series, window: int, *, centred: bool) -> pandas.Series:
    """Return a median in which missing values stand as 0, and NaN where it is one of them.

    An estimate is missing where rounding is all of it: what is known lies on either side. Left out, a few
    large ones among many that nobody knows would be the median.
    """
    missing = values.isna()
    rolling = values.fillna(0.0).rolling(window, center=centred, min_periods=1)
    medians: pandas.Series = rolling.median()
    near = missing.astype(float).rolling(window, center=centred, min_periods=1).max() > 0
    return medians.mask((medians == 0) & near)


def filtered(run: ReportRun, tag: str, *, centred: bool) -> pandas.Series:
    """Return the median of a run's column around each row, or up to it; where rows are missing, as kept.

    Args:
        run: an archive may have left out most rows of it, and holds these medians of its estimate.
        tag: a column of ``metrics.csv``.
        centred: whether the window lies around the row.
    """
    values = run.numbers[tag]
    values = values[~np.isinf(values)]
    if run.medians is None or run.archived is None or run.archived.estimate != tag:
        return centred_median(values) if centred else running_median(values)
    kept: pandas.Series = run.medians[CENTRED if centred else RUNNING]
    return kept.reindex(values.index).rename(tag)


def last_median(run: ReportRun) -> float:
    """Return what a run's estimate ended at: the median of up to its last 101 values; NaN without one."""
    tag = estimate_tag(run)
    if tag not in run.numbers or run.numbers.empty:
        return math.nan
    return float(filtered(run, tag, centred=False).iloc[-1])


def at_common_rows(runs: Sequence[ReportRun], curve: pandas.Series) -> pandas.Series:
    """Return a curve where none of several runs lacks a row: a mean over seeds is of all that still run.

    Args:
        runs: those that a mean is taken of; archives may have left out rows of some of them.
        curve: of one of them, of what every iteration measures.
    """
    common = np.ones(len(curve), bool)
    for run in runs:
        if run.every > 1 and len(run.numbers):
            common &= curve.index.isin(run.numbers.index) | (curve.index > run.numbers.index[-1])
    return curve if common.all() else curve[common]


def estimates_of(run: ReportRun) -> dict[str, pandas.Series]:
    """Return what a run's critic estimates, raw and as the median of up to the last 101 values, by tag."""
    tag = estimate_tag(run)
    if tag not in run.numbers:
        return {}
    return {tag: run.numbers[tag], median_tag(tag): filtered(run, tag, centred=False)}


def bands_of(runs: Sequence[ReportRun], tags: Sequence[str]) -> dict[str, Band]:
    """Return the bands of a cell's estimates and of other tags; what no run has measured is left out.

    Args:
        runs: of one cell, those that count.
        tags: columns of ``metrics.csv``.
    """
    curves: dict[str, list[pandas.Series]] = {}
    for run in runs:
        measured = {tag: run.numbers[tag] for tag in tags if tag in run.numbers}
        for tag, curve in (estimates_of(run) | measured).items():
            # what is measured of samples stands in every archive
            shared = curve if is_of_samples(tag) else at_common_rows(runs, curve)
            curves.setdefault(tag, []).append(shared)
    bands = {tag: mean_band(of_seeds) for tag, of_seeds in curves.items()}
    return {tag: band for tag, band in bands.items() if len(band.iterations)}
