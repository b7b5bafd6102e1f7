"""The bound of an f-GAN's critic on its way to the exact divergence."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from pandas import DataFrame

from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.errors import BadValueError
from gan_lab.distances.line import Gaussian, Uniform
from gan_lab.lectures.drawing import new_slide, slide_style
from gan_lab.lectures.fgan.variational_bound import VariationalBound
from gan_lab.lectures.fgan.variational_critic import sampler_of
from gan_lab.objectives.relative_entropies import GANDivergence, JensenShannon, KullbackLeibler
from gan_lab.optimizers.adam import Adam

BOUND = VariationalBound(
    target=Gaussian(0.0, 1.0),
    model=Gaussian(1.0, 1.0),
    divergences={"kl": KullbackLeibler(), "js": JensenShannon(), "gan": GANDivergence()},
    shown="kl",
    critic=ToyCritic(width=16, depth=1),
    optimizer=Adam(lr=0.02, beta1=0.9),
    batch_size=256,
    steps=150,
    look_every=25,
    table_steps=(0, 50),
    seed=0,
)


def test_bounds_rise_to_their_divergences_and_never_above() -> None:
    with slide_style():
        found = BOUND.run()
    table = found.table.set_index("divergence")
    assert table["exact"].to_dict() == pytest.approx({"kl": 0.5, "js": 0.222843, "gan": -1.163451}, abs=1e-6)
    assert (table["share"] > 0.9).all()
    assert (table["least_gap"] > 0).all()
    np.testing.assert_allclose(table["gap"], table["exact"] - table["bound_150"], atol=1e-12)
    assert (table["bound_0"] < table["bound_150"]).all()
    curves = found.details["curves"]
    assert list(curves["step"]) == [0, 25, 50, 75, 100, 125, 150]
    assert (curves[list(table.index)].max() <= table["exact"]).all()
    # the same game but for a constant, so the same critic
    np.testing.assert_allclose(table.loc["gan", "gap"], table.loc["js", "gap"], atol=1e-5)


def test_the_function_learnt_is_the_derivative_of_f_where_there_is_mass() -> None:
    with slide_style():
        functions = BOUND.run().details["functions"]
    inside = functions[(functions["x"] > -1) & (functions["x"] < 2)]
    np.testing.assert_allclose(inside["kl_optimal"], 1.5 - inside["x"], atol=1e-9)
    assert float((inside["kl"] - inside["kl_optimal"]).abs().mean()) < 0.15


def test_an_infinite_divergence_is_said_to_be() -> None:
    apart = dataclasses.replace(
        BOUND, target=Uniform(0.0, 1.0), model=Uniform(0.5, 1.5), steps=25, table_steps=()
    )
    with slide_style():
        found = apart.run()
    assert found.table.set_index("divergence").loc["kl", "exact"] == np.inf
    assert "Infinite, with nothing for the bound to stop at: KL(p, q)." in found.sentence


def test_the_animation_ends_where_the_run_does() -> None:
    with slide_style():
        animation = BOUND.animation()
        assert animation.n_frames == 7
        for k in (0, 6):
            animation.draw(k)
    bounds = animation.figure.axes[0].lines[0].get_ydata()
    with slide_style():
        np.testing.assert_allclose(bounds, BOUND.run().details["curves"]["kl"], atol=1e-12)


def test_draws_are_those_of_the_density_and_of_the_seed() -> None:
    sample, rng = sampler_of(Gaussian(3.0, 2.0)), torch.Generator().manual_seed(0)
    points = sample(20_000, rng)
    assert points.shape == (20_000, 1)
    assert (float(points.mean()), float(points.std())) == pytest.approx((3, 2), abs=0.05)
    assert not torch.equal(points, sample(20_000, rng))
    assert torch.equal(points, sample(20_000, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shown": "w1"}, "shown must be one of kl, js, gan; got 'w1'"),
        (
            {"table_steps": [30]},
            r"table_steps must be multiples of look_every=25 below steps=150; got \(30,\)",
        ),
        ({"table_steps": [150]}, "table_steps must be multiples"),
        ({"target": Gaussian}, "target must be a Density"),
        ({"batch_size": 0}, "batch_size must be a whole number greater than 0; got 0"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(BadValueError, match=message):
        dataclasses.replace(BOUND, **changed)


def test_the_figure_names_what_is_learnt_and_marks_what_lies_below_a_constant() -> None:
    table = DataFrame({"name": ["A", "B"], "exact": [1.0, 2.0], "least": [0.0, 0.0]})
    table = table.assign(bound_0=[-5.0, 0.5], bound_50=[0.2, 1.0], bound_150=[0.9, 1.8])
    functions = DataFrame({"x": [0.0, 1.0], "kl": [0.0, 1.0], "kl_optimal": [0.0, 1.0]})
    with slide_style():
        figure = new_slide()
        BOUND._draw(figure, table, functions)
    left, right = figure.axes
    assert right.get_title() == "what T learns for KL(p, q)"
    assert [label.get_text() for label in left.get_yticklabels()] == ["A", "B"]
    below = [line for line in left.lines if line.get_marker() == "<" and len(np.ravel(line.get_xdata()))]
    assert [np.ravel(line.get_ydata()).tolist() for line in below] == [[0]]
    assert left.get_xlim()[0] < np.ravel(below[0].get_xdata())[0] < 0
