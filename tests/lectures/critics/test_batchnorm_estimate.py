"""Estimates of JSD with and without batch norm, beside the exact divergence between images."""

import math
from dataclasses import replace

import pandas
import pytest
import torch

from gan_lab.architectures.dcgan import DCGANCritic
from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.distances.line import Gaussian, Uniform
from gan_lab.lectures.critics.batchnorm_estimate import FROZEN, BatchNormEstimate, say_estimates, summarise
from gan_lab.lectures.critics.frozen_norm import freeze_batch_norm
from gan_lab.lectures.drawing import slide_style
from gan_lab.numerics.streams import make_rng

ROOT_3 = math.sqrt(3)
LECTURE = BatchNormEstimate(
    real=Gaussian(0.0, 0.5),
    fake=Uniform(-ROOT_3 / 2, ROOT_3 / 2),
    size=16,
    width=8,
    lr=3e-3,
    steps=150,
    batch_size=64,
    held_out=16,
    seeds=1,
    seed=0,
)


def estimates(lecture: BatchNormEstimate) -> pandas.DataFrame:
    with slide_style():
        return lecture.run().table.set_index("norm")


def test_only_the_critic_that_sees_batches_exceeds_the_exact_divergence() -> None:
    found = estimates(LECTURE)
    exact = found["exact"].iloc[0]
    assert exact == pytest.approx(0.049435, abs=1e-6)
    assert found.loc["batch", "estimate"] > 2 * exact
    scatter = 0.01  # of a mean over 16 batches of 64
    assert (found["estimate"].drop("batch") < exact + scatter).all()
    assert list(found.index) == ["batch", FROZEN, "layer", "none"]
    assert found["seeds_above"].to_dict()["batch"] == 1


def test_the_same_seed_gives_the_same_table_and_another_another() -> None:
    short = replace(LECTURE, steps=3, held_out=2)
    pandas.testing.assert_frame_equal(estimates(short), estimates(short))
    assert not estimates(short).equals(estimates(replace(short, seed=1)))


def test_images_have_one_brightness_each_with_the_distribution_that_was_asked_for() -> None:
    images = LECTURE._images(LECTURE.fake)(4000, make_rng(0, "data"))
    assert images.shape == (4000, 1, 16, 16)
    assert torch.equal(images, images[:, :1, :1, :1].expand_as(images))
    brightness = images[:, 0, 0, 0]
    assert float(brightness.abs().max()) <= ROOT_3 / 2
    assert float(brightness.std()) == pytest.approx(0.5, abs=0.02)


def test_a_frozen_critic_scores_each_image_as_it_does_alone() -> None:
    critic = DCGANCritic(4, "batch").build((1, 16, 16))
    images = torch.randn(64, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    weights = {name: value.detach() for name, value in critic.named_parameters()}
    frozen = freeze_batch_norm(critic, weights, images)
    alone = torch.cat([frozen(image[None]) for image in images[:5]])
    torch.testing.assert_close(frozen(images)[:5], alone, rtol=1e-4, atol=1e-5)
    # of the images that the statistics are of, scores are those of batch norm itself
    torch.testing.assert_close(frozen(images), critic(images), rtol=1e-4, atol=1e-5)
    assert not list(critic.buffers())  # the network that was frozen is another one


def test_what_is_no_sequence_of_layers_cannot_be_frozen() -> None:
    critic = torch.nn.ModuleList([ToyCritic(4, 1).build((2,))])
    with pytest.raises(TypeError, match="ModuleList"):
        freeze_batch_norm(critic, {}, torch.zeros(1, 2))


def test_the_sentence_has_the_numbers_of_the_table() -> None:
    rows = {"batch": [0.3, 0.34], FROZEN: [0.01, 0.02], "layer": [0.002, 0.002], "none": [0.04, 0.06]}
    table = pandas.DataFrame(
        [summarise(norm, pandas.DataFrame({"estimate": values}), 0.05) for norm, values in rows.items()]
    )
    assert table["seeds_above"].tolist() == [2, 0, 0, 1]
    assert say_estimates(table) == (
        "With batch norm in the critic the estimate of JSD is 0.320 on held-out images, where the exact "
        "divergence between images is 0.0500, and exceeds that in 2 of 2 seeds: it bounds the divergence "
        "between batches. With statistics that stand still the same critics see 0.015; critics with layer "
        "norm see 0.002, without a norm 0.050."
    )


def test_an_estimate_that_exceeds_nothing_explains_nothing() -> None:
    norms = {"norm": ["batch", FROZEN, "layer", "none"], "estimate": [-1e-5, 0.03, 0.0, 0.04]}
    table = pandas.DataFrame({**norms, "seeds": 1, "exact": 0.049, "seeds_above": 0})
    said = say_estimates(table)
    assert "JSD is 0.000 on held-out images" in said
    assert "exceeds that in 0 of 1 seed. With statistics" in said
    assert "between batches" not in said
