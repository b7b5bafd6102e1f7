"""Likelihood and samples of densities of digits: the bound of the mixture, closed forms, and the sentence."""

import functools
import math

import numpy as np
import pytest

from gan_lab.config.errors import BadValueError
from gan_lab.lectures.base import Findings
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.likelihood.likelihood_and_quality import (
    LikelihoodAndQuality,
    mixture_log_density,
    repeated_share,
    say_quality,
)


@functools.cache
def findings(share: float = 0.01, memorised: float = 0.01) -> Findings:
    with slide_style():
        return LikelihoodAndQuality(8, 60, 0.2, share, memorised, 100, 0).run()


def test_the_mixture_is_a_mixture_and_keeps_its_bound() -> None:
    log_p, log_n = np.array([-2.0, 3.0, -700.0]), np.array([-1.0, -800.0, -1.0])
    found = mixture_log_density(log_p, log_n, 0.01)
    assert found[0] == pytest.approx(math.log(0.01 * math.exp(-2) + 0.99 * math.exp(-1)), abs=1e-12)
    # where the noise has no density all of it is lost, and no more
    assert found[1] == pytest.approx(3 - math.log(100), abs=1e-12)
    assert (found >= log_p - math.log(100)).all()
    np.testing.assert_array_equal(mixture_log_density(log_p, log_n, 1.0), log_p)


def test_uniform_noise_has_its_closed_form_and_the_table_its_order() -> None:
    table = findings().table.set_index("model")
    assert table.loc["noise", "log_likelihood"] == pytest.approx(-64 * math.log(2), abs=1e-9)
    lost = table.loc["p", "log_likelihood"] - table.loc["mixture", "log_likelihood"]
    assert 0 < lost <= math.log(100) + 1e-9
    assert table.loc["memorised", "log_likelihood"] < table.loc["noise", "log_likelihood"]
    far = table["sample_distance"]
    assert far["real"] < far["p"] < far["mixture"] <= far["noise"]
    assert far["memorised"] == pytest.approx(far["real"], rel=0.1)


def test_the_sentence_says_who_has_which() -> None:
    said = findings().sentence
    assert "Of 0.01 p and 0.99 noise" in said
    assert "-log 0.01 = 4.605 is the most there can be" in said
    assert said.endswith("The greatest likelihood is that of p, the nearest samples are those of memorised.")


def test_where_nothing_is_mixed_in_nothing_is_lost() -> None:
    table, said = findings(1.0).table.set_index("model"), findings(1.0).sentence
    assert table.loc["mixture", "log_likelihood"] == table.loc["p", "log_likelihood"]
    assert "less likely by more than 0.000 nats than under p" in said
    assert "-log 1 = 0.000 is the most there can be" in said
    assert "that of p and mixture, the nearest samples are those of" in said
    gained = say_quality(findings().table, 0.01, -3.25, 1.0)
    assert "every held-out image is more likely by at least 3.25 nats than under p" in gained
    assert "less likely" not in gained
    assert "by at least 3e+40 nats than" in say_quality(findings().table, 0.01, -3e40, 1.0)
    # as much bandwidth as p's: memorising is no longer what it was
    assert "The model of repeated training images has samples at" in findings().sentence
    wide = findings(0.01, 0.3).sentence
    assert "repeated training images" not in wide
    assert "The model memorised, of whose samples 0% repeat a training image, has samples at" in wide
    assert "The greatest likelihood is that of memorised" in wide or "that of p" in wide


def test_a_sample_repeats_an_image_that_is_far_nearer_than_the_next() -> None:
    images = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 0.0]])
    samples = np.array([[0.9, 0.0], [1.1, 0.0], [3.5, 0.0], [4.0, 0.0]])
    assert repeated_share(samples, images) == 0.75
    assert repeated_share(samples, images[:1]) == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share": 0.0}, "share must be a number greater than 0, at most 1; got 0"),
        ({"held_out": 899}, "held_out must be at most half of the 1,797 images; got 899"),
    ],
)
def test_bad_settings_are_refused(changes: dict[str, float], message: str) -> None:
    settings = {"size": 8, "held_out": 60, "bandwidth": 0.2, "share": 0.01, "memorised_bandwidth": 0.01}
    with pytest.raises(BadValueError) as error:
        LikelihoodAndQuality(**{**settings, "n_samples": 10, "seed": 0, **changes})  # type: ignore[arg-type]
    assert message in str(error.value)
