"""Where two distributions both have mass, and how much each has where the other has none."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_lab.distances.generating_functions import GeneratingFunction

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Overlap(ABC):
    """The common part of P and Q.

    Attributes:
        p_alone: P's mass where Q has none; exactly 0 if and only if there is none.
        q_alone: Q's mass where P has none, likewise.
    """

    p_alone: float
    q_alone: float

    @abstractmethod
    def diverges(self, f: GeneratingFunction) -> bool:
        """Return whether the integral below is infinite."""

    @abstractmethod
    def integral(self, f: GeneratingFunction) -> float:
        """Return the integral, or the sum, of q f(p/q) over the common part, where it is finite."""


@dataclass(frozen=True)
class Disjoint(Overlap):
    """No common part: P and Q are mutually singular."""

    p_alone: float = 1.0
    q_alone: float = 1.0

    def diverges(self, f: GeneratingFunction) -> bool:
        """Return False: there is nothing to sum."""
        del f
        return False

    def integral(self, f: GeneratingFunction) -> float:
        """Return 0."""
        del f
        return 0.0


@dataclass(frozen=True)
class CommonPoints(Overlap):
    """The points on which both have mass.

    Attributes:
        log_p: logarithms of P's weights there, (K,).
        log_q: of Q's, (K,).
    """

    log_p: Array
    log_q: Array

    def diverges(self, f: GeneratingFunction) -> bool:
        """Return False: the sum is finite."""
        del f
        return False

    def integral(self, f: GeneratingFunction) -> float:
        """Return the sum of q f(p/q)."""
        return float(f.perspective(self.log_p, self.log_q).sum())


def points_in_common(p: tuple[Array, Array], q: tuple[Array, Array]) -> CommonPoints:
    """Return the overlap of two sets of distinct points, each with positive weights.

    Args:
        p: points, (K,) or (K, d), and weights (K,).
        q: the same of the other.
    """
    points, where = np.unique(np.concatenate([p[0], q[0]]), axis=0, return_inverse=True)
    weights = np.zeros((2, len(points)))
    weights[0, where[: len(p[0])]] = p[1]
    weights[1, where[len(p[0]) :]] = q[1]
    is_common = (weights > 0).all(axis=0)
    alone = weights[:, ~is_common].sum(axis=1)
    return CommonPoints(float(alone[0]), float(alone[1]), *np.log(weights[:, is_common]))
