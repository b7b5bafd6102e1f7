"""Critics under each constraint against pairs of the user's own."""

from pathlib import Path

import numpy as np
import pandas
import pytest
from matplotlib.figure import Figure

from gan_lab.config.errors import UserError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bjorck import Bjorck
from gan_lab.constraints.gradient_penalty import GradientPenalty, OneSidedGradientPenalty
from gan_lab.datasets.embedded import Digits
from gan_lab.datasets.toy import GaussianMixture, Ring
from gan_lab.lectures.critics.dual_network import Contender, DualNetwork, _draw
from gan_lab.lectures.critics.fixed_pairs import AbsoluteValue, DatasetPair, FixedPair, ThreeCones
from gan_lab.lectures.drawing import slide_style
from support.command_line import gan_lab


def benchmark(
    pair: FixedPair | None = None,
    constraint: Constraint | None = None,
    activation: str = "relu",
    **sizes: int,
) -> DualNetwork:
    contender = Contender(constraint or GradientPenalty(), activation)  # type: ignore[arg-type]
    settings = {"width": 16, "depth": 2, "steps": 150, "batch_size": 32, "samples": 64, "seed": 0}
    return DualNetwork({"pair": pair or AbsoluteValue()}, {"one": contender}, **{**settings, **sizes})


def bracket(*args: object, **sizes: int) -> pandas.Series:  # type: ignore[type-arg]
    with slide_style():
        return benchmark(*args, **sizes).run().table.iloc[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("constraint", "raw"),
    [
        (GradientPenalty(10.0), 1 + 1 / 20),
        (GradientPenalty(2.0), 1 + 1 / 4),
        (OneSidedGradientPenalty(5.0), 1.1),
    ],
)
def test_penalties_overshoot_by_the_distance_over_twice_their_weight(
    constraint: Constraint, raw: float
) -> None:
    """A critic of slope s gains s W1 - weight (s - 1)², most at s = 1 + W1 / (2 weight)."""
    found = bracket(None, constraint, width=48)
    assert found["raw"] == pytest.approx(raw, abs=0.01)
    assert found["certified"] == pytest.approx(1, abs=0.02)


def test_any_two_datasets_make_a_pair() -> None:
    pair = DatasetPair(Ring(), GaussianMixture((1.0,), ((0.0, 0.0),), (0.1,)))
    found = bracket(pair, steps=20)
    assert found["certified"] < found["exact"] < 1.7
    assert 0 < found["floor"] < found["exact"]


def test_the_same_seed_gives_the_same_table_and_another_another() -> None:
    def table(seed: int) -> pandas.DataFrame:
        with slide_style():
            return benchmark(ThreeCones(), steps=5, seed=seed).run().table

    pandas.testing.assert_frame_equal(table(1), table(1))
    assert not table(1).equals(table(2))


def test_every_constraint_stands_beside_every_other(tmp_path: Path) -> None:
    small = ["steps=2", "samples=12", "width=16", "depth=1", "batch_size=4"]
    called = gan_lab("distances", "experiment=dual_network", *small, f"hydra.run.dir={tmp_path / 'a'}")
    assert called.status == 0, called.err
    table = pandas.read_csv(tmp_path / "a" / "table.csv")
    assert len(table) == 2 * 6
    assert bool((table["certified"] <= table["exact"]).all())


def test_a_raw_estimate_beyond_the_picture_is_written_down() -> None:
    with slide_style():
        figure = benchmark(None, GradientPenalty(0.1), steps=100).run().figure
    assert isinstance(figure, Figure)
    assert [text.get_text()[-1] for text in figure.axes[0].texts] == ["→"]


def test_what_does_not_fit_is_refused() -> None:
    plane, line = GaussianMixture(), GaussianMixture((1.0,), ((0.0,),), (1.0,))
    with pytest.raises(
        UserError, match=r"real and fake must be vectors of one dimension; got shapes \(2,\), \(1,\)"
    ):
        DatasetPair(plane, line)
    with pytest.raises(UserError, match="vectors of one dimension"):
        DatasetPair(Digits(), Digits())
    with pytest.raises(UserError, match="pairs must be a mapping of at least one"):
        DualNetwork({}, {"one": Contender(Constraint())}, 8, 1, 1, 1, 1, 0)
    with pytest.raises(
        UserError, match=r"width must be a multiple of group_size, 2, .* in contenders.one; got 15"
    ):
        benchmark(None, Bjorck(), "groupsort", width=15)


def test_the_figure_shows_what_is_proved_and_writes_what_is_too_large_to_draw() -> None:
    rows = {"pair": ["a"] * 3, "constraint": ["clip", "gp", "none"], "raw": [8.0, 2.2, -6.0]}
    table = pandas.DataFrame({**rows, "certified": [1.0, 1.8, -1.0], "exact": 2.0})
    with slide_style():
        (axes,) = _draw(table).axes
    drawn = {line.get_label(): list(np.ravel(line.get_xdata())) for line in axes.lines}
    assert drawn["certified: at most W1"] == [0.5, 0.9, -0.5]
    assert np.isnan(drawn["raw: the unit is unknown"]).tolist() == [True, False, True]
    assert drawn["raw: the unit is unknown"][1] == 1.1
    assert [text.get_text() for text in axes.texts] == ["4 →", "← -3"]
    low, high = axes.get_xlim()
    assert low <= -1 < 1.5 < high
