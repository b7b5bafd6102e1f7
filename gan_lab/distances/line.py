"""The distributions on the line, under one name: densities and points with weights."""

from gan_lab.distances.atoms import Atomic, Dirac, Discrete, Empirical
from gan_lab.distances.densities import Gaussian, GaussianMixture, GaussianSum, Uniform
from gan_lab.distances.measure import Density, LineDistribution

__all__ = [
    "Atomic",
    "Density",
    "Dirac",
    "Discrete",
    "Empirical",
    "Gaussian",
    "GaussianMixture",
    "GaussianSum",
    "LineDistribution",
    "Uniform",
]
