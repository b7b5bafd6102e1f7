"""One Gaussian fitted to a mixture of several: which divergences cover all of it, and which seek one mode."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pandas
from matplotlib.figure import Figure

from gan_lab.config.checks import Rule
from gan_lab.config.errors import UserError
from gan_lab.config.phrases import listed
from gan_lab.distances.by_name import BY_NAME, DivergenceName
from gan_lab.distances.fits.gaussian_fits import Minimum, find_minima
from gan_lab.distances.line import LineMixture
from gan_lab.distances.line.bends import positive_components
from gan_lab.lectures.base import Animation, Findings, LectureExperiment, Slider
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.fgan.alpha_path import animate_alpha
from gan_lab.lectures.fgan.fitted_gaussians import (
    REACH,
    colour_of_fit,
    covers,
    draw_fits,
    gaussian_of,
    legend_handles,
    modes_covered,
    window,
)
from gan_lab.lectures.names import name_of
from gan_lab.lectures.words import span

Divergences = Annotated[
    tuple[DivergenceName, ...],
    Rule(
        f"different names, at least one, out of {', '.join(BY_NAME)}",
        lambda names: 0 < len(names) == len(set(names)),
    ),
]
Minima = Mapping[str, tuple[Minimum, ...]]

MOST_COLUMNS = 5


@dataclass(frozen=True)
class ModeCovering(LectureExperiment):
    """The Gaussian q = N(mean, scale²) nearest to a mixture p under each divergence (Isachenko, lecture 6).

    KL(p, q) charges for what q leaves out: it matches the first two moments and covers every mode. KL(q, p)
    charges for what q adds, and sits on one mode where modes lie far apart. JSD, total variation and the
    Hellinger distance lie between and can have minima of both kinds. The lecture shows one fit for each of
    three divergences; here every minimum is found, because a fit by gradient descent can end in any of them.
    Where the bottom is flat, as total variation's is between modes far apart, many Gaussians are as good, and
    the table's ``unique`` says that the one shown is chance.

    JSD has its 1/2 and TV is half of L1. Of the two chi-squared divergences ∫(p - q)²/q is Pearson's; the
    f-GAN paper prints it with /p, which is Neyman's. Each is infinite for some Gaussians, Neyman's from twice
    the variance of the widest component on; ``matrix.csv`` has every divergence at every fit, infinities
    included.

    Attributes:
        target: p.
        divergences: what is minimised, in the order of the figure.

    Reference:
        Minka, "Divergence measures and message passing", 2005, figure 1, the same fits for alpha-divergences;
        Nowozin et al., "f-GAN", 2016, section 2.5.
    """

    sliders: ClassVar = (
        Slider(
            "target.means",
            "distance of the outer modes",
            tuple(k / 2 for k in range(13)),
            4.0,
            lambda experiment, distance: _apart(experiment.target.means, distance),
        ),
    )

    target: LineMixture
    divergences: Divergences

    def run(self) -> Findings:
        """Find all minima of every divergence.

        Raises:
            UserError: if no minimum of a divergence is found.
        """
        minima: Minima = {name: self._minima(name) for name in self.divergences}
        table, matrix = self._tabulate(minima), self._matrix(minima)
        sentence = " ".join([*say_fits(self.target, minima), *_say_infinite(matrix)])
        return Findings(
            table, self._draw(minima), sentence, {"matrix": matrix, "densities": self._densities(minima)}
        )

    def animation(self) -> Animation:
        """Return the fits under the alpha-divergence, from mode seeking to mode covering."""
        return animate_alpha(self.target)

    def _minima(self, name: str) -> tuple[Minimum, ...]:
        minima = find_minima(BY_NAME[name].landscape(self.target))
        if not minima:
            raise UserError(
                f"No Gaussian with a minimum of {name} was found: components as far apart or as narrow as "
                "those of target are beyond the digits of float64."
            )
        return minima

    def _tabulate(self, minima: Minima) -> pandas.DataFrame:
        rows = [
            {
                "divergence": name,
                "name": name_of(name),
                "minimum": "global" if found.is_global else "local",
                "mean": found.mean,
                "scale": found.scale,
                "value": BY_NAME[name].exact(self.target, gaussian_of(found)),
                "modes_covered": modes_covered(self.target, found),
                "unique": found.is_unique,
            }
            for name, several in minima.items()
            for found in several
        ]
        return pandas.DataFrame(rows)

    def _matrix(self, minima: Minima) -> pandas.DataFrame:
        """Return every divergence (columns) at the first global minimum under each (rows)."""
        rows = []
        for name, (lowest, *_) in minima.items():
            values = {other: BY_NAME[other].exact(self.target, gaussian_of(lowest)) for other in minima}
            rows.append({"fitted_under": name} | values)
        return pandas.DataFrame(rows)

    def _densities(self, minima: Minima) -> pandas.DataFrame:
        x = window(self.target)
        curves = {"x": x, "target": self.target.pdf(x)}
        for name, several in minima.items():
            for k, found in enumerate(several, start=1):
                curves[f"{name}_{k}"] = gaussian_of(found).pdf(x)
        return pandas.DataFrame(curves)

    def _draw(self, minima: Minima) -> Figure:
        figure = new_slide()
        rows = math.ceil(len(minima) / MOST_COLUMNS)
        columns = math.ceil(len(minima) / rows)
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (name, several) in zip(panels, minima.items(), strict=False):
            draw_fits(axes, self.target, several)
            flat = not all(found.is_unique for found in several)
            axes.set_title(name_of(name) + (", one of many" if flat else ""))
            count = modes_covered(self.target, several[0])
            said = f"covers {count} of {len(positive_components(self.target)[0])}"
            colour = colour_of_fit(self.target, several[0], is_first=True)
            axes.text(0.5, 0.97, said, color=colour, ha="center", va="top", transform=axes.transAxes)
        for axes in panels[len(minima) :]:
            axes.set_axis_off()
        figure.supxlabel("x (unit of the target)", fontsize="medium")
        figure.supylabel("density", fontsize="medium")
        figure.legend(
            handles=legend_handles(), loc="outside upper center", ncols=5, columnspacing=1.0, handlelength=1.5
        )
        return figure


def _apart(means: tuple[float, ...], distance: float) -> tuple[float, ...]:
    """Return means about the same middle, stretched so that the outer two are so far from each other."""
    middle, extent = (min(means) + max(means)) / 2, max(means) - min(means)
    places = [(mean - middle) / extent for mean in means] if extent else [0.0] * len(means)
    return tuple(middle + distance * place for place in places)


def say_fits(target: LineMixture, minima: Minima) -> list[str]:
    """Return the sentences on which fits cover the target, which do not, and which are one of many."""
    modes = len(positive_components(target)[0])
    best = {name: [found for found in several if found.is_global] for name, several in minima.items()}
    flat = [name for name, several in best.items() if not all(found.is_unique for found in several)]
    coverings = {
        name: {covers(target, found) for found in several}
        for name, several in best.items()
        if name not in flat
    }
    covering, seeking, either = (
        [name for name, found in coverings.items() if found == kind]
        for kind in ({True}, {False}, {True, False})
    )
    said = []
    if covering:
        said.append(
            f"The best Gaussian under {_labels(covering)} covers {_all(modes)} (each within {REACH} scales "
            f"of its mean), with scales {_scales(best, covering)}."
        )
    if seeking:
        who = "Under" if covering else "The best Gaussian under"
        it = "it leaves" if covering else "leaves"
        said.append(f"{who} {_labels(seeking)} {it} modes out, with scales {_scales(best, seeking)}.")
    if either:
        said.append(f"Under {_labels(either)} equally good ones do both.")
    if flat:
        said.append(
            f"Under {_labels(flat)} no Gaussian is the best: the bottom is flat, and what is shown is one of "
            "many."
        )
    local = [name for name, several in minima.items() if not several[-1].is_global]
    if local:
        said.append(f"Local minima, in which a descent can end, are left under {_labels(local)}.")
    return said


def _all(modes: int) -> str:
    return f"all {modes} modes" if modes > 1 else "the one mode"


def _say_infinite(matrix: pandas.DataFrame) -> list[str]:
    """Return a sentence for each divergence that is infinite at the fits of others."""
    said = []
    for name in matrix.columns[1:]:
        where = matrix["fitted_under"][np.isinf(matrix[name])].to_list()
        if where:
            said.append(f"{name_of(name)} is infinite at the fit under {_labels(where)}.")
    return said


def _labels(names: list[str]) -> str:
    return listed([name_of(name) for name in names])


def _scales(best: Mapping[str, list[Minimum]], names: list[str]) -> str:
    return span([found.scale for name in names for found in best[name]], ".4g")
