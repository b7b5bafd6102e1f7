"""The gradient of the alternative cost, as a fresh discriminator learns."""

import dataclasses
import math

import pytest

from gan_lab.config.errors import UserError
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.frozen.noisy_gradient import NoisyGradient
from support.frozen_settings import SETTINGS

NOISY = NoisyGradient(**SETTINGS, gradient_batches=3, tail_draws=20, tail_threshold=10.0)


def test_the_gradient_of_the_alternative_cost_grows_and_its_tails_are_not_cauchys() -> None:
    with slide_style():
        found = NOISY.run()
    assert (found.table["growth"] > 3).all()
    assert (found.table["variance_growth"] > 3).all()
    assert (found.table["tail_share"] < found.table["cauchy_tail_share"] / 2).all()
    tails = found.details["tails"].set_index("median_distances")
    assert tails.loc[10.0, "cauchy"] == pytest.approx(1 - 2 / math.pi * math.atan(10), abs=1e-12)
    assert tails.loc[1.0, ["cauchy", "normal"]].tolist() == pytest.approx([0.5, 0.5], abs=1e-12)


def test_tails_need_three_draws() -> None:
    """Of two one is their median: no coordinate had a usual distance, and the share of none was nan."""
    with pytest.raises(UserError, match="tail_draws must be a whole number, 3 or greater; got 2"):
        dataclasses.replace(NOISY, tail_draws=2)


def test_noise_needs_two_batches() -> None:
    with pytest.raises(UserError, match="gradient_batches must be a whole number, 2 or greater; got 1"):
        dataclasses.replace(NOISY, gradient_batches=1)
