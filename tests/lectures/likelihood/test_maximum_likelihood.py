"""Maximum likelihood against the closed forms of cross-entropy, entropy and the moments."""

import functools
import math

import numpy as np
import pytest
from scipy import stats

from gan_lab.config.errors import BadValueError
from gan_lab.distances import divergences
from gan_lab.distances.line import Gaussian, LineMixture
from gan_lab.lectures.base import Findings
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.likelihood.maximum_likelihood import MaximumLikelihood, cross_entropy, entropy

TWINS = LineMixture((0.5, 0.5), (-2.0, 2.0), (0.6, 0.6))
ONE = LineMixture((1.0,), (3.0,), (2.0,))


@functools.cache
def findings(target: LineMixture = TWINS, n_samples: tuple[int, ...] = (20, 400), seeds: int = 8) -> Findings:
    with slide_style():
        return MaximumLikelihood(target, n_samples, seeds, 0).run()


def test_entropies_are_the_closed_forms() -> None:
    assert entropy(ONE) == pytest.approx(math.log(2 * math.pi * math.e * 4) / 2, abs=1e-9)
    assert entropy(TWINS) == pytest.approx(1.600019, abs=1e-6)


def test_cross_entropy_is_entropy_and_divergence_for_any_model() -> None:
    for q in (Gaussian(0.0, 2.0), Gaussian(5.0, 0.7), Gaussian(-1.0, 9.0)):
        expected = entropy(TWINS) + divergences.kl(TWINS, q)
        assert cross_entropy(TWINS, q) == pytest.approx(expected, rel=1e-8)


def test_the_likelihood_is_greatest_at_the_moments_of_the_samples() -> None:
    lecture = MaximumLikelihood(TWINS, (50,), 1, 3)
    x = lecture._samples(50, 0)
    mean, scale = lecture._fit(x)
    best = Gaussian(mean, scale).log_pdf(x).mean()
    for m, s in ((0.1, 1.0), (-0.1, 1.0), (0.0, 1.1), (0.0, 0.9)):
        assert Gaussian(mean + m, scale * s).log_pdf(x).mean() < best


def test_samples_come_to_the_nearest_in_kl() -> None:
    table, curves = findings().table.set_index("n"), findings().details["curves"]
    # the spread of a mean of 400, on average over 8
    assert table.loc[400, "mean"] == pytest.approx(0, abs=4 * 2.0881 / math.sqrt(8 * 400))
    assert table.loc[400, "scale"] == pytest.approx(2.0881, rel=0.05)
    assert table.loc[400, "kl"] < table.loc[20, "kl"]
    assert 0.555156 < table.loc[400, "kl"] < 0.57
    assert (table["mean_low"] < table["mean"]).all()
    np.testing.assert_allclose(curves["cross_entropy"] - curves["kl"], 1.600019, atol=2e-6)


def test_the_interval_of_a_scale_is_positive_and_that_of_its_logarithm() -> None:
    """Of two sets of two samples Student's interval of the scales themselves reaches below 0."""
    lecture = MaximumLikelihood(TWINS, (2,), 2, 0)
    row = lecture.run().table.iloc[0]
    scales = np.log([lecture._fit(lecture._samples(2, k))[1] for k in range(2)])
    interval = stats.t.interval(0.95, 1, loc=scales.mean(), scale=stats.sem(scales))
    assert np.log([row["scale_low"], row["scale_high"]]) == pytest.approx(interval)
    assert row["scale"] == pytest.approx(math.exp(scales.mean()))
    assert 0 < row["scale_low"] < row["scale"] < row["scale_high"]
    straight = stats.t.interval(0.95, 1, loc=np.exp(scales).mean(), scale=stats.sem(np.exp(scales)))
    assert straight[0] < 0


def test_the_sentence_tells_both_directions_apart() -> None:
    said = findings().sentence
    assert "the entropy of p, 1.6000 nats" in said
    assert "both are least at the same." in said
    assert "KL(q, p) at another" in said
    assert "for n = 20 (8 sets)" in said


def test_where_p_is_a_gaussian_both_directions_agree_and_one_set_has_no_interval() -> None:
    said = findings(ONE, (5,), 1).sentence
    assert "KL(q, p) at the same, 3 and 2." in said
    assert "for n = 5 (1 set)." in said
    assert "nan" not in said


def test_sizes_must_differ() -> None:
    with pytest.raises(BadValueError, match="n_samples must be different whole numbers, 2 or greater"):
        MaximumLikelihood(TWINS, (5, 5), 2, 0)
