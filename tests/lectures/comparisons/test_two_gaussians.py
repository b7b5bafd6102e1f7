"""What is optimal against two densities on the line, and what training makes of it."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_lab.config.errors import BadValueError
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.distances.line import Gaussian, LineMixture, Uniform
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.lectures.base import Findings
from gan_lab.lectures.comparisons.line_pair import LinePair
from gan_lab.lectures.comparisons.two_gaussians import TwoGaussians
from gan_lab.lectures.drawing import slide_style
from support.command_line import gan_lab

PAIR = LinePair(Gaussian(0.0, 1.0), Gaussian(2.0, 1.0))
SIZES = {"width": 32, "depth": 2, "lr": 0.01, "steps": 400, "batch_size": 128, "samples": 512, "seed": 0}


def findings(real: Gaussian, fake: Gaussian, **changes: float) -> Findings:
    experiment = TwoGaussians(real, fake, GradientPenalty(10.0), **{**SIZES, **changes})  # type: ignore[arg-type]
    with slide_style():
        return experiment.run()


def test_log_odds_of_two_gaussians_are_a_line() -> None:
    x = np.linspace(-3, 5, 9)
    np.testing.assert_allclose(PAIR.log_odds(x), 2 - 2 * x, atol=1e-12, rtol=0)
    np.testing.assert_allclose(PAIR.log_odds_slope(x), -2, atol=1e-8, rtol=0)
    np.testing.assert_allclose(PAIR.discriminator(x), 1 / (1 + np.exp(2 * x - 2)), atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    "fake", [Gaussian(2.0, 1.0), Gaussian(0.0, 2.0), LineMixture((0.5, 0.5), (-2.0, 2.0), (0.5, 0.5))]
)
def test_the_potential_attains_the_distance(fake: Gaussian | LineMixture) -> None:
    pair = LinePair(Gaussian(0.0, 1.0), fake)
    gain = np.trapezoid(pair.potential() * (pair.real.pdf(pair.grid) - pair.fake.pdf(pair.grid)), pair.grid)
    assert gain == pytest.approx(wasserstein_line(pair.real, pair.fake), abs=5e-3)
    assert np.abs(np.diff(pair.potential()) / np.diff(pair.grid)).max() <= 1 + 1e-9


def test_a_potential_is_centred() -> None:
    weights = PAIR.real.pdf(PAIR.grid) + PAIR.fake.pdf(PAIR.grid)
    assert np.average(PAIR.potential(), weights=weights) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("t", "saturating", "alternative"),
    [(0.5, 0.235264, 0.264736), (1, 0.397973, 0.602027), (2, 0.449600, 1.550400), (4, 0.137195, 3.862805)],
)
def test_gradients_at_the_optimum_are_the_golden_ones(
    t: float, saturating: float, alternative: float
) -> None:
    """Of unit Gaussians t apart: t E_q D* and t E_q (1 - D*)."""
    rows = findings(Gaussian(0.0, 1.0), Gaussian(float(t), 1.0), steps=1, samples=4096).table.set_index(
        "cost"
    )
    assert rows.loc["gan_minimax", "exact_gradient"] == pytest.approx(saturating, abs=2e-4)
    assert rows.loc["gan", "exact_gradient"] == pytest.approx(alternative, abs=2e-4)
    assert rows.loc["wgan", "exact_gradient"] == 1


def test_both_are_trained_to_what_they_should_become() -> None:
    found = findings(Gaussian(-1.0, 1.0), Gaussian(1.5, 1.0))
    rows, curves = found.table.set_index("cost"), found.details["curves"]
    assert rows.loc["gan", "estimate"] == pytest.approx(rows.loc["gan", "exact"], abs=5e-3)
    # the penalty lets the slope be 1 + W1 / (2 weight)
    assert rows.loc["wgan", "estimate"] == pytest.approx(2.5 * (1 + 2.5 / 20), rel=0.02)
    where = curves["x"].between(-2.5, 3)
    error = (curves["discriminator"] - curves["optimal_discriminator"])[where].abs()
    assert error.max() < 0.05
    for cost in ("gan_minimax", "gan"):
        row = rows.loc[cost]
        assert row["gradient_at_fakes"] == pytest.approx(row["exact_gradient"], rel=0.15)
    assert f"(exact {rows.loc['wgan', 'exact']:.4g})" in found.sentence


def test_far_apart_the_discriminator_saturates_and_the_critic_does_not() -> None:
    rows = findings(Gaussian(-4.0, 1.0), Gaussian(4.0, 1.0)).table.set_index("cost")
    assert rows.loc["gan_minimax", "gradient_at_fakes"] < 0.02
    assert 1 < rows.loc["wgan", "gradient_at_fakes"] < 1.5
    assert rows.loc["gan", "exact"] == pytest.approx(math.log(2), abs=1e-3)


def test_the_command_draws_and_animates(tmp_path: Path) -> None:
    small = ["steps=4", "width=8", "depth=1", "batch_size=8", "samples=32", "animate=true", "constraint=clip"]
    called = gan_lab("distances", "experiment=two_gaussians", *small, f"hydra.run.dir={tmp_path / 'a'}")
    assert called.status == 0, called.err
    with Image.open(tmp_path / "a" / "animation.gif") as gif:
        assert gif.n_frames == 5  # type: ignore[attr-defined]


def test_supports_that_differ_are_refused() -> None:
    with pytest.raises(
        BadValueError, match=r"fake must be a density on the support of real, .* exactly 0 or 1"
    ):
        LinePair(Gaussian(0.0, 1.0), Uniform(2.0, 3.0))
    with pytest.raises(BadValueError, match="real must be a density that is positive on the whole line"):
        LinePair(Uniform(0.0, 1.0), Uniform(0.0, 1.0))


def test_the_slope_of_the_log_odds_does_not_depend_on_the_unit() -> None:
    for unit in (1e-3, 1.0, 1e4):
        pair = LinePair(LineMixture((0.5, 0.5), (-unit, unit), (unit, unit)), Gaussian(0.0, 2 * unit))
        # d/dx log of the mixture is (tanh(x) - x) / unit, that of the other -x / (4 unit)
        x = np.array([0.5, 1.5])
        expected = (np.tanh(x) - x + x / 4) / unit
        assert pair.log_odds_slope(x * unit) == pytest.approx(expected, rel=1e-5)
