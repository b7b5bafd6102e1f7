"""The Wasserstein distances of the plane side by side: what n samples say of each, and of no difference."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
import pandas
import torch
from numpy.typing import NDArray

from gan_lab.config.checks import NonNegativeInt, PositiveInt, Rule
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.phrases import counted, verb
from gan_lab.distances.gaussians import sliced_wasserstein_gaussians
from gan_lab.distances.kernels import mmd_squared
from gan_lab.distances.plane import PlaneDistribution, PlaneGaussian, PlaneSamples
from gan_lab.distances.plane.transport import wasserstein_plane
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.transport.wasserstein_variants_figure import (
    LOOKS,
    by_distance,
    draw_wasserstein_variants,
)
from gan_lab.metrics.sliced import sliced_wasserstein_along
from gan_lab.metrics.transport import Order

Array = NDArray[np.float64]
Measure = Callable[[PlaneDistribution, PlaneDistribution], float]

Bandwidth = Annotated[float, Rule("a number from 1e-100 to 1e100", lambda v: 1e-100 <= v <= 1e100)]
SampleSizes = Annotated[
    tuple[int, ...],
    Rule(
        "whole numbers from 1 to 2000, increasing, at least one",
        lambda v: len(v) > 0 and v[0] >= 1 and v[-1] <= 2000 and all(m < n for m, n in pairwise(v)),
    ),
]

SLACK = 1e-9  # of a distance: rounding
ROUNDING = 1e-13  # of MMD²
FARTHEST = 1e6  # from the size of the pair to bandwidths
SMALL = 0.1  # of a floor: an exact value below it is lost in what samples are apart anyway
DIRECTIONS = 64  # of the slices, equally spaced over the half circle

# on any two distributions, so on any two samples, the first is not greater than the second
ORDER = (
    ("w1_linf", "w1_l2"),
    ("w1_l2", "w1_l1"),
    ("w1_l2", "w2"),
    ("sliced_w1", "w1_l2"),
    ("sliced_w2", "w2"),
)


@dataclass(frozen=True)
class WassersteinVariants(LectureExperiment):
    """W1 under three ground norms, W2, sliced distances and MMD: exact, and estimated from n points a side.

    All are 0 for equal distributions only, and all see a shift for what it is: for one distribution moved by
    m, W1 is the length of m in its ground norm, |m|₁ ≥ |m|₂ ≥ |m|∞, W2 is |m|₂, and the sliced distances
    are 2/π and 1/√2 of |m|₂ in the plane. MMD alone saturates. l1 and l∞ depend on the direction, too.

    From samples, each is estimated by its value between them. W1, sliced W1 and MMD are then biased upwards,
    and so are the squares of W2 and of sliced W2; the floor is what they are between two samples of ``real``
    itself, on average: no minimum, as samples closer together can lie below it. It falls like n^(-1/2) for
    MMD and sliced W1 in any dimension d, for sliced W2 where the projections have no gaps (n^(-1/4) between
    separate points), and for W1 like n^(-1/d) from d = 3 on; in the plane the difference is a logarithm.

    Attributes:
        real: a distribution in the plane.
        fake: another. Exact values are given where there are closed forms: for W1 if one is the other moved,
            for W2 within a family of affine images, for the sliced distances between Gaussians, for MMD
            between sums of Gaussians or of points; and for all transport between points.
        bandwidth: s of MMD's kernel exp(-|x - y|² / (2 s²)), in the unit of x.
        n_samples: n, points on each side.
        n_trials: pairs of samples behind each mean.
        seed: of the samples.

    Reference:
        Fournier and Guillin, "On the rate of convergence in Wasserstein distance of the empirical measure",
        2015; Sriperumbudur et al., "On the Empirical Estimation of Integral Probability Metrics", 2012.
    """

    missing: ClassVar = {
        "exact": "this pair has no exact form, or rounding leaves nothing of it",
        "floor_exponent": "a floor is 0, or there is one number of samples only",
    }

    real: PlaneDistribution
    fake: PlaneDistribution
    bandwidth: Bandwidth
    n_samples: SampleSizes
    n_trials: PositiveInt
    seed: NonNegativeInt

    def __post_init__(self) -> None:
        super().__post_init__()
        spread = max(np.trace(each.covariance()) for each in (self.real, self.fake))
        size = max(math.sqrt(spread), math.hypot(*(self.real.mean() - self.fake.mean())))
        if size > 0 and not size / FARTHEST <= self.bandwidth <= size * FARTHEST:
            rule = (
                f"from {size / FARTHEST:.3g} to {size * FARTHEST:.3g}: the pair is {size:.3g} wide or apart"
            )
            raise BadValueError("bandwidth", rule, self.bandwidth)

    def run(self) -> Findings:
        """Compute what is exact, and estimate everything at every n."""
        trials = pandas.DataFrame(row for n in self.n_samples for row in self._trials(n))
        means = trials.groupby(["distance", "n"], sort=False)[["estimate", "floor"]].mean().reset_index()
        table = self._table(trials)
        figure = draw_wasserstein_variants(means, table)
        return Findings(table, figure, _sentence(table, trials), {"trials": trials})

    def _measures(self) -> dict[str, Measure]:
        """Return what computes each distance of two distributions in the plane, by its name."""
        return {
            "w1_l1": partial(wasserstein_plane, norm="l1"),
            "w1_l2": wasserstein_plane,
            "w1_linf": partial(wasserstein_plane, norm="linf"),
            "w2": partial(wasserstein_plane, order=2),
            "sliced_w1": partial(_sliced, order=1),
            "sliced_w2": partial(_sliced, order=2),
            "mmd": partial(_mmd, bandwidth=self.bandwidth),
        }

    def _trials(self, n: int) -> list[dict[str, object]]:
        """Return every distance between samples of n points of both sides, and of ``real`` twice."""
        rng, rows = np.random.default_rng([self.seed, n]), []
        for trial in range(self.n_trials):
            first, second = (PlaneSamples(_points(self.real, n, rng)) for _ in range(2))
            other = PlaneSamples(_points(self.fake, n, rng))
            for name, measure in self._measures().items():
                values = {"estimate": measure(first, other), "floor": measure(first, second)}
                rows.append({"distance": name, "n": n, "trial": trial} | values)
        return rows

    def _table(self, trials: pandas.DataFrame) -> pandas.DataFrame:
        """Return a row for each distance: exact, and its estimates at the largest n."""
        rows = []
        for name, measure in self._measures().items():
            of_name = trials[trials["distance"] == name]
            last = of_name[of_name["n"] == self.n_samples[-1]]
            floors = of_name.groupby("n")["floor"].mean().to_numpy()
            rows.append(
                {
                    "distance": name,
                    "exact": _or_missing(measure, self.real, self.fake),
                    "n": self.n_samples[-1],
                    "estimate": last["estimate"].mean(),
                }
                | {"deviation": last["estimate"].std(ddof=0), "floor": last["floor"].mean()}
                | {"floor_exponent": _exponent(np.array(self.n_samples), floors)}
            )
        return pandas.DataFrame(rows)


def _points(
    distribution: PlaneDistribution, n: int, rng: np.random.Generator
) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, distribution.sample(n, rng).tolist()))


def _or_missing(measure: Measure, p: PlaneDistribution, q: PlaneDistribution) -> float:
    try:
        return measure(p, q)
    except UserError:  # no exact form of this pair
        return math.nan


def _sliced(p: PlaneDistribution, q: PlaneDistribution, order: Order) -> float:
    """Return SW_p between samples, or between Gaussians in closed form.

    Raises:
        UserError: if this pair has no exact form.
    """
    if isinstance(p, PlaneSamples) and isinstance(q, PlaneSamples):
        angles = math.pi * torch.arange(DIRECTIONS, dtype=torch.float64) / DIRECTIONS
        directions = torch.stack([angles.cos(), angles.sin()], dim=1)
        x, y = (torch.tensor(each.samples, dtype=torch.float64) for each in (p, q))
        return sliced_wasserstein_along(x, y, directions, order)
    if isinstance(p, PlaneGaussian) and isinstance(q, PlaneGaussian):
        return sliced_wasserstein_gaussians(p.mean(), p.covariance(), q.mean(), q.covariance(), order)
    raise UserError(
        f"Sliced distances between {type(p).__name__} and {type(q).__name__} have no exact form here."
    )


def _mmd(p: PlaneDistribution, q: PlaneDistribution, bandwidth: float) -> float:
    """Return MMD, the root and not the square.

    Raises:
        UserError: if this pair has no exact form, or one that drowns in rounding.
    """
    squared = 0.0 if p == q else mmd_squared(p, q, bandwidth)
    if squared > ROUNDING or p == q or isinstance(p, PlaneSamples):
        return math.sqrt(max(squared, 0.0))
    raise UserError(f"MMD² of bandwidth {bandwidth:g} is {squared:g}: rounding.")


def _exponent(sizes: Array, floors: Array) -> float:
    """Return a in floor ~ n^a, from the first n to the last; NaN where it cannot be told."""
    if len(sizes) < 2 or not (floors > 0).all():
        return math.nan
    return math.log(floors[-1] / floors[0]) / math.log(sizes[-1] / sizes[0])


def _sentence(table: pandas.DataFrame, trials: pandas.DataFrame) -> str:
    parts = _say_estimates(table, trials["trial"].nunique())
    if exponents := by_distance(table, "floor_exponent"):
        parts.append(
            f"estimates between two samples of real itself go like {_extremes(exponents, 'n^{:.2f}')}"
        )
    wide = trials.pivot(index=["n", "trial"], columns="distance", values="estimate")
    holds = np.logical_and.reduce([wide[a] <= (1 + SLACK) * wide[b] for a, b in ORDER])
    parts.append(
        f"in {holds.sum()} of {counted(len(holds), 'pair')} of samples W1 grows from the norm l∞ over l2 to "
        "l1, W1 ≤ W2 and what is sliced is at most the whole"
    )
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _say_estimates(table: pandas.DataFrame, many: int) -> list[str]:
    """Say how far estimates lie from what is exact: as a part of it, but where it is lost in the floor."""
    n, estimates = table["n"].iloc[0], by_distance(table, "estimate")
    exact, floors = by_distance(table, "exact"), by_distance(table, "floor")
    zero = [name for name, value in exact.items() if value == 0]
    small = [name for name, value in exact.items() if 0 < value < SMALL * floors[name]]
    excess = {
        name: round(100 * (estimates[name] / value - 1), 1) + 0.0
        for name, value in exact.items()
        if name not in (*zero, *small)
    }
    parts = []
    if excess:
        parts.append(
            f"at n = {n} ({counted(many, 'trial')}) the mean estimates lie "
            f"{_extremes(excess, '{:+.1f} %')} from the exact values"
        )
    for names, what in ((small, "below a tenth of the floor"), (zero, "0")):
        if names:
            reached = _extremes({name: estimates[name] for name in names}, "{:.3g}")
            parts.append(
                f"{len(names)} of {len(exact)} exact values {verb(len(names), 'is', 'are')} {what}, and the "
                f"mean {verb(len(names), 'estimate of this', 'estimates of these')} at n = {n} "
                f"{verb(len(names), 'is', 'are')} {reached}"
            )
    return parts


def _extremes(values: dict[str, float], form: str) -> str:
    """Return the least and the greatest of some numbers, each with its distance."""
    if 1 == len(set(values.values())) < len(values):
        return f"{form.format(*values.values())} (all {len(values)})"
    ends = dict.fromkeys((min(values, key=lambda k: values[k]), max(values, key=lambda k: values[k])))
    return " to ".join(f"{form.format(values[name])} ({LOOKS[name][0]})" for name in ends)
