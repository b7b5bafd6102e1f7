"""Transport on the line as a linear program, its dual, and the matching of quantiles, side by side."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gan_lab.config.checks import PositiveInt
from gan_lab.distances.finite.linear_programs import (
    Plan,
    Potentials,
    complementary_slackness,
    kantorovich_rubinstein,
    lipschitz_constant,
    solve_dual,
    solve_primal,
)
from gan_lab.distances.line import Atomic, Discrete, LineDistribution
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.lectures.base import Animation, Findings, LectureExperiment, Slider
from gan_lab.lectures.drawing import new_slide
from gan_lab.metrics.transport import Order
from gan_lab.plotting.style import BLACK, BLUE, GREEN, GREY, VERMILION

Array = NDArray[np.float64]

AGREE = 1e-9  # of W1: what two programs may differ by

_SEEN = 1e-9  # of the largest mass: less is a program's rounding, and is not drawn
_N_FRAMES, _STILL_FRAMES = 41, 6


class _Solution(NamedTuple):
    """Both programs on the union of the two distributions' points."""

    x: Array  # (K,), increasing
    p: Array  # (K,)
    q: Array  # (K,)
    plan: Plan
    potentials: Potentials


@dataclass(frozen=True)
class Transport1D(LectureExperiment):
    """The earth mover's distance as a linear program, and its dual (Prügel-Bennett, lecture 15).

    Both programs are solved on their own, for the cost |x - y| and for its square, and compared with what
    the line offers beside them: ∫ |F - G| dx, and the matching of quantiles, which is optimal for both costs.
    Complementary slackness proves the plan and the potentials optimal: mass goes from x to y only where
    α(x) + β(y) = d(x, y). For the cost |x - y| there is one potential f = α = -β, of slope 1 at most: the
    critic that a WGAN looks for.

    The default is Weng's example of 10 units of earth, 5 of them to be moved by one place: W1 = 0.5 in units
    of mass 1, 5 in units of a tenth.

    Attributes:
        source: where the mass is.
        target: where it shall be.
        n_atoms: points of equal mass, at the middle quantiles, that stand for a distribution with a density.
    """

    missing: ClassVar = {
        "one_potential": "one potential does for the cost |x - y| alone",
    }

    sliders: ClassVar = (
        Slider(
            "target.atoms",
            "shift of the target",
            tuple(k / 2 for k in range(-6, 7)),
            0.0,
            lambda experiment, shift: tuple(atom + shift for atom in experiment.target.atoms),
        ),
    )

    source: LineDistribution
    target: LineDistribution
    n_atoms: PositiveInt = 40

    def run(self) -> Findings:
        """Solve both programs for both costs."""
        source, target = self._points()
        orders: tuple[Order, Order] = (1, 2)
        rows, solutions = [], []
        for order in orders:
            solution = _solve(source, target, order)
            exact = wasserstein_line(self.source, self.target, order) ** order
            line = wasserstein_line(source, target, order) ** order
            rows.append(_row(solution, order) | {"line": line, "exact": exact})
            solutions.append(solution)
        table, first = pandas.DataFrame(rows), solutions[0]
        figure = new_slide()
        _draw(figure, first, source, target)
        return Findings(
            table, figure, say_transport(table), {"plan": _plan_table(first), "potentials": _curve(first)}
        )

    def animation(self) -> Animation:
        """Return the mass on its way, each level of the distribution functions at a steady pace."""
        source, target = self._points()
        levels = np.union1d(source.cumulative, target.cumulative)
        widths = np.diff(levels, prepend=0.0)
        ends = source.quantile(levels), target.quantile(levels)
        figure = new_slide()

        def draw(frame: int) -> None:
            moving = _N_FRAMES - 2 * _STILL_FRAMES
            part = float(np.clip((frame - _STILL_FRAMES) / (moving - 1), 0, 1))
            _draw_way(figure, (1 - part) * ends[0] + part * ends[1], widths, ends, part)

        return Animation(figure, draw, _N_FRAMES)

    def _points(self) -> tuple[Atomic, Atomic]:
        return _as_points(self.source, self.n_atoms), _as_points(self.target, self.n_atoms)


