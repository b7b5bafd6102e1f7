"""Which two kinds of distributions can have a part in common."""

from collections.abc import Callable
from typing import Any

from gan_lab.config.errors import UserError
from gan_lab.distances.line.atoms import Atomic
from gan_lab.distances.line.distribution import Density, LineDistribution, Measure
from gan_lab.distances.line.overlap import interval_in_common
from gan_lab.distances.overlap import Disjoint, Overlap, points_in_common
from gan_lab.distances.plane.atoms import PlaneAtomic
from gan_lab.distances.plane.distribution import PlaneDensity
from gan_lab.distances.plane.overlap import box_in_common, segment_in_common
from gan_lab.distances.plane.shapes import Segment


def _points(p: Atomic | PlaneAtomic, q: Atomic | PlaneAtomic) -> Overlap:
    return points_in_common(p.distinct_masses(), q.distinct_masses())


# two of one kind can have a part in common; two of different kinds are mutually singular
COMMON_PARTS: tuple[tuple[type[Measure], Callable[[Any, Any], Overlap]], ...] = (
    (Density, interval_in_common),
    (Atomic, _points),
    (PlaneDensity, box_in_common),
    (PlaneAtomic, _points),
    (Segment, segment_in_common),
)


def overlap(p: Measure, q: Measure) -> Overlap:
    """Return the common part of two distributions.

    Raises:
        UserError: if one lies on the line and the other in the plane.
    """
    if isinstance(p, LineDistribution) != isinstance(q, LineDistribution):
        raise UserError(
            "A divergence needs two distributions on the line or two in the plane; got one of each."
        )
    for kind, common_part in COMMON_PARTS:
        if isinstance(p, kind) and isinstance(q, kind):
            return common_part(p, q)
    return Disjoint()
