"""How often two-sample tests tell two distributions apart, and how often they cry wolf."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import pandas
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from gan_lab.config.checks import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Rule
from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import counted
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.names import name_of
from gan_lab.metrics.classifier_test import classifier_test
from gan_lab.metrics.energy import energy_test
from gan_lab.metrics.mmd import mmd_test
from gan_lab.metrics.two_sample import TwoSampleTest
from gan_lab.numerics.statistics import wilson_interval
from gan_lab.numerics.streams import make_rng
from gan_lab.plotting.style import BLUE, GREEN, GREY, VERMILION

SampleSizes = Annotated[
    tuple[int, ...],
    Rule(
        "different whole numbers, 4 or greater, at least one", lambda v: min(v, default=0) >= 4 and _differ(v)
    ),
]
Dimensions = Annotated[
    tuple[int, ...],
    Rule("different whole numbers above 0, at least one", lambda v: min(v, default=0) > 0 and _differ(v)),
]
Level = Annotated[float, Rule("a number between 0 and 1, neither of them", lambda v: 0 < v < 1)]

CHANGES = ("none", "mean", "covariance")

# tests by name: label, colour, marker and line style
_LOOKS = {
    "mmd": (name_of("mmd"), BLUE, "o", "-"),
    "energy": ("energy distance", GREEN, "^", "-."),
    "classifier": ("classifier", VERMILION, "s", "--"),
}


@dataclass(frozen=True)
class TwoSample(LectureExperiment):
    """Power and false-positive rate of MMD, energy distance and classifier test against n and d ("Week 7").

    Samples of N(0, I) in d dimensions are compared with samples of a Gaussian that is the same (``none``), is
    shifted in its first coordinate (``mean``) or wider in it (``covariance``). Both changes leave the
    Kullback-Leibler divergence the same in every d: power that falls with d is the test's own loss, not an
    easier problem in few dimensions (the "fair alternatives" of Ramdas et al.).

    MMD and energy distance are tested by permutation, at which a rejection rate of ``level`` at most is
    guaranteed for ``none``; MMD has the median bandwidth. The classifier, of nearest neighbours, is tested by
    the exact tail of the binomial distribution, whose steps keep it below the level for small n. Rates come
    with Wilson's interval of 95 %.

    Attributes:
        n_samples: in each of the two samples, one rate per number.
        dimensions: d, one panel each.
        shift: of the mean, in standard deviations.
        scale: of the standard deviation of one coordinate.
        level: p-values at most as large reject.
        n_trials: pairs of samples behind each rate.
        n_permutations: behind each p-value of MMD and energy distance.
        seed: of samples, permutations and halves.

    Reference:
        Gretton et al., "A Kernel Two-Sample Test", 2012; Lopez-Paz and Oquab, "Revisiting Classifier
        Two-Sample Tests", 2017; Ramdas et al., "On the Decreasing Power of Kernel and Distance Based
        Nonparametric Hypothesis Tests in High Dimensions", 2015, section 3.
    """

    n_samples: SampleSizes
    dimensions: Dimensions
    shift: NonNegativeFloat = 1.0
    scale: PositiveFloat = 2.5
    level: Level = 0.05
    n_trials: PositiveInt = 100
    n_permutations: PositiveInt = 99
    seed: NonNegativeInt = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        least = math.ceil(1 / self.level) - 1
        if self.n_permutations < least:
            # the least p-value is 1 / (1 + n_permutations)
            rule = f"{least} or more, without which no p-value reaches the level of {self.level:g}"
            raise BadValueError("n_permutations", rule, self.n_permutations)

    def run(self) -> Findings:
        """Test many pairs of samples of every size, dimension and change."""
        rows: list[dict[str, object]] = [
            {"change": change, "d": d, "n": n, **rate}
            for d in self.dimensions
            for n in self.n_samples
            for change in CHANGES
            for rate in self._rates(change, d, n)
        ]
        table = pandas.DataFrame(rows)
        figure = new_slide()
        self._draw(figure, table)
        return Findings(table, figure, self._sentence(table))

    def _rates(self, change: str, d: int, n: int) -> list[dict[str, object]]:
        rng = make_rng(self.seed, f"{change} {d} {n}")
        rejections = dict.fromkeys(_LOOKS, 0)
        for _ in range(self.n_trials):
            real, fake = torch.randn(2, n, d, generator=rng)
            if change == "mean":
                fake[:, 0] += self.shift
            elif change == "covariance":
                fake[:, 0] *= self.scale
            for name, test in self._tests().items():
                rejections[name] += test(real, fake, rng).p_value <= self.level
        return [{"test": name, **_rate(count, self.n_trials)} for name, count in rejections.items()]

    def _tests(self) -> dict[str, Callable[[Tensor, Tensor, torch.Generator], TwoSampleTest]]:
        return {
            "mmd": lambda real, fake, rng: mmd_test(real, fake, rng, n_permutations=self.n_permutations),
            "energy": lambda real, fake, rng: energy_test(real, fake, rng, self.n_permutations),
            "classifier": classifier_test,
        }

    def _sentence(self, table: pandas.DataFrame) -> str:
        n, low, high = max(self.n_samples), min(self.dimensions), max(self.dimensions)
        largest = table[table["n"] == n].set_index(["change", "d", "test"])["rate"].sort_index()
        changes = {
            "mean": f"a mean shifted by {self.shift:g}",
            "covariance": f"{self.scale:g} times the spread in one coordinate",
        }
        equal = [name for name, none in (("mean", self.shift == 0), ("covariance", self.scale == 1)) if none]
        found = [
            f"{words} in {_listed(largest[change, high])}"
            + (f" (in {_dimensions(low)}: {_listed(largest[change, low])})" if low != high else "")
            for change, words in changes.items()
            if change not in equal
        ]
        false_alarms = table[table["change"].isin(["none", *equal])].groupby("test")["rate"].mean()
        said = []
        if found:
            said.append(
                f"With {counted(n, 'sample')} each in {_dimensions(high)}, the tests find {'; '.join(found)}."
            )
        said.append(
            f"Where nothing differs, they reject in {_listed(false_alarms)}, at a level of {self.level:g}."
        )
        return " ".join(said)

    def _draw(self, figure: Figure, table: pandas.DataFrame) -> None:
        grid = figure.subplots(len(self.dimensions), len(CHANGES), sharex=True, sharey=True, squeeze=False)
        for row, d in zip(grid, self.dimensions, strict=True):
            for axes, change in zip(row, CHANGES, strict=True):
                cell = table[(table["d"] == d) & (table["change"] == change)]
                self._draw_cell(axes, cell)
            row[0].set_ylabel(f"d = {d}\nrejected")
        titles = ("nothing differs", f"mean + {self.shift:g}", f"one spread × {self.scale:g}")
        for axes, title in zip(grid[0], titles, strict=True):
            axes.set_title(title)
        for axes in grid[-1]:
            axes.set_xlabel("n in each sample")
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))

    def _draw_cell(self, axes: Axes, cell: pandas.DataFrame) -> None:
        axes.axhline(self.level, color=GREY, linewidth=1.2, linestyle=":")
        for name, (label, colour, marker, line) in _LOOKS.items():
            rates = cell[cell["test"] == name]
            axes.fill_between(rates["n"], rates["low"], rates["high"], color=colour, alpha=0.15, linewidth=0)
            axes.plot(rates["n"], rates["rate"], line, marker=marker, color=colour, label=label)
        axes.set(xscale="log", ylim=(-0.03, 1.03), yticks=[0, 0.5, 1])
        axes.set_xticks(self.n_samples, [f"{n}" for n in self.n_samples], fontsize=12)
        axes.minorticks_off()


def _rate(count: int, n_trials: int) -> dict[str, float]:
    """Return a rate with its Wilson interval."""
    rate, low, high = wilson_interval(count, n_trials)
    # at a count of 0 or of all, rounding may put the rate itself just outside
    return {"rate": rate, "low": min(low, rate), "high": max(high, rate)}


def _listed(rates: "pandas.Series[float]") -> str:
    """Return rates by test as words."""
    return ", ".join(f"{rates[test]:.1%} ({label})" for test, (label, *_) in _LOOKS.items())


def _dimensions(d: int) -> str:
    return counted(d, "dimension")


def _differ(values: tuple[int, ...]) -> bool:
    return len(set(values)) == len(values)
