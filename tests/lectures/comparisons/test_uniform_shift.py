"""Shifted uniforms against their closed forms."""

import math

import pytest
from pandas import DataFrame

from gan_lab.config.errors import BadValueError
from gan_lab.lectures.comparisons.uniform_shift import UniformShift
from gan_lab.lectures.drawing import slide_style


def table_of(shifts: tuple[float, ...], width: float = 1.0) -> DataFrame:
    with slide_style():
        return UniformShift(shifts, width).run().table.set_index("shift")


def test_golden_values_of_the_jensen_shannon_divergence() -> None:
    jsd = table_of((0.1, 0.25, 0.5, 0.75, 1.0, 3.0))["jsd"]
    assert list(jsd) == pytest.approx([0.069315, 0.173287, 0.346574, 0.519860, 0.693147, 0.693147], abs=1e-6)


@pytest.mark.parametrize("width", [0.5, 1.0, 4.0])
def test_every_column_is_its_closed_form(width: float) -> None:
    for shift, row in table_of((0.0, 0.3, 1.0, 2.5), width).iterrows():
        m = min(float(shift) / width, 1)  # type: ignore[arg-type]
        infinite_or_0 = math.inf if shift else 0.0
        assert (row["kl"], row["reverse_kl"]) == (infinite_or_0, infinite_or_0)
        measured = row[["tv", "jsd", "squared_hellinger", "w1", "w2"]].to_list()
        assert measured == pytest.approx([m, m * math.log(2), 2 * m, shift, shift], abs=1e-9)


def test_the_sentence_has_the_numbers_of_its_run() -> None:
    with slide_style():
        assert "from a shift of 2 on" in UniformShift((0.5,), 2.0).run().sentence


def test_the_animation_ends_with_the_whole_curve() -> None:
    with slide_style():
        animation = UniformShift((0.5,), 1.0).animation()
        animation.draw(animation.n_frames - 1)
        *_, distances = animation.figure.axes
        assert distances.lines[0].get_xdata()[-1] == pytest.approx(1.5)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(BadValueError, match="shifts must be numbers, 0 or greater, at least one; got"):
        UniformShift((-0.1,), 1.0)
    with pytest.raises(BadValueError, match="width must be a number greater than 0; got 0"):
        UniformShift((0.1,), 0)
    with pytest.raises(BadValueError, match="shifts"):
        UniformShift((), 1.0)
    with pytest.raises(BadValueError, match=r"shifts must be 0, or from 2e-09 to 2e\+12"):
        UniformShift((1e-20,), 2.0)
    with pytest.raises(BadValueError, match="shifts must be 0, or from 1e-19 to 100"):
        UniformShift((1e10,), 1e-10)
    with pytest.raises(BadValueError, match=r"reach must be from 1.2e-07 to 1e\+12 for a width of 1"):
        UniformShift((0.1,), 1.0, 1e-20)


def test_uniforms_at_their_place_are_at_no_distance_by_any_measure() -> None:
    row = table_of((0.0,), 1e-10).loc[0.0]
    assert (row == 0).all()


def test_one_shift_is_said_and_marked() -> None:
    with slide_style():
        found = UniformShift((0.5,), 2.0, 3.0).run()
        still = UniformShift((0.0,), 2.0).run().sentence
    assert found.sentence.startswith(
        "At a shift of 0.5, KL is infinite, TV 0.25, JSD 0.1733 and W1 0.5. KL is infinite both ways at 121"
    )
    assert still.startswith("At a shift of 0, KL is 0, TV 0, JSD 0.0000 and W1 0. ")
    _, distances = found.figure.axes
    marked = [float(line.get_ydata()[0]) for line in distances.lines if line.get_marker() == "o"]
    assert marked == pytest.approx([0.5, 0.25, 0.25 * math.log(2)])
    assert distances.get_xlim() == (0, 3)
