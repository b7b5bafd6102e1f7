"""Samples closer together than real ones fall short, though W1 rewards them; perfect ones do not."""

import numpy as np
import pytest
import torch

from gan_lab.diagnosis.falls import fall_of
from gan_lab.diagnosis.samples import Ends, Grade, Lines, ends_of, grade_of, is_at_floor
from gan_lab.diagnosis.shrunken import own_floor_if_shrunken
from gan_lab.metrics.debiased import debiased, debiased_scatter
from gan_lab.metrics.transport import wasserstein
from support.observations import WGAN, found, observed, said

W1, FLOOR = "distance/w1_exact", "distance/floor"
DEBIASED, SCATTER = "distance/w1_debiased", "distance/w1_debiased_scatter"
# real samples are 1 apart, two of the generator's 0.7: below three quarters
SHRUNKEN = {W1: {1000: 0.9}, FLOOR: {1000: 1.0}, DEBIASED: {1000: 0.05}, SCATTER: {1000: 0.01}}


def at(**numbers):
    """Those columns with other numbers at the end: w1, floor, debiased or scatter."""
    tags = {"w1": W1, "floor": FLOOR, "debiased": DEBIASED, "scatter": SCATTER}
    return SHRUNKEN | {tags[name]: {1000: value} for name, value in numbers.items()}


@pytest.mark.parametrize(
    ("columns", "poor"),
    [
        (SHRUNKEN, True),
        (at(scatter=0.0166), True),
        (at(scatter=0.0167), False),  # 0.05 is 2.99 times that
        (at(debiased=0.024, scatter=0.001), False),  # the generator's own floor is 0.752
        (at(debiased=0.026, scatter=0.001), True),  # and 0.748
        (at(w1=1.2, debiased=0.36), True),  # above the floor, too: 0.68
        (at(w1=1.2, debiased=0.2), False),  # as far apart as real ones
        (at(w1=1.2, debiased=0.0), False),  # further apart
        (at(w1=2.9, debiased=1.9), False),
        (at(w1=3.1, debiased=2.1), True),  # more than three times the floor
        ({tag: SHRUNKEN[tag] for tag in (W1, FLOOR)}, False),  # of a run of an earlier version
        ({tag: SHRUNKEN[tag] for tag in (W1, FLOOR, DEBIASED)}, False),
        (SHRUNKEN | {"quality/patches": {1000: 1.0}, "quality/patches_floor": {1000: 1.0}}, False),
        (
            SHRUNKEN
            | {"quality/high_quality_share": {1000: 0.9}, "quality/high_quality_share_floor": {1000: 0.99}},
            False,  # of a mixture, that decides
        ),
    ],
)
def test_both_sides_of_the_line(columns, poor):
    assert ("poor" in said(columns)) == poor


def test_what_is_said_of_them():
    assert found("poor", SHRUNKEN).sentence == (
        "The samples are poor. distance/w1_exact ended at 0.9, which samples closer together than real ones "
        "make too small: two of the generator's are 0.7 apart, below 75% of the 1 of real ones."
    )


@pytest.mark.parametrize(
    ("columns", "share", "least"),
    [
        (SHRUNKEN, 0.7, 0.75),
        (at(w1=4.0, debiased=3.45), 0.1, 0.75),  # its own floor is 0.1, the real one a quarter of W1
        (at(w1=4.0, debiased=3.2), 0.25, 0.75),  # 0.6, and a quarter
        (at(w1=1.2, debiased=0.2), 1 / 1.2, 1 / 3),
        (at(w1=0.9, debiased=0.0), 1.0, 1 / 3),
    ],
)
def test_the_share_is_no_more_than_that_of_what_they_are_apart(columns, share, least):
    graded = grade_of(ends_of(observed(columns)), Lines())
    assert isinstance(graded, Grade)
    assert (graded.share, graded.least) == pytest.approx((share, least), abs=1e-12)


def test_they_are_not_as_good_as_real_ones():
    critic = {"health/critic_slope": dict.fromkeys(range(50, 1001, 50), 0.0004)}
    critic |= {"health/generator_gradient_norm": 1.0, "distance/critic_raw": 0.5}
    assert is_at_floor(observed(at(debiased=0.0)))
    assert not is_at_floor(observed(SHRUNKEN))
    # a critic that is dead is excused by good samples alone
    assert "critic_dead" not in said(critic | at(debiased=0.0), WGAN)
    assert "critic_dead" in said(critic | SHRUNKEN, WGAN)


def test_the_generators_own_floor_is_the_median_of_its_own_measurements():
    """Own floors of 1, 4 and 5, where real ones are 8 apart; of the medians of the parts it would be 5."""
    own, floor, w1 = np.array([1.0, 4.0, 5.0]), np.full(3, 8.0), np.array([10.0, 7.0, 7.5])
    rows = {W1: w1, FLOOR: floor, DEBIASED: w1 - (own + floor) / 2, SCATTER: np.full(3, 0.1)}
    assert 2 * (np.median(w1) - np.median(rows[DEBIASED])) - 8 == 5
    assert own_floor_if_shrunken(lambda tag: rows[tag], 0.75) == 4
    # an earlier version measured W1 alone, in the first of these rows or in all of them
    assert own_floor_if_shrunken(lambda tag: rows[tag][tag != W1 :], 0.75) == 4.5
    assert own_floor_if_shrunken(lambda tag: rows[tag][3 * (tag != W1) :], 0.75) is None


@pytest.mark.parametrize("dim", [2, 16, 64])
def test_gaussians(dim):
    """N(0, I), 256 of each: half the spread and one point fall short, a perfect sample never does."""
    outcomes = {1.0: [], 0.5: [], 0.0: []}
    for seed in range(20):
        draws = torch.randn(4, 256, dim, generator=torch.Generator().manual_seed(100 * dim + seed))
        x, other_x, y, other_y = draws
        floor, own = wasserstein(x, other_x), wasserstein(y, other_y)
        # the same shapes at one scale: what is shrunken is tried on three seeds
        for scale in outcomes if seed < 3 else (1.0,):
            between = wasserstein(x, scale * y)
            end = {W1: between, FLOOR: floor, DEBIASED: debiased(between, floor, scale * own)}
            end[SCATTER] = debiased_scatter(x, other_x)
            ends = Ends(lambda tag, end=end: end.get(tag, np.nan), W1)
            fall = fall_of(ends, grade_of(ends, Lines()), Lines())
            outcomes[scale].append(None if fall is None else fall.outcome)
    assert outcomes == {1.0: [None] * 20, 0.5: ["poor"] * 3, 0.0: ["poor"] * 3}