def _as_points(distribution: LineDistribution, n: int) -> Atomic:
    if isinstance(distribution, Atomic):
        return distribution
    atoms = distribution.quantile((np.arange(n) + 0.5) / n)
    return Discrete(tuple(map(float, atoms)), (1 / n,) * n)


def _solve(source: Atomic, target: Atomic, order: Order) -> _Solution:
    x = np.union1d(source.distinct_masses()[0], target.distinct_masses()[0])
    p, q = np.zeros((2, len(x)))
    p[np.searchsorted(x, source.distinct_masses()[0])] = source.distinct_masses()[1]
    q[np.searchsorted(x, target.distinct_masses()[0])] = target.distinct_masses()[1]
    costs = np.abs(np.subtract.outer(x, x)) ** order
    return _Solution(x, p, q, solve_primal(costs, p, q), solve_dual(costs, p, q))


def _row(solution: _Solution, order: Order) -> dict[str, object]:
    x, p, q, plan, potentials = solution
    distances = np.abs(np.subtract.outer(x, x))
    slackness = complementary_slackness(distances**order, plan, potentials)
    of_one = kantorovich_rubinstein(distances, p, q).value if order == 1 else np.nan
    return {
        "cost": "|x - y|" if order == 1 else "|x - y|^2",
        "primal": plan.value,
        "dual": potentials.value,
        "one_potential": of_one,
        "gap": slackness.gap,
        "violation": slackness.violation,
        "infeasibility": slackness.infeasibility,
        "steepest": lipschitz_constant(distances, potentials.alpha),
    }


def say_transport(table: pandas.DataFrame) -> str:
    """Return whether the programs and the line agree, and what the plan and the prices keep to.

    Args:
        table: a run's table: the costs |x - y| and its square.
    """
    first, second = table.iloc[0], table.iloc[1]
    said = [
        f"The cheapest plan costs {first['primal']:.6g}, the best prices earn {first['dual']:.6g}, and the "
        f"area between the distribution functions is {first['line']:.6g}: {_say_agreement(first)}."
    ]
    if not math.isclose(first["line"], first["exact"], rel_tol=1e-9, abs_tol=1e-12):
        said.append(f"W1 of the distributions that the points stand for is {first['exact']:.6g}.")
    if first["primal"] > 0:
        violation = max(0.0, first["violation"])
        within = f" (to within {violation:.1g})" if violation else ""
        said.append(f"Mass travels only where the prices meet the cost{within}.")
    said.append(f"No slope of the potential exceeds {first['steepest']:.6g}.")
    said.append(
        f"For the squared cost plan and prices come to {second['primal']:.6g} and {second['dual']:.6g}, with "
        f"slopes up to {second['steepest']:.6g}."
    )
    return " ".join(said)


def _say_agreement(row: pandas.Series) -> str:
    values = [row["primal"], row["dual"], row["line"]]
    apart = max(values) - min(values)
    if max(values) == 0:
        return "nothing is to be moved"
    if apart <= AGREE * max(values):
        return "one number, W1 of the points"
    return f"they differ by {apart / max(values):.1g} of W1"


def _plan_table(solution: _Solution) -> pandas.DataFrame:
    i, j = np.nonzero(solution.plan.plan > 0)
    return pandas.DataFrame({"x": solution.x[i], "y": solution.x[j], "mass": solution.plan.plan[i, j]})


def _curve(solution: _Solution) -> pandas.DataFrame:
    x, p, q, _, (_, alpha, beta) = solution
    return pandas.DataFrame({"x": x, "source": p, "target": q, "alpha": alpha, "beta": beta})


def _draw(figure: Figure, solution: _Solution, source: Atomic, target: Atomic) -> None:
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 1.15])
    _draw_plan(figure.add_subplot(grid[:, 0]), solution)
    _draw_quantiles(figure.add_subplot(grid[0, 1]), source, target)
    _draw_potentials(figure.add_subplot(grid[1, 1]), solution)


