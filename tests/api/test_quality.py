"""`gan_lab.evaluate`: a table with floors, whoever made the samples."""

import math

import numpy as np
import pytest
import torch

import gan_lab
from gan_lab.config.errors import UserError
from gan_lab.datasets.embedded import Digits
from gan_lab.datasets.toy import Ring
from gan_lab.metrics.transport import wasserstein

RNG = np.random.default_rng(0)


def test_points_are_compared_with_one_half_and_the_other_gives_the_floor() -> None:
    real, fake = RNG.normal(size=(200, 2)), RNG.normal((3, 0), size=(100, 2))
    table = gan_lab.evaluate(real, fake)
    assert list(table.columns) == ["value", "floor", "p_value", "note"]
    assert table.attrs["samples"] == 100
    w1 = table.loc["distance/w1_exact"]
    # a shift of 3, and what two samples of 100 are apart
    assert w1["value"] == pytest.approx(3, abs=0.4)
    assert 0.1 < w1["floor"] < 0.7
    assert table.loc["test/MMD²", "p_value"] < 0.01
    assert math.isnan(table.loc["test/MMD²", "floor"])


def test_the_halves_are_drawn_so_that_sorted_samples_have_a_fair_floor() -> None:
    """Of sorted points the first half is far from the second; of images sorted by class likewise."""
    real = np.sort(RNG.normal(size=400))
    table = gan_lab.evaluate(real, real[::2])
    assert table.loc["distance/w1_exact", "floor"] < 0.4


def test_its_w1_is_that_of_the_samples() -> None:
    real, fake = RNG.normal(size=(64, 2)), RNG.normal(size=(32, 2))
    value = gan_lab.evaluate(real, fake).loc["distance/w1_exact", "value"]
    halves = [
        wasserstein(torch.from_numpy(real[rows]).float(), torch.from_numpy(fake).float())
        for rows in (np.arange(32), np.arange(32, 64))
    ]
    assert min(halves) / 2 < value < 2 * max(halves)
    assert gan_lab.evaluate(real, fake, seed=1).loc["distance/w1_exact", "value"] != value
    again = gan_lab.evaluate(real, torch.from_numpy(fake))
    assert again.equals(gan_lab.evaluate(real, fake))


def test_the_debiased_distance_is_of_halves_chosen_at_random() -> None:
    real, perfect = RNG.normal(size=(400, 16)), RNG.normal(size=(200, 16))
    ordered = perfect[np.argsort(perfect[:, 0])]  # its first half is far from its second
    found = gan_lab.evaluate(real, ordered).loc["distance/w1_debiased"]
    assert abs(found["value"]) < 3 * found["floor"]
    table = gan_lab.evaluate(real, ordered / 2)
    assert table.loc["distance/w1_exact", "value"] < table.loc["distance/w1_exact", "floor"]
    shrunken = table.loc["distance/w1_debiased"]
    assert shrunken["value"] > 5 * shrunken["floor"]
    # of 100 points each
    assert 0.05 < shrunken["floor"] < 0.1


def test_a_dataset_is_named() -> None:
    fake = Ring().open(torch.device("cpu"))(300, torch.Generator().manual_seed(5))
    table = gan_lab.evaluate("ring8", fake)
    assert tuple(table.loc["quality/modes_hit", ["value", "floor"]]) == (8, 8)
    fewer = gan_lab.evaluate("ring8", fake, samples=50)
    assert fewer.attrs["samples"] == 50


def test_what_is_undefined_says_why() -> None:
    table = gan_lab.evaluate("ring8", np.full((16, 2), 100.0))
    undefined = table[table["value"].isna()]
    assert [*undefined.index] == ["quality/mode_kl", "quality/mode_p_value"]
    assert undefined.loc["quality/mode_kl", "note"] == (
        "undefined: no sample lies within 3 standard deviations of a mode"
    )
    assert undefined.loc["quality/mode_p_value", "note"].startswith("undefined: too few samples lie")
    assert table.loc["distance/w1_debiased", "note"] == "of halves, 8 samples each"
    assert (table.drop(undefined.index).drop("distance/w1_debiased")["note"] == "").all()


def test_images_of_unknown_data_are_compared_by_patches() -> None:
    images = Digits(size=16).labelled()[0][:80]
    table = gan_lab.evaluate(images.permute(0, 2, 3, 1).numpy(), 255 - images[:40].numpy())
    parzen = {f"parzen/{name}" for name in ("log_likelihood", "standard_error", "width")}
    assert set(table.index) == {"quality/patches", "quality/patches_16px", "quality/copied_share"} | parzen
    assert table.loc["quality/patches", "value"] > 3 * table.loc["quality/patches", "floor"] > 0


@pytest.mark.parametrize(
    ("real", "fake", "sentence"),
    [
        (
            np.zeros((15, 2)),
            np.zeros((9, 2)),
            "^samples must be enough for 8 on either side: .* 7.$",
        ),
        (np.zeros((20, 2)), np.zeros((20, 3)), r"^fake must be points of shape \(n, 2\); got \(20, 3\).$"),
        (np.full((20, 2), np.inf), np.zeros((20, 2)), "^real must be finite numbers; got inf.$"),
        ("ring9", np.zeros((20, 2)), "^real must be one of .* Did you mean ring8"),
        ("ring8", np.zeros((20, 3)), "^fake must be points of shape"),
        ("ring8", None, "^fake must be an array of numbers; got None.$"),
        ([[1.0], [1.0, 2.0]], np.zeros((20, 2)), "^real must be an array of numbers; got "),
        ("ring8", np.zeros((3, 2)), "^samples must be enough for 8 on either side"),
    ],
)
def test_what_cannot_be_compared_is_refused(real: object, fake: object, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        gan_lab.evaluate(real, fake)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"^samples must be a whole number greater than 0; got 0.$"):
        gan_lab.evaluate(real, fake, samples=0)  # type: ignore[arg-type]
