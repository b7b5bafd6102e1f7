"""The Wasserstein distances of the plane: closed forms, POT, scikit-learn, and what the sentence claims."""

import math
import re
from typing import Any

import numpy as np
import ot
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import rbf_kernel

from gan_lab.config.errors import UserError
from gan_lab.distances.plane import (
    PlaneDiscrete,
    PlaneDistribution,
    PlaneGaussian,
    PlaneMixture,
    PlaneSamples,
    Rectangle,
)
from gan_lab.lectures.base import Findings
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.transport.wasserstein_variants import WassersteinVariants

ROUND = ((1, 0), (0, 1))
FEW: dict[str, Any] = {
    "real": PlaneGaussian((0, 0), ROUND),
    "fake": PlaneGaussian((2, 1), ROUND),
    "bandwidth": 1.0,
    "n_samples": (8, 32),
    "n_trials": 3,
    "seed": 0,
}


def findings(**settings: Any) -> Findings:
    with slide_style():
        return WassersteinVariants(**(FEW | settings)).run()


def column(found: Findings, name: str) -> dict[str, float]:
    return dict(zip(found.table["distance"], found.table[name], strict=True))


def test_a_shift_is_its_length_in_each_norm() -> None:
    exact = column(findings(), "exact")
    length = math.hypot(2, 1)
    assert exact["w1_l1"] == pytest.approx(3, abs=1e-12)
    assert exact["w1_l2"] == exact["w2"] == pytest.approx(length, abs=1e-12)
    assert exact["w1_linf"] == pytest.approx(2, abs=1e-12)
    assert exact["sliced_w1"] == pytest.approx(2 / math.pi * length, abs=1e-6)
    assert exact["sliced_w2"] == pytest.approx(length / math.sqrt(2), abs=1e-12)
    assert exact["mmd"] == pytest.approx(math.sqrt(2 / 3 * (1 - math.exp(-5 / 6))), abs=1e-12)


def test_points_are_exact_and_agree_with_other_libraries() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 7, 2))
    exact = column(findings(real=PlaneSamples(x), fake=PlaneSamples(y), bandwidth=0.7), "exact")
    masses = np.full(7, 1 / 7)
    for name, metric in (("w1_l1", "cityblock"), ("w1_l2", "euclidean"), ("w1_linf", "chebyshev")):
        assert exact[name] == pytest.approx(ot.emd2(masses, masses, cdist(x, y, metric)), abs=1e-9)
    assert exact["w2"] ** 2 == pytest.approx(ot.emd2(masses, masses, cdist(x, y, "sqeuclidean")), abs=1e-9)
    angles = np.pi * np.arange(64) / 64
    directions = np.stack([np.cos(angles), np.sin(angles)])
    for order in (1, 2):
        sliced = ot.sliced_wasserstein_distance(x, y, projections=directions, p=order)
        assert exact[f"sliced_w{order}"] == pytest.approx(sliced, abs=1e-9)
    blocks = [rbf_kernel(a, b, 1 / (2 * 0.7**2)).mean() for a, b in ((x, x), (y, y), (x, y))]
    assert exact["mmd"] ** 2 == pytest.approx(blocks[0] + blocks[1] - 2 * blocks[2], abs=1e-9)


def test_estimates_come_near_and_floors_fall() -> None:
    found = findings(n_samples=(10, 250), n_trials=8)
    relative = found.table["estimate"] / found.table["exact"] - 1
    assert relative.abs().max() < 0.15  # over four standard errors
    assert (found.table["floor"] < found.table["exact"] / 3).all()
    exponents = column(found, "floor_exponent")
    assert all(-0.75 < exponent < -0.2 for exponent in exponents.values())
    # n^(-1/2) for MMD; W2 between Gaussians of the plane falls more slowly
    assert exponents["mmd"] == pytest.approx(-0.5, abs=0.12)
    assert exponents["w2"] > exponents["sliced_w2"]


def test_an_exponent_is_that_of_its_trials() -> None:
    found = findings()
    floors = found.details["trials"].groupby(["distance", "n"])["floor"].mean()
    for name, exponent in column(found, "floor_exponent").items():
        assert exponent == pytest.approx(
            math.log(floors[name, 32] / floors[name, 8]) / math.log(4), abs=1e-12
        )
    assert column(findings(n_samples=(8,)), "floor_exponent") == pytest.approx(
        dict.fromkeys(floors.index.unique("distance"), math.nan), nan_ok=True
    )


def test_every_pair_of_samples_is_in_order() -> None:
    found = findings(fake=PlaneMixture((0.5, 0.5), ((0, 2), (1, -3)), (0.3, 1.0)), n_samples=(1, 2, 20))
    wide = found.details["trials"].pivot(index=["n", "trial"], columns="distance", values="estimate")
    for less, more in (("w1_linf", "w1_l2"), ("w1_l2", "w1_l1"), ("w1_l2", "w2"), ("sliced_w1", "w1_l2")):
        assert (wide[less] <= wide[more] * (1 + 1e-9)).all()
    assert (wide["w1_l1"] <= 2 * wide["w1_linf"] * (1 + 1e-9)).all()
    assert "in 9 of 9 pairs of samples W1 grows from the norm l∞ over l2 to l1, W1 ≤ W2" in found.sentence


