"""Where a run's randomness comes from: a stream each for data, latents, and noise of either network's steps.

What an iteration consumes is a function of the run's seed and the iteration's number, and of nothing else: a
run goes on after an interruption, a member of an ensemble draws what the lone run draws, and batches can be
drawn ahead, all without a state to keep.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lab.numerics.draws import normal, uniform
from gan_lab.numerics.processes import ALONE, Processes
from gan_lab.numerics.stopwatch import Stopwatch
from gan_lab.numerics.streams import make_rng
from gan_lab.numerics.trees import stack
from gan_lab.types import Batch, Sampler

_STREAMS = ("data", "latent", "noise", "generator noise")
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
        # the generator step's noise is left out: with it blocks, and so draws, would change with the version
        numbers = self.batch_size * (real + self.n_critic * math.prod(self.noise_shape))
        return max(1, min(_BLOCK_ITERATIONS, _BLOCK_NUMBERS // numbers))


class CriticInputs(NamedTuple):
    """What a critic step outside of an iteration consumes: a row of a ``Batch``."""

    real: Tensor  # (B, *D)
    latent: Tensor  # (B, Z)
    noise: Tensor  # (B, *noise_shape)
    label: Tensor  # (B,), or (0,) without classes


class BatchSource:
    """Draws what the iterations of one run consume.

    Attributes:
        sampler: of real data.

    Args:
        sampler: of real data.
        shape: of whole batches.
        seed: of all streams.
        device: where they are drawn.
        processes: that play the run together: each draws whole batches, and keeps its rows.
    """

    def __init__(
        self,
        sampler: Sampler,
        shape: BatchShape,
        seed: int,
        device: torch.device,
        processes: Processes = ALONE,
    ) -> None:
        self.sampler = sampler
        self._shape, self._seed, self._device = shape, seed, device
        self._rows = processes.rows(shape.batch_size)

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
        length, _, batch_size = sizes
        noise = self._noise((length, shape.n_critic, batch_size), rngs["noise"])
        last = self._noise((length, 1, batch_size), rngs["generator noise"])
        rows = self._rows
        return Batch(
            real=real.view(*sizes, *real.shape[1:])[:, :, rows],
            latent=self._latents(sizes, rngs["latent"])[:, :, rows],
            noise=torch.cat([noise, last], dim=1)[:, :, rows],
            label=self._no_labels(length, shape.n_critic + 1),
        )

    def warmup(self, iteration: int, steps: int) -> Iterator[CriticInputs]:
        """Yield what each critic step before an iteration consumes."""
        size = (self._shape.batch_size,)
        rngs = self._rngs(f"warm-up {iteration}")
        for _ in range(steps):
            real = self.sampler(*size, rngs["data"])
            latent, noise = self._latents(size, rngs["latent"]), self._noise(size, rngs["noise"])
            rows = self._rows
            yield CriticInputs(real[rows], latent[rows], noise[rows], self._no_labels())

    def _rngs(self, which: str) -> dict[str, torch.Generator]:
        return {name: make_rng(self._seed, f"{name}/{which}", self._device) for name in _STREAMS}

    def _no_labels(self, *sizes: int) -> Tensor:
        return torch.zeros(*sizes, 0, dtype=torch.int64, device=self._device)

    def _latents(self, sizes: tuple[int, ...], rng: torch.Generator) -> Tensor:
        return normal((*sizes, self._shape.latent_dim), rng)

    def _noise(self, sizes: tuple[int, ...], rng: torch.Generator) -> Tensor:
        return uniform((*sizes, *self._shape.noise_shape), rng)


class _Block(NamedTuple):
    number: int
    batches: Batch  # each tensor (iterations, ...) or, of several members, (iterations, members, ...)
    ready: torch.cuda.Event | None  # when a copy beside the computation is done


class Prefetcher:
    """Hands out batches.

    Attributes:
        waiting: counts for how long callers have been kept waiting.

    Args:
        sources: those of each run that is played; of several, batches are stacked along a new axis 0.
        ahead: whether a thread draws the next block while this one is consumed, on a CUDA device beside the
            computation. It pays where real data comes from a disk; elsewhere it takes a core from arithmetic.
        waiting: one that several prefetchers share, None for one of its own.
    """

    def __init__(
        self,
        sources: Sequence[BatchSource],
        device: torch.device,
        ahead: bool,
        waiting: Stopwatch | None = None,
    ) -> None:
        self._sources, self._device = sources, device
        self._length = sources[0].block_length
        self._block: _Block | None = None
        self._next: tuple[int, Future[_Block]] | None = None
        self._executor = ThreadPoolExecutor(1, "draw ahead") if ahead else None
        beside = ahead and device.type == "cuda"
        self._stream = torch.cuda.Stream(device) if beside else None  # type: ignore[no-untyped-call]
        self.waiting = waiting or Stopwatch()

    def batch(self, iteration: int) -> Batch:
        """Return what an iteration, counted from 0, consumes."""
        index, row = divmod(iteration, self._length)
        if self._block is None or self._block.number != index:
            with self.waiting:
                self._block = self._fetch(index)
        return Batch(*(values[row] for values in self._block.batches))

    def warmup(self, iteration: int, steps: int) -> Iterator[CriticInputs]:
        """Yield what each critic step before an iteration consumes."""
        members = [source.warmup(iteration, steps) for source in self._sources]
        for _ in range(steps):
            with self.waiting:
                inputs = [next(member) for member in members]
                one = inputs[0] if len(inputs) == 1 else stack(inputs)
            yield one

    def close(self) -> None:
        """Stop drawing."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def _fetch(self, index: int) -> _Block:
        if self._executor is None:
            return self._draw(index)
        if self._next is not None and self._next[0] == index:
            block = self._next[1].result()
        else:
            block = self._executor.submit(self._draw, index).result()
        self._next = (index + 1, self._executor.submit(self._draw, index + 1))
        if block.ready is not None:
            computing = torch.cuda.current_stream(self._device)
            computing.wait_event(block.ready)
            for tensor in block.batches:
                tensor.record_stream(computing)  # its memory is not used again before it was read
        return block

    def _draw(self, index: int) -> _Block:
        if self._stream is None:
            return _Block(index, self._stacked(index), None)
        with torch.cuda.stream(self._stream):
            batches = self._stacked(index)
            ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record(self._stream)
        return _Block(index, batches, ready)

    def _stacked(self, index: int) -> Batch:
        blocks = [source.block(index) for source in self._sources]
        if len(blocks) == 1:
            return blocks[0]
        return Batch(*(torch.stack(tensors, dim=1) for tensors in zip(*blocks, strict=True)))
