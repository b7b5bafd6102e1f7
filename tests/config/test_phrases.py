"""Lists and counts read alike in all sentences."""

import math
import re

import numpy as np
import pytest

from gan_lab.config.phrases import counted, listed, verb


@pytest.mark.parametrize(
    ("words", "said"), [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c"), ("abcd", "a, b, c and d")]
)
def test_words_are_listed(words: str, said: str) -> None:
    assert listed(words) == listed(iter(words)) == said
    assert listed(words, "or") == said.replace(" and ", " or ")


def test_no_words_are_no_list() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        listed([])


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 steps"),
        (1, "1 step"),
        (2, "2 steps"),
        (999, "999 steps"),
        (1000, "1,000 steps"),
        (2**53 + 1, "9,007,199,254,740,993 steps"),
        (1.0, "1 step"),
        (2e6, "2,000,000 steps"),
        (np.int64(1234), "1,234 steps"),
        (np.float32(1234), "1,234 steps"),
    ],
)
def test_things_are_counted(count: float, said: str) -> None:
    assert counted(count, "step") == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 men"), (1, "1 man"), (1000.0, "1,000 men")])
def test_a_plural_of_its_own(count: float, said: str) -> None:
    assert counted(count, "man", "men") == said


def test_half_a_thing_is_not_counted() -> None:
    with pytest.raises(ValueError, match=re.escape("count must be a whole number; got 1.5")):
        counted(1.5, "step")
    with pytest.raises(ValueError, match="NaN"):
        counted(math.nan, "step")


def test_verbs_go_with_their_number() -> None:
    assert [verb(count, "is", "are") for count in (0, 1, 2, 1.0)] == ["are", "is", "are", "is"]
