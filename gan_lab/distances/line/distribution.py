"""What every distribution on the line can be asked for."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_lab.config.checks import Rule, Settings
from gan_lab.config.errors import BadValueError
from gan_lab.distances.tails import GaussianTail

Array = NDArray[np.float64]

# Decimals as people write them (three times .333333) sum to 1 no better than this; they are rescaled.
WEIGHT_TOLERANCE = 2e-6

Weights = Annotated[
    tuple[float, ...],
    Rule(
        "numbers >= 0 that sum to 1", lambda v: min(v, default=-1) >= 0 and abs(sum(v) - 1) < WEIGHT_TOLERANCE
    ),
]
Scales = Annotated[
    tuple[float, ...], Rule("numbers greater than 0, at least one", lambda v: min(v, default=0) > 0)
]
Numbers = Annotated[tuple[float, ...], Rule("finite numbers, at least one", lambda v: len(v) > 0)]


class Measure(Settings, ABC):
    """A probability distribution: frozen, checked when it is made; its fields may be given as arrays."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, value.tolist())
        super().__post_init__()


@dataclass(frozen=True)
class LineDistribution(Measure):
    """A distribution on the line; numbers are float64, in the units of the data."""

    @abstractmethod
    def mean(self) -> float:
        """Return E x."""

    @abstractmethod
    def variance(self) -> float:
        """Return E (x - E x)^2, with no correction for a sample's size."""

    @abstractmethod
    def cdf(self, x: ArrayLike) -> Array:
        """Return F(x) = P(X <= x), of the shape of ``x``."""

    @abstractmethod
    def quantile(self, u: ArrayLike) -> Array:
        """Return the least x with F(x) >= u, for u from 0 to 1, of the shape of ``u``."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Return n independent draws, (n,)."""

    @abstractmethod
    def knots(self) -> tuple[float, ...]:
        """Return where quadrature must break: ends, atoms, and the neighbourhood of every peak.

        Beyond the outermost knots the distribution has no mass that float64 can express.
        """


@dataclass(frozen=True)
class Density(LineDistribution):
    """A distribution on the line that has a density, positive all over one interval."""

    @abstractmethod
    def log_pdf(self, x: ArrayLike) -> Array:
        """Return the natural logarithm of the density, -inf outside the support, of the shape of ``x``."""

    def pdf(self, x: ArrayLike) -> Array:
        """Return the density, of the shape of ``x``."""
        return np.exp(self.log_pdf(x))

    @abstractmethod
    def support(self) -> tuple[float, float]:
        """Return the ends of the interval where the density is positive; -inf and inf where it has none."""

    @abstractmethod
    def tail(self) -> GaussianTail | None:
        """Return how the density decays far out, or None where the support is bounded."""


def require_same_length(reference: str, **lists: tuple[object, ...]) -> None:
    """Refuse lists that do not have one entry each for the same things.

    Args:
        reference: which of ``lists`` sets the length.
        lists: by the name of their field.

    Raises:
        BadValueError: that names the first of another length.
    """
    length = len(lists[reference])
    for name, values in lists.items():
        if len(values) != length:
            raise BadValueError(name, f"as many entries as {reference} has, {length}", list(values))
