"""Two distributions on the line, and what an optimal discriminator and an optimal critic make of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.special import expit

from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.checks import NonNegativeInt, PositiveFloat, PositiveInt
from gan_lab.config.phrases import counted
from gan_lab.constraints.base import Constraint
from gan_lab.distances.divergences import jensen_shannon
from gan_lab.distances.line import Density
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.lectures.base import Animation, Findings, LectureExperiment, Slider
from gan_lab.lectures.comparisons.line_pair import LinePair, as_points
from gan_lab.lectures.critics.critic_fit import FittedCritic, Look, fit_critic
from gan_lab.lectures.drawing import new_slide
from gan_lab.objectives.base import Objective
from gan_lab.objectives.gan import GAN
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.linear_decay import LinearDecay
from gan_lab.plotting.style import BLACK, BLUE, GREEN, GREY, VERMILION
from gan_lab.types import Score

Array = NDArray[np.float64]

_FRAMES = 40
ROUNDING = 1e-12  # of a distance, as a part of the stretch that it is on
_LEAST = 1e-7  # gradients below that are not drawn


@dataclass(frozen=True)
class TwoGaussians(LectureExperiment):
    """The discriminator saturates, the critic stays linear (WGAN, figure 2).

    Both are trained against the same fixed pair by the lab's own objectives, beside what they should become:
    D* = p / (p + q), and the Kantorovich potential, whose slope is the sign of G - F. What the generator gets
    at a fake point is the derivative there: D V' of the original cost log(1 - D), with V the log odds;
    (1 - D) V' of -log D; and the critic's slope. The paper tells neither means nor scales; these are not its.

    A gradient penalty of weight λ lets a linear critic of slope s gain s W1 - λ (s - 1)², most at
    s = 1 + W1 / 2λ: its estimate is too large by that factor. Björck's critics have no such bias.

    Attributes:
        real: the data, a density p on the line with distribution function F.
        fake: what the generator makes, q and G.
        constraint: of the WGAN critic.
        width: units of each hidden layer.
        depth: hidden layers.
        lr: learning rate of Adam, falling linearly to 0.
        steps: critic steps.
        batch_size: points of each side per step.
        samples: evenly spaced quantiles that stand for each side.
        seed: of networks and batches.
    """

    sliders: ClassVar = (
        Slider(
            "fake.mean",
            "distance of the Gaussians",
            (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
            5.0,
            lambda experiment, distance: experiment.real.location + distance,
        ),
        Slider("steps", "steps of the critic", (10, 50, 200, 1000), 1000),
    )

    real: Density
    fake: Density
    constraint: Constraint
    width: PositiveInt
    depth: PositiveInt
    lr: PositiveFloat
    steps: PositiveInt
    batch_size: PositiveInt
    samples: PositiveInt
    seed: NonNegativeInt

    def run(self) -> Findings:
        """Train both, and compare them with what they should become."""
        pair = LinePair(self.real, self.fake)
        discriminator, critic = self._fit(GAN(), Constraint()), self._fit(Wasserstein(), self.constraint)
        curves = _exact(pair).assign(
            discriminator=expit(_values(discriminator.score, pair.grid)),
            critic=pair.centred(_values(critic.score, pair.grid)),
            **_pulls(pair, discriminator, critic, pair.grid),
        )
        table, figure = self._table(pair, discriminator, critic), new_slide(12.8, 7.2)
        _draw(figure, curves)
        sentence = say_two_gaussians(table, float(np.ptp(pair.grid)))
        return Findings(table, figure, sentence, {"curves": curves})

    def animation(self) -> Animation:
        """Return both as they learn."""
        pair, every = LinePair(self.real, self.fake), -(-self.steps // _FRAMES)
        seen: dict[int, dict[str, Array]] = {}

        def noted(name: str, shown: Callable[[Array], Array]) -> Look:
            def look(step: int, score: Score) -> None:
                seen.setdefault(step, {})[name] = shown(_values(score, pair.grid))

            return look

        self._fit(GAN(), Constraint(), every, noted("discriminator", expit))
        self._fit(Wasserstein(), self.constraint, every, noted("critic", pair.centred))
        exact, figure, steps = _exact(pair), new_slide(), list(seen)

        def draw(k: int) -> None:
            figure.clear()
            upper, lower = figure.subplots(2, 1, sharex=True)
            _draw_values(upper, lower, exact.assign(**seen[steps[k]]))
            upper.set_title(f"after {counted(steps[k], 'step')}")

        return Animation(figure, draw, len(steps))

    def _fit(
        self, objective: Objective, constraint: Constraint, look_every: int = 0, look: Look | None = None
    ) -> FittedCritic:
        real, fake = LinePair(self.real, self.fake).points(self.samples)
        return fit_critic(
            as_points(real),
            as_points(fake),
            objective=objective,
            constraint=constraint,
            critic=ToyCritic(self.width, self.depth),
            optimizer=LinearDecay(Adam(lr=self.lr), self.steps),
            steps=self.steps,
            batch_size=self.batch_size,
            seed=self.seed,
            look_every=look_every,
            look=look,
        )

    def _table(self, pair: LinePair, discriminator: FittedCritic, critic: FittedCritic) -> pandas.DataFrame:
        real, fake = pair.points(self.samples)
        pulls = {name: values.mean() for name, values in _pulls(pair, discriminator, critic, fake).items()}
        jsd, w1 = jensen_shannon(self.real, self.fake), wasserstein_line(self.real, self.fake)

        def row(cost: str, objective: Objective, fitted: FittedCritic, exact: float) -> dict[str, object]:
            scores = (torch.tensor(_values(fitted.score, side)) for side in (real, fake))
            measures = {
                "measures": objective.estimate_tag or "w1",
                "estimate": float(objective.estimate(*scores)),
            }
            gradients = {"gradient_at_fakes": pulls[cost], "exact_gradient": pulls[f"{cost}_exact"]}
            return {"cost": cost, **measures, "exact": exact, **gradients}

        return pandas.DataFrame(
            [
                row("gan_minimax", GAN(), discriminator, jsd),
                row("gan", GAN(), discriminator, jsd),
                row("wgan", Wasserstein(), critic, w1),
            ]
        )


def _values(score: Score, x: Array) -> Array:
    """Return the raw scores at places (n,)."""
    return score(as_points(x)).double().numpy()


def _exact(pair: LinePair) -> pandas.DataFrame:
    """Return both densities and what is optimal, on the grid."""
    densities = {"x": pair.grid, "real": pair.real.pdf(pair.grid), "fake": pair.fake.pdf(pair.grid)}
    best = {"optimal_discriminator": pair.discriminator(pair.grid), "potential": pair.potential()}
    return pandas.DataFrame(densities | best)


def _pulls(pair: LinePair, discriminator: FittedCritic, critic: FittedCritic, x: Array) -> dict[str, Array]:
    """Return the size of what each cost's gradient is for a fake point at x, trained and exact."""
    trained, exact = _values(discriminator.score, x), pair.log_odds(x)
    slope = discriminator.gradients(as_points(x))[:, 0].double().abs().numpy()
    exact_slope = np.abs(pair.log_odds_slope(x))
    return {
        "gan_minimax": expit(trained) * slope,
        "gan_minimax_exact": expit(exact) * exact_slope,
        "gan": expit(-trained) * slope,
        "gan_exact": expit(-exact) * exact_slope,
        "wgan": critic.gradients(as_points(x))[:, 0].double().abs().numpy(),
        "wgan_exact": np.abs(pair.potential_slope(x)),
    }


