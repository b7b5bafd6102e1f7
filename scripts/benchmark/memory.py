"""How much memory an iteration takes at its peak."""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from benchmark.contestants import Runner

_RESET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def measure_peak(runner: Runner, device: torch.device) -> int | None:
    """Return what stays between iterations plus what one adds at its peak, in bytes; None if unknown.

    On CUDA what torch's allocator hands out. On the CPU the resident set, whose high-water mark Linux resets
    on request: freed memory is given back to the system before, so that all that an iteration takes is new.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        runner.iterate()
        torch.cuda.synchronize(device)
        added: int | None = torch.cuda.max_memory_allocated(device) - before
    else:
        added = _added_to_resident_set(runner.iterate)
    return None if added is None else added + bytes_of(runner.tensors())


def bytes_of(tensors: list[Tensor]) -> int:
    """Return the memory of tensors, in bytes."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _added_to_resident_set(function: Callable[[], None]) -> int | None:
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        _RESET.write_text("5")
    except (AttributeError, OSError):  # not Linux, or not glibc
        return None
    before = _read_status("VmRSS")
    function()
    return _read_status("VmHWM") - before


def _read_status(key: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) * 1024  # the kernel states KiB
