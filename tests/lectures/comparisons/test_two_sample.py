"""Power and false alarms of two-sample tests: what must hold for any seed, on few and small trials."""

import math
from typing import Any

import pytest
from scipy.stats import binom

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.lectures.comparisons.two_sample import TwoSample


def small(**settings: Any) -> TwoSample:
    defaults = {"n_samples": (8, 40), "dimensions": (2,), "n_trials": 30, "n_permutations": 39}
    return TwoSample(**(defaults | settings))


@pytest.fixture(scope="module", name="found")
def _found() -> Any:
    return small(shift=2.0, scale=6.0).run()


def test_a_row_for_each_test_change_and_size(found: Any) -> None:
    keys = found.table[["change", "d", "n", "test"]]
    assert len(keys) == len(keys.drop_duplicates()) == 3 * 1 * 2 * 3


def test_large_changes_are_found_and_no_change_is_not(found: Any) -> None:
    rates = found.table[found.table["n"] == 40].set_index(["change", "test"])["rate"].sort_index()
    assert (rates["mean"] > 0.9).all()
    assert (rates["covariance"] > 0.8).all()
    # a rate of 0.05 gives as many alarms or more once in ten thousand tries
    assert (rates["none"] * 30 <= binom.isf(1e-4, 30, 0.05)).all()


def test_more_samples_find_more(found: Any) -> None:
    rates = found.table.set_index(["n", "change", "test"])["rate"].sort_index()
    for change in ("mean", "covariance"):
        assert (rates[40, change] >= rates[8, change]).all()


def test_intervals_are_wilsons(found: Any) -> None:
    for rate, low, high in found.table[["rate", "low", "high"]].itertuples(index=False):
        z, n = 1.959963985, 30
        centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
        assert (low, high) == pytest.approx((centre - half, centre + half), abs=1e-8)


def test_the_level_is_that_of_the_alarms() -> None:
    table = small(n_samples=(10,), level=0.5, shift=0.0, scale=1.0, n_trials=60).run().table
    permuted = table[table["test"] != "classifier"]
    assert (permuted["rate"] * 60).between(binom.ppf(1e-4, 60, 0.5), binom.isf(1e-4, 60, 0.5)).all()


def test_same_seed_same_rates() -> None:
    tables = [small(n_samples=(8,), n_trials=5, seed=seed).run().table for seed in (3, 3, 4)]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"n_samples": (3,)},
            "n_samples must be different whole numbers, 4 or greater, at least one; got (3,).",
        ),
        ({"n_samples": ()}, "n_samples must be different whole numbers, 4 or greater, at least one; got ()."),
        ({"dimensions": (0,)}, "dimensions must be different whole numbers above 0, at least one; got (0,)."),
        (
            {"dimensions": (2, 2)},
            "dimensions must be different whole numbers above 0, at least one; got (2, 2).",
        ),
        ({"level": 1.0}, "level must be a number between 0 and 1, neither of them; got 1.0."),
        ({"scale": 0.0}, "scale must be a number greater than 0; got 0.0."),
    ],
)
def test_bad_settings_get_their_sentence(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        small(**settings)
    assert str(error.value) == message


def test_permutations_that_cannot_reject_are_refused() -> None:
    with pytest.raises(BadValueError, match=r"n_permutations must be 19 or more, .* level of 0\.05; got 9"):
        small(n_permutations=9)


def test_one_dimension_is_no_dimensions() -> None:
    said = small(n_samples=(4,), dimensions=(1, 2), n_trials=1).run().sentence
    assert "in 2 dimensions, the tests find" in said
    assert "(in 1 dimension: " in said
