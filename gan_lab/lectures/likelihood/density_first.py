"""The naive idea: estimate the density first, then its divergence; what dimension does to it."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
import pandas
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gan_lab.config.checks import NonNegativeInt, PositiveFloat, PositiveInt, Rule
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.likelihood.kernel_density import KernelDensity
from gan_lab.numerics.statistics import t_mean
from gan_lab.plotting.style import BLACK, BLUE, GREEN, VERMILION

Array = NDArray[np.float64]
Dimensions = Annotated[
    tuple[int, ...],
    Rule(
        "whole numbers above 0, increasing, at least one",
        lambda v: len(v) > 0 and v[0] > 0 and all(m < n for m, n in pairwise(v)),
    ),
]
Samples = Annotated[int, Rule("an even whole number, 4 or greater", lambda v: v >= 4 and v % 2 == 0)]


@dataclass(frozen=True)
class DensityFirst(LectureExperiment):
    """KL(p, q) by a kernel density estimate of p, against the closed form, in d dimensions.

    p = N(0, I) is the data and q = N(m, I), with m along the first axis, the model: KL(p, q) = m² / 2 in
    every d, so that an error which grows with d is the method's own. Half of p's samples make p̂, the
    other half takes the mean of log p̂ - log q, q being known. On average that is KL(p, q) - KL(p, p̂):
    what density estimation misses comes off the divergence, which it may turn negative. The bandwidth h
    is Scott's, n^(-1/(d+4)). With ever so many samples p̂ would still be N(0, (1 + h²) I), and the
    estimate short by d/2 (log(1 + h²) + 1/(1 + h²) - 1), the curve beside it; what is beyond is the noise
    of a density that hardly any sample informs. Where q is estimated in the same way (``both``), the two
    errors partly cancel, as long as p and q are as alike as these.

    Attributes:
        dimensions: d, one row each.
        shift: m, in standard deviations.
        n_samples: of either side.
        bandwidth_factor: on Scott's bandwidth.
        seeds: pairs of samples behind each mean and its interval.
        seed: the first of them.

    Reference:
        Scott, "Multivariate Density Estimation", 1992, section 6.5; that divergences are better estimated as
        bounds: Nguyen, Wainwright and Jordan, "Estimating divergence functionals and the likelihood ratio by
        convex risk minimization", 2010.
    """

    missing: ClassVar = dict.fromkeys(("low", "high", "both_low", "both_high"), "one seed has no interval")

    dimensions: Dimensions
    shift: float
    n_samples: Samples
    bandwidth_factor: PositiveFloat
    seeds: PositiveInt
    seed: NonNegativeInt

    def run(self) -> Findings:
        """Estimate the divergence in every dimension for every seed."""
        trials = pandas.DataFrame(
            {"d": d, "seed": self.seed + k, **self._estimates(d, self.seed + k)}
            for d in self.dimensions
            for k in range(self.seeds)
        )
        table = pandas.DataFrame([self._row(d, trials[trials["d"] == d]) for d in self.dimensions])
        return Findings(table, _draw(table), say_density_first(table), {"trials": trials})

    def bandwidth(self, d: int) -> float:
        """Return Scott's bandwidth for half of the samples in d dimensions, times the factor."""
        return float(self.bandwidth_factor * (self.n_samples / 2) ** (-1 / (d + 4)))

    def _estimates(self, d: int, seed: int) -> dict[str, float]:
        rng, half = np.random.default_rng([seed, d]), self.n_samples // 2
        real, fake = rng.standard_normal((2, self.n_samples, d))
        fake[:, 0] += self.shift
        log_p, log_q = (
            KernelDensity(side[:half], self.bandwidth(d)).log_density(real[half:]) for side in (real, fake)
        )
        offsets = real[half:] - np.eye(1, d)[0] * self.shift
        exact_log_q = -(offsets**2).sum(axis=1) / 2 - d * math.log(2 * math.pi) / 2
        return {"estimate": float((log_p - exact_log_q).mean()), "both": float((log_p - log_q).mean())}

    def _row(self, d: int, trials: pandas.DataFrame) -> dict[str, float]:
        mean, both, exact = t_mean(trials["estimate"]), t_mean(trials["both"]), self.shift**2 / 2
        wider = 1 + self.bandwidth(d) ** 2
        blurred = exact - d * (math.log(wider) + 1 / wider - 1) / 2
        found = {"estimate": mean.value, "low": mean.low, "high": mean.high, "blurred": blurred}
        found |= {"both": both.value, "both_low": both.low, "both_high": both.high}
        error = math.sqrt(((trials["estimate"] - exact) ** 2).mean())
        return {"d": d, "seeds": len(trials), "exact": exact, **found, "error": error}


def say_density_first(table: pandas.DataFrame) -> str:
    """Return the estimates and their errors at the ends of the dimensions.

    Args:
        table: a run's table.
    """
    ends = table if len(table) == 1 else table.iloc[[0, -1]]
    found, both = (
        "; ".join(_say_row(row, *names) for _, row in ends.iterrows())
        for names in (("estimate", "low", "high"), ("both", "both_low", "both_high"))
    )
    exact = table["exact"].iloc[0]
    said = f"KL(p, q) is {exact:.4g} in every dimension. Density first, it is estimated as {found}."
    said += f" With q estimated alike, too: {both}."
    if len(table) == 1:
        return said
    errors = table["error"].tolist()
    grows = all(a < b for a, b in pairwise(errors))
    worst = table["d"].iloc[int(table["error"].to_numpy().argmax())]
    how = "grows from each dimension to the next" if grows else f"is greatest at d = {worst:.0f}"
    times = f", {errors[-1] / exact:.2g} times the divergence itself" if exact > 0 else ""
    ends_of = f"{errors[0]:.2g} at the first, {errors[-1]:.2g} at the last{times}"
    return f"{said} The error (root mean square) {how}: {ends_of}."


def _say_row(row: pandas.Series, name: str, low: str, high: str) -> str:
    interval = f"{row[low]:.3g} to {row[high]:.3g}" if row["seeds"] > 1 else "one seed, no interval"
    return f"{row[name]:.3g} ({interval}) at d = {row['d']:.0f}"


def _draw(table: pandas.DataFrame) -> Figure:
    figure = new_slide()
    axes = figure.subplots()
    for name, low, high, colour, label in (
        ("estimate", "low", "high", BLUE, "density of the data first"),
        ("both", "both_low", "both_high", VERMILION, "both densities first"),
    ):
        below, above = table[name] - table[low], table[high] - table[name]
        axes.errorbar(table["d"], table[name], [below, above], fmt="-o", color=colour, capsize=4, label=label)
    axes.plot(table["d"], table["blurred"], "--", color=GREEN, label="its blur alone, without noise")
    axes.axhline(table["exact"].iloc[0], color=BLACK, label="exact")
    axes.set(xscale="log", xlabel="dimension d", ylabel="KL(p, q), nats")
    axes.set_xticks(table["d"], [f"{d:.0f}" for d in table["d"]])
    axes.minorticks_off()
    axes.legend()
    return figure
