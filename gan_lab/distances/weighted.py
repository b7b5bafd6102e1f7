"""Points and components with weights: what the line and the plane have in common."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_lab.distances.line.distribution import require_same_length

Array = NDArray[np.float64]


class WeightedAtoms:
    """Mixed into a distribution whose fields are ``atoms`` and ``weights``.

    Raises:
        BadValueError: when it is made, if the two differ in length.
    """

    atoms: tuple[Any, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()  # type: ignore[misc]
        require_same_length("atoms", atoms=self.atoms, weights=self.weights)

    def masses(self) -> tuple[Array, Array]:
        """Return the points (K, ...) and their weights (K,), rescaled to sum to 1 to the last digit."""
        return np.array(self.atoms), rescaled(self.weights)


class EqualAtoms:
    """Mixed into a distribution whose field ``samples`` holds draws of equal weight."""

    samples: tuple[Any, ...]

    def masses(self) -> tuple[Array, Array]:
        """Return the draws (n, ...) with weight 1/n each."""
        n = len(self.samples)
        return np.array(self.samples), np.full(n, 1 / n)


class WeightedComponents:
    """Mixed into a mixture whose fields are ``weights``, ``means`` and ``scales``.

    Raises:
        BadValueError: when it is made, if they differ in length.
    """

    weights: tuple[float, ...]
    means: tuple[Any, ...]
    scales: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()  # type: ignore[misc]
        require_same_length("weights", weights=self.weights, means=self.means, scales=self.scales)


def rescaled(weights: tuple[float, ...]) -> Array:
    """Return weights (K,) that sum to 1 to the last digit: people write them with a few decimals."""
    given = np.array(weights)
    sum_to_one: Array = given / given.sum()
    return sum_to_one
