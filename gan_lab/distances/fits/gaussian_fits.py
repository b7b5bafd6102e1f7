"""The Gaussians nearest to a mixture under a divergence: every minimum, the global and the local ones.

A coarse map of the whole plane of (mean, log scale) gives starting points, to which the target's components
and its moments are added. From each the simplex of Nelder and Mead descends, with corners given to it: those
that SciPy makes by itself lie 5 % of a coordinate apart, which is nothing where the mean is 0. Then copies
go, and what is not lower than everything around it: saddles, plateaus, and the edge of the map. Of a flat
bottom, which the total variation has where modes lie far apart, one point stays. What can be missed is a
basin narrower than a fifth of the Gaussian's scale, such as the covering one of KL(q, p) for modes 200 of
their scales apart.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from gan_lab.distances.fits.landscapes import Array, Landscape
from gan_lab.distances.line.bends import positive_components
from gan_lab.distances.line.densities import LineMixture

# The map: means along the span of the target and around each component, in its scales; scales by a factor.
SPAN_MEANS, SCALES = 41, 33
OFFSETS = np.array([-1.5, -0.75, 0.0, 0.75, 1.5])
# Lengths in the plane count scales of the Gaussian along the mean, and units of the log scale: the side of
# the first simplex, how close two minima are one, and the radii of circles that must not lie lower, up to the
# first that lies higher: the first of all, unless the bottom is flat.
SIMPLEX, SAME = 0.2, 2e-3
RADII = 1e-2 * 2.0 ** np.arange(9)
DIRECTIONS = 16
# Differences less than this part of a height, or less than this, may be rounding.
RELATIVE_NOISE, NOISE = 1e-9, 1e-14
# Minima that differ by less than this part of the lowest are equally low, such as mirror images.
TIE = 1e-6


@dataclass(frozen=True)
class Minimum:
    """A Gaussian from which no small step makes the divergence smaller, and every larger one makes it larger.

    Attributes:
        mean: in the target's unit, to a millionth of the scale.
        scale: its standard deviation, in the same unit. It may be the largest or the smallest for which the
            divergence is finite.
        height: the divergence there.
        is_global: whether no other minimum lies lower.
        is_unique: whether everything near it is higher. Where not, it is one point of a flat bottom, all of
            which is as low: its mean and scale are chance.
    """

    mean: float
    scale: float
    height: float
    is_global: bool
    is_unique: bool = True


def find_minima(landscape: Landscape) -> tuple[Minimum, ...]:
    """Return every minimum of a divergence over N(mean, scale²): global ones first, in order of the mean.

    They are searched in a unit of the target's own, because tolerances of a search are absolute.
    """
    unit = 2.0 ** math.frexp(math.sqrt(landscape.target.variance()))[1]
    weights, means, scales = positive_components(landscape.target)
    target = LineMixture(tuple(weights), tuple(means / unit), tuple(scales / unit))
    in_unit = replace(landscape, target=target)
    height = unit if landscape.is_distance else 1.0
    return tuple(
        replace(found, mean=unit * found.mean, scale=unit * found.scale, height=height * found.height)
        for found in polish_minima(in_unit, starting_points(in_unit))
    )


def polish_minima(landscape: Landscape, starts: Array) -> tuple[Minimum, ...]:
    """Return the minima downhill from starting points: global ones first, in order of the mean.

    Args:
        landscape: the divergence.
        starts: (n, 2), each a mean and a log scale.
    """
    points: list[Array] = []
    for start in starts:
        point = descend(landscape, start, SIMPLEX)
        if _is_new(point, points):
            point = descend(landscape, point, SIMPLEX / 10)  # a simplex can stall; a new one goes on
            is_one = _is_new(point, points) and is_minimum(landscape, point)
            if is_one and not any(is_level(landscape, point, other) for other in points):
                points.append(point)
    heights = [height_at(landscape, point) for point in points]
    lowest = min(heights, default=math.inf)
    highest_tie = lowest + TIE * abs(lowest) + float(np.finfo(float).eps)
    minima = [
        Minimum(
            _rounded(*point),
            math.exp(point[1]),
            height,
            height <= highest_tie,
            rim(landscape, point) == RADII[0],
        )
        for point, height in zip(points, heights, strict=True)
    ]
    return tuple(sorted(minima, key=lambda found: (not found.is_global, round(found.height, 9), found.mean)))


def starting_points(landscape: Landscape) -> Array:
    """Return where descents begin: low points of a map of the plane, the components, the moments; (n, 2)."""
    means, log_scales = map_axes(landscape)
    scales = np.exp(log_scales)
    heights = np.array([landscape.heights(np.full_like(scales, mean), scales) for mean in means])
    rows, columns = np.nonzero(lower_than_neighbours(heights))
    target = landscape.target
    own = [(m, math.log(s)) for _, m, s in zip(*positive_components(target), strict=True)]
    own.append((target.mean(), math.log(target.variance()) / 2))
    finite = [point for point in own if math.isfinite(height_at(landscape, np.array(point)))]
    return np.array([*zip(means[rows], log_scales[columns], strict=True), *finite]).reshape(-1, 2)


def map_axes(landscape: Landscape) -> tuple[Array, Array]:
    """Return the means and the log scales of the map, ascending."""
    _, centres, widths = positive_components(landscape.target)
    span = np.linspace((centres - widths).min(), (centres + widths).max(), SPAN_MEANS)
    means = np.unique(np.concatenate([span, (centres[:, None] + widths[:, None] * OFFSETS).ravel()]))
    narrowest, widest = widths.min() / 3, 3 * math.sqrt(landscape.target.variance())
    return means, np.linspace(math.log(narrowest), math.log(widest), SCALES)


def lower_than_neighbours(heights: Array) -> NDArray[np.bool_]:
    """Return where a map (n, m) is finite, not higher than at the places around and lower than at one."""
    padded = np.pad(heights, 1, mode="edge")
    n, m = heights.shape
    around = [padded[i : i + n, j : j + m] for i in range(3) for j in range(3)]
    is_low = np.isfinite(heights) & (heights <= np.min(around, axis=0))
    # of plateaus only the rim could be low, and it is not
    is_low &= np.max(around, axis=0) > heights + noise(heights)
    return np.asarray(is_low)


def descend(landscape: Landscape, start: Array, size: float) -> Array:
    """Return the (mean, log scale) to which a simplex of a size leads from a start."""
    unit = np.array([math.exp(start[1]), 1.0])
    corners = start + size * unit * np.array([[0, 0], [1, 0], [0, 1]])
    fatol = 1e-12 * max(1.0, height_at(landscape, start))
    options = {"initial_simplex": corners, "xatol": 1e-6 * unit.min(), "fatol": fatol}
    found = minimize(lambda point: height_at(landscape, point), start, method="Nelder-Mead", options=options)
    return np.asarray(found.x)


def is_minimum(landscape: Landscape, point: Array) -> bool:
    """Return whether a divergence is finite at a (mean, log scale), nowhere lower near it, higher beyond."""
    return math.isfinite(rim(landscape, point))


def rim(landscape: Landscape, point: Array) -> float:
    """Return the first of ``RADII`` whose circle about a (mean, log scale) lies higher all around.

    Infinite where it is no minimum: something near is lower, or nothing higher. More than the first radius is
    a flat bottom.
    """
    height = height_at(landscape, point)
    if not math.isfinite(height):
        return math.inf
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    circle = np.stack([np.cos(angles) * math.exp(point[1]), np.sin(angles)], axis=1)
    for radius in RADII:
        lowest = min(height_at(landscape, point + step) for step in radius * circle)
        if lowest < height - noise(height):
            return math.inf
        if lowest > height + noise(height):
            return float(radius)
    return math.inf


def is_level(landscape: Landscape, point: Array, other: Array) -> bool:
    """Return whether nothing on the straight way between two (mean, log scale) is higher than their ends."""
    way = point + np.linspace(0, 1, 11)[:, None] * (other - point)
    heights = np.array([height_at(landscape, place) for place in way])
    return bool(heights.max() <= min(heights[0], heights[-1]) + noise(heights[0]))


def noise(height: Array | float) -> Array:
    """Return by how much heights of any shape may differ from rounding alone."""
    return np.asarray(RELATIVE_NOISE * np.abs(height) + NOISE)


def _rounded(mean: float, log_scale: float) -> float:
    """Return the mean to the digits that a simplex finds: a millionth of the scale."""
    digits = 6 - math.floor(log_scale / math.log(10))
    return round(float(mean), digits) + 0.0  # no minus before a zero


def _is_new(point: Array, others: list[Array]) -> bool:
    distances = [
        math.hypot((point[0] - other[0]) / math.exp(point[1]), point[1] - other[1]) for other in others
    ]
    return all(distance > SAME for distance in distances)


def height_at(landscape: Landscape, point: Array) -> float:
    """Return the divergence at a (mean, log scale)."""
    return landscape.height(float(point[0]), math.exp(point[1]))
