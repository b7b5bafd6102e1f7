"""Parallel segments against |θ|, log 2, and exact transport."""

import math

import pytest

from gan_lab.config.errors import BadValueError
from gan_lab.lectures.comparisons.parallel_lines import ParallelLinesExperiment
from gan_lab.lectures.drawing import slide_style


def test_apart_only_transport_has_a_slope() -> None:
    with slide_style():
        table = ParallelLinesExperiment((-2.0, -0.5, 0.25), 64).run().table
    assert list(table["w1"]) == [2.0, 0.5, 0.25]
    assert list(table["w1_of_samples"]) == pytest.approx([2.0, 0.5, 0.25], abs=1e-12)
    assert list(table["w1_slope"]) == [-1, -1, 1]
    assert list(table["jsd"]) == pytest.approx([math.log(2)] * 3, abs=1e-12)
    assert list(table["jsd_slope"]) == [0, 0, 0]
    assert list(table["tv"]) == [1, 1, 1]
    assert list(table["kl"]) == list(table["reverse_kl"]) == [math.inf] * 3


def test_together_every_distance_is_0_and_has_no_slope() -> None:
    with slide_style():
        row = ParallelLinesExperiment((0.0,), 16).run().table.iloc[0]
    assert row[["w1", "w1_of_samples", "jsd", "tv", "kl", "reverse_kl"]].to_list() == [0] * 6
    assert math.isnan(row["w1_slope"])
    assert math.isnan(row["jsd_slope"])


@pytest.mark.parametrize("theta", [1e-12, -1e-15, 1e-200])
def test_however_near_they_are_only_w1_falls(theta: float) -> None:
    with slide_style():
        row = ParallelLinesExperiment((theta,), 16).run().table.iloc[0]
    assert row[["jsd", "tv", "kl"]].to_list() == [math.log(2), 1, math.inf]
    assert row["w1"] == abs(theta)
    assert row["w1_of_samples"] == pytest.approx(abs(theta), abs=1e-16)


def test_the_curve_has_the_one_point_where_jsd_is_0() -> None:
    with slide_style():
        curve = ParallelLinesExperiment((0.7,), 16).run().details["curve"]
    assert curve["theta"][curve["jsd"] == 0].tolist() == [0.0]


def test_the_animation_moves_the_segment_across() -> None:
    with slide_style():
        animation = ParallelLinesExperiment((1.0,), 16).animation()
        places = []
        for frame in (0, animation.n_frames - 1):
            animation.draw(frame)
            lines, _ = animation.figure.axes
            places.append(lines.lines[1].get_xdata()[0])
    assert places == [-1, 1]


def test_bad_settings_are_refused() -> None:
    with pytest.raises(BadValueError, match="shifts must be numbers, at least one; got"):
        ParallelLinesExperiment((), 16)
    with pytest.raises(BadValueError, match="samples must be a whole number greater than 0; got 0"):
        ParallelLinesExperiment((1.0,), 0)


def test_one_theta_is_said_and_marked() -> None:
    with slide_style():
        found = ParallelLinesExperiment((-0.25,), 16, 2.0).run()
    assert found.sentence.startswith("At θ = -0.25, W1 is |θ|, 0.25, and exact transport")
    assert found.sentence.endswith("KL is infinite both ways.")
    lines, distances = found.figure.axes
    assert lines.lines[1].get_xdata()[0] == -0.25
    assert lines.get_xlim() == (-2.3, 2.3)
    marked = [line.get_ydata()[0] for line in distances.lines if line.get_markersize() == 11]
    assert marked == [0.25, math.log(2)]
