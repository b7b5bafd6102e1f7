"""Random numbers that are the same on every card.

A CUDA kernel gives each of its threads a part of the generator's stream. Up to as many numbers as a card runs
threads at once, each thread draws one, and they are a function of the seed alone; of more, the threads take
turns, and which of them draws what depends on how many there are: 40,960 on a T4, 270,336 on an H100. So more
are drawn in pieces, each by a call of its own. On the CPU one call draws all, as ever.

Source: ``calc_execution_policy`` and ``distribution_elementwise_grid_stride_kernel`` in torch's
``aten/src/ATen/native/cuda/DistributionTemplates.h``.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

PIECE = 28_672
"""Numbers that one CUDA call draws at most: as many as the smallest slice of an A100 runs threads at once (14
multiprocessors of 2,048). A card that runs fewer draws other numbers than the others."""

Size = tuple[int, ...]


def normal(size: Size, rng: torch.Generator, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return standard normal numbers of a size, on the device of ``rng``."""
    return _in_pieces(partial(torch.randn, dtype=dtype), size, rng)


def uniform(size: Size, rng: torch.Generator, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return numbers uniform on [0, 1) of a size, on the device of ``rng``."""
    return _in_pieces(partial(torch.rand, dtype=dtype), size, rng)


def integers(end: int, size: Size, rng: torch.Generator) -> Tensor:
    """Return whole numbers from 0 to ``end`` - 1, int64 of a size, on the device of ``rng``."""
    return _in_pieces(partial(torch.randint, end), size, rng)


def permutation(n: int, rng: torch.Generator) -> Tensor:
    """Return the whole numbers below ``n`` in random order, int64 (n,), on the device of ``rng``."""
    if not _is_split((n,), rng):
        return torch.randperm(n, generator=rng, device=rng.device)
    # by sorting, as torch does; two of 2^63 keys are equal once in 10^9 permutations of a hundred thousand
    return integers(2**63 - 1, (n,), rng).argsort(stable=True)


def _in_pieces(draw: Callable[..., Tensor], size: Size, rng: torch.Generator) -> Tensor:
    if not _is_split(size, rng):
        return draw(size, generator=rng, device=rng.device)
    count = math.prod(size)
    sizes = [min(PIECE, count - begun) for begun in range(0, count, PIECE)]
    return torch.cat([draw((n,), generator=rng, device=rng.device) for n in sizes]).view(size)


def _is_split(size: Size, rng: torch.Generator) -> bool:
    return rng.device.type == "cuda" and math.prod(size) > PIECE
