"""Gaussians fitted to a mixture, as figures draw them: coloured by whether they cover all of it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gan_lab.distances.fits.gaussian_fits import Minimum
from gan_lab.distances.line import Gaussian, LineMixture
from gan_lab.distances.line.bends import positive_components
from gan_lab.distances.line.distribution import Array
from gan_lab.plotting.style import BLACK, BLUE, GREY, ORANGE, SKY, VERMILION

LOCAL = "#333333"  # in which a descent can end, though it is not the best

# a mode is covered if it lies within so many scales of the fit's mean
REACH = 2
CURVE_POINTS = 401
# how far above the target a narrow fit may rise before it is cut off
HEADROOM = 2.6
# of a fit's height: below, its line would only run along the axis
SEEN = 0.01


def gaussian_of(found: Minimum) -> Gaussian:
    """Return a minimum as the distribution that it stands for."""
    return Gaussian(found.mean, found.scale)


def modes_covered(target: LineMixture, found: Minimum) -> int:
    """Return how many components have their mean within ``REACH`` scales of the fit's."""
    _, means, _ = positive_components(target)
    return int((np.abs(means - found.mean) <= REACH * found.scale).sum())


def covers(target: LineMixture, found: Minimum) -> bool:
    """Return whether a fit covers all components."""
    return modes_covered(target, found) == len(positive_components(target)[0])


def window(target: LineMixture) -> Array:
    """Return the points (CURVE_POINTS,) where densities are drawn, to 4 scales beyond the components."""
    _, means, scales = positive_components(target)
    return np.linspace((means - 4 * scales).min(), (means + 4 * scales).max(), CURVE_POINTS)


def draw_fits(axes: Axes, target: LineMixture, minima: tuple[Minimum, ...]) -> None:
    """Draw the target and its fits: global minima as lines, local ones dashed.

    A second global minimum is as good as the first, and not another half of it: it has a lighter colour.
    """
    x = window(target)
    density = target.pdf(x)
    axes.fill_between(x, density, facecolor=GREY, alpha=0.35, edgecolor=BLACK, linewidth=0.8)
    best = [found for found in minima if found.is_global]
    for found in minima:
        curve = gaussian_of(found).pdf(x)
        curve = np.where(curve > SEEN * curve.max(), curve, np.nan)
        if found.is_global:
            is_first = found is best[0]
            colour = colour_of_fit(target, found, is_first)
            axes.plot(x, curve, "-", color=colour, linewidth=2.8, zorder=4 if is_first else 3)
        else:
            axes.plot(x, curve, "--", color=LOCAL, linewidth=1.6)
    axes.set(xlim=(x[0], x[-1]), ylim=(0, HEADROOM * density.max()), yticks=[])


def colour_of_fit(target: LineMixture, found: Minimum, is_first: bool) -> str:
    """Return a fit's colour: blue where it covers all modes, red where not; lighter for others as good."""
    if covers(target, found):
        return BLUE if is_first else SKY
    return VERMILION if is_first else ORANGE


def legend_handles() -> list[Line2D | Patch]:
    """Return what a legend of such figures explains."""
    return [
        Patch(facecolor=GREY, alpha=0.35, edgecolor=BLACK, linewidth=0.8, label="target p"),
        Line2D([], [], color=BLUE, label="covers all modes"),
        Line2D([], [], color=VERMILION, label="leaves modes out"),
        Line2D([], [], color=ORANGE, label="another as good"),
        Line2D([], [], color=LOCAL, linestyle="--", linewidth=1.6, label="local minimum"),
    ]
