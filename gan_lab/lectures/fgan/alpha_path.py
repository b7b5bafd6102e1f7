"""The fits of a Gaussian under the alpha-divergence, as alpha goes from mode seeking to mode covering."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_lab.distances.by_name import BY_NAME
from gan_lab.distances.fits.gaussian_fits import Minimum, find_minima
from gan_lab.distances.fits.landscapes import FDivergenceLandscape, Landscape
from gan_lab.distances.generating_functions import alpha_function
from gan_lab.distances.line import LineMixture
from gan_lab.lectures.base import Animation
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.fgan.fitted_gaussians import colour_of_fit, draw_fits, legend_handles
from gan_lab.lectures.names import name_of
from gan_lab.plotting.style import GREY

# From half of Neyman's chi-squared, at -1, over KL(q, p) and KL(p, q) to half of Pearson's, at 2. In steps
# that float64 holds exactly, so that 0 and 1 are among them.
ALPHAS = np.arange(-16, 33) / 16
LIMITS = {0.0: "reverse_kl", 1.0: "kl"}
NAMED = {-1.0: "neyman_chi_squared", 0.0: "reverse_kl", 1.0: "kl", 2.0: "pearson_chi_squared"}


def animate_alpha(target: LineMixture, alphas: Sequence[float] = tuple(ALPHAS)) -> Animation:
    """Return all fits to a target, global and local, a frame for each alpha."""
    path = [find_minima(alpha_landscape(target, float(alpha))) for alpha in alphas]
    figure = new_slide()
    return Animation(figure, lambda k: _draw(figure, target, alphas[: k + 1], path[: k + 1]), len(alphas))


def alpha_landscape(target: LineMixture, alpha: float) -> Landscape:
    """Return the alpha-divergence from a target over all Gaussians, its limits at 0 and 1 included."""
    if alpha in LIMITS:
        return BY_NAME[LIMITS[alpha]].landscape(target)
    return FDivergenceLandscape(target, alpha_function(alpha))


def _draw(
    figure: Figure, target: LineMixture, alphas: Sequence[float], path: Sequence[tuple[Minimum, ...]]
) -> None:
    """Draw the last of the fits, and the scales of all that came before."""
    figure.clear()
    densities, scales = figure.subplots(1, 2, width_ratios=[3, 2])
    draw_fits(densities, target, path[-1])
    densities.set(xlabel="x (unit of the target)", ylabel="density", title=f"α = {alphas[-1]:.2f}")
    for alpha, minima in zip(alphas, path, strict=True):
        _draw_scales(scales, target, alpha, minima)
    largest = 1.7 * np.sqrt(target.variance())
    scales.set(xlim=(-1.15, 2.15), ylim=(0, largest), xticks=list(NAMED), ylabel="scale of the fit")
    scales.set_xticklabels([name_of(key) for key in NAMED.values()], rotation=25)
    scales.axvline(alphas[-1], color=GREY, linewidth=1, zorder=0)
    figure.legend(
        handles=legend_handles(), loc="outside upper center", ncols=5, columnspacing=1.0, handlelength=1.5
    )


def _draw_scales(axes: Axes, target: LineMixture, alpha: float, minima: tuple[Minimum, ...]) -> None:
    for found in minima:
        colour = colour_of_fit(target, found, is_first=True)
        filling = colour if found.is_global else "none"
        axes.plot(alpha, found.scale, "o", color=colour, markerfacecolor=filling, markersize=5)
