"""How steep critics are: bounds by their weights, and what is found."""

import math
from itertools import pairwise
from pathlib import Path

import pandas
import pytest
import torch

from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.build import build
from gan_lab.config.errors import UserError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bjorck import Bjorck
from gan_lab.constraints.clip import WeightClip
from gan_lab.datasets.toy import GaussianMixture, Ring
from gan_lab.lectures.base import LectureExperiment
from gan_lab.lectures.critics.critic_fit import FittedCritic, fit_critic
from gan_lab.lectures.critics.dual_network import Contender
from gan_lab.lectures.critics.fixed_pairs import AbsoluteValue, DatasetPair
from gan_lab.lectures.critics.lipschitz import Lipschitz
from gan_lab.lectures.critics.slopes import (
    clip_bound,
    layer_slopes,
    matrix_shapes,
    norm_bound,
    slopes_at,
    steepest_slope,
)
from gan_lab.lectures.drawing import slide_style
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from lectures.test_lectures import composed
from support.command_line import gan_lab

POINTS = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
PAIR = DatasetPair(Ring(), Ring(std=1.0))


def shapes(*sizes: int) -> list[tuple[int, int]]:
    return [(n_out, n_in) for n_in, n_out in pairwise(sizes)]


def fitted(constraint: Constraint, *, steps: int = 20, depth: int = 2) -> FittedCritic:
    real, fake = PAIR.samplers()
    return fit_critic(
        real,
        fake,
        objective=Wasserstein(),
        constraint=constraint,
        critic=ToyCritic(width=16, depth=depth),
        optimizer=Adam(lr=0.01),
        steps=steps,
        batch_size=32,
    )


@pytest.mark.parametrize(
    ("sizes", "bound", "expected"),
    [
        ((2, 512, 512, 512, 1), 0.1, 1.898e4),
        ((2, 512, 512, 512, 1), 0.01, 1.898),
        ((2, 512, 512, 512, 1), 0.001, 1.898e-4),
        ((2, 64, 64, 64, 1), 0.1, 37.07),
        ((2, 64, 64, 64, 1), 0.01, 3.707e-3),
        ((2, 64, 64, 64, 1), 0.001, 3.707e-7),
        ((2, *[512] * 11, 1), 0.1, 8.96e17),
        ((2, *[512] * 11, 1), 0.01, 8.96e5),
        ((2, *[512] * 11, 1), 0.001, 8.96e-7),
    ],
)
def test_the_golden_bounds_of_clipping(sizes: tuple[int, ...], bound: float, expected: float) -> None:
    assert clip_bound(shapes(*sizes), bound) == pytest.approx(expected, rel=6e-4)


def test_weights_at_the_edge_of_the_box_attain_the_bound() -> None:
    critic = fitted(WeightClip(0.1), steps=0)
    weights = {name: torch.full_like(value, 0.1) for name, value in critic.state.critic.items()}
    worst = FittedCritic(critic.game, critic.state._replace(critic=weights))
    slope = float(slopes_at(worst, torch.ones(1, 2)))
    assert slope == pytest.approx(clip_bound(matrix_shapes(weights), 0.1), rel=1e-6)
    assert slope == pytest.approx(norm_bound(weights), rel=1e-6)


def test_what_is_found_lies_below_both_bounds_and_above_the_points() -> None:
    critic = fitted(WeightClip(0.1))
    found = steepest_slope(critic, POINTS, torch.Generator().manual_seed(0))
    assert float(slopes_at(critic, POINTS).max()) <= found
    assert found <= norm_bound(critic.weights) <= clip_bound(matrix_shapes(critic.weights), 0.1)


def test_more_is_found_than_at_the_points() -> None:
    critic = fitted(Constraint())
    few = POINTS[slopes_at(critic, POINTS).argsort()[:4]]
    found = steepest_slope(critic, few, torch.Generator().manual_seed(0))
    assert found > float(slopes_at(critic, few).max())


def test_norms_of_orthonormal_weights_multiply_to_1() -> None:
    assert norm_bound(fitted(Bjorck(30)).weights) == pytest.approx(1, abs=1e-5)


