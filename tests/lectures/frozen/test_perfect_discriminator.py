"""A fresh discriminator against frozen generators."""

import dataclasses
import math

import numpy as np
import pytest
from pandas import DataFrame
from pandas.testing import assert_frame_equal

from gan_lab.architectures.mlp_toy import ToyCritic, ToyGenerator
from gan_lab.datasets.toy import Ring
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.frozen.perfect_discriminator import PerfectDiscriminator, summarise
from support.frozen_settings import SETTINGS

PERFECT = PerfectDiscriminator(**SETTINGS, accurate=0.99, seeds=2)
PLANE = {"dataset": Ring(), "generator": ToyGenerator(8, 1), "discriminator": ToyCritic(16, 1)}


def test_the_discriminator_soon_makes_next_to_no_mistake() -> None:
    with slide_style():
        found = PERFECT.run()
    runs = found.details["runs"].set_index(["iteration", "seed"])
    assert list(runs.index) == [(5, 0), (5, 1), (30, 0), (30, 1)]
    assert (runs["steps_to_accurate"] <= 60).all()
    assert (runs["last_mistakes"] <= 6).all()
    curves = found.details["curves"]
    of_one = curves[(curves["iteration"] == 5) & (curves["seed"] == 1)]
    assert list(of_one["step"]) == list(range(0, 61, 10))
    # log 2 - L/2, the bound on JSD, and the loss are the same thing said twice
    np.testing.assert_allclose(curves["jsd_bound"], math.log(2) - curves["loss"] / 2, atol=1e-6)
    second = curves[(curves["iteration"] == 30) & (curves["seed"] == 1) & (curves["accuracy"] > 0.99)]
    assert runs.loc[(30, 1), "steps_to_accurate"] == second["step"].iloc[0]
    assert "with 2 of 2 seeds (first at step " in found.sentence


def test_a_seed_of_several_is_what_it_is_alone() -> None:
    with slide_style():
        both = dataclasses.replace(PERFECT, steps=20, stages=(5,)).run().details["runs"]
        alone = dataclasses.replace(PERFECT, steps=20, stages=(5,), seed=1, seeds=1).run().details["runs"]
    assert_frame_equal(both[both["seed"] == 1].reset_index(drop=True), alone)


def test_vectors_take_the_place_of_images() -> None:
    with slide_style():
        found = dataclasses.replace(PERFECT, **PLANE, steps=20).run()
    assert len(found.figure.axes) == 2  # no pictures of points
    assert found.table["loss"].notna().all()


def test_what_is_never_reached_is_said_to_be() -> None:
    with slide_style():
        found = dataclasses.replace(PERFECT, steps=1, look_every=1, stages=(1,)).run()
    assert found.details["runs"]["steps_to_accurate"].isna().all()
    assert "passes 99.5% accuracy" in dataclasses.replace(PERFECT, accurate=0.995)._say(found.table)
    assert "99% accuracy on 200 held-out samples with 0 of 2 seeds (rate 0% to " in found.sentence


def test_one_seed_has_no_interval() -> None:
    with slide_style():
        found = dataclasses.replace(PERFECT, steps=1, look_every=1, stages=(1,), seeds=1).run()
    assert found.sentence.count("one seed, no interval") == 2


def test_a_stage_counts_seeds_and_has_intervals() -> None:
    runs = DataFrame(
        {
            "iteration": 5,
            "seed": range(4),
            "steps_to_accurate": [10.0, 20.0, 10.0, 40.0],
            "steps_to_perfect": [math.nan, 60.0, math.nan, 80.0],
            "last_mistakes": [1, 0, 1, 0],
            "last_loss": [0.1, 0.2, 0.3, 0.4],
            "last_jsd_bound": [0.6, 0.6, 0.6, 0.6],
        }
    )
    row = summarise(runs)
    assert (row["accurate_seeds"], row["first_accurate_step"], row["last_accurate_step"]) == (4, 10, 40)
    assert (row["perfect_seeds"], row["first_perfect_step"], row["last_perfect_step"]) == (2, 60, 80)
    # Wilson's interval of 2 in 4, and Student's with 3 degrees of freedom
    assert (row["perfect_low"], row["perfect_high"]) == pytest.approx((0.150039, 0.849961), abs=1e-6)
    half = 3.182446 * math.sqrt(0.05 / 3) / 2
    assert (row["loss_low"], row["loss_high"]) == pytest.approx((0.25 - half, 0.25 + half), abs=1e-6)
    assert row["mistakes"] == 0.5
