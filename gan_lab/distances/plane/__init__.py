"""The distributions in the plane, under one name: densities, a singular one, points with weights."""

from gan_lab.distances.plane.atoms import PlaneAtomic, PlaneDiscrete, PlaneSamples
from gan_lab.distances.plane.distribution import PlaneDensity, PlaneDistribution
from gan_lab.distances.plane.gaussians import PlaneGaussian, PlaneGaussianSum, PlaneMixture
from gan_lab.distances.plane.shapes import Rectangle, Segment

__all__ = [
    "PlaneAtomic",
    "PlaneDensity",
    "PlaneDiscrete",
    "PlaneDistribution",
    "PlaneGaussian",
    "PlaneGaussianSum",
    "PlaneMixture",
    "PlaneSamples",
    "Rectangle",
    "Segment",
]
