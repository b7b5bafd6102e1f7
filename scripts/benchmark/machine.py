"""What the machine is, and the most that it gives: its rates of arithmetic and of copying."""

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark.timing import time_calls
from gan_lab.config.errors import UserError
from gan_lab.numerics.precision import Precision, check_precision, float32_products

_COPIED_BYTES = 1 << 28
_TRIES = 7


@dataclass(frozen=True)
class Machine:
    """Where numbers come from.

    Attributes:
        device: kind and name.
        software: versions.
        threads: that torch computes with on the CPU.
        precision: of float32 products.
        flops: rate of a float32 matrix product, per second.
        bf16_flops: the same in bfloat16; None where that would be emulated.
        no_bf16: why there is none.
        copied_bytes: read and written per second by a copy.
        load: processes that were running or waiting before, averaged over a minute.
    """

    device: str
    software: str
    threads: int
    precision: Precision
    flops: float
    bf16_flops: float | None
    no_bf16: str | None
    copied_bytes: float
    load: float


def look_at(device: torch.device, precision: Precision) -> Machine:
    """Describe this machine and measure it, the best of several tries each."""
    load, no_bf16 = os.getloadavg()[0], None
    try:
        check_precision("bf16", device)
    except UserError as error:
        no_bf16 = str(error)
    with float32_products(precision):
        return Machine(
            device=f"{_describe_gpu(device)}{_describe_cpu()}",
            software=f"torch {torch.__version__}, Python {platform.python_version()}, {_system()}",
            threads=torch.get_num_threads(),
            precision=precision,
            flops=matrix_rate(device, torch.float32),
            bf16_flops=None if no_bf16 else matrix_rate(device, torch.bfloat16),
            no_bf16=no_bf16,
            copied_bytes=copy_rate(device),
            load=load,
        )


def matrix_size(device: torch.device) -> int:
    """Return the rows and columns of the matrices whose product is timed."""
    return 8192 if device.type == "cuda" else 2048


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return the floating point operations per second of a product of square matrices."""
    size = matrix_size(device)
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    tries = [time_calls(lambda: torch.mm(left, right, out=out), 3, device) for _ in range(_TRIES)]
    return 2 * size**3 / min(tries)


def copy_rate(device: torch.device) -> float:
    """Return the bytes per second that a copy of 256 MiB reads and writes."""
    source = torch.zeros(_COPIED_BYTES, dtype=torch.uint8, device=device)
    target = torch.ones_like(source)
    tries = [time_calls(lambda: target.copy_(source), 3, device) for _ in range(_TRIES)]
    return 2 * _COPIED_BYTES / min(tries)


def _describe_gpu(device: torch.device) -> str:
    if device.type != "cuda":
        return ""
    return f"{torch.cuda.get_device_name(device)} (CUDA {torch.version.cuda}) beside "


def _describe_cpu() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_cpu_name()}, {cores} cores"


def _cpu_name() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _system() -> str:
    return f"{platform.system()} {platform.machine()}" if sys.platform != "darwin" else platform.platform()
