"""What a ReLU network makes of a line of latents: a curve of straight pieces, with its corners exact."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.func import functional_call

from gan_lab.types import Params

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Polyline:
    """A generator from the line to the plane, linear between its corners.

    Attributes:
        latents: where the corners are, with both ends, increasing, (K,).
        corners: their images, (K, 2).
    """

    latents: Array
    corners: Array

    def __call__(self, latents: Array) -> Array:
        """Return the images (n, 2) of latents (n,) between the ends."""
        x, y = (np.interp(latents, self.latents, side) for side in self.corners.T)
        return np.stack([x, y], axis=1)

    def distances(self, points: Array) -> Array:
        """Return how far points (n, 2) are from the nearest point of the curve, (n,)."""
        starts, ways = self.corners[:-1], np.diff(self.corners, axis=0)  # (K - 1, 2)
        lengths = (ways**2).sum(axis=1)
        from_start = points[:, None] - starts  # (n, K - 1, 2)
        along = (from_start * ways).sum(axis=2) / np.where(lengths > 0, lengths, 1)
        feet = along.clip(0, 1)[..., None] * ways
        nearest: Array = np.sqrt(((from_start - feet) ** 2).sum(axis=2)).min(axis=1)
        return nearest


def polyline(network: nn.Module, params: Params, ends: tuple[float, float]) -> Polyline:
    """Return the curve that a perceptron with ReLU makes of the latents between two ends.

    Layer by layer: before each ReLU a unit is linear between the corners so far, and where it changes its
    sign between two of them there is one more.

    Args:
        network: linear layers with ReLU between them, from one latent to the plane.
        params: its parameters, float64.
        ends: the least and the greatest latent.
    """
    assert isinstance(network, nn.Sequential)
    latents = np.array(ends, dtype=np.float64)
    for k, layer in enumerate(network):
        if isinstance(layer, nn.ReLU):
            units = _apply(network[:k], params, latents)  # (K, width)
            before, after = units[:-1], units[1:]
            pieces, _ = turning = np.nonzero(before * after < 0)
            parts = before[turning] / (before[turning] - after[turning])
            found = latents[pieces] + parts * np.diff(latents)[pieces]
            latents = np.unique(np.concatenate([latents, found]))
    return Polyline(latents, _apply(network, params, latents))


def _apply(network: nn.Sequential, params: Params, latents: Array) -> Array:
    names = dict(network.named_parameters())
    kept = {name: value for name, value in params.items() if name in names}
    with torch.no_grad():
        out = functional_call(network, kept, (torch.from_numpy(latents)[:, None],))
    return np.asarray(out.numpy(), dtype=np.float64)
