"""Streams of random numbers, one for each purpose of a run."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")


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
