"""What each class of critics sees of a change: closed forms, quadrature, POT, and the words."""

import math
import re
from typing import Any

import numpy as np
import ot
import pytest
from scipy.integrate import quad
from scipy.stats import norm, wasserstein_distance

from gan_lab.config.errors import UserError
from gan_lab.distances.finite.linear_programs import lipschitz_constant
from gan_lab.distances.line import LineMixture
from gan_lab.lectures.base import Findings
from gan_lab.lectures.comparisons.critic_classes import critic_classes, masses_on
from gan_lab.lectures.comparisons.integral_metrics import IntegralMetrics
from gan_lab.lectures.drawing import slide_style

REAL = LineMixture((0.5, 0.5), (-2, 2), (0.5, 0.5))
FEW: dict[str, Any] = {
    "real": REAL,
    "shifts": (1.0, 3.0),
    "dropped": (0.5, 1.0),
    "shrunk": (0.25, 0.5),
    "bandwidths": (1.0,),
    "points": 61,
}


def findings(**settings: Any) -> Findings:
    with slide_style():
        return IntegralMetrics(**(FEW | settings)).run()


@pytest.fixture(scope="module", name="found")
def _found() -> Findings:
    return findings()


def value(found: Findings, change: str, amount: float, metric: str) -> float:
    curves = found.details["curves"].set_index(["change", "amount", "metric"])
    return float(curves.loc[(change, amount, metric), "exact"])


def test_the_table_has_a_row_for_each_class(found: Findings) -> None:
    assert list(found.table["metric"]) == [
        *("mean_gap", "w1", "root_energy", "bounded_lipschitz", "twice_tv", "mmd_1")
    ]
    row = found.table.set_index("metric").loc["w1"]
    assert row["critics"] == "|f'| <= 1"
    assert row["shift"] == value(found, "shift", 3, "w1")
    assert row["drop"] == value(found, "drop", 1, "w1")
    assert row["shrink"] == value(found, "shrink", 0.5, "w1")


def test_a_shift_is_what_it_is_for_w1_and_the_means(found: Findings) -> None:
    for amount in (1.0, 3.0):
        assert value(found, "shift", amount, "w1") == pytest.approx(amount, abs=1e-9)
        assert value(found, "shift", amount, "mean_gap") == pytest.approx(amount, abs=1e-12)


def test_a_dropped_mode_leaves_the_other(found: Findings) -> None:
    # half of the mass travels from one mode to its like, four away
    assert value(found, "drop", 1, "w1") == pytest.approx(2, abs=1e-9)
    # |p - q| is half a mode at either side
    overlap = quad(lambda x: abs(norm.pdf(x, 2, 0.5) - norm.pdf(x, -2, 0.5)) / 2, -6, 6, points=[-2, 0, 2])[0]
    assert value(found, "drop", 1, "twice_tv") == pytest.approx(overlap, abs=1e-9)
    # of half the difference of two Gaussians
    s2 = 1 + 2 * 0.5**2
    mmd = 0.5 * math.sqrt(2 / math.sqrt(s2) * (1 - math.exp(-(4**2) / (2 * s2))))
    assert value(found, "drop", 1, "mmd_1") == pytest.approx(mmd, abs=1e-12)


def test_energy_is_the_distance_of_the_distribution_functions(found: Findings) -> None:
    q = LineMixture((0.5, 0.5), (-2, 2), (0.25, 0.25))
    squared = quad(lambda x: 2 * (REAL.cdf(x) - q.cdf(x)) ** 2, -5, 5, points=[-2, 0, 2], limit=200)[0]
    assert value(found, "shrink", 0.5, "root_energy") == pytest.approx(math.sqrt(squared), abs=1e-9)
    # two Gaussians of one mean; the modes hardly touch
    assert value(found, "shrink", 0.5, "w1") == pytest.approx(0.25 * math.sqrt(2 / math.pi), abs=1e-4)
    w1 = quad(lambda x: abs(REAL.cdf(x) - q.cdf(x)), -6, 6, points=[-2, 0, 2], limit=200)[0]
    assert value(found, "shrink", 0.5, "w1") == pytest.approx(w1, abs=1e-7)
    assert value(found, "shrink", 0.5, "mean_gap") == 0


