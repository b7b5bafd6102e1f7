"""Density estimation first: against the closed form of blurred Gaussians, and what is said of its error."""

import dataclasses
import math

import pandas
import pytest

from gan_lab.config.errors import BadValueError
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.likelihood.density_first import DensityFirst, say_density_first

NAIVE = DensityFirst((1, 8), 2.0, 400, 1.0, 4, 0)


def test_on_the_line_it_is_the_divergence_of_the_blurred_density() -> None:
    """E log N(x; 0, 1 + h²) - log N(x; 2, 1): 2 less KL(N(0, 1), N(0, 1 + h²))."""
    lecture = DensityFirst((1,), 2.0, 3000, 4.0, 3, 0)
    with slide_style():
        row = lecture.run().table.iloc[0]
    h = 4 * 1500 ** (-1 / 5)
    missed = (1 / (1 + h**2) - 1 + math.log(1 + h**2)) / 2
    assert row["blurred"] == pytest.approx(2 - missed, abs=1e-12)
    assert missed > 0.05
    assert row["estimate"] == pytest.approx(row["blurred"], abs=0.06)
    # where both are blurred alike: N(0, 1 + h²) against N(2, 1 + h²), taken under N(0, 1)
    assert row["both"] == pytest.approx(2 / (1 + h**2), abs=0.06)


def test_the_error_grows_with_dimension_where_the_divergence_does_not() -> None:
    with slide_style():
        found = NAIVE.run()
    table = found.table.set_index("d")
    assert table["exact"].tolist() == [2.0, 2.0]
    assert table.loc[8, "error"] > 3 * table.loc[1, "error"]
    assert (table["low"] < table["estimate"]).all()
    errors = (found.details["trials"].query("d == 8")["estimate"] - 2) ** 2
    assert table.loc[8, "error"] == pytest.approx(math.sqrt(errors.mean()))
    assert "The error (root mean square) grows from each dimension to the next" in found.sentence


def test_equal_distributions_have_no_part_of_a_divergence() -> None:
    with slide_style():
        said = dataclasses.replace(NAIVE, shift=0.0).run().sentence
    assert said.startswith("KL(p, q) is 0 in every dimension.")
    assert "the divergence itself" not in said


def test_an_error_that_falls_is_not_said_to_grow() -> None:
    rows = {"d": [1, 2], "seeds": [3, 3], "exact": [0.5, 0.5], "estimate": [0.9, 0.5], "low": [0.8, 0.4]}
    table = pandas.DataFrame({**rows, "high": [1.0, 0.6], "error": [0.4, 0.1]}).assign(
        both=0.5, both_low=0.4, both_high=0.6
    )
    said = say_density_first(table)
    assert "is greatest at d = 1: 0.4 at the first, 0.1 at the last" in said
    assert "grows" not in said
    one = say_density_first(table.iloc[:1].assign(seeds=1))
    assert "estimated as 0.9 (one seed, no interval) at d = 1." in one
    assert one.endswith("With q estimated alike, too: 0.5 (one seed, no interval) at d = 1.")


def test_the_same_seed_gives_the_same_table() -> None:
    with slide_style():
        tables = [dataclasses.replace(NAIVE, seed=seed, seeds=1).run().table for seed in (0, 0, 1)]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_samples": 5}, "n_samples must be an even whole number, 4 or greater; got 5"),
        ({"dimensions": (2, 1)}, "dimensions must be whole numbers above 0, increasing"),
    ],
)
def test_bad_settings_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadValueError, match=message):
        dataclasses.replace(NAIVE, **changes)  # type: ignore[arg-type]
