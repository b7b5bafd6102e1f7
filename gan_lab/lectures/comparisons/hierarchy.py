"""The strict order of the distances: KL above TV and JSD, these above W, and a sequence for each step."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from gan_lab.config.checks import Rule
from gan_lab.distances import divergences
from gan_lab.distances.line import Dirac, Discrete, Gaussian, LineDistribution, Uniform
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.names import name_of
from gan_lab.plotting.style import BLACK, BLUE, GREEN, GREY, VERMILION

Indices = Annotated[
    tuple[int, ...],
    Rule(
        "whole numbers from 2 to 10000, increasing, at least two",
        lambda v: len(v) > 1 and v[0] >= 2 and v[-1] <= 10_000 and all(m < n for m, n in pairwise(v)),
    ),
]
Biases = Annotated[
    tuple[float, ...],
    Rule(
        "numbers from 1e-6 up to 1/2, not including it, at least one",
        lambda v: v and all(1e-6 <= x < 0.5 for x in v),
    ),
]
Shifts = Annotated[
    tuple[float, ...],
    Rule("numbers from 1e-6 on, at least one", lambda v: min(v, default=0) >= 1e-6),
]
Pair = tuple[LineDistribution, LineDistribution]

# What falls at least like n^(-1/2) between the first n and the last goes to 0; the sequences below
# fall like 1/n or faster, or not at all.
SLOWEST = -0.5

# from the weakest to the strongest: column, label on the slide, and what computes it from P and P_n
MEASURES: tuple[tuple[str, str, Callable[[LineDistribution, LineDistribution], float]], ...] = (
    ("w1", name_of("w1"), wasserstein_line),
    ("tv", name_of("tv"), divergences.total_variation),
    ("jsd", name_of("jsd"), divergences.jensen_shannon),
    ("reverse_kl", name_of("reverse_kl", "P", "Pₙ"), lambda p, q: divergences.kl(q, p)),
    ("kl", name_of("kl", "P", "Pₙ"), divergences.kl),
)


def _points(n: int) -> Pair:
    return Uniform(0.0, 1.0), Discrete(tuple((k + 0.5) / n for k in range(n)), (1 / n,) * n)


def _shift(n: int) -> Pair:
    return Uniform(0.0, 1.0), Uniform(1 / n, 1 + 1 / n)


def _shrink(n: int) -> Pair:
    return Uniform(0.0, 1.0), Uniform(0.0, 1 - 1 / n)


def _bells(n: int) -> Pair:
    return Gaussian(0.0, 1.0), Gaussian(1 / n, 1.0)


def _escape(n: int) -> Pair:
    return Dirac(0.0), Discrete((0.0, float(n)), (1 - 1 / n, 1 / n))


# cells of the ladder
FILLED = {"facecolor": BLUE}
EMPTY = {"facecolor": "white", "hatch": "//", "edgecolor": "#dddddd"}

# name, label on the slide, and the pair P, P_n; each of the first four goes one column further
SEQUENCES: tuple[tuple[str, str, Callable[[int], Pair]], ...] = (
    ("points", "n points in [0, 1]", _points),
    ("shift", "U[1/n, 1 + 1/n]", _shift),
    ("shrink", "U[0, 1 − 1/n]", _shrink),
    ("gaussians", "N(1/n, 1)", _bells),
    ("escape", "mass 1/n moves to n", _escape),
)


@dataclass(frozen=True)
class Hierarchy(LectureExperiment):
    """Which distances a sequence P_n brings to 0: theorem 2 of the WGAN paper, each step strict.

    KL → 0 (either way) implies TV → 0, which is equivalent to JSD → 0, which implies W → 0. No arrow can be
    turned round: n equally spaced points tend to the uniform in W alone; a uniform that moves into place
    also in TV and JSD, with both KL infinite; one that grows into place also in KL(P_n, P), but not in
    KL(P, P_n). The last implication needs a bounded space, which the paper assumes (compact): on the whole
    line, mass 1/n that moves to n vanishes for TV and not for W. Arjovsky's talk shows the order without it.

    Beside it, Pinsker's inequality TV ≤ √(KL/2). Zou's lecture 9 has √(2 KL), which bounds the L1 norm, twice
    TV: true, and loose by 2. Biased coins reach √(KL/2) as the bias goes to 0, so it cannot be improved;
    shifted Gaussians reach √(2/π) = 0.798 of it.

    Attributes:
        indices: n of the P_n that are looked at; the table has the last.
        biases: ε of coins with heads 1/2 + ε, against a fair one.
        shifts: of unit Gaussians, in standard deviations.
    """

    indices: Indices
    biases: Biases
    shifts: Shifts

    def run(self) -> Findings:
        """Follow every distance along every sequence, and set TV against KL for two families."""
        curves = pandas.DataFrame(
            {"sequence": name, "n": n, **{column: measure(*pair(n)) for column, _, measure in MEASURES}}
            for name, _, pair in SEQUENCES
            for n in self.indices
        )
        table = self._verdicts(curves)
        pinsker = self._pinsker()
        figure = new_slide()
        ladder, bound = figure.subplots(1, 2, width_ratios=[1.75, 1])
        _draw_ladder(ladder, table)
        _draw_pinsker(bound, pinsker)
        return Findings(table, figure, _sentence(table, pinsker), {"curves": curves, "pinsker": pinsker})

    def _verdicts(self, curves: pandas.DataFrame) -> pandas.DataFrame:
        """Return each sequence's distances at the last n, and which of them go to 0."""
        columns = [column for column, _, _ in MEASURES]
        rows = []
        for name, _, _ in SEQUENCES:
            ends = curves[curves["sequence"] == name].iloc[[0, -1]]
            falling = [c for c in columns if _falls(ends["n"].to_numpy(), ends[c].to_numpy())]
            rows.append({**ends.iloc[-1].to_dict(), "to_zero": " ".join(falling)})
        return pandas.DataFrame(rows)

    def _pinsker(self) -> pandas.DataFrame:
        """Return KL, TV and their ratio to the bound for the coins and the Gaussians."""
        fair, normal = Discrete((0.0, 1.0), (0.5, 0.5)), Gaussian(0.0, 1.0)
        families: list[tuple[str, float, Pair]] = [
            *(("coin", e, (Discrete((0.0, 1.0), (0.5 - e, 0.5 + e)), fair)) for e in self.biases),
            *(("gaussian", d, (Gaussian(d, 1.0), normal)) for d in self.shifts),
        ]
        rows = []
        for family, parameter, pair in families:
            kl, tv = divergences.kl(*pair), divergences.total_variation(*pair)
            share = tv / math.sqrt(kl / 2)
            rows.append(
                {"family": family, "parameter": parameter, "kl": kl, "tv": tv, "share_of_bound": share}
            )
        return pandas.DataFrame(rows)


