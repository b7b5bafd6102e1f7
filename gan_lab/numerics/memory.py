"""How much memory there is, and networks that are refused before they take more of it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from gan_lab.config.errors import UserError

BYTES_PER_PARAMETER = 32
"""In training, in float32: itself, its gradient, two states of an optimizer, an average, and what a step
changes of these, old and new."""

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_MEMORY_INFO = Path("/proc/meminfo")
_FACTORIES = {
    *(torch.empty, torch.zeros, torch.ones, torch.full, torch.eye),
    *(torch.rand, torch.randn, torch.randint, torch.randperm, torch.arange),
}


def total_bytes(device: torch.device) -> int:
    """Return all the memory of a device; of the CPU the machine's, or what its container may have."""
    if device.type == "cuda":
        total: int = torch.cuda.get_device_properties(device).total_memory
        return total
    return _allowed(_machine_bytes())


def available_bytes(device: torch.device) -> int:
    """Return the memory that is free for data on ``device``, in bytes.

    For CUDA what the driver reports; otherwise the RAM that Linux calls available, or all of the RAM where
    the system does not tell, in both cases at most what the container is allowed.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if _MEMORY_INFO.is_file():
        for line in _MEMORY_INFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return _allowed(int(line.split()[1]) * 1024)  # the kernel states KiB
    return _allowed(_machine_bytes())


def _allowed(n_bytes: int) -> int:
    """Return so many bytes, or what the container may have where that is less."""
    limit = _CGROUP_LIMIT.read_text().strip() if _CGROUP_LIMIT.is_file() else ""
    return min(n_bytes, int(limit)) if limit.isdigit() else n_bytes


def _machine_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def parameters_that_fit(device: torch.device, name: str) -> Iterator[None]:
    """Refuse a network that is built inside the block as soon as a tensor of it would not fit into memory.

    Tensors are counted before they are made, so that nothing has to be allocated to find it out.

    Args:
        device: where it will be trained.
        name: of the network in the config, such as ``architecture.generator``.

    Raises:
        UserError: if it has more parameters than can be trained there.
    """
    with _Counting(total_bytes(device), name):
        yield


class _Counting(TorchFunctionMode):
    def __init__(self, memory: int, name: str) -> None:
        super().__init__()
        self._memory, self._name, self._left = memory, name, memory // BYTES_PER_PARAMETER

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        kwargs = kwargs or {}
        if func in _FACTORIES:
            self._left -= _size_of(args, kwargs)
        if self._left < 0:
            sizes = "width, depth or latent_dim" if self._name.endswith("generator") else "width or depth"
            raise UserError(
                f"{self._name} must have at most {self._memory // BYTES_PER_PARAMETER:,} parameters, which "
                f"is what {self._memory / 1e9:.0f} GB of memory hold in training; lower its {sizes}."
            )
        return func(*args, **kwargs)


def _size_of(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    """Return how many numbers a factory such as ``torch.empty`` is asked for, or fewer."""
    size = kwargs.get("size", args[0] if args and isinstance(args[0], list | tuple) else args)
    count = 1
    for length in size if isinstance(size, list | tuple) else (size,):
        count *= length if isinstance(length, int) else 1
    return count
