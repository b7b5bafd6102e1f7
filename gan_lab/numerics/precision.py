"""What numbers the networks compute with: checked against the device, and set for one run at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch

from gan_lab.config.checks import conform
from gan_lab.config.devices import DeviceName
from gan_lab.config.errors import UserError
from gan_lab.config.modes import refuse_on_cpu
from gan_lab.config.quoting import quoted

Precision = Literal["fp32", "tf32", "bf16"]

DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}
"""The type of the networks' parameters, inputs and activations; everything else is float32."""

_rounds_products = True  # as torch begins: it rounds convolutions
_AMPERE = (8, 0)
_PROCESSOR = Path("/proc/cpuinfo")  # where torch 2.11 does not tell


def check_precision(precision: Precision, device: torch.device) -> None:
    """Refuse a precision that a device computes only in slow emulation, or not at all.

    Raises:
        UserError: that says what the device has.
    """
    if precision == "fp32":
        return
    if device.type == "cuda":
        if torch.cuda.get_device_capability(device) < _AMPERE:
            name = torch.cuda.get_device_name(device)
            raise UserError(f"train.precision={precision} needs an Ampere GPU or newer; {name} takes fp32.")
        return
    refuse_on_cpu(f"train.precision={precision}")
    if not has_bf16_units():
        raise UserError(
            "train.precision=bf16 needs a processor with bf16 matrix units (AVX512-BF16 or AMX); this one "
            "would emulate them, a hundred times slower than fp32: use fp32."
        )


def has_bf16_units() -> bool:
    """Return whether the processor multiplies bfloat16 matrices in hardware."""
    if hasattr(torch.cpu, "get_capabilities"):
        return any(present for name, present in torch.cpu.get_capabilities().items() if "bf16" in name)
    flags = _PROCESSOR.read_text(encoding="utf-8").split() if _PROCESSOR.is_file() else []
    return "amx_bf16" in flags or "avx512_bf16" in flags


def prefers_channels_last(precision: Precision, device: torch.device) -> bool:
    """Return whether convolutions are faster with the channels of a pixel side by side.

    Measured with the layers of DCGAN: on CPUs in float32 by a third; in bfloat16 it halves the speed of
    bf16 matrix units. CUDA devices have not been measured and keep torch's default.
    """
    return device.type == "cpu" and precision == "fp32"


@contextmanager
def float32_products(precision: Precision) -> Iterator[None]:
    """Compute float32 products on CUDA in full, or rounded to TF32, inside; what was set before returns.

    Set either way, because torch's default rounds convolutions and leaves matrices alone.
    """
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    _set_float32_products("high" if precision == "tf32" else "highest", precision == "tf32")
    try:
        yield
    finally:
        _set_float32_products(*before)


def rounds_products() -> bool:
    """Return whether CUDA may round factors of float32 products, of matrices or convolutions, to TF32."""
    return _rounds_products


def _set_float32_products(matrices: str, convolutions: bool) -> None:
    global _rounds_products  # beside torch's own flags: the compiler cannot trace a look at those
    _rounds_products = matrices != "highest" or convolutions
    # the older of torch's two ways to say so: the compiler of torch 2.15 still asks for it
    torch.set_float32_matmul_precision(matrices)
    torch.backends.cudnn.allow_tf32 = convolutions


def find_device(name: str) -> torch.device:
    """Return the device that ``auto``, ``cpu``, ``cuda`` or ``cuda:K`` names.

    Raises:
        UserError: if it is no such name, or the machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    conform("device", name, DeviceName)
    _, _, index = name.partition(":")
    if int(index or 0) >= torch.cuda.device_count():
        found = torch.cuda.device_count() if torch.cuda.is_available() else "no"
        raise UserError(
            f"device must be a device of this machine; got {quoted(name)}, and torch finds {found} CUDA "
            "device(s): use device=auto or device=cpu."
        )
    return torch.device(name)
