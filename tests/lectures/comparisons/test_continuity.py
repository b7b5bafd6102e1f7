"""Curves of ReLU networks, exact; W1 that is continuous in their parameters, and JSD that jumps."""

import math

import numpy as np
import pandas
import pytest
import torch
from torch import nn

from gan_lab.architectures.mlp_toy import ToyGenerator
from gan_lab.config.errors import BadValueError
from gan_lab.game.networks import parameters
from gan_lab.lectures.comparisons.continuity import Continuity, jensen_shannon_of_curves, say_continuity
from gan_lab.lectures.comparisons.polyline import Polyline, polyline
from gan_lab.lectures.drawing import slide_style

Z = np.linspace(-1, 1, 1001)
SEGMENT = Polyline(np.array([-1.0, 1.0]), np.array([[0.0, 0.0], [0.0, 1.0]]))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_curve_is_the_network_itself(depth: int) -> None:
    torch.manual_seed(0)
    network = ToyGenerator(8, depth).build(1, (2,)).double()
    assert isinstance(network, nn.Sequential)
    with torch.no_grad():
        for value in network.parameters():
            value.add_(torch.randn_like(value))  # biases start at 0, with all corners in one place
    curve = polyline(network, parameters(network), (-1.0, 1.0))
    with torch.no_grad():
        expected = network(torch.from_numpy(Z)[:, None]).numpy()
    np.testing.assert_allclose(curve(Z), expected, atol=1e-12)
    assert len(curve.latents) > 4


def test_distances_from_a_curve_are_those_from_its_segments() -> None:
    corner = Polyline(np.array([-1.0, 0.0, 1.0]), np.array([[0.0, 0.0], [0.0, 1.0], [2.0, 1.0]]))
    points = np.array([[0.0, 0.5], [1.0, 3.0], [3.0, 1.0], [-3.0, -4.0], [0.3, 0.9]])
    assert corner.distances(points).tolist() == pytest.approx([0, 2, 1, 5, 0.1], abs=1e-12)


def test_parallel_lines_are_the_case_of_one_layer() -> None:
    """WGAN's example 1: log 2 however near, and 0 in its place."""
    samples = SEGMENT(Z)
    for theta in (1e-6, 0.3):
        moved = Polyline(SEGMENT.latents, SEGMENT.corners + np.array([theta, 0.0]))
        assert jensen_shannon_of_curves(SEGMENT, moved, samples, moved(Z)) == math.log(2)
    assert jensen_shannon_of_curves(SEGMENT, SEGMENT, samples, samples) == 0
    along = Polyline(SEGMENT.latents, SEGMENT.corners + np.array([0.0, 0.4]))
    assert math.isnan(jensen_shannon_of_curves(SEGMENT, along, samples, along(Z)))
    nearer_than_can_be_told = Polyline(SEGMENT.latents, SEGMENT.corners + np.array([1e-12, 0.0]))
    assert math.isnan(
        jensen_shannon_of_curves(SEGMENT, nearer_than_can_be_told, samples, nearer_than_can_be_told(Z))
    )


@pytest.mark.parametrize("seed", range(3))
def test_w1_goes_to_0_with_the_parameters_and_jsd_does_not(seed: int) -> None:
    with slide_style():
        found = Continuity((-1e-4, 0.0, 1e-4, 1e-2, 0.5), 8, 2, 64, seed).run()
    table = found.table.set_index("t")
    assert (table["w1"] <= table["coupling"] * (1 + 1e-9) + 1e-15).all()
    assert table.loc[1e-4, "w1"] < table.loc[1e-2, "w1"] < table.loc[0.5, "w1"]
    assert table.loc[1e-4, "w1"] < 1e-2 * table.loc[0.5, "w1"]
    assert table["jsd"].to_list() == [math.log(2)] * 1 + [0.0] + [math.log(2)] * 3
    # linear near 0: the network is differentiable almost everywhere
    assert table.loc[1e-4, "coupling"] == pytest.approx(1e-2 * table.loc[1e-2, "coupling"], rel=0.1)
    assert "JSD is 0.6931 (log 2) at 4 of 4 t that are not 0; at 0 W1 is 0 and JSD 0." in found.sentence


def test_what_moves_nothing_and_what_cannot_be_told_is_said() -> None:
    rows = {"t": [0.1, 0.2], "w1": [0.0, 0.3], "coupling": [0.0, 0.2], "jsd": [0.0, math.nan]}
    said = say_continuity(pandas.DataFrame(rows))
    assert "in 1 of 2 places at most the mean way" in said
    assert "(log 2) at 0 of 2 t that are not 0, 0 at 1, and at 1 the curves share points" in said
    assert "at 0 W1" not in said


def test_moves_of_which_none_moves_are_refused() -> None:
    for moves in ((0.0,), (), (0.1, 0.1), (1e-20, 0.1)):
        with pytest.raises(
            BadValueError,
            match="moves must be different numbers, each 0 or at least 1e-10 in size, at least one of",
        ):
            Continuity(moves, 8, 1, 16, 0)


def test_the_only_move_is_told_once() -> None:
    with slide_style():
        said = Continuity((0.5,), 4, 1, 16, 0).run().sentence
    assert said.count("at t = 0.5") == 1
