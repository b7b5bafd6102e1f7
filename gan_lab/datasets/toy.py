"""Distributions on the plane and in n dimensions, drawn afresh for every batch."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.config.checks import NonNegativeFloat, PositiveFloat, PositiveInt, UpToThousand
from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import counted
from gan_lab.datasets.base import Dataset
from gan_lab.numerics.draws import integers, normal, uniform
from gan_lab.types import Sampler

WEIGHT_TOLERANCE = 1e-6


class IsotropicMixture(Dataset, ABC):
    """Sum over k of weight_k N(mode_k, std_k² I): what metrics of mode coverage need to know."""

    @property
    @abstractmethod
    def modes(self) -> Tensor:
        """Centres of the components, (K, d) on the CPU."""

    @property
    @abstractmethod
    def mode_stds(self) -> Tensor:
        """Standard deviation of each component along every axis, (K,)."""

    @property
    def mode_weights(self) -> Tensor:
        """Probability of each component, (K,); equal unless a subclass says otherwise."""
        return torch.full((len(self.modes),), 1 / len(self.modes))

    def open(self, device: torch.device) -> Sampler:
        """Return the sampler; there is nothing to read."""
        modes, stds = self.modes.to(device), self.mode_stds.unsqueeze(1).to(device)  # (K, d), (K, 1)
        # The uniform draw is below 1, so it falls under one of the K - 1 inner edges or into the last cell.
        edges = self.mode_weights.double().cumsum(0)[:-1].float().to(device)

        def sample(n: int, generator: torch.Generator) -> Tensor:
            level = uniform((n,), generator)
            component = torch.searchsorted(edges, level, right=True)
            noise = normal((n, modes.shape[1]), generator)
            return torch.addcmul(modes[component], stds[component], noise)

        return sample


@dataclass(frozen=True)
class Ring(IsotropicMixture):
    """Gaussians at equal angles on a circle.

    The defaults are those of the WGAN-GP code (Gulrajani et al. 2017, gan_toy.py): radius 2 and std 0.02,
    both divided by 1.414. VEEGAN and PacGAN use radius 1 and std 0.01.

    Args:
        n_modes: Gaussians on the circle; the first lies at angle 0.
        radius: distance of the centres from the origin.
        std: standard deviation of each Gaussian along each axis.
    """

    n_modes: PositiveInt = 8
    radius: PositiveFloat = 1.414427  # 2 / 1.414
    std: PositiveFloat = 0.014144  # 0.02 / 1.414

    @property
    def data_shape(self) -> tuple[int, ...]:
        """A point of the plane."""
        return (2,)

    @property
    def modes(self) -> Tensor:
        """Centres, (n_modes, 2), counter-clockwise."""
        angle = 2 * math.pi * torch.arange(self.n_modes, dtype=torch.float64) / self.n_modes
        return (self.radius * torch.stack([angle.cos(), angle.sin()], dim=1)).float()

    @property
    def mode_stds(self) -> Tensor:
        """The one standard deviation, (n_modes,)."""
        return torch.full((self.n_modes,), self.std)


@dataclass(frozen=True)
class Grid(IsotropicMixture):
    """Gaussians on a square grid around the origin.

    The defaults are those of the WGAN-GP code (Gulrajani et al. 2017, gan_toy.py): centres {-4, -2, 0, 2, 4}²
    and std 0.05, all divided by 2.828. That code reuses 100,000 fixed points; here every batch is new.

    Args:
        n_per_side: Gaussians along each side of the grid.
        spacing: distance between neighbouring centres.
        std: standard deviation of each Gaussian along each axis.
    """

    n_per_side: UpToThousand = 5
    spacing: PositiveFloat = 0.707214  # 2 / 2.828
    std: PositiveFloat = 0.017680  # 0.05 / 2.828

    @property
    def data_shape(self) -> tuple[int, ...]:
        """A point of the plane."""
        return (2,)

    @property
    def modes(self) -> Tensor:
        """Centres, (n_per_side², 2), row by row from the lower left."""
        line = self.spacing * (torch.arange(self.n_per_side) - (self.n_per_side - 1) / 2)
        return torch.cartesian_prod(line, line)

    @property
    def mode_stds(self) -> Tensor:
        """The one standard deviation, (n_per_side²,)."""
        return torch.full((self.n_per_side**2,), self.std)


@dataclass(frozen=True)
class GaussianMixture(IsotropicMixture):
    """Any finite mixture of isotropic Gaussians, in any number of dimensions.

    Args:
        weights: probability of each component; positive, adding up to 1 within 1e-6.
        means: centre of each component, all of one dimension.
        scales: standard deviation of each component along each axis.
    """

    weights: tuple[PositiveFloat, ...] = (0.5, 0.3, 0.2)
    means: tuple[tuple[float, ...], ...] = ((-1.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    scales: tuple[PositiveFloat, ...] = (0.1, 0.2, 0.05)

    def __post_init__(self) -> None:
        super().__post_init__()
        if abs(math.fsum(self.weights) - 1) > WEIGHT_TOLERANCE:
            raise BadValueError("weights", "positive numbers that add up to 1", self.weights)
        n = len(self.weights)
        if len(self.means) != n:
            raise BadValueError("means", f"a list of {counted(n, 'point')}, one for each weight", self.means)
        if len(self.scales) != n:
            raise BadValueError(
                "scales", f"a list of {counted(n, 'number')}, one for each weight", self.scales
            )
        if not self.means[0] or len({len(mean) for mean in self.means}) > 1:
            raise BadValueError("means", "points of one dimension, 1 or greater", self.means)

    @property
    def data_shape(self) -> tuple[int, ...]:
        """A point of the space that the means live in."""
        return (len(self.means[0]),)

    @property
    def modes(self) -> Tensor:
        """The means, (K, d)."""
        return torch.tensor(self.means)

    @property
    def mode_stds(self) -> Tensor:
        """The scales, (K,)."""
        return torch.tensor(self.scales)

    @property
    def mode_weights(self) -> Tensor:
        """The weights, (K,)."""
        return torch.tensor(self.weights)


@dataclass(frozen=True)
class SwissRoll(Dataset):
    """A noisy spiral: x = (t cos t + noise e_1, t sin t + noise e_2) / scale, t uniform on [1.5π, 4.5π].

    The distribution of coordinates 0 and 2 of scikit-learn's ``make_swiss_roll`` (Marsland 2014), divided
    by 7.5 as in the WGAN-GP code (Gulrajani et al. 2017, gan_toy.py).

    Args:
        noise: standard deviation of the noise along each axis, before the division.
        scale: what the coordinates are divided by.
    """

    noise: NonNegativeFloat = 0.25
    scale: PositiveFloat = 7.5

    @property
    def data_shape(self) -> tuple[int, ...]:
        """A point of the plane."""
        return (2,)

    def open(self, device: torch.device) -> Sampler:
        """Return the sampler; there is nothing to read."""

        def sample(n: int, generator: torch.Generator) -> Tensor:
            t = 1.5 * math.pi * (1 + 2 * uniform((n,), generator))
            spiral = torch.stack([t * t.cos(), t * t.sin()], dim=1)  # (n, 2)
            noise = normal((n, 2), generator)
            return (spiral + self.noise * noise) / self.scale

        return sample


@dataclass(frozen=True)
class ParallelLines(Dataset):
    """Upright segments {position} x [0, 1], one of them chosen with equal probability for each point.

    With ``positions: [0.0]`` this is P_0 of Example 1 in Arjovsky et al. 2017: the law of (0, Z) with Z
    uniform on [0, 1], which lies at W_1 = |θ| but at a Jensen-Shannon divergence of log 2 from the same
    segment at θ ≠ 0. The default, two segments, gives a generator something to cover.

    Args:
        positions: first coordinate of each segment.
    """

    positions: tuple[float, ...] = (-1.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.positions:
            raise BadValueError("positions", "a list of at least one number", self.positions)

    @property
    def data_shape(self) -> tuple[int, ...]:
        """A point of the plane."""
        return (2,)

    def open(self, device: torch.device) -> Sampler:
        """Return the sampler; there is nothing to read."""
        positions = torch.tensor(self.positions, device=device)

        def sample(n: int, generator: torch.Generator) -> Tensor:
            line = integers(len(positions), (n,), generator)
            height = uniform((n,), generator)
            return torch.stack([positions[line], height], dim=1)

        return sample