def _falls(n: np.ndarray, values: np.ndarray) -> bool:
    """Return whether a distance goes to 0, from its values at the first n and the last."""
    if not np.isfinite(values).all():
        return False
    return bool(values[1] <= values[0] * (n[1] / n[0]) ** SLOWEST)


def _sentence(table: pandas.DataFrame, pinsker: pandas.DataFrame) -> str:
    points, shift, _, _, escape = table.to_dict("records")
    coins = pinsker[pinsker["family"] == "coin"]
    closest = coins.iloc[int(coins["share_of_bound"].argmax())]
    return (
        f"At n = {points['n']}, equally spaced points are {points['w1']:.3g} from the uniform in W1 and "
        f"{points['tv']:.3g} in TV; a uniform moving into place is {shift['tv']:.3g} away in TV with "
        f"KL(P, Pₙ) = {shift['kl']:g}; and where the space is unbounded, TV can vanish ({escape['tv']:.3g}) "
        f"without W1 ({escape['w1']:.3g}). A coin of bias {closest['parameter']:g} reaches "
        f"{closest['share_of_bound']:.4f} of Pinsker's bound √(KL/2), half of the lecture's √(2 KL)."
    )


def _draw_ladder(axes: Axes, table: pandas.DataFrame) -> None:
    """Draw a cell for each sequence and distance: filled where it goes to 0, with its value at the last n."""
    for row, (_, found) in enumerate(table.iterrows()):
        place = row + 0.35 * (row == len(table) - 1)  # the last stands apart: its space is unbounded
        for column, (name, _, _) in enumerate(MEASURES):
            vanishes = name in found["to_zero"].split()
            look: Any = FILLED if vanishes else EMPTY
            axes.add_patch(Rectangle((column, place), 0.94, 0.9, **look))
            value = "∞" if math.isinf(found[name]) else f"{found[name]:.2g}"
            text = axes.text(column + 0.47, place + 0.45, f"→ 0\n{value}" if vanishes else value)
            text.set(fontsize=12, ha="center", va="center", color="white" if vanishes else BLACK)
    rows = np.arange(len(table)) + 0.45
    rows[-1] += 0.35
    axes.set_yticks(rows, [label for _, label, _ in SEQUENCES])
    axes.set_xticks(np.arange(len(MEASURES)) + 0.47, [label for _, label, _ in MEASURES], fontsize=12)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(0, len(MEASURES)), ylim=(len(table) + 0.35, 0))
    axes.set_xlabel(f"Pₙ to its limit P, at n = {table['n'].iloc[-1]}; filled: → 0")


def _draw_pinsker(axes: Axes, pinsker: pandas.DataFrame) -> None:
    """Draw TV against √(KL/2) for both families: the sharp bound is the diagonal, the loose one twice it."""
    bound = np.sqrt(pinsker["kl"] / 2)
    ends = np.array([0, 1.05 * min(bound.max(), 1.2)])
    axes.plot(ends, 2 * ends, ":", color=GREY, label="√(2 KL)")
    axes.plot(ends, ends, "-", color=BLACK, label="√(KL/2)")
    for family, label, colour, marker in (
        ("coin", "biased coins", VERMILION, "o"),
        ("gaussian", "shifted N(0, 1)", GREEN, "s"),
    ):
        is_family = pinsker["family"] == family
        axes.plot(bound[is_family], pinsker["tv"][is_family], marker, color=colour, label=label)
    axes.set(xlim=ends, ylim=(0, min(1.0, ends[1])), xlabel="√(KL/2), KL in nats", ylabel=name_of("tv"))
    axes.legend(loc="lower right")
