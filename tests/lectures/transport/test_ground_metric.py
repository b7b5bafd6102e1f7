"""W1 of digits under three metrics: exact, certified, and in a person's order or not."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist

from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.errors import UserError
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.distances.finite.linear_programs import kantorovich_rubinstein
from gan_lab.lectures.transport.ground_metric import SETS, GroundMetric, blur_matrix, shifted_right
from gan_lab.optimizers.adam import Adam

CRITICS = ["pixels_critic", "blurred_critic", "features_critic"]


def small(**settings: Any) -> GroundMetric:
    defaults = {
        "constraint": GradientPenalty(),
        "critic": ToyCritic(32, 2),
        "optimizer": Adam(2e-3, 0.5, 0.9),
        "n_images": 20,
        "feature_steps": 40,
        "critic_steps": 60,
    }
    return GroundMetric(**(defaults | settings))


@pytest.fixture(scope="module", name="found")
def _found() -> Any:
    return small().run()


def test_no_critic_certifies_more_than_there_is(found: Any) -> None:
    assert (found.table[CRITICS] <= 1 + 1e-9).all(axis=None)
    assert found.table[CRITICS].to_numpy().max() > 0.5


def test_the_floor_is_the_unit(found: Any) -> None:
    table = found.table.set_index(["compared_with", "metric"]).sort_index()
    assert table.loc[SETS[0], "times_floor"].to_list() == [1, 1, 1]
    for name in SETS:
        multiples = table.loc[name, "w1"] / table.loc[SETS[0], "w1"]
        assert table.loc[name, "times_floor"].to_list() == pytest.approx(multiples.to_list())


def test_pixels_are_transported_at_least_cost(found: Any) -> None:
    first, sets = small()._sets()
    points = torch.cat([first, sets["shifted"]]).flatten(1).numpy()
    masses = np.repeat([[1, 0], [0, 1]], 20, axis=1) / 20
    w1 = kantorovich_rubinstein(cdist(points, points), *masses).value
    rows = found.table.set_index(["metric", "compared_with"])
    assert rows.loc[("pixels", "shifted"), "w1"] == pytest.approx(w1, abs=1e-6)


def test_pixels_misplace_the_shift_and_features_do_not() -> None:
    found = small(n_images=80, feature_steps=300, critic_steps=0).run()
    multiples = {name: rows["times_floor"].to_list() for name, rows in found.table.groupby("metric")}
    for metric in ("pixels", "blurred"):
        assert multiples[metric][1] > multiples[metric][2]
    assert multiples["features"] == sorted(multiples["features"])
    assert found.sentence.count("not a person's order") == 2


def test_shift_and_blur() -> None:
    image = torch.full((1, 1, 4, 4), -1.0)
    image[0, 0, 1, 0] = 1.0
    moved = shifted_right(image, 3)
    assert moved[0, 0, 1].tolist() == [-1, -1, -1, 1]
    assert moved.sum() == image.sum()
    kernel = blur_matrix(32, 1.5)
    assert kernel.sum(dim=1) == pytest.approx(torch.ones(32))
    pixels = torch.randn(32, 32, generator=torch.Generator().manual_seed(0))
    blurred = (kernel @ pixels @ kernel.T)[10:-10, 10:-10].numpy()
    assert blurred == pytest.approx(gaussian_filter(pixels.numpy(), 1.5)[10:-10, 10:-10], abs=1e-3)


def test_same_seed_same_table() -> None:
    few = {"n_images": 6, "feature_steps": 3, "critic_steps": 3}
    tables = [small(seed=seed, **few).run().table for seed in (1, 1, 2)]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"digit": 10}, "digit must be a whole number from 0 to 9; got 10."),
        ({"other_digit": 3}, "other_digit must be another than digit, 3; got 3."),
        ({"shift": 8}, "shift must be less than size, 8; got 8."),
        ({"blur": 0.0}, "blur must be a number greater than 0; got 0.0."),
    ],
)
def test_bad_settings_get_their_sentence(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        small(**settings)
    assert str(error.value) == message


def test_more_images_than_there_are() -> None:
    with pytest.raises(UserError, match=r"n_images must be at most 91 for digit 3; got 92\."):
        small(n_images=92).run()