def test_best_critics_come_near_and_never_beyond(found: Findings) -> None:
    both = found.details["curves"].dropna()
    both = both[both["exact"] > 0]
    assert (both["best_critic"] <= both["exact"] * (1 + 1e-9)).all()
    assert (both["best_critic"] >= 0.95 * both["exact"]).all()
    finer = findings(points=121).details["curves"].dropna()
    finer = finer[finer["exact"] > 0]
    assert (finer["exact"] - finer["best_critic"]).max() < (both["exact"] - both["best_critic"]).max()


def test_masses_on_a_grid_are_means_of_its_hat_functions() -> None:
    x = np.linspace(-5, 6, 23)
    masses = masses_on(x, REAL)
    assert masses.sum() == pytest.approx(1, abs=1e-12)
    for i in (0, 7, 22):
        hat = np.eye(len(x))[i]
        expected = quad(lambda t, hat=hat: np.interp(t, x, hat) * REAL.pdf(t), -12, 12, limit=500, points=x)[
            0
        ]
        assert masses[i] == pytest.approx(expected, abs=1e-10)


def test_each_class_holds_its_best_critic_and_attains_its_metric() -> None:
    x = np.linspace(-5, 7, 61)
    p, q = masses_on(x, REAL), masses_on(x, LineMixture((0.3, 0.7), (-1, 3), (0.6, 0.4)))
    distances = np.abs(np.subtract.outer(x, x))
    best = {name: critics.best(p, q) for name, critics in critic_classes(x, (0.8,)).items()}
    for witness in best.values():
        assert witness.function @ (p - q) == pytest.approx(witness.value, abs=1e-10)
    assert best["w1"].value == pytest.approx(wasserstein_distance(x, x, p, q), abs=1e-8)
    assert lipschitz_constant(distances, best["w1"].function) <= 1 + 1e-9
    assert best["bounded_lipschitz"].value == pytest.approx(ot.emd2(p, q, np.minimum(distances, 2)), abs=1e-8)
    assert lipschitz_constant(distances, best["bounded_lipschitz"].function) <= 1 + 1e-9
    assert np.abs(best["bounded_lipschitz"].function).max() <= 1 + 1e-9
    assert np.abs(best["twice_tv"].function).max() == 1
    # ∫ f'² of the best critic is 2, the bound of the class
    rises = np.diff(best["root_energy"].function)
    assert (rises**2 / np.diff(x)).sum() == pytest.approx(2, abs=1e-9)
    assert best["root_energy"].value ** 2 == pytest.approx(
        2 * (np.cumsum(p - q)[:-1] ** 2 * np.diff(x)).sum(), abs=1e-10
    )
    f = best["mmd_0.8"].function
    kernel = np.exp(-(distances**2) / (2 * 0.8**2))
    assert best["mmd_0.8"].value ** 2 == pytest.approx((p - q) @ kernel @ (p - q), abs=1e-12)
    assert f == pytest.approx(kernel @ (p - q) / best["mmd_0.8"].value, abs=1e-12)
    assert best["bounded_lipschitz"].value <= min(best["w1"].value, best["twice_tv"].value) + 1e-9


def test_the_usual_sentence(found: Findings) -> None:
    sentence = found.sentence
    curves = found.details["curves"].dropna()
    shares = 100 * (curves["best_critic"] / curves["exact"])[curves["exact"] > 0]
    assert f"on 61 points reach {shares.min():.2f} to {shares.max():.2f} % of the exact values." in sentence
    assert (
        "When a shift of 1 becomes 3, they change by factors of mean gap 3.00, W1 3.00, √energy" in sentence
    )
    assert "All 6 are proportional to the mass that a mode loses." in sentence
    assert sentence.endswith("Blind to shrunken scales: mean gap.")
    assert "fall" not in sentence
    assert "no longer" not in sentence


