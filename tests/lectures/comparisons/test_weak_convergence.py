"""Convergence in distribution, of moments and in W1: closed forms of every sequence, and the equivalence."""

import functools
import math

import numpy as np
import pandas
import pytest

from gan_lab.config.errors import BadValueError
from gan_lab.lectures.base import Findings
from gan_lab.lectures.comparisons.weak_convergence import (
    SEQUENCES,
    WeakConvergence,
    falls,
    measure,
    say_convergence,
)
from gan_lab.lectures.drawing import slide_style


@functools.cache
def findings() -> Findings:
    with slide_style():
        return WeakConvergence((2, 100)).run()


@pytest.mark.parametrize("n", [2, 9, 100])
def test_every_sequence_has_its_closed_forms(n: int) -> None:
    found = {name: measure(*pair(n)) for name, (_, pair) in SEQUENCES.items()}
    root = math.sqrt(n)
    expected = {  # weak, moment, W1, TV
        "place": (1 / n, 1 / n, 1 / n, 1),
        "weight": (1 / (2 * n), 1 / (2 * n), 1 / (2 * n), 1 / (2 * n)),
        "slow_escape": (1 / n, 1 / root, 1 / root, 1 / n),
        "escape": (1 / n, 1, 1, 1 / n),
        "moving_escape": ((1 - 1 / n) / n + 1 / n, (1 - 1 / n) / n + 1, (1 - 1 / n) / n + 1, 1),
        "elsewhere": (1, 0, 2, 1),
    }
    for name, values in expected.items():
        measured = [found[name][column] for column in ("weak", "moment", "w1", "tv")]
        assert measured == pytest.approx(values, abs=1e-9), name
    assert found["place"]["jsd"] == pytest.approx(math.log(2), abs=1e-12)


def test_w1_goes_to_0_exactly_where_both_conditions_hold() -> None:
    zero = findings().table.set_index("sequence")["to_zero"].str.split().map(set)
    assert zero["place"] == {"weak", "moment", "w1"}
    assert zero["weight"] == zero["slow_escape"] == {"weak", "moment", "w1", "tv", "jsd"}
    assert zero["escape"] == {"weak", "tv", "jsd"}
    assert zero["moving_escape"] == {"weak"}
    assert zero["elsewhere"] == {"moment"}
    assert "the same of W1 and of both in 6 of 6 sequences" in findings().sentence
    assert (
        "In distribution alone: W1 is still 1 (escape), 1.01 (moving_escape) at n = 100."
        in findings().sentence
    )
    assert "TV and JSD can stay: 1 and 0.6931 (place)." in findings().sentence


def test_what_stays_does_not_fall_and_0_does() -> None:
    n = np.array([2.0, 32.0])
    assert falls(n, np.array([1.0, 0.5]))  # n^(-1/4) exactly
    assert not falls(n, np.array([1.0, 0.51]))
    assert falls(n, np.array([0.0, 0.0]))
    assert not falls(n, np.array([1.0, math.inf]))


def test_a_sequence_that_contradicts_is_counted() -> None:
    rows = {
        "sequence": ["odd"],
        "n": [8],
        "weak": [1.0],
        "moment": [0.1],
        "w1": [0.1],
        "tv": [0.1],
        "jsd": [0.1],
    }
    said = say_convergence(pandas.DataFrame({**rows, "to_zero": ["w1 moment tv jsd"]}))
    assert "hold in none: the same of W1 and of both in 0 of 1 sequence." in said
    assert "In distribution alone" not in said
    assert "can stay" not in said


def test_bad_indices_are_refused() -> None:
    for indices in ((2,), (1, 5), (4, 4), (2, 20_000)):
        with pytest.raises(BadValueError, match="indices must be whole numbers from 2 to 10000, increasing"):
            WeakConvergence(indices)
