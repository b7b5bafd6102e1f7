"""The gradient of the original cost, as a fresh discriminator learns."""

import dataclasses
import math

import numpy as np
import pytest
from pandas import DataFrame

from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.frozen.vanishing_gradient import VanishingGradient, _of_theorem
from support.frozen_settings import SETTINGS

VANISHING = VanishingGradient(**SETTINGS, gradient_batches=3)


def test_the_gradient_of_the_original_cost_vanishes_and_keeps_within_theorem_2_4() -> None:
    with slide_style():
        found = dataclasses.replace(VANISHING, steps=150, look_every=30).run()
    assert (found.table["orders_of_magnitude"] > 0.5).all()
    curves = found.details["curves"]
    bounded = curves[np.isfinite(curves["bound"])]
    assert len(bounded) > 2
    assert (bounded["norm"] <= bounded["bound"]).all()
    shifts = found.details["two_gaussians"].set_index("shift")
    assert shifts.loc[4.0, "original_gradient"] == pytest.approx(0.137195, abs=1e-6)


def test_what_theorem_2_4_says_is_said_of_the_stages_that_it_speaks_of() -> None:
    table = DataFrame({"iteration": [5.0, 3000.0], "last_norm": [0.1, 9.0], "last_bound": [0.25, math.inf]})
    assert _of_theorem(table) == " Theorem 2.4 allows at most 0.25 at iteration 5; 1 of 1 is below."
    assert "No discriminator is within ε < 1" in _of_theorem(table.iloc[1:])
