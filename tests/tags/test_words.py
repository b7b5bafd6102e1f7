"""What lines in the terminal call numbers: never ``nan``, and the estimate by what it estimates."""

import math

import pytest

from gan_lab.tags import names
from gan_lab.tags.table import ESTIMATES, TABLE
from gan_lab.tags.words import (
    HEADLINES,
    estimate_cell,
    estimate_text,
    number_text,
    quality_at_length,
    quality_text,
    short_of,
)


@pytest.mark.parametrize("tag", [*ESTIMATES, *HEADLINES])
def test_what_a_line_shows_has_a_name_of_a_word_or_two(tag: str) -> None:
    assert 1 <= len(short_of(tag).split()) <= 2


def test_other_tags_are_called_by_their_titles() -> None:
    assert short_of(names.SLOPE) == "critic's largest slope"
    assert short_of(names.FLOOR) == "W1 floor"
    assert short_of(names.floor_tag(names.MODES_HIT)) == "modes floor"
    assert short_of("quality/of_a_plugin") == "of a plugin"
    assert short_of("quality/patches_7px") == "patches 7px"  # of a family


def test_estimates_are_called_by_what_they_estimate() -> None:
    assert estimate_text({names.RAW: 2.0, names.MEDIAN: 1.5}) == "W estimate 1.5"
    assert estimate_text({names.MEDIAN: 1.5, names.JSD: 0.25}) == "JSD estimate 0.25"
    assert estimate_text({names.SLOPE: 1.0}) == "-"


def test_a_column_of_estimates_does_not_repeat_that_they_are() -> None:
    assert estimate_cell({names.F_DIVERGENCE: 1.0}) == "f-divergence 1"
    assert estimate_cell({names.SLOPE: 1.0}) == "-"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (math.nan, "undefined"),
        (math.inf, "infinite"),
        (-math.inf, "-infinite"),
        (1 / 3, "0.3333"),
    ],
)
def test_what_is_no_number_is_a_word(value: float | None, text: str) -> None:
    assert number_text(value) == text


def test_quality_is_the_most_telling_number_and_beside_it_what_that_does_not_see() -> None:
    numbers = {
        names.SLICED_W1: 0.2,
        names.W1_EXACT: 0.5,
        names.FLOOR: 0.05,
        names.MODES_HIT: 3.0,
        names.floor_tag(names.MODES_HIT): 8.0,
    }
    assert quality_text(numbers) == "W1 0.5"
    assert quality_at_length(numbers) == "W1 0.5 (real samples 0.05), modes 3 (real samples 8)"
    assert quality_text({names.FRECHET_FEATURES: 12.0, **numbers}) == "Fréchet 12"
    assert (quality_text({}), quality_at_length({})) == ("-", "")


def test_short_names_are_short() -> None:
    assert all(len(tag.short) <= 21 for tag in TABLE)