def _draw_plan(axes: Axes, solution: _Solution) -> None:
    ways = _plan_table(solution)
    ways = ways[ways["mass"] > _SEEN * ways["mass"].max()].reset_index(drop=True)
    stays = np.isclose(ways["x"], ways["y"])
    area = 1500 * ways["mass"] / ways["mass"].max() / max(1.0, len(solution.x) / 4)
    axes.axline((float(solution.x[0]),) * 2, slope=1, color=GREY, linewidth=1)
    axes.scatter(ways["x"][stays], ways["y"][stays], s=area[stays], color=GREY, marker="s")
    axes.scatter(ways["x"][~stays], ways["y"][~stays], s=area[~stays], color=GREEN, marker="o")
    if len(ways) <= 12:
        for (x, y, mass), size in zip(ways.itertuples(index=False), area, strict=True):
            below = (0, -math.sqrt(size) / 2 - 2)
            axes.annotate(
                f"{mass:.3g}", (x, y), below, textcoords="offset points", ha="center", va="top", fontsize=12
            )
    room = 0.15 * (np.ptp(solution.x) or 1.0)
    ends = (solution.x[0] - room, solution.x[-1] + room)
    axes.set(xlim=ends, ylim=ends, aspect="equal", xlabel="from x", ylabel="to y")
    axes.set_yticks([tick for tick in axes.get_xticks() if ends[0] <= tick <= ends[1]])
    axes.set_title(f"Plan: costs {solution.plan.value:.4g}")


def _draw_quantiles(axes: Axes, source: Atomic, target: Atomic) -> None:
    x = np.union1d(source.distinct_masses()[0], target.distinct_masses()[0])
    room = 0.15 * (np.ptp(x) or 1.0)
    grid = np.concatenate([[x[0] - room], x, [x[-1] + room]])
    levels = np.union1d(source.cumulative, target.cumulative)
    middles = levels - np.diff(levels, prepend=0.0) / 2
    axes.hlines(
        middles, source.quantile(middles), target.quantile(middles), color=GREEN, linewidth=4, alpha=0.5
    )
    axes.step(grid, source.cdf(grid), where="post", color=BLUE, label="source")
    axes.step(grid, target.cdf(grid), "--", where="post", color=VERMILION, label="target")
    axes.set(xlim=(grid[0], grid[-1]), ylim=(-0.03, 1.05), ylabel="P(X ≤ x)")
    axes.set_title(f"Matched quantiles: area {wasserstein_line(source, target):.4g}")
    axes.legend(loc="upper left")


def _draw_potentials(axes: Axes, solution: _Solution) -> None:
    x, alpha, beta = solution.x, solution.potentials.alpha, solution.potentials.beta
    size = 7 if len(x) <= 20 else 0
    axes.plot(x, alpha, "-o", color=BLUE, markersize=size, label="α")
    axes.plot(x, beta, "--s", color=VERMILION, markersize=size, label="β")
    room = 0.15 * (np.ptp(x) or 1.0)
    axes.set(xlim=(x[0] - room, x[-1] + room), xlabel="x", ylabel="price (unit of x)")
    axes.set_title(f"Potentials: earn {solution.potentials.value:.4g}")
    axes.legend(loc="best")


def _draw_way(figure: Figure, places: Array, widths: Array, ends: tuple[Array, Array], part: float) -> None:
    figure.clear()
    axes = figure.subplots()
    low, high = min(map(np.min, ends)), max(map(np.max, ends))
    extent = high - low or 1.0
    heaps: dict[float, float] = {}
    for place, width, moves in zip(places, widths, ends[0] != ends[1], strict=True):
        bottom = heaps.get(round(float(place), 9), 0.0)
        colour = GREEN if moves else GREY
        axes.bar(place, width, 0.03 * extent, bottom, color=colour, edgecolor=BLACK, linewidth=0.5)
        heaps[round(float(place), 9)] = bottom + width
    tallest = max(_heights(end, widths).max() for end in ends)
    axes.set(
        xlim=(low - 0.1 * extent, high + 0.1 * extent), ylim=(0, 1.1 * tallest), xlabel="x", ylabel="mass"
    )
    axes.set_title(f"Quantiles on their way: {part:.0%} of the distance")


def _heights(places: Array, widths: Array) -> Array:
    _, heap = np.unique(places, return_inverse=True)
    return np.bincount(heap, weights=widths).astype(np.float64)
