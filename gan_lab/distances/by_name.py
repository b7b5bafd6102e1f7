"""The divergences between densities on the line, each by one name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from gan_lab.distances.divergences import (
    jeffrey,
    jensen_shannon,
    kl,
    neyman_chi_squared,
    pearson_chi_squared,
    squared_hellinger,
    total_variation,
)
from gan_lab.distances.fits.landscapes import (
    FDivergenceLandscape,
    FirstWassersteinLandscape,
    Landscape,
    SecondWassersteinLandscape,
)
from gan_lab.distances.generating_functions import (
    JEFFREY,
    JENSEN_SHANNON,
    KULLBACK_LEIBLER,
    NEYMAN,
    PEARSON,
    REVERSE_KULLBACK_LEIBLER,
    SQUARED_HELLINGER,
    TOTAL_VARIATION,
)
from gan_lab.distances.line.densities import GaussianSum
from gan_lab.distances.line.distribution import Density
from gan_lab.distances.line.transport import wasserstein_line

DivergenceName = Literal[
    "kl",
    "reverse_kl",
    "jeffrey",
    "jensen_shannon",
    "total_variation",
    "squared_hellinger",
    "pearson_chi_squared",
    "neyman_chi_squared",
    "wasserstein_1",
    "wasserstein_2",
]


@dataclass(frozen=True)
class NamedDivergence:
    """A divergence of p and q.

    Attributes:
        exact: its value between two densities.
        landscape: its value between a mixture p and every Gaussian q, for searching.
    """

    exact: Callable[[Density, Density], float]
    landscape: Callable[[GaussianSum], Landscape]


BY_NAME: dict[str, NamedDivergence] = {
    "kl": NamedDivergence(kl, partial(FDivergenceLandscape, f=KULLBACK_LEIBLER)),
    "reverse_kl": NamedDivergence(
        lambda p, q: kl(q, p), partial(FDivergenceLandscape, f=REVERSE_KULLBACK_LEIBLER)
    ),
    "jeffrey": NamedDivergence(jeffrey, partial(FDivergenceLandscape, f=JEFFREY)),
    "jensen_shannon": NamedDivergence(
        jensen_shannon, partial(FDivergenceLandscape, f=JENSEN_SHANNON, factor=0.5)
    ),
    "total_variation": NamedDivergence(
        total_variation, partial(FDivergenceLandscape, f=TOTAL_VARIATION, has_kink=True)
    ),
    "squared_hellinger": NamedDivergence(
        squared_hellinger, partial(FDivergenceLandscape, f=SQUARED_HELLINGER)
    ),
    "pearson_chi_squared": NamedDivergence(pearson_chi_squared, partial(FDivergenceLandscape, f=PEARSON)),
    "neyman_chi_squared": NamedDivergence(neyman_chi_squared, partial(FDivergenceLandscape, f=NEYMAN)),
    "wasserstein_1": NamedDivergence(partial(wasserstein_line, order=1), FirstWassersteinLandscape),
    "wasserstein_2": NamedDivergence(partial(wasserstein_line, order=2), SecondWassersteinLandscape),
}
