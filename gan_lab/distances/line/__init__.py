"""The distributions on the line, under one name: densities and points with weights."""

from gan_lab.distances.line.atoms import Atomic, Dirac, Discrete, Empirical
from gan_lab.distances.line.densities import Gaussian, GaussianSum, LineMixture, Uniform
from gan_lab.distances.line.distribution import Density, LineDistribution

__all__ = [
    "Atomic",
    "Density",
    "Dirac",
    "Discrete",
    "Empirical",
    "Gaussian",
    "GaussianSum",
    "LineDistribution",
    "LineMixture",
    "Uniform",
]
