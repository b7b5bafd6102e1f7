"""The f-GAN bound rising to the divergence it bounds, and the function that its critic learns."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pandas import DataFrame
from torch import Tensor

from gan_lab.architectures.base import CriticArchitecture
from gan_lab.checks import BadValueError, NonNegativeInt, PositiveInt
from gan_lab.constraints.base import Constraint
from gan_lab.distances.line import Density
from gan_lab.distances.variational import exact_divergence, least_value, make_bound, optimal_function
from gan_lab.figure_style import BLACK, BLUE, COLOURS, GREY, MARKERS, VERMILION
from gan_lab.lectures.base import Animation, Findings, LectureExperiment
from gan_lab.lectures.critic_fit import Look, fit_critic
from gan_lab.lectures.drawing import new_slide
from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.optimizers.base import UpdateRule
from gan_lab.types import Sampler, Score

Array = NDArray[np.float64]

_LINES = ("-", "--", "-.", ":")
_GRID, _FRAMES = 401, 40
# part of either distribution's mass that lies beyond each side of what is drawn
_HIDDEN = 2e-3


@dataclass(frozen=True)
class VariationalBound(LectureExperiment):
    """E_P[T] - E_Q[f*(T)] against D_f(P, Q) while the critic of an f-GAN is trained, for many f at once.

    T = g_f(V) with V the critic's raw score; the bound is tight at T = f'(p/q) (Nowozin et al., 2016, equations
    4 and 5). It is taken by quadrature over x, not on a batch, so that it never exceeds the divergence, which
    an average over a batch may. What is compared is what each f generates: "jensen_shannon" is 2 JSD, "gan" is
    2 JSD - log 4, and "pearson" has q below the fraction, where the paper's table 1 prints JSD and p.

    Attributes:
        target: P, the data.
        model: Q, the samples.
        divergences: objectives by the names that table and figure give them.
        shown: the one of them whose T is drawn.
        critic: builds the critic of points (1,).
        optimizer: of its parameters.
        batch_size: fresh draws of either side in a step.
        steps: of each critic.
        look_every: steps between two values of the curves.
        table_steps: steps at which the table states the bound, besides the last; multiples of ``look_every``.
        seed: of initial parameters and draws.
    """

    target: Density
    model: Density
    divergences: dict[str, FDivergence]
    shown: str
    critic: CriticArchitecture
    optimizer: UpdateRule
    batch_size: PositiveInt
    steps: PositiveInt
    look_every: PositiveInt
    table_steps: tuple[NonNegativeInt, ...]
    seed: NonNegativeInt

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shown not in self.divergences:
            raise BadValueError("shown", f"one of {', '.join(self.divergences)}", self.shown)
        if any(step >= self.steps or step % self.look_every for step in self.table_steps):
            rule = f"multiples of look_every={self.look_every} below steps={self.steps}"
            raise BadValueError("table_steps", rule, self.table_steps)

    def run(self) -> Findings:
        """Fit a critic for every divergence, and follow its bound."""
        x = self._grid()
        curves, functions, rows = DataFrame(), DataFrame({"x": x}), []
        for name, objective in self.divergences.items():
            learnt = self._learn(objective, x)
            curves["step"], curves[name] = learnt.steps, learnt.bounds
            functions[name] = learnt.functions[-1]
            functions[f"{name}_optimal"] = optimal_function(objective, self.target, self.model, x)
            exact = exact_divergence(objective, self.target, self.model)
            rows.append(self._row(name, exact, least_value(objective), learnt))
        table, figure = DataFrame(rows), new_slide()
        self._draw(figure, table, curves, functions)
        return Findings(table, figure, self._say(table), {"curves": curves, "functions": functions})

    def animation(self) -> Animation:
        """Return T of the shown divergence on its way to f'(p/q), with the bound so far."""
        objective, x, figure = self.divergences[self.shown], self._grid(), new_slide()
        learnt = self._learn(objective, x)
        optimum = optimal_function(objective, self.target, self.model, x)
        exact = exact_divergence(objective, self.target, self.model)
        # most of it happens early
        last = len(learnt.steps) - 1
        frames = sorted({round(last * (k / _FRAMES) ** 2) for k in range(_FRAMES + 1)})

        def draw(k: int) -> None:
            figure.clear()
            left, right = figure.subplots(1, 2)
            seen = slice(0, frames[k] + 1)
            left.plot(learnt.steps[seen], learnt.bounds[seen], color=BLUE, label="bound")
            left.axhline(exact, color=BLACK, linestyle="--", label="divergence")
            low = max(min(learnt.bounds), exact - 3 * (exact - least_value(objective)))
            left.set(xlim=(0, self.steps), ylim=(low, exact + 0.1 * (exact - low)))
            left.set(xlabel="steps of the critic", ylabel=f"{self.shown} (unit of f)")
            left.legend(loc="lower right")
            _draw_function(right, x, learnt.functions[frames[k]], optimum)

        return Animation(figure, draw, len(frames))

    def _learn(self, objective: FDivergence, x: Array) -> "_Learnt":
        """Fit a critic from scratch, and look at it on its way."""
        bound, points = make_bound(self.target, self.model), torch.from_numpy(x)[:, None].float()
        learnt = _Learnt([], [], [])

        def look(step: int, score: Score) -> None:
            with torch.no_grad():
                function = objective.output_activation(score(points).double())
            learnt.steps.append(step)
            learnt.bounds.append(bound(objective, score))
            learnt.functions.append(function.numpy())

        fit_critic(
            _sampler(self.target),
            _sampler(self.model),
            objective=objective,
            constraint=Constraint(),
            critic=self.critic,
            optimizer=self.optimizer,
            steps=self.steps,
            batch_size=self.batch_size,
            seed=self.seed,
            look_every=self.look_every,
            look=look,
        )
        return learnt

    def _grid(self) -> Array:
        """Return the points (n,) that T is drawn at: all but the far tails of both distributions."""
        ends = np.array([each.quantile(np.array([_HIDDEN, 1 - _HIDDEN])) for each in (self.target, self.model)])
        return np.linspace(ends[:, 0].min(), ends[:, 1].max(), _GRID)

    def _row(self, name: str, exact: float, least: float, learnt: "_Learnt") -> dict[str, float | str]:
        at_step = dict(zip(learnt.steps, learnt.bounds, strict=True))
        bounds = {f"bound_{step}": at_step[step] for step in (*self.table_steps, self.steps)}
        gap = exact - learnt.bounds[-1]
        share = (learnt.bounds[-1] - least) / (exact - least) if exact > least else math.nan
        highest = max(learnt.bounds)
        return {"divergence": name, "exact": exact, **bounds, "gap": gap, "share": share, "highest": highest}

    def _say(self, table: DataFrame) -> str:
        finite = table[np.isfinite(table["exact"]) & np.isfinite(table["share"])]
        infinite = table["divergence"][np.isinf(table["exact"])].tolist()
        parts = []
        if len(finite):
            worst, best = (finite.loc[order] for order in (finite["share"].idxmin(), finite["share"].idxmax()))
            excess = float((finite["highest"] - finite["exact"]).max())
            kept = "no bound exceeds its divergence" if excess <= _ROUNDING else f"a bound exceeds by {excess:.2g}"
            parts.append(
                f"After {self.steps:,} steps the critics have found from {worst['share']:.1%} "
                f"({worst['divergence']}) to {best['share']:.1%} ({best['divergence']}) of the divergence "
                f"above its least value, and at no look does {kept}."
            )
        if infinite:
            parts.append(f"{', '.join(infinite)} is infinite: the bound has nothing to stop at.")
        return " ".join(parts) or "P and Q are the same: every bound is at its divergence's least value."

    def _draw(self, figure: Figure, table: DataFrame, curves: DataFrame, functions: DataFrame) -> None:
        left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
        for k, row in enumerate(table.itertuples()):
            gap = row.exact - curves[row.divergence]
            left.plot(curves["step"], gap, color=COLOURS[k % len(COLOURS)], linestyle=_LINES[k // 3 % 4])
        _draw_function(right, functions["x"], functions[self.shown], functions[f"{self.shown}_optimal"])


@dataclass(frozen=True)
class _Learnt:
    """What was seen of one critic: at each step its bound, and its T on the grid (n,)."""

    steps: list[int]
    bounds: list[float]
    functions: list[Array]


def _sampler(density: Density) -> Sampler:
    """Return a sampler of points (n, 1), seeded by what it is given."""

    def sample(n: int, rng: torch.Generator) -> Tensor:
        seed = int(torch.randint(2**62, (), generator=rng))
        return torch.from_numpy(density.sample(n, np.random.default_rng(seed)))[:, None].float()

    return sample


def _draw_function(axes: Axes, x: Array, function: Array, optimum: Array) -> None:
    axes.plot(x, np.where(np.isfinite(optimum), optimum, np.nan), "--", color=BLACK, label="f′(p/q)")
    axes.plot(x, function, color=VERMILION, label="T = g(V)")
    axes.set(xlabel="x", ylabel="T(x)")
    axes.legend()