def test_flat_and_falling_metrics_are_named() -> None:
    # at a shift of 4 the left mode of q lies on the right one of p; from 9 on they have nothing in common
    sentence = findings(shifts=(2.0, 4.0, 9.0, 11.0), points=81).sentence
    assert "2 TV 1.00" in sentence
    assert re.search(r": [^;]*2 TV[^;]* no longer tell how far; ", sentence)
    fallen = re.search(r"; ([^;]*) fall on the way\.", sentence)
    assert fallen is not None
    assert "2 TV" in fallen[1]
    assert "W1" not in fallen[1]
    growing = findings(shifts=(0.25, 0.5, 1.0)).sentence
    assert "fall" not in growing


def test_means_that_differ_see_a_shrinking_no_more_and_those_that_agree_no_dropping() -> None:
    real = LineMixture((0.5, 0.5), (0, 0), (0.4, 1.2))
    sentence = findings(real=real, shifts=(1.0,)).sentence
    assert "Blind to a dropped mode: mean gap. Blind to shrunken scales: mean gap." in sentence
    assert "All 5 are proportional" in sentence  # of those that see it
    assert "When a shift" not in sentence  # one shift has no growth
    assert "Blind to a shift" not in sentence


def test_one_amount_proves_no_proportion() -> None:
    assert "proportional" not in findings(dropped=(0.5,)).sentence


def test_equal_distributions_are_called_equal() -> None:
    found = findings(shifts=(0.0,), dropped=(0.0,), shrunk=(0.0,))
    assert found.sentence == "p and q are equal, and all 6 metrics are 0."
    assert (found.details["curves"][["exact", "best_critic"]].fillna(0) == 0).all(axis=None)
    twins = LineMixture((0.5, 0.5), (1, 1), (0.5, 0.5))  # either can be dropped
    assert findings(real=twins, shifts=(0.0,), shrunk=(0.0,)).sentence.startswith("p and q are equal")


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_the_unit_of_x_changes_no_number_without_a_unit(unit: float) -> None:
    real = LineMixture((0.5, 0.5), (-2 * unit, 2 * unit), (0.5 * unit, 0.5 * unit))
    found = findings(real=real, shifts=(unit, 3 * unit), bandwidths=(unit,)).table.set_index("metric")
    usual = findings().table.set_index("metric")
    for column in ("shift", "shift_critic", "drop_critic"):
        assert found.loc["w1", column] / unit == pytest.approx(usual.loc["w1", column], rel=1e-6)
        assert found.loc["twice_tv", column] == pytest.approx(usual.loc["twice_tv", column], rel=1e-6)
        assert found.loc[f"mmd_{unit:g}", column] == pytest.approx(usual.loc["mmd_1", column], rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shifts": ()}, "shifts must be numbers, 0 or greater, increasing, at least one; got ()."),
        ({"shifts": (2, 1)}, "shifts must be numbers, 0 or greater, increasing, at least one; got (2, 1)."),
        ({"shifts": (1e-12,)}, "shifts must be 0 or at least 0.01 of the least scale, 0.5; got 1e-12."),
        (
            {"shifts": (1e12,)},
            "scales and bandwidths must be at least 1.67e+10, a cell of the 61 points from",
        ),
        (
            {"dropped": (2,)},
            "dropped must be 0 or numbers from 0.01 to 1, increasing, at least one; got (2,).",
        ),
        ({"shrunk": (1,)}, "shrunk must be 0 or numbers from 0.01 up to 1, not including it, increasing, at"),
        (
            {"bandwidths": (0,)},
            "bandwidths must be numbers from 1e-100 to 1e100, increasing, at least one; got",
        ),
        ({"bandwidths": (1e12,)}, "bandwidths must be at most 11.5, as wide as p: beyond, MMD drowns in"),
        ({"bandwidths": (1e-12,)}, "scales and bandwidths must be at least 0.192, a cell of the 61 points"),
        ({"points": 11}, "scales and bandwidths must be at least 1.15, a cell of the 11 points from -4.25"),
        ({"points": 202}, "points must be a whole number from 11 to 201; got 202."),
        (
            {"real": LineMixture((1, 0), (-2, 2), (1, 1))},
            "real.weights must be positive for two modes at least, and 0.01 or more for the last, which is",
        ),
    ],
)
def test_bad_settings_get_their_sentence(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        IntegralMetrics(**(FEW | settings))
    assert str(error.value).startswith(message)