def test_slopes_by_layer_are_the_chain_rule() -> None:
    critic = fitted(Constraint(), depth=1)
    weights = {name: value.double() for name, value in critic.weights.items()}
    first, last = layer_slopes(critic, POINTS)
    assert last == pytest.approx(1, abs=1e-12)
    active = (POINTS.double() @ weights["0.weight"].T + weights["0.bias"]) > 0
    expected = (active * weights["2.weight"]).norm(dim=1).mean()
    assert first == pytest.approx(float(expected), abs=1e-9)


def test_under_clipping_a_gradient_vanishes_by_a_power_of_the_bound() -> None:
    """Weights of a ReLU network times s: its gradient at the first layer times s to the layers above."""
    critic = fitted(Constraint(), steps=0, depth=4)
    smaller = {name: 0.1 * value for name, value in critic.state.critic.items()}  # biases are 0 at the start
    before = layer_slopes(critic, POINTS)
    after = layer_slopes(FittedCritic(critic.game, critic.state._replace(critic=smaller)), POINTS)
    for layer, (large, small) in enumerate(zip(before, after, strict=True)):
        assert small == pytest.approx(large * 0.1 ** (4 - layer), rel=1e-5)


def small(**changes: object) -> Lipschitz:
    settings = {
        "pair": PAIR,
        "contenders": {"clip": Contender(WeightClip(0.1)), "bjorck": Contender(Bjorck(5), "groupsort")},
        "bounds": (0.1, 0.001),
    }
    sizes = {"width": 8, "depth": 1, "deep": 5, "deep_lr": 0.01, "steps": 5, "batch_size": 8, "seed": 0}
    return Lipschitz(**{**settings, **sizes, **changes})  # type: ignore[arg-type]


def test_every_critic_has_its_row() -> None:
    with slide_style():
        findings = small().run()
    table = findings.table
    assert list(table["critic"]) == ["clip", "bjorck", "clip 0.1", "clip 0.001", "gp"]
    assert list(table["layers"]) == [2, 2, 6, 6, 6]
    assert bool((table["slope_found"] <= table["norm_bound"] * (1 + 1e-5)).all())
    clipped = table[table["clip_bound"].notna()]
    assert bool((clipped["norm_bound"] <= clipped["clip_bound"]).all())
    assert table["at_box"].between(0, 1).sum() == len(clipped) == 3
    layers = findings.details["layers"]
    assert list(layers["layer"]) == [1, 2, 3, 4, 5, 6]
    assert layers["clip 0.001"].iloc[0] < 1e-6
    assert f"{table['slope_found'].iloc[3]:.2g}" in findings.sentence


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bounds": ()}, "bounds must be different numbers greater than 0, at least one"),
        ({"bounds": (0.1, -1)}, "bounds must be"),
        ({"bounds": (0.1, 0.10000001)}, "bounds must be different numbers"),  # of one name in the table
        ({"contenders": {}}, "contenders must be a mapping of at least one"),
        ({"pair": AbsoluteValue()}, "pair must be a pair of distributions in the plane"),
        ({"pair": DatasetPair(GaussianMixture(), GaussianMixture()), "steps": 0}, "steps must be"),
    ],
)
def test_bad_settings_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        small(**changes)


def test_the_command_runs(tmp_path: Path) -> None:
    sizes = ["steps=2", "width=16", "depth=1", "deep=2", "batch_size=8", "bounds=[.1]"]
    called = gan_lab("distances", "experiment=lipschitz", *sizes, f"hydra.run.dir={tmp_path / 'a'}")
    assert called.status == 0, called.err
    assert len(pandas.read_csv(tmp_path / "a" / "table.csv")) == 6 + 2
    assert math.isfinite(pandas.read_csv(tmp_path / "a" / "layers.csv")["gp"].sum())


def test_the_penalised_critics_of_the_figure_score_the_data_above_the_empty_middle() -> None:
    experiment = build(composed("lipschitz"), LectureExperiment, "")
    assert isinstance(experiment, Lipschitz)
    points = experiment._points()
    for name in ("gp", "gp_one_sided"):
        critic = experiment._fit(experiment.contenders[name], experiment.depth).fitted
        data, middle = float(critic.score(points).mean()), float(critic.score(torch.zeros(1, 2)))
        assert data > middle + 0.5
