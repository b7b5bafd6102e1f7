"""Where a run's randomness comes from: one generator each for data, latents and penalties.

Every run owns its generators, so that jobs in one process do not influence each other and a member of an
ensemble draws what the lone run draws.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.types import Batch, Sampler

_STREAMS = ("data", "latent", "noise")


@dataclass(frozen=True)
class BatchShape:
    """The sizes of one critic step's inputs."""

    batch_size: int
    latent_dim: int
    noise_shape: tuple[int, ...]


class Draws:
    """Draws batches; its state can be saved and restored to the bit."""

    def __init__(self, sampler: Sampler, shape: BatchShape, seed: int, device: torch.device) -> None:
        self._sampler, self._shape, self._device = sampler, shape, device
        self._generators = {name: make_generator(seed, name, device) for name in _STREAMS}

    def batch(self, n_critic: int) -> Batch:
        """Return what an iteration of ``n_critic`` critic steps consumes."""
        steps, size = n_critic + 1, self._shape.batch_size
        real = self._sampler(steps * size, self._generators["data"])
        return Batch(
            real=real.view(steps, size, *real.shape[1:]),
            latent=self.latents(steps, size),
            noise=self._noise(n_critic, size),
        )

    def critic_batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a critic step on its own consumes: real (B, *D), latent (B, Z), noise."""
        size = self._shape.batch_size
        real = self._sampler(size, self._generators["data"])
        return real, self.latents(size), self._noise(size)

    def latents(self, *size: int) -> Tensor:
        """Return standard normal latents (*size, Z)."""
        return torch.randn(
            *size, self._shape.latent_dim, generator=self._generators["latent"], device=self._device
        )

    def state(self) -> dict[str, Tensor]:
        """Return the generators' states, uint8 vectors on the CPU."""
        return {name: generator.get_state() for name, generator in self._generators.items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Continue from what :meth:`state` returned on a device of the same type."""
        for name, generator in self._generators.items():
            generator.set_state(state[name])

    def _noise(self, *size: int) -> Tensor:
        shape = (*size, *self._shape.noise_shape)
        return torch.rand(shape, generator=self._generators["noise"], device=self._device)


def make_generator(seed: int, stream: str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator for one named stream of a run; streams of neighbouring seeds are unrelated."""
    digest = hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=4).digest()
    # the CPU's Mersenne twister uses 32 bits of a seed
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "little"))
