"""A fresh discriminator against frozen generators."""

import dataclasses
import math

import numpy as np

from gan_lab.architectures.mlp_toy import ToyCritic, ToyGenerator
from gan_lab.datasets.toy import Ring
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.frozen.perfect_discriminator import PerfectDiscriminator
from support.frozen_settings import SETTINGS

PERFECT = PerfectDiscriminator(**SETTINGS, accurate=0.99)
PLANE = {"dataset": Ring(), "generator": ToyGenerator(8, 1), "discriminator": ToyCritic(16, 1)}


def test_the_discriminator_soon_makes_next_to_no_mistake() -> None:
    with slide_style():
        found = PERFECT.run()
    table = found.table.set_index("iteration")
    assert list(table.index) == [5, 30]
    assert (table["steps_to_accurate"] <= 60).all()
    assert (table["last_mistakes"] <= 4).all()
    curves = found.details["curves"]
    assert list(curves[curves["iteration"] == 5]["step"]) == list(range(0, 61, 10))
    # log 2 - L/2, the bound on JSD, and the loss are the same thing said twice
    np.testing.assert_allclose(curves["jsd_bound"], math.log(2) - curves["loss"] / 2, atol=1e-6)
    first = curves[(curves["iteration"] == 30) & (curves["accuracy"] > 0.99)]["step"].iloc[0]
    assert table.loc[30, "steps_to_accurate"] == first
    assert f"at step {int(table.loc[30, 'steps_to_accurate'])}" in found.sentence


def test_vectors_take_the_place_of_images() -> None:
    with slide_style():
        found = dataclasses.replace(PERFECT, **PLANE, steps=20).run()
    assert len(found.figure.axes) == 2  # no pictures of points
    assert found.table["last_loss"].notna().all()


def test_what_is_never_reached_is_said_to_be() -> None:
    with slide_style():
        found = dataclasses.replace(PERFECT, steps=1, look_every=1, stages=(1,)).run()
    assert found.table["steps_to_accurate"].isna().all()
    assert "99% accuracy on 200 held-out samples at no look" in found.sentence
