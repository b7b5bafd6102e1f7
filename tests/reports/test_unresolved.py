"""Medians of estimates that are missing where rounding was all of them."""

import math

import numpy as np
import pandas
import pytest

from gan_lab.reports.claims.bands import centred_median, running_median


def series(*values: float) -> pandas.Series:
    return pandas.Series(values, index=range(1, len(values) + 1), dtype=float)


def test_missing_values_stand_as_0() -> None:
    values = series(math.nan, math.nan, 2.0, 3.0, 4.0)
    assert running_median(values, 5).tolist() == pytest.approx(
        [math.nan, math.nan, math.nan, 1, 2], nan_ok=True
    )
    assert centred_median(values, 3).tolist() == pytest.approx([math.nan, math.nan, 2, 3, 3.5], nan_ok=True)


def test_values_of_0_are_kept() -> None:
    values = series(0.0, 0.0, 0.0, 1.0)
    assert running_median(values, 3).tolist() == [0, 0, 0, 0]


def test_without_missing_values_nothing_changes() -> None:
    values = pandas.Series(np.random.default_rng(0).standard_normal(300))
    expected = values.rolling(101, center=True, min_periods=1).median()
    assert centred_median(values).tolist() == expected.tolist()