def say_two_gaussians(table: pandas.DataFrame, width: float) -> str:
    """Return what the generator gets, and how far both estimates are off.

    Args:
        table: by ``cost``, the columns of a run's table.
        width: of the stretch that holds both sides: distances of less than its rounding are none.
    """
    rows = table.set_index("cost")
    jsd, w1 = rows.loc["gan"], rows.loc["wgan"]
    found, exact = rows["gradient_at_fakes"], rows["exact_gradient"]
    said = (
        f"At the fake points the gradient of log(1 - D) is {found['gan_minimax']:.2g} on average (with the "
        f"optimal D {exact['gan_minimax']:.2g}), that of -log D {found['gan']:.2g} ({exact['gan']:.2g}), and "
        f"the critic's {found['wgan']:.2g} (an exact potential's {exact['wgan']:.2g}). The discriminator "
        f"estimates a JSD of {jsd['estimate']:.4f} (exact {jsd['exact']:.4f}), the critic a W1 of "
        f"{w1['estimate']:.4g} (exact {w1['exact']:.4g})"
    )
    if w1["exact"] <= ROUNDING * width:
        return f"{said}: real and fake are equal, and what differs from 0 is error."
    return f"{said}, {w1['estimate'] / w1['exact']:.3g} times the exact one."


def _draw(figure: Figure, curves: pandas.DataFrame) -> None:
    panels = figure.subplot_mosaic([["values", "pulls"], ["critic", "pulls"]])
    _draw_values(panels["values"], panels["critic"], curves)
    axes = panels["pulls"]
    x, hill = curves["x"], curves["fake"] / curves["fake"].max()
    axes.fill_between(x, _LEAST, _LEAST * 1e7**hill, color=GREY, alpha=0.2, linewidth=0, label="fake points")
    styles = (("gan_minimax", VERMILION, "log(1 − D)"), ("gan", GREEN, "−log D"), ("wgan", BLUE, "critic"))
    for name, colour, label in styles:
        axes.semilogy(x, curves[name].where(curves[name] > _LEAST), color=colour, label=label)
        exact = curves[f"{name}_exact"]
        axes.semilogy(x, exact.where(exact > _LEAST), ":", color=colour)
    axes.semilogy([], [], ":", color=BLACK, label="with the optimum")
    axes.set(xlabel="x", ylabel="gradient for a fake point at x", ylim=(_LEAST, 1e5))
    axes.legend(loc="upper center", ncols=2)


def _draw_values(upper: Axes, lower: Axes, curves: pandas.DataFrame) -> None:
    highest = max(curves["real"].max(), curves["fake"].max())
    for side, colour, hatch in (("real", BLUE, ""), ("fake", GREY, "///")):
        upper.fill_between(
            curves["x"],
            0.55 * curves[side] / highest,
            color=colour,
            alpha=0.25,
            hatch=hatch,
            label=side,
            linewidth=0,
        )
    upper.plot(curves["x"], curves["discriminator"], color=VERMILION, label="D trained")
    upper.plot(curves["x"], curves["optimal_discriminator"], ":", color=BLACK, label="D* = p/(p+q)")
    upper.set(ylim=(-0.05, 1.15), ylabel="discriminator D(x)")
    upper.legend(loc="upper right")
    lower.plot(curves["x"], curves["critic"], color=BLUE, label="critic trained")
    lower.plot(curves["x"], curves["potential"], ":", color=BLACK, label="potential")
    reach = 1.4 * curves[["potential", "critic"]].abs().to_numpy().max() or 1.0
    lower.set(xlabel="x", ylabel="critic (units of x)", ylim=(-reach, reach))
    lower.legend(loc="best")
