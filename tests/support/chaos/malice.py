"""What strangers write into the files of a run: values, documents, tables and checkpoints."""

import hashlib
import io
import os
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

_DEEP = 3000

RECORD_VALUES = {
    "null": "null",
    "true": "true",
    "a list": '["x"]',
    "a mapping": '{"a": {"b": 1}}',
    "negative": "-5",
    "infinite": "1e999",
    "not a number": "NaN",
    "of 5,000 digits": "9" * 5000,
    "deep": "[" * _DEEP + "]" * _DEEP,
    "long text": '"' + "x" * 100_000 + '"',
    "escapes": '"\\u001b[31mred\\u0007\\u202e"',
    "half a character": '"\\ud800"',
    "a formula": '"=HYPERLINK(\\"http://example.org\\")"',
    "markup": '"<script>alert(1)</script><img src=x onerror=alert(1)>"',
    "a path": '"../../canary/precious.txt"',
    "zero": "0",
}

_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 9)
)

CONFIGS = {
    "alias bomb": _BOMB + "CONFIG",
    "recursion": "train: &t\n  iterations: *t\nseed: 0\n",
    "a list in itself": "&a [*a]\n",
    "a date": "CONFIG\nseed: 2001-01-01\n",
    "a set": "CONFIG\ntrusted: !!set {os, sys}\n",
    "binary": "CONFIG\ntrusted: !!binary aGVsbG8=\n",
    "python": "CONFIG\nseed: !!python/object/apply:os.system ['touch executed']\n",
    "another class": "CONFIG\nobjective:\n  _target_: os.system\n  command: touch executed\n",
    "a class of 3,000 parts": f"CONFIG\nobjective:\n  _target_: {'a.' * _DEEP}b\n",
    "an endless list": "CONFIG\ntrusted: [" + "os, " * 10_000 + "sys]\n",
    "astronomic width": "CONFIG\narchitecture:\n  generator:\n    width: 100000000000\n",
    "deep": "CONFIG\nx: " + "[" * _DEEP + "]" * _DEEP + "\n",
    "empty": "",
    "text": "hello",
    "several documents": "CONFIG\n---\nseed: 1\n",
    "a key that is no text": "CONFIG\n? [1, 2]\n: 3\n1.5: x\nnull: y\n",
    "pictures from anywhere": "CONFIG\ndataset:\n  _target_: gan_lab.datasets.image_folder.ImageFolder\n  root: /\n  size: 16\n",
    "escapes": 'CONFIG\ndevice: "\\e[31mcpu\\a"\n',
    "infinite": "CONFIG\nseed: .inf\n",
}


def _with_cell(row: int, cell: bytes) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        lines = data.split(b"\n")
        if len(lines) > row:
            cells = lines[row].split(b",")
            lines[row] = b",".join([cells[0], cell, *cells[2:]])
        return b"\n".join(lines)

    return edit


TABLES = {
    "infinity": _with_cell(2, b"inf"),
    "not a number": _with_cell(2, b"nan"),
    "text": _with_cell(2, b"hello"),
    "a quote that never ends": _with_cell(1, b'"1,2'),
    "formula": _with_cell(1, b'=HYPERLINK("http://example.org")'),
    "binary": _with_cell(1, b"\xff\xfe\x00\x01"),
    "1e400": _with_cell(1, b"1e400"),
    "a long cell": _with_cell(1, b"1" * 200_000),
    "no header": lambda data: data.partition(b"\n")[2],
    "a header alone": lambda data: data.partition(b"\n")[0] + b"\n",
    "names twice": lambda data: data.replace(b"iteration", b"iteration,iteration", 1),
    "rows twice": lambda data: data + b"".join(data.splitlines(keepends=True)[1:]),
    "rows backwards": lambda data: b"".join(
        [*data.splitlines(keepends=True)[:1], *data.splitlines(keepends=True)[:0:-1]]
    ),
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "semicolons": lambda data: data.replace(b",", b";"),
}


class _Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch executed",)


def _changed(key: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda content: content | {key: value}


def _tensors(change: Callable[[torch.Tensor], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda content: content | {"state": {k: change(v) for k, v in content["state"].items()}}


def _quantized(tensor: torch.Tensor) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch gives them up, and a stranger may have them
        return torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8)


CHECKPOINTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "code": lambda content: content | {"state": _Code()},
    "a list": lambda content: [1, 2, 3],
    "nothing": lambda content: None,
    "no state": _changed("state", {}),
    "state of text": _changed("state", "x"),
    "counters missing": _changed("counters", {}),
    "counters negative": _changed("counters", {"metrics_bytes": -5}),
    "counters huge": _changed("counters", {"metrics_bytes": 1 << 80}),
    "iteration text": _changed("iteration", "x"),
    "iteration huge": _changed("iteration", 1 << 40),
    "iteration negative": _changed("iteration", -3),
    "device with escapes": _changed("device", "\x1b[31m"),
    "another format": _changed("format", 99),
    "meta tensors": _tensors(lambda tensor: tensor.to("meta")),
    "sparse tensors": _tensors(lambda tensor: tensor.to_sparse() if tensor.dim() else tensor),
    "integers": _tensors(lambda tensor: tensor.to(torch.int64)),
    "doubles": _tensors(lambda tensor: tensor.double()),
    "complex": _tensors(lambda tensor: tensor.to(torch.complex64)),
    "numbers that are none": _tensors(
        lambda tensor: torch.full_like(tensor, float("nan")) if tensor.is_floating_point() else tensor
    ),
    "another shape": _tensors(lambda tensor: tensor.reshape(-1)[:1]),
    "views of one number": _tensors(
        lambda tensor: torch.zeros(1, dtype=tensor.dtype).expand(tensor.numel() or 1)
    ),
    "quantized": _tensors(_quantized),
    "names with slashes": lambda content: (
        content | {"state": {f"../{k}": v for k, v in content["state"].items()}}
    ),
}


def store_checkpoint(folder: Path, make: Callable[[dict[str, Any]], Any]) -> None:
    """Replace the newest checkpoint by a made one, under a name whose checksum is right."""
    newest = max(folder.glob("*.pt"))
    content = torch.load(newest, weights_only=True)
    buffer = io.BytesIO()
    try:
        torch.save(make(content), buffer)
    except (RuntimeError, NotImplementedError):  # what torch cannot even write
        buffer = io.BytesIO(pickle.dumps(_Code(), protocol=2))
    name = f"{newest.name[:9]}-{hashlib.sha256(buffer.getvalue()).hexdigest()[:16]}.pt"
    newest.unlink()
    (folder / name).write_bytes(buffer.getvalue())


def has_run_code(folder: Path) -> bool:
    """Return whether something in a folder was executed."""
    return any(folder.rglob("executed"))
