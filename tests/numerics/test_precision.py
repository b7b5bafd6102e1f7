"""Which precision a device takes, and what float32 products are while a run lasts."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import torch

from gan_lab.config.errors import UserError
from gan_lab.numerics import precision
from gan_lab.numerics.precision import (
    DTYPES,
    Precision,
    check_precision,
    float32_products,
    has_bf16_units,
    prefers_channels_last,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def pretend_gpu(monkeypatch: pytest.MonkeyPatch, name: str, capability: tuple[int, int]) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)


def pretend_cpu(monkeypatch: pytest.MonkeyPatch, **capabilities: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)


def refusal(name: Precision, device: torch.device) -> str:
    with pytest.raises(UserError) as caught:
        check_precision(name, device)
    return str(caught.value)


def test_every_precision_has_a_type() -> None:
    assert set(DTYPES) == set(get_args(Precision))
    assert DTYPES["fp32"] == DTYPES["tf32"] == torch.float32
    assert DTYPES["bf16"] == torch.bfloat16


def test_fp32_runs_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_gpu(monkeypatch, "Tesla T4", (7, 5))
    pretend_cpu(monkeypatch)
    for device in (CPU, CUDA):
        check_precision("fp32", device)


@pytest.mark.parametrize("name", ["tf32", "bf16"])
def test_a_gpu_before_ampere_takes_fp32_alone(monkeypatch: pytest.MonkeyPatch, name: Precision) -> None:
    pretend_gpu(monkeypatch, "Tesla T4", (7, 5))
    assert refusal(name, CUDA) == (
        f"train.precision={name} needs an Ampere GPU or newer; Tesla T4 takes fp32."
    )
    for capability in ((8, 0), (8, 6), (9, 0), (12, 0)):
        pretend_gpu(monkeypatch, "newer", capability)
        check_precision(name, CUDA)


def test_tf32_is_not_for_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_cpu(monkeypatch, avx512_bf16=True, amx_bf16=True)
    assert refusal("tf32", CPU) == (
        "train.precision=tf32 is a mode of CUDA devices; this run is on the CPU: use fp32."
    )


@pytest.mark.parametrize("capabilities", [{}, {"avx512": True}, {"avx512_bf16": False, "amx_bf16": False}])
def test_bf16_needs_a_cpu_that_has_it(monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool]) -> None:
    pretend_cpu(monkeypatch, **capabilities)
    assert refusal("bf16", CPU) == (
        "train.precision=bf16 needs a processor with bf16 matrix units (AVX512-BF16 or AMX); this one would "
        "emulate them, a hundred times slower than fp32: use fp32."
    )


@pytest.mark.parametrize("unit", ["avx512_bf16", "amx_bf16"])
def test_either_unit_is_enough(monkeypatch: pytest.MonkeyPatch, unit: str) -> None:
    pretend_cpu(monkeypatch, **{"avx2": True, "avx512_bf16": False, "amx_bf16": False, unit: True})
    check_precision("bf16", CPU)


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 amx_tile", True),
        ("flags\t\t: fpu amx_bf16", True),
        ("flags\t\t: fpu avx512f avx512_fp16", False),
        (None, False),
    ],
)
def test_a_torch_that_does_not_tell_leaves_it_to_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cpuinfo: str | None, expected: bool
) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(precision, "_PROCESSOR", tmp_path / "cpuinfo")
    if cpuinfo is not None:
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{cpuinfo}\nbugs\t\t:\n", encoding="utf-8")
    assert has_bf16_units() == expected


def test_this_torch_tells_what_this_processor_has() -> None:
    """By names of the documentation of ``get_capabilities``: of x86 and of ARM."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    told = {"avx512_bf16", "amx_bf16", "bf16", "sve_bf16"} & capabilities.keys()
    assert bool(told) == bool(capabilities)
    assert has_bf16_units() == any(capabilities[name] for name in told)


def test_channels_lie_side_by_side_where_that_was_measured_to_be_faster() -> None:
    chosen = {
        (name, device.type)
        for name in DTYPES
        for device in (CPU, CUDA)
        if prefers_channels_last(name, device)
    }
    assert chosen == {("fp32", "cpu")}


def settings() -> tuple[str, bool]:
    """How products of matrices and convolutions are computed."""
    return torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32


IN_FULL, ROUNDED = ("highest", False), ("high", True)


@pytest.fixture(name="before", params=[IN_FULL, ROUNDED, ("highest", True)], ids=str)
def _before(request: pytest.FixtureRequest) -> Iterator[tuple[str, bool]]:
    """What another part of the process has set; the last is torch's own default."""
    found = settings()
    put(request.param)
    yield request.param
    put(found)


def put(values: tuple[str, bool]) -> None:
    torch.set_float32_matmul_precision(values[0])
    torch.backends.cudnn.allow_tf32 = values[1]


@pytest.mark.parametrize(("name", "expected"), [("fp32", IN_FULL), ("tf32", ROUNDED), ("bf16", IN_FULL)])
def test_products_are_set_for_a_run_and_set_back(
    before: tuple[str, bool], name: Precision, expected: tuple[str, bool]
) -> None:
    with float32_products(name):
        assert settings() == expected
        with float32_products("tf32"):
            assert settings() == ROUNDED
        assert settings() == expected
    assert settings() == before


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("name", ["fp32", "tf32"])
def test_products_are_set_back_after_an_error(
    before: tuple[str, bool], name: Precision, error: type[BaseException]
) -> None:
    with pytest.raises(error), float32_products(name):
        raise error
    assert settings() == before
