"""W1 tends to 0 where a sequence converges in distribution and its first moment with it, and only there."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
import pandas
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gan_lab.config.checks import Rule
from gan_lab.config.phrases import counted, listed
from gan_lab.distances import divergences
from gan_lab.distances.finite.linear_programs import solve_primal
from gan_lab.distances.line import Dirac, Discrete
from gan_lab.distances.line.atoms import Atomic
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.names import name_of
from gan_lab.plotting.style import BLACK, BLUE, GREEN, ORANGE, VERMILION

Array = NDArray[np.float64]
Pair = tuple[Atomic, Atomic]
Indices = Annotated[
    tuple[int, ...],
    Rule(
        "whole numbers from 2 to 10000, increasing, at least two",
        lambda v: len(v) > 1 and v[0] >= 2 and v[-1] <= 10_000 and all(m < n for m, n in pairwise(v)),
    ),
]

# what falls at least like n^(-1/4) goes to 0: the sequences below fall like n^(-1/2) or faster, or not at all
SLOWEST = -0.25
REACH = 1.0  # beyond which the truncated distance no longer grows

# columns of the table, their labels, colours, lines and widths; several lie on each other
LOOKS = {
    "w1": (name_of("w1"), BLUE, "-", 7.0),
    "weak": ("weak: transport at cost min(|x − y|, 1)", BLACK, "-", 3.5),
    "moment": ("moment: |E|X| − E|Xₙ||", ORANGE, ":", 2.5),
    "tv": (name_of("tv"), VERMILION, "--", 1.8),
    "jsd": (name_of("jsd"), GREEN, "-.", 1.8),
}
LOWEST = 1e-5  # that is drawn


def _place(n: int) -> Pair:
    return Dirac(0.0), Dirac(1 / n)


def _weight(n: int) -> Pair:
    return Discrete((0.0, 1.0), (0.5, 0.5)), Discrete((0.0, 1.0), (0.5 - 1 / (2 * n), 0.5 + 1 / (2 * n)))


def _slow_escape(n: int) -> Pair:
    return Dirac(0.0), Discrete((0.0, n**0.5), (1 - 1 / n, 1 / n))


def _escape(n: int) -> Pair:
    return Dirac(0.0), Discrete((0.0, float(n)), (1 - 1 / n, 1 / n))


def _moving_escape(n: int) -> Pair:
    return Dirac(0.0), Discrete((1 / n, float(n)), (1 - 1 / n, 1 / n))


def _alternation(n: int) -> Pair:
    del n
    return Dirac(1.0), Dirac(-1.0)  # the same first moment


# name and pair P, P_n, as a slide writes P_n
SEQUENCES: dict[str, tuple[str, Callable[[int], Pair]]] = {
    "place": ("δ at 1/n", _place),
    "weight": ("coin, 1/2 + 1/2n", _weight),
    "slow_escape": ("1/n of δ₀ to √n", _slow_escape),
    "escape": ("1/n of δ₀ to n", _escape),
    "moving_escape": ("δ at 1/n, 1/n of it to n", _moving_escape),
    "elsewhere": ("δ at −1 for δ at 1", _alternation),
}


@dataclass(frozen=True)
class WeakConvergence(LectureExperiment):
    """W1(P_n, P) → 0 if and only if P_n → P in distribution and E|X_n| → E|X|.

    Convergence in distribution is measured by transport at the cost min(|x - y|, 1), a metric of it. A point
    that moves to its place converges so and in W1, while TV stays 1 and JSD log 2. Mass 1/n that moves to n
    vanishes for all of them but W1, which stays 1, because its moment does; mass that moves to √n only takes
    its moment along to 0. On a bounded space moments follow by themselves, and W1 is a metric of convergence
    in distribution, which the WGAN paper assumes (theorem 2).

    Whether something goes to 0 is judged from the first n and the last: it must fall at least like n^(-1/4).

    Attributes:
        indices: n of the P_n that are looked at; the table has the last.

    Reference:
        Villani, "Optimal Transport", 2009, theorem 6.9.
    """

    indices: Indices

    def run(self) -> Findings:
        """Follow every measure along every sequence."""
        curves = pandas.DataFrame(
            {"sequence": name, "n": n, **measure(*pair(n))}
            for name, (_, pair) in SEQUENCES.items()
            for n in self.indices
        )
        rows = []
        for name in SEQUENCES:
            ends = curves[curves["sequence"] == name].iloc[[0, -1]]
            falling = [column for column in LOOKS if falls(ends["n"].to_numpy(), ends[column].to_numpy())]
            rows.append({**ends.iloc[-1].to_dict(), "to_zero": " ".join(falling)})
        table = pandas.DataFrame(rows)
        return Findings(table, _draw(curves), say_convergence(table), {"curves": curves})


def measure(p: Atomic, q: Atomic) -> dict[str, float]:
    """Return how far P_n, q, is from P by every measure."""
    (x, p_masses), (y, q_masses) = p.distinct_masses(), q.distinct_masses()
    costs = np.minimum(np.abs(np.subtract.outer(x, y)), REACH)
    return {
        "weak": solve_primal(costs, p_masses, q_masses).value,
        "moment": abs(float(p_masses @ np.abs(x) - q_masses @ np.abs(y))),
        "w1": wasserstein_line(p, q),
        "tv": divergences.total_variation(p, q),
        "jsd": divergences.jensen_shannon(p, q),
    }


def falls(n: Array, values: Array) -> bool:
    """Return whether something goes to 0, from its values (2,) at the first n and the last."""
    return bool(values[1] <= values[0] * (n[1] / n[0]) ** SLOWEST)


def say_convergence(table: pandas.DataFrame) -> str:
    """Return where W1 goes to 0, and whether that is where both conditions hold.

    Args:
        table: sequence, n, the measures, and ``to_zero``: which of them go to 0.
    """
    zero = {row["sequence"]: set(row["to_zero"].split()) for _, row in table.iterrows()}
    both = [name for name, gone in zero.items() if {"weak", "moment"} <= gone]
    w1 = [name for name, gone in zero.items() if "w1" in gone]
    agree = sum(("w1" in gone) == ({"weak", "moment"} <= gone) for gone in zero.values())
    said = [
        f"W1 goes to 0 in {_names(w1)}; convergence in distribution and of the first moment hold in "
        f"{_names(both)}: the same of W1 and of both in {agree} of {counted(len(zero), 'sequence')}."
    ]
    rows = table.set_index("sequence")
    lost = [name for name, gone in zero.items() if "weak" in gone and "w1" not in gone]
    if lost:
        values = ", ".join(f"{rows.loc[name, 'w1']:.3g} ({name})" for name in lost)
        said.append(f"In distribution alone: W1 is still {values} at n = {rows['n'].iloc[0]:.0f}.")
    blind = [name for name, gone in zero.items() if "w1" in gone and not {"tv", "jsd"} & gone]
    if blind:
        values = ", ".join(
            f"{rows.loc[name, 'tv']:.3g} and {rows.loc[name, 'jsd']:.4f} ({name})" for name in blind
        )
        said.append(f"Where W1 goes to 0, TV and JSD can stay: {values}.")
    return " ".join(said)


def _names(names: list[str]) -> str:
    return listed(names) if names else "none"


def _draw(curves: pandas.DataFrame) -> Figure:
    figure = new_slide(12.8, 7.2)
    panels = figure.subplots(2, 3, sharex=True, sharey=True).flat
    for axes, (name, (label, _)) in zip(panels, SEQUENCES.items(), strict=True):
        rows = curves[curves["sequence"] == name]
        for column, (words, colour, line, width) in LOOKS.items():
            seen = rows[column].where(rows[column] > LOWEST)
            axes.plot(rows["n"], seen, line, color=colour, linewidth=width, alpha=0.8, label=words)
        axes.set(xscale="log", yscale="log")
        axes.set_title(label)
    figure.supxlabel("n", fontsize="medium")
    figure.supylabel("distance of Pₙ from P", fontsize="medium")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
