"""One pair of distributions, many classes of critics: what each metric sees of a change."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
import pandas

from gan_lab.config.checks import Rule
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.phrases import counted
from gan_lab.distances.finite.masses import Vector
from gan_lab.distances.line import LineMixture
from gan_lab.distances.line.bends import positive_components
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.comparisons.critic_classes import critic_classes, masses_on
from gan_lab.lectures.comparisons.integral_metrics_figure import draw_integral_metrics
from gan_lab.lectures.comparisons.integral_metrics_sentence import CHANGES, say_integral_metrics

LEAST = 0.01  # smaller changes than this part drown in the rounding of squared metrics
TAIL = 4.5  # scales between the outermost means and the ends of the grid


def _increasing(values: tuple[float, ...]) -> bool:
    return len(values) > 0 and all(a < b for a, b in pairwise(values))


Shifts = Annotated[
    tuple[float, ...],
    Rule("numbers, 0 or greater, increasing, at least one", lambda v: _increasing(v) and v[0] >= 0),
]
Parts = Annotated[
    tuple[float, ...],
    Rule(
        f"0 or numbers from {LEAST} to 1, increasing, at least one",
        lambda v: _increasing(v) and all(x == 0 or LEAST <= x <= 1 for x in v),
    ),
]
Shrinkages = Annotated[
    tuple[float, ...],
    Rule(
        f"0 or numbers from {LEAST} up to 1, not including it, increasing, at least one",
        lambda v: _increasing(v) and all(x == 0 or LEAST <= x < 1 for x in v),
    ),
]
Bandwidths = Annotated[
    tuple[float, ...],
    Rule(
        "numbers from 1e-100 to 1e100, increasing, at least one",
        lambda v: _increasing(v) and v[0] >= 1e-100 and v[-1] <= 1e100,
    ),
]
# A matrix of distances between this many points still makes a linear program of a second.
Points = Annotated[int, Rule("a whole number from 11 to 201", lambda v: 11 <= v <= 201)]


@dataclass(frozen=True)
class IntegralMetrics(LectureExperiment):
    """What each class of critics sees, sup of E_p f - E_q f over the class, of three changes of p ("Week 7").

    The class makes the metric. Of one mixture p, q is p moved to the right, p with mass taken from its last
    mode and given to the others, or p with all scales shrunk. Each metric is computed twice, from the
    densities, in closed form or by quadrature, and as the best critic of its class on a grid, linear
    between its points (of MMD, of the unit ball of the kernel's space on the grid's points):

    - ±x alone: the difference of the means;
    - slope at most 1: W1, whose best critic is the Kantorovich potential;
    - |f| ≤ 1: *twice* the total variation, where the WGAN paper (section 5) has it once;
    - both at once: the bounded-Lipschitz metric, which has no closed form;
    - the unit ball of a Gaussian kernel's space: MMD, the root and not the square;
    - ∫ f'² dx ≤ 2: the root of the energy distance, 2 ∫ (F - G)² dx. It is the unit ball of the kernel
      |x| + |y| - |x - y|: slope bounded in the mean square, as W1's is everywhere.

    What all share: each is proportional to p - q, so to the mass that is dropped, as no f-divergence but TV
    is. What separates them is the geometry: how far the mass went.

    Attributes:
        real: p.
        shifts: how far q is moved to the right, in the unit of x.
        dropped: parts of the mass of the last mode that are taken from it.
        shrunk: parts that are taken from every scale.
        bandwidths: of the Gaussian kernels, in the unit of x.
        points: of the grid.

    Reference:
        Müller, "Integral Probability Metrics and Their Generating Classes of Functions", 1997; Sriperumbudur
        et al., "On the Empirical Estimation of Integral Probability Metrics", 2012. The energy distance as
        an MMD: Sejdinovic et al., 2013.
    """

    missing: ClassVar = dict.fromkeys(CHANGES, "this class of critics has no closed form")

    real: LineMixture
    shifts: Shifts
    dropped: Parts
    shrunk: Shrinkages
    bandwidths: Bandwidths
    points: Points

    def __post_init__(self) -> None:
        super().__post_init__()
        weights, _, scales = positive_components(self.real)
        if len(weights) < 2 or weights[-1] < LEAST:
            rule = f"positive for two modes at least, and {LEAST} or more for the last, which is dropped"
            raise BadValueError("real.weights", rule, self.real.weights)
        moved = [shift for shift in self.shifts if 0 < shift < LEAST * scales.min()]
        if moved:
            raise BadValueError(
                "shifts", f"0 or at least {LEAST} of the least scale, {scales.min():g}", moved[0]
            )
        for change in CHANGES:
            self._check_resolution(change)

    def _check_resolution(self, change: str) -> None:
        low, high = self._ends(change)
        cell = (high - low) / (self.points - 1)
        _, _, scales = positive_components(self._changed(change)[-1][1])
        finest = float(min(scales.min(), self.bandwidths[0]))
        if not cell <= finest:
            raise UserError(
                f"scales and bandwidths must be at least {cell:.3g}, a cell of the "
                f"{counted(self.points, 'point')} from {low:.3g} to {high:.3g} that hold p and every q of "
                f"{change}; got {finest:.3g}."
            )
        if self.bandwidths[-1] > high - low:
            rule = f"at most {high - low:.3g}, as wide as p: beyond, MMD drowns in rounding"
            raise BadValueError("bandwidths", rule, self.bandwidths[-1])

    def run(self) -> Findings:
        """Compute every metric of every change, twice."""
        rows, drawn = [], dict[str, Vector]()
        for change in CHANGES:
            x = self._grid(change)
            p, classes = masses_on(x, self.real), critic_classes(x, self.bandwidths)
            drawn |= {f"{change}_x": x, f"{change}_p": self.real.pdf(x)}
            for amount, q in self._changed(change):
                for name, critics in classes.items():
                    best = critics.best(p, masses_on(x, q))
                    rows.append(
                        {"change": change, "amount": amount, "metric": name, "critics": critics.text}
                        | {"exact": critics.exact(self.real, q), "best_critic": best.value}
                    )
                    drawn[f"{change}_{name}"] = best.function
            drawn[f"{change}_q"] = q.pdf(x)  # of the largest amount, as the critics are
        curves, witnesses = pandas.DataFrame(rows), pandas.DataFrame(drawn)
        figure = draw_integral_metrics(curves, witnesses)
        sentence = say_integral_metrics(curves, math.sqrt(self.real.variance()), self.points)
        return Findings(_side_by_side(curves), figure, sentence, {"curves": curves, "critics": witnesses})

    def _changed(self, change: str) -> list[tuple[float, LineMixture]]:
        """Return each amount of a change, and p changed by it."""
        make = {"shift": self._moved, "drop": self._without_mode, "shrink": self._narrower}[change]
        amounts = {"shift": self.shifts, "drop": self.dropped, "shrink": self.shrunk}[change]
        return [(amount, make(amount)) for amount in amounts]

    def _moved(self, shift: float) -> LineMixture:
        weights, means, scales = positive_components(self.real)
        return _mixture(weights, means + shift, scales)

    def _without_mode(self, part: float) -> LineMixture:
        weights, means, scales = positive_components(self.real)
        others = weights[:-1].sum()
        kept = weights[-1] * (1 - part)
        return _mixture(np.append(weights[:-1] * (1 - kept) / others, kept), means, scales)

    def _narrower(self, part: float) -> LineMixture:
        weights, means, scales = positive_components(self.real)
        return _mixture(weights, means, scales * (1 - part))

    def _ends(self, change: str) -> tuple[float, float]:
        _, means, scales = positive_components(self.real)
        low, high = (means - TAIL * scales).min(), (means + TAIL * scales).max()
        return float(low), float(high + (self.shifts[-1] if change == "shift" else 0.0))

    def _grid(self, change: str) -> Vector:
        return np.linspace(*self._ends(change), self.points)


def _mixture(weights: Vector, means: Vector, scales: Vector) -> LineMixture:
    return LineMixture(tuple(weights.tolist()), tuple(means.tolist()), tuple(scales.tolist()))


def _side_by_side(curves: pandas.DataFrame) -> pandas.DataFrame:
    """Return a row for each metric: at the largest amount of each change, exact and by its critic."""
    table = curves[["metric", "critics"]].drop_duplicates(ignore_index=True)
    for change in CHANGES:
        of_change = curves[curves["change"] == change]
        last = of_change[of_change["amount"] == of_change["amount"].max()].set_index("metric")
        table[change] = table["metric"].map(last["exact"])
        table[f"{change}_critic"] = table["metric"].map(last["best_critic"])
    return table
