"""Where a run's randomness comes from: one stream each for data, latents and penalties.

What an iteration consumes is a function of the run's seed and the iteration's number, and of nothing else: a
run goes on after an interruption, a member of an ensemble draws what the lone run draws, and batches can be
drawn ahead, all without a state to keep.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from gan_lab.types import Batch, Sampler

T = TypeVar("T")

_STREAMS = ("data", "latent", "noise")
_BLOCK_NUMBERS, _BLOCK_ITERATIONS = 1 << 20, 64


@dataclass(frozen=True)
class BatchShape:
    """The sizes of what one iteration consumes."""

    batch_size: int
    n_critic: int
    latent_dim: int
    data_shape: tuple[int, ...]
    noise_shape: tuple[int, ...]

    @property
    def block_length(self) -> int:
        """Iterations that are drawn at once: as many as 4 MiB hold, so that drawing costs next to nothing."""
        real = (self.n_critic + 1) * (math.prod(self.data_shape) + self.latent_dim)
        numbers = self.batch_size * (real + self.n_critic * math.prod(self.noise_shape))
        return max(1, min(_BLOCK_ITERATIONS, _BLOCK_NUMBERS // numbers))


class Draws:
    """Draws what the iterations of one run consume.

    Attributes:
        sampler: of real data.
    """

    def __init__(self, sampler: Sampler, shape: BatchShape, seed: int, device: torch.device) -> None:
        self.sampler = sampler
        self._shape, self._seed, self._device = shape, seed, device

    @property
    def block_length(self) -> int:
        """Iterations per block."""
        return self._shape.block_length

    def block(self, index: int) -> Batch:
        """Return the batches of a block's iterations, stacked along a new axis 0.

        Iteration i, counted from 0, is row ``i % block_length`` of block ``i // block_length``.
        """
        shape = self._shape
        rngs = self._rngs(str(index))
        sizes = (shape.block_length, shape.n_critic + 1, shape.batch_size)
        real = self.sampler(math.prod(sizes), rngs["data"])
        noise_sizes = (shape.block_length, shape.n_critic, shape.batch_size)
        return Batch(
            real=real.view(*sizes, *real.shape[1:]),
            latent=self._latents(sizes, rngs["latent"]),
            noise=self._noise(noise_sizes, rngs["noise"]),
        )

    def warmup(self, iteration: int, steps: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield what each critic step before an iteration consumes: real (B, *D), latent (B, Z), noise."""
        size = (self._shape.batch_size,)
        rngs = self._rngs(f"warm-up {iteration}")
        for _ in range(steps):
            real = self.sampler(*size, rngs["data"])
            yield real, self._latents(size, rngs["latent"]), self._noise(size, rngs["noise"])

    def _rngs(self, which: str) -> dict[str, torch.Generator]:
        return {name: make_rng(self._seed, f"{name}/{which}", self._device) for name in _STREAMS}

    def _latents(self, sizes: tuple[int, ...], rng: torch.Generator) -> Tensor:
        return torch.randn(*sizes, self._shape.latent_dim, generator=rng, device=self._device)

    def _noise(self, sizes: tuple[int, ...], rng: torch.Generator) -> Tensor:
        return torch.rand((*sizes, *self._shape.noise_shape), generator=rng, device=self._device)


def make_rng(seed: int, stream: str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator for one named stream of a run; streams of neighbouring seeds are unrelated."""
    digest = hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=4).digest()
    # the CPU's Mersenne twister uses 32 bits of a seed: of millions of blocks, some few may coincide
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "little"))


def build_with(seed: int, stream: str, build: Callable[[], T]) -> T:
    """Return what ``build`` makes while torch's global generator is seeded for a stream.

    For networks, whose modules draw their initial parameters from nowhere else. On the CPU, so that every
    device starts from the same.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(make_rng(seed, stream).initial_seed())
        return build()