@pytest.mark.parametrize(
    ("real", "fake", "known"),
    [
        (
            PlaneGaussian((0, 0), ROUND),
            PlaneGaussian((1, 1), ((2, 0.5), (0.5, 1))),
            {"w2", "sliced_w1", "sliced_w2", "mmd"},
        ),
        (Rectangle((0, 0), (1, 1)), Rectangle((0, 0), (3, 1)), {"w2"}),
        (Rectangle((0, 0), (1, 1)), PlaneGaussian((0, 0), ROUND), set()),
        (PlaneMixture((0.5, 0.5), ((0, 0), (1, 1)), (1, 2)), PlaneGaussian((0, 0), ROUND), {"mmd"}),
    ],
)
def test_what_has_no_closed_form_is_missing(
    real: PlaneDistribution, fake: PlaneDistribution, known: set[str]
) -> None:
    found = findings(real=real, fake=fake)
    assert {name for name, value in column(found, "exact").items() if not math.isnan(value)} == known
    assert not found.table["estimate"].isna().any()
    assert ("from the exact values" in found.sentence) == bool(known)


def test_the_usual_sentence_has_the_extremes() -> None:
    found = findings()
    excess = 100 * (found.table["estimate"] / found.table["exact"] - 1)
    assert found.sentence.startswith("At n = 32 (3 trials) the mean estimates lie ")
    for value in (excess.min(), excess.max()):
        assert f"{value:+.1f} %" in found.sentence
    assert "exact values are 0" not in found.sentence


def test_equal_distributions_have_distance_0_and_estimates_have_not() -> None:
    found = findings(fake=FEW["real"])
    assert set(column(found, "exact").values()) == {0.0}
    assert found.sentence.startswith(
        "7 of 7 exact values are 0, and the mean estimates of these at n = 32 are 0."
    )
    assert "from the exact values" not in found.sentence


@pytest.mark.parametrize(
    ("shift", "variance", "lost"), [(0, 1 + 1e-10, 3), (1e-8, 1, 6), (0.01, 1, 7), (0.1, 1, 0), (9, 1, 0)]
)
def test_an_exact_value_far_below_the_floor_is_no_unit_of_an_error(
    shift: float, variance: float, lost: int
) -> None:
    found = findings(fake=PlaneGaussian((shift, 0), ((1, 0), (0, variance))))
    percentages = [abs(float(each)) for each in re.findall(r"([-+][\d.]+) %", found.sentence)]
    assert all(each < 1000 for each in percentages)
    exact, floors, estimates = (column(found, name) for name in ("exact", "floor", "estimate"))
    small = [name for name, value in exact.items() if 0 < value < floors[name] / 10]
    assert len(small) == lost
    ends = [f"{end(estimates[name] for name in small):.3g}" for end in (min, max)] if small else []
    known = sum(not math.isnan(value) for value in exact.values())
    told = f"{lost} of {known} exact values are below a tenth of the floor, and the mean estimates of these"
    assert (told in found.sentence) == bool(lost)
    assert all(end in found.sentence for end in ends)


def test_points_without_spread_have_no_floor() -> None:
    found = findings(real=PlaneDiscrete(((0, 0),), (1,)), fake=PlaneDiscrete(((3, 4),), (1,)), n_trials=1)
    estimates = column(found, "estimate")
    assert estimates["w1_l1"] == pytest.approx(7, abs=1e-12)
    assert estimates["w1_linf"] == pytest.approx(4, abs=1e-12)
    assert found.sentence.startswith("At n = 32 (1 trial) the mean estimates lie +0.0 % (all 5)")
    assert "go like" not in found.sentence


def test_a_difference_that_drowns_is_missing_and_not_0() -> None:
    near = PlaneGaussian((1e-9, 0), ROUND)
    exact = column(findings(fake=near), "exact")
    assert exact["w1_l2"] == pytest.approx(1e-9, rel=1e-6)
    assert math.isnan(exact["mmd"])


def test_same_seed_same_table() -> None:
    tables = [findings(n_samples=(4,), seed=seed).table for seed in (1, 1, 2)]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"n_samples": ()},
            "n_samples must be whole numbers from 1 to 2000, increasing, at least one; got ().",
        ),
        (
            {"n_samples": (0, 3)},
            "n_samples must be whole numbers from 1 to 2000, increasing, at least one; got",
        ),
        (
            {"n_samples": (2001,)},
            "n_samples must be whole numbers from 1 to 2000, increasing, at least one; got",
        ),
        ({"n_trials": 0}, "n_trials must be a whole number greater than 0; got 0."),
        ({"bandwidth": 0.0}, "bandwidth must be a number from 1e-100 to 1e100; got 0.0."),
        (
            {"bandwidth": 1e12},
            "bandwidth must be from 2.24e-06 to 2.24e+06: the pair is 2.24 wide or apart; got",
        ),
        ({"seed": -1}, "seed must be a whole number, 0 or greater; got -1."),
    ],
)
def test_bad_settings_get_their_sentence(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        WassersteinVariants(**(FEW | settings))
    assert str(error.value).startswith(message)
