"""The f-GAN bound beside the divergence that it bounds, and the function that its critic learns."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pandas import DataFrame

from gan_lab.architectures.base import CriticArchitecture
from gan_lab.config.checks import NonNegativeInt, PositiveInt
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.phrases import counted, listed, verb
from gan_lab.distances.line import Density
from gan_lab.distances.variational import exact_divergence, least_value, optimal_function
from gan_lab.lectures.base import Animation, Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.fgan.variational_critic import Lesson, follow_bound
from gan_lab.lectures.names import names_of_objectives
from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.optimizers.base import UpdateRule
from gan_lab.plotting.style import BLACK, BLUE, COLOURS, GREY, MARKERS, VERMILION, spread

Array = NDArray[np.float64]

FALL = 0.02  # of what a bound has risen by: less lost again is the noise of batches
FAR_BELOW = 10  # times a divergence: percentages of it grow longer than they tell
NOTHING = 1e-6  # of a divergence: float32 scores show no less

_GRID, _FRAMES = 401, 40
# part of either distribution's mass that lies beyond each side of what is drawn
_HIDDEN = 2e-3
_BELOW = -0.04  # where a share below 0 is marked


@dataclass(frozen=True)
class VariationalBound(LectureExperiment):
    """E_P[T] - E_Q[f*(T)] against D_f(P, Q) while the critic of an f-GAN is trained, for many f at once.

    T = g_f(V) with V the critic's raw score; the bound is tight at T = f'(p/q) (Nowozin et al., "f-GAN",
    2016, arXiv 1606.00709, equations 4 and 5). It is taken by quadrature over x, so that it never exceeds the
    divergence, as an average over a batch may; and where the critic goes astray in tails that its batches
    hardly reach, the bound says so and falls. A bounded head, as of the total variation, may saturate on all
    points alike and never learn: its bound stays at f(1), which a constant T is worth. The table's ``course``
    says which of these it was.

    Each divergence is what its f generates, where table 1 of the paper prints it otherwise:
    ``jensen_shannon`` is 2 JSD, ``gan`` is 2 JSD - log 4, ``pearson`` divides by q and ``neyman`` by p.

    Attributes:
        target: P, the data; a distribution on the line that has a density.
        model: Q, the samples; another one.
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

    missing: ClassVar = {
        "share": "the best constant reaches the divergence already",
    }

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
        self._draw(figure, table, functions)
        return Findings(
            table, figure, say_bounds(table, self.steps), {"curves": curves, "functions": functions}
        )

    def animation(self) -> Animation:
        """Return T of the shown divergence on its way to f'(p/q), with the bound so far."""
        objective, x, figure = self.divergences[self.shown], self._grid(), new_slide()
        learnt = self._learn(objective, x)
        optimum = optimal_function(objective, self.target, self.model, x)
        exact = exact_divergence(objective, self.target, self.model)
        if not least_value(objective) < exact < math.inf:
            raise UserError(f"shown must be a divergence that is finite and not 0 here; got {self.shown!r}.")
        finite = optimum[np.isfinite(optimum)].tolist()
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
            left.set(xlabel="steps of the critic", ylabel=f"{self._names[self.shown]} (unit of f)")
            left.legend(loc="lower right")
            _draw_function(right, x, learnt.functions[frames[k]], optimum)
            spread(right, finite, pad=0.3)  # the same in every frame

        return Animation(figure, draw, len(frames))

    @property
    def _names(self) -> dict[str, str]:
        return names_of_objectives(self.divergences)

    def _learn(self, objective: FDivergence, x: Array) -> Lesson:
        return follow_bound(
            objective,
            self.target,
            self.model,
            x,
            critic=self.critic,
            optimizer=self.optimizer,
            steps=self.steps,
            batch_size=self.batch_size,
            seed=self.seed,
            look_every=self.look_every,
        )

    def _grid(self) -> Array:
        """Return the points (n,) that T is drawn at: all but the far tails of both distributions."""
        levels = np.array([_HIDDEN, 1 - _HIDDEN])
        ends = np.array([each.quantile(levels) for each in (self.target, self.model)])
        return np.linspace(ends[:, 0].min(), ends[:, 1].max(), _GRID)

    def _row(self, name: str, exact: float, least: float, learnt: Lesson) -> dict[str, float | str]:
        at_step = dict(zip(learnt.steps, learnt.bounds, strict=True))
        bounds = {f"bound_{step}": at_step[step] for step in (*self.table_steps, self.steps)}
        gap = exact - learnt.bounds[-1]
        share = (learnt.bounds[-1] - least) / (exact - least) if exact > least else math.nan
        least_gap = exact - max(learnt.bounds)
        return {
            "divergence": name,
            "name": self._names[name],
            "exact": exact,
            "least": least,
            **bounds,
            "gap": gap,
            "share": share,
            "least_gap": least_gap,
            "course": course_of(learnt.bounds, exact, least),
        }

    def _draw(self, figure: Figure, table: DataFrame, functions: DataFrame) -> None:
        left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
        height, reach = table["exact"] - table["least"], np.arange(len(table))
        for k, step in enumerate((*self.table_steps, self.steps)):
            share = ((table[f"bound_{step}"] - table["least"]) / height).where(height > 0)
            look = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)]}
            share = share.where(np.isfinite(height))
            left.plot(share.where(share >= 0), reach, linestyle="none", label=f"{step:,}", **look)
            below = reach[(share < 0).to_numpy()]
            left.plot(np.full(len(below), _BELOW), below, "<", color=look["color"], markersize=9)
        left.axvline(1, color=BLACK, linewidth=1.5)
        left.set_yticks(reach, table["name"])
        left.set(
            xlim=(2 * _BELOW, 1.05), ylim=(len(table) - 0.5, -0.5), xlabel="bound / divergence (◂ below 0)"
        )
        left.grid(axis="y", color=GREY, alpha=0.3)
        left.legend(title="steps of the critic", ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        shown = functions[["x", self.shown, f"{self.shown}_optimal"]].to_numpy()
        _draw_function(right, *shown.T)
        right.set_title(f"what T learns for {self._names[self.shown]}")


def course_of(bounds: list[float], exact: float, least: float) -> str:
    """Return what became of a bound: ``rose``, ``fell`` from its best, or ``stayed`` where a constant T gets.

    A constant T is worth f(1) at most, so that a bound which never exceeds it says nothing of P and Q.
    """
    best, reach = max(bounds), exact - least if math.isfinite(exact) else max(bounds) - least
    if not best > least + NOTHING * abs(reach):
        return "stayed"
    return "fell" if bounds[-1] < best - FALL * (best - least) else "rose"


def say_bounds(table: DataFrame, steps: int) -> str:
    """Return how far the bounds have come, which have fallen back, and which never left a constant's value.

    Args:
        table: name, exact, least, share, least_gap and course, a row for each.
        steps: of each critic.
    """
    parts = []
    finite = table[np.isfinite(table["exact"]) & (table["exact"] > table["least"])]
    risen = finite[finite["course"] == "rose"]
    if len(risen):
        worst, best = risen.loc[risen["share"].idxmin()], risen.loc[risen["share"].idxmax()]
        have = verb(len(risen), "has", "have")
        ends = dict.fromkeys(f"{row['share']:.1%} ({row['name']})" for row in (worst, best))
        parts.append(
            f"After {counted(steps, 'step')} {len(risen)} of {counted(len(finite), 'bound')} {have} risen, "
            f"to {' to '.join(ends)} of their divergence."
        )
    for row in finite[finite["course"] == "fell"].itertuples(index=False):
        reached = 1 - row.least_gap / (row.exact - row.least)
        now = f"{row.share:.1%}" if row.share > -FAR_BELOW else f"{row.share:.2g} times it"
        parts.append(f"That of {row.name} has fallen from {reached:.1%} of it to {now}.")
    if (finite["course"] == "stayed").any():
        names = listed(list(finite.loc[finite["course"] == "stayed", "name"]))
        parts.append(f"What a constant T is worth, f(1), was never exceeded by {names}.")
    infinite = table["name"][np.isinf(table["exact"])].tolist()
    if infinite:
        parts.append(f"Infinite, with nothing for the bound to stop at: {', '.join(infinite)}.")
    if len(finite) + len(infinite) < len(table):
        nothing = table[np.isfinite(table["exact"]) & (table["exact"] <= table["least"])]["name"]
        parts.append(f"Nothing is to be reached, as P and Q are equal: {', '.join(nothing)}.")
    return " ".join(parts)


def _draw_function(axes: Axes, x: Array, function: Array, optimum: Array) -> None:
    axes.plot(x, np.where(np.isfinite(optimum), optimum, np.nan), "--", color=BLACK, label="f′(p/q)")
    axes.plot(x, function, color=VERMILION, label="T = g(V)")
    axes.set(xlabel="x", ylabel="T(x)")
    axes.legend()
