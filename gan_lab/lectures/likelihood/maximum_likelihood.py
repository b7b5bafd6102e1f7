"""Maximum likelihood is the minimum of KL(p, q): the two differ by the entropy of the data."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pandas
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gan_lab.config.checks import NonNegativeInt, PositiveInt, Rule
from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted
from gan_lab.distances import divergences
from gan_lab.distances.by_name import BY_NAME
from gan_lab.distances.fits.gaussian_fits import Minimum, find_minima
from gan_lab.distances.line import Gaussian, LineMixture
from gan_lab.distances.quadrature import integrate
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.words import to_within
from gan_lab.numerics.statistics import log_t_mean, t_mean
from gan_lab.plotting.style import BLACK, BLUE, COLOURS, VERMILION

Array = NDArray[np.float64]
SampleSizes = Annotated[
    tuple[int, ...],
    Rule(
        "different whole numbers, 2 or greater, at least one", lambda v: min(v, default=0) > 1 and _differ(v)
    ),
]

MODELS = 41  # Gaussians along the mean, to two deviations of p to either side
LOG_2_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class MaximumLikelihood(LectureExperiment):
    """The model of greatest likelihood on samples, and the one nearest in KL(p, q), for Gaussians q.

    The negative log-likelihood of n samples is, on average over samples, the cross-entropy
    H(p, q) = -E_p log q = H(p) + KL(p, q). H(p) does not depend on q, so that both are least at one q, and
    the best of n samples tends to it. It is KL(p, q) and not KL(q, p), whose best q may be another. For
    Gaussians all of it has closed forms: the likelihood is greatest at the mean and the spread of the
    samples, KL(p, q) is least at those of p, and H(p, q) = log(2 π s²) / 2 + (v + (m_p - m)²) / (2 s²).

    Attributes:
        target: p.
        n_samples: n, one row each.
        seeds: sets of samples behind each mean.
        seed: the first of them.

    Reference:
        Cover and Thomas, "Elements of Information Theory", 2006, theorem 2.6.3 and section 11.
    """

    missing: ClassVar = {
        "*_low": "one set of samples has no interval",
        "*_high": "one set of samples has no interval",
    }

    target: LineMixture
    n_samples: SampleSizes
    seeds: PositiveInt
    seed: NonNegativeInt

    def run(self) -> Findings:
        """Fit samples by likelihood, p by KL, and compare cross-entropy with KL for many models.

        Raises:
            UserError: if no Gaussian nearest to p in KL(q, p) is found.
        """
        nearest = Gaussian(self.target.mean(), math.sqrt(self.target.variance()))  # closed form
        reverse = self._nearest_in_reverse()
        curves = self._curves(nearest.scale)
        table = pandas.DataFrame([self._row(n) for n in self.n_samples])
        said = say_likelihood(
            table,
            curves,
            entropy(self.target),
            (nearest.location, nearest.scale),
            (reverse.mean, reverse.scale),
        )
        return Findings(table, _draw(curves, table, nearest.location), said, {"curves": curves})

    def _nearest_in_reverse(self) -> Minimum:
        minima = find_minima(BY_NAME["reverse_kl"].landscape(self.target))
        if not minima:
            raise UserError(
                "target must have components near enough for float64 to see a Gaussian nearest to it; "
                f"got means {list(self.target.means)} and scales {list(self.target.scales)}."
            )
        return minima[0]

    def _row(self, n: int) -> dict[str, float]:
        """Return the fits of greatest likelihood of several sets of n samples, with intervals.

        They are averaged over the sets; of scales it is the geometric mean.
        """
        fits = [self._fit(self._samples(n, k)) for k in range(self.seeds)]
        # a scale is positive, and so is what it may be
        mean, scale = t_mean([mean for mean, _ in fits]), log_t_mean([scale for _, scale in fits])
        kl = float(np.mean([divergences.kl(self.target, Gaussian(*fit)) for fit in fits]))
        of_mean = {"mean": mean.value, "mean_low": mean.low, "mean_high": mean.high}
        of_scale = {"scale": scale.value, "scale_low": scale.low, "scale_high": scale.high}
        return {"n": n, "seeds": self.seeds, **of_mean, **of_scale, "kl": kl}

    def _samples(self, n: int, k: int) -> Array:
        return self.target.sample(n, np.random.default_rng([self.seed + k, n]))

    @staticmethod
    def _fit(x: Array) -> tuple[float, float]:
        return float(x.mean()), float(x.std())

    def _curves(self, scale: float) -> pandas.DataFrame:
        """Return cross-entropy, KL and the likelihood of samples for Gaussians along the mean."""
        centre, reach = self.target.mean(), 2 * math.sqrt(self.target.variance())
        means = np.linspace(centre - reach, centre + reach, MODELS)
        curves = {
            "mean": means,
            "cross_entropy": [cross_entropy(self.target, Gaussian(float(m), scale)) for m in means],
            "kl": [divergences.kl(self.target, Gaussian(float(m), scale)) for m in means],
        }
        for n in self.n_samples:
            x = self._samples(n, 0)
            curves[f"samples_{n}"] = [-float(Gaussian(float(m), scale).log_pdf(x).mean()) for m in means]
        return pandas.DataFrame(curves)


def cross_entropy(p: LineMixture, q: Gaussian) -> float:
    """Return -E_p log q in nats, by the two moments of p."""
    square = p.variance() + (p.mean() - q.location) ** 2
    return (LOG_2_PI + square / q.scale**2) / 2 + math.log(q.scale)


def entropy(p: LineMixture) -> float:
    """Return -E_p log p in nats, by quadrature."""

    def surprise(x: Array) -> Array:
        log_density = p.log_pdf(x[:, 0])
        return np.where(np.isfinite(log_density), -np.exp(log_density) * log_density, 0.0)

    return integrate(surprise, [np.array(p.knots())])


def say_likelihood(
    table: pandas.DataFrame,
    curves: pandas.DataFrame,
    of_target: float,
    nearest: tuple[float, float],
    reverse: tuple[float, float],
) -> str:
    """Return whether the two differ by the entropy, where both are least, and how near samples come.

    Args:
        table: a run's table.
        curves: cross_entropy and kl, a row for each model.
        of_target: H(p).
        nearest: mean and scale of the Gaussian nearest in KL(p, q).
        reverse: the same in KL(q, p).
    """
    off = float((curves["cross_entropy"] - curves["kl"] - of_target).abs().max())
    same = curves["cross_entropy"].to_numpy().argmin() == curves["kl"].to_numpy().argmin()
    first, last = table.iloc[0], table.iloc[-1]
    other = max(abs(nearest[0] - reverse[0]), abs(nearest[1] - reverse[1])) > 1e-3 * nearest[1]
    return (
        f"Cross-entropy less KL(p, q) is the entropy of p, {of_target:.4f} nats, {to_within(off)} for all "
        f"{counted(len(curves), 'model')}; both are least at {'the same' if same else 'different ones'}. "
        f"KL(p, q) is least at mean {nearest[0]:.4g} and scale {nearest[1]:.4g}, KL(q, p) at "
        f"{'another' if other else 'the same'}, {reverse[0]:.4g} and {reverse[1]:.4g}. The greatest "
        "likelihood of n samples lies at "
        f"{_say_fit(first)}{f' and {_say_fit(last)}' if len(table) > 1 else ''}."
    )


def _say_fit(row: pandas.Series) -> str:
    mean, scale = (_say_mean(row, name) for name in ("mean", "scale"))
    return f"{mean}, {scale} for n = {row['n']:.0f} ({counted(row['seeds'], 'set')})"


def _say_mean(row: pandas.Series, name: str) -> str:
    interval = f" ({row[f'{name}_low']:.4g} to {row[f'{name}_high']:.4g})" if row["seeds"] > 1 else ""
    return f"{name} {row[name]:.4g}{interval}"


def _draw(curves: pandas.DataFrame, table: pandas.DataFrame, best: float) -> Figure:
    figure = new_slide()
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    left.plot(curves["mean"], curves["cross_entropy"], color=BLACK, label="cross-entropy H(p, q)")
    left.plot(curves["mean"], curves["kl"], color=BLUE, label="KL(p, q) = H(p, q) − H(p)")
    for k, n in enumerate(table["n"]):
        colour = COLOURS[(k + 1) % len(COLOURS)]
        label = f"−log likelihood / n, n = {n:.0f}"
        left.plot(curves["mean"], curves[f"samples_{n:.0f}"], ":", color=colour, label=label)
    left.axvline(best, color=VERMILION, linewidth=1)
    left.set(xlabel="mean of q, its scale the best", ylabel="nats", ylim=(0, None))
    left.legend(loc="upper center", fontsize=10)
    low, high = (table["mean"] - table["mean_low"], table["mean_high"] - table["mean"])
    right.errorbar(table["n"], table["mean"], [low, high], fmt="o", color=BLUE, capsize=4)
    right.axhline(best, color=VERMILION, linewidth=1)
    right.set(xscale="log", xlabel="n samples", ylabel="mean of greatest likelihood")
    return figure


def _differ(values: tuple[int, ...]) -> bool:
    return len(set(values)) == len(values)
