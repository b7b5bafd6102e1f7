"""Where a run's randomness comes from: one generator each for data, latents and penalties.

Every run owns its generators, so that jobs in one process do not influence each other and a member of an
ensemble draws what the lone run draws.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.checks import UserError
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
        self._seed = seed
        self._rngs = {name: make_rng(seed, name, device) for name in _STREAMS}

    def batch(self, n_critic: int) -> Batch:
        """Return what an iteration of ``n_critic`` critic steps consumes."""
        steps, size = n_critic + 1, self._shape.batch_size
        real = self._sampler(steps * size, self._rngs["data"])
        return Batch(
            real=real.view(steps, size, *real.shape[1:]),
            latent=self.latents(steps, size),
            noise=self._noise(n_critic, size),
        )

    def critic_batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a critic step on its own consumes: real (B, *D), latent (B, Z), noise."""
        size = self._shape.batch_size
        real = self._sampler(size, self._rngs["data"])
        return real, self.latents(size), self._noise(size)

    def latents(self, *size: int) -> Tensor:
        """Return standard normal latents (*size, Z)."""
        return torch.randn(*size, self._shape.latent_dim, generator=self._rngs["latent"], device=self._device)

    def state(self) -> dict[str, Tensor]:
        """Return the generators' states, uint8 vectors on the CPU."""
        return {name: rng.get_state() for name, rng in self._rngs.items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Continue from what :meth:`state` returned on a device of the same type.

        Raises:
            UserError: if it is no such state.
        """
        try:
            for name, rng in self._rngs.items():
                rng.set_state(state[name])
        except (KeyError, RuntimeError, TypeError) as error:
            raise UserError("The checkpoint holds no states of this run's random generators.") from error

    def reseed(self, iteration: int) -> None:
        """Begin afresh at an iteration, with draws that no other iteration begins with."""
        self._rngs = {name: make_rng(self._seed, f"{name}/{iteration}", self._device) for name in _STREAMS}

    def _noise(self, *size: int) -> Tensor:
        shape = (*size, *self._shape.noise_shape)
        return torch.rand(shape, generator=self._rngs["noise"], device=self._device)


def make_rng(seed: int, stream: str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator for one named stream of a run; streams of neighbouring seeds are unrelated."""
    digest = hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=4).digest()
    # the CPU's Mersenne twister uses 32 bits of a seed
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "little"))
