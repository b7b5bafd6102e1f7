"""Transport on the line: both programs, the distribution functions and the quantiles give one number."""

import pytest

from gan_lab.config.errors import UserError
from gan_lab.distances.line import Discrete, Empirical, Gaussian, LineMixture
from gan_lab.lectures.transport.transport_1d import Transport1D

EARTH = Transport1D(
    source=Discrete((0, 1, 2, 3), (0.3, 0.2, 0.1, 0.4)), target=Discrete((0, 1, 2, 3), (0.1, 0.2, 0.4, 0.3))
)


def test_ten_units_of_earth() -> None:
    found = EARTH.run()
    first, second = found.table.iloc[0], found.table.iloc[1]
    assert first[["primal", "dual", "one_potential", "line", "exact"]].to_list() == pytest.approx(
        [0.5] * 5, abs=1e-9
    )
    assert second[["primal", "dual", "line", "exact"]].to_list() == pytest.approx([0.5] * 4, abs=1e-9)
    assert found.table[["gap", "violation", "infeasibility"]].abs().to_numpy().max() < 1e-9
    assert first["steepest"] == pytest.approx(1, abs=1e-9)
    assert "costs 0.5, the best prices earn 0.5" in found.sentence


def test_reversed_masses_and_places_far_apart() -> None:
    masses = (0.1, 0.2, 0.3, 0.4)
    places = (0, 1, 2, 3)
    table = Transport1D(source=Discrete(places, masses), target=Discrete(places, masses[::-1])).run().table
    assert table["primal"].to_list() == pytest.approx([1.0, 1.4], abs=1e-9)
    far = Transport1D(
        source=Discrete((0, 1, 3), (0.5, 0.25, 0.25)), target=Discrete((0, 1, 3), (0.25, 0.5, 0.25))
    )
    assert far.run().table["dual"][0] == pytest.approx(0.25, abs=1e-9)


@pytest.mark.parametrize("places", [(0, 1, 2, 1e9), (0, 1e-12, 2e-12, 3e-12)])
def test_every_way_gives_one_number_in_any_unit(places: tuple[float, ...]) -> None:
    near = places[1]
    table = (
        Transport1D(
            source=Discrete(places, (0.3, 0.2, 0.1, 0.4)), target=Discrete(places, (0.1, 0.3, 0.2, 0.4))
        )
        .run()
        .table
    )
    first, second = table.iloc[0], table.iloc[1]
    of_one = first[["primal", "dual", "one_potential", "line", "exact"]].to_list()
    assert of_one == pytest.approx([0.3 * near] * 5, rel=1e-6, abs=0)
    of_squares = second[["primal", "dual", "line", "exact"]].to_list()
    assert of_squares == pytest.approx([0.3 * near**2] * 4, rel=1e-6, abs=0)


def test_details_are_the_plan_and_the_prices() -> None:
    found = EARTH.run()
    plan, prices = found.details["plan"], found.details["potentials"]
    assert plan["mass"].sum() == pytest.approx(1, abs=1e-9)
    assert ((plan["x"] - plan["y"]).abs() * plan["mass"]).sum() == pytest.approx(0.5, abs=1e-9)
    earned = prices["alpha"] @ prices["source"] + prices["beta"] @ prices["target"]
    assert earned == pytest.approx(0.5, abs=1e-9)


def test_densities_are_stood_for_by_points() -> None:
    table = (
        Transport1D(source=Gaussian(0, 1), target=LineMixture((0.5, 0.5), (1, 3), (1, 1)), n_atoms=30)
        .run()
        .table
    )
    assert table["primal"].to_list() == pytest.approx(table["line"].to_list(), abs=1e-9)
    assert table["exact"][0] == pytest.approx(2, abs=1e-9)  # all mass moves right: the means' difference
    assert table["primal"][0] == pytest.approx(2, abs=0.05)


def test_one_place_and_no_way_to_go() -> None:
    table = Transport1D(source=Empirical((1.0, 1.0)), target=Empirical((1.0,))).run().table
    assert table[["primal", "dual", "one_potential", "line", "steepest"]].iloc[0].to_list() == [0] * 5


def test_mass_moves_from_source_to_target() -> None:
    animation = EARTH.animation()
    means = []
    for frame in (0, animation.n_frames // 2, animation.n_frames - 1):
        animation.draw(frame)
        bars = animation.figure.axes[0].patches
        means.append(sum((bar.get_x() + bar.get_width() / 2) * bar.get_height() for bar in bars))
    assert means == pytest.approx([1.6, 1.75, 1.9], abs=1e-9)


def test_bad_masses_get_their_sentence() -> None:
    with pytest.raises(UserError, match="weights must be"):
        Transport1D(source=Discrete((0, 1), (0.5, 0.6)), target=Discrete((0,), (1.0,)))
    with pytest.raises(UserError, match=r"n_atoms must be a whole number greater than 0; got 0\."):
        Transport1D(source=EARTH.source, target=EARTH.target, n_atoms=0)


def test_of_densities_the_sentence_tells_points_from_distributions() -> None:
    sentence = Transport1D(source=Gaussian(0.0, 1.0), target=Gaussian(0.0, 2.0), n_atoms=2).run().sentence
    assert "0.67449: one number, W1 of the points. " in sentence
    assert "W1 of the distributions that the points stand for is 0.797885." in sentence
