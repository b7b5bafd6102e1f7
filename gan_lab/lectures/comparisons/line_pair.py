"""Two densities on the line, and what is optimal against them: the log odds and the potential."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from gan_lab.config.checks import Settings
from gan_lab.config.errors import BadValueError
from gan_lab.distances.line import Density

Array = NDArray[np.float64]

_GRID, _MARGIN = 401, 0.05
_TAIL = 1e-4  # what of either side lies beyond either end of the grid
_STEP = 1e-6  # of central differences, as a part of the grid


@dataclass(frozen=True)
class LinePair(Settings):
    """A real and a fake side.

    Attributes:
        real: density p, distribution function F.
        fake: density q, distribution function G.
    """

    real: Density
    fake: Density

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.isfinite(self.real.support()).any():
            rule = "a density that is positive on the whole line: elsewhere there are no log odds"
            raise BadValueError("real", rule, self.real)
        if self.fake.support() != self.real.support():
            rule = f"a density on the support of real, {self.real.support()}: elsewhere D is exactly 0 or 1"
            raise BadValueError("fake", rule, self.fake.support())

    @cached_property
    def grid(self) -> Array:
        """Places (n,) that hold nearly all of both sides."""
        tails = np.array([_TAIL, 1 - _TAIL])
        ends = np.concatenate([self.real.quantile(tails), self.fake.quantile(tails)])
        margin = _MARGIN * (ends.max() - ends.min())
        return np.linspace(ends.min() - margin, ends.max() + margin, _GRID)

    def log_odds(self, x: Array) -> Array:
        """Return log p - log q: the optimal raw score of the original objective."""
        odds: Array = self.real.log_pdf(x) - self.fake.log_pdf(x)
        return odds

    def log_odds_slope(self, x: Array) -> Array:
        """Return the derivative of the log odds by x."""
        step = _STEP * (self.grid[-1] - self.grid[0])
        slope: Array = (self.log_odds(x + step) - self.log_odds(x - step)) / (2 * step)
        return slope

    def discriminator(self, x: Array) -> Array:
        """Return D* = p / (p + q)."""
        best: Array = expit(self.log_odds(x))
        return best

    def potential_slope(self, x: Array) -> Array:
        """Return the slope of the Kantorovich potential: the sign of G - F.

        It makes int f' (G - F) dx, which E_p f - E_q f is by parts, as large as |f'| <= 1 allows.
        """
        slope: Array = np.sign(self.fake.cdf(x) - self.real.cdf(x))
        return slope

    def potential(self) -> Array:
        """Return the potential on the grid, centred."""
        slope, x = self.potential_slope(self.grid), self.grid
        return self.centred(np.concatenate([[0.0], np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(x))]))

    def centred(self, values: Array) -> Array:
        """Return values on the grid less their mean under both sides: a potential has no zero of its own."""
        weights = self.real.pdf(self.grid) + self.fake.pdf(self.grid)
        return values - np.average(values, weights=weights)

    def points(self, n: int) -> tuple[Array, Array]:
        """Return n evenly spaced quantiles of each side: (n,), (n,)."""
        levels = (np.arange(n) + 0.5) / n
        return self.real.quantile(levels), self.fake.quantile(levels)


def as_points(x: Array) -> Tensor:
    """Return places (n,) as points of one dimension for a critic, (n, 1) in float32."""
    return torch.tensor(x).float().unsqueeze(1)
