"""Which card a run is computed on, and what else decides there on how its numbers are rounded."""

import contextlib
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import torch

from gan_lab.config.quoting import shown
from gan_lab.numerics.draws import PIECE

_DRIVER = Path("/proc/driver/nvidia/version")
_ASK = ("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
_ASK_TIMEOUT_S = 5.0
_THREADS = "threads"  # at once
_WORDS = {"name": "card", "driver": "driver", "cuda": "CUDA", "cudnn": "cuDNN"}
_WORDS |= {"tf32_matrices": "TF32 of matrices", "tf32_convolutions": "TF32 of convolutions"}


def card_of(device: torch.device) -> dict[str, str]:
    """Return what is known of a CUDA device, as texts; nothing of a CPU.

    Returns:
        ``name``, ``capability`` such as 8.0, ``multiprocessors``, ``threads`` that they run at once, versions
        of ``driver``, ``cuda`` and ``cudnn``, and whether factors of products are rounded to TF32 at present,
        those ``tf32_matrices`` and ``tf32_convolutions``: true or false.
    """
    if device.type != "cuda":
        return {}
    found = torch.cuda.get_device_properties(device)
    return {
        "name": str(found.name),
        "capability": f"{found.major}.{found.minor}",
        "multiprocessors": str(found.multi_processor_count),
        _THREADS: str(found.multi_processor_count * found.max_threads_per_multi_processor),
        "driver": _driver_version(),
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call]
        "tf32_matrices": _told(torch.get_float32_matmul_precision() != "highest"),
        "tf32_convolutions": _told(torch.backends.cudnn.allow_tf32),
    }


def what_another_card_changes(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return how a run differs for another card, or other software of one; empty where it does not.

    Args:
        before: of :func:`card_of`, where a run was trained until now; empty where that is not known.
        now: where it goes on.
    """
    pairs = {word: (before.get(key), now.get(key)) for key, word in _WORDS.items()}
    changed = [
        f"{word} {shown(one)} then, {other} now"
        for word, (one, other) in pairs.items()
        if one and one != other
    ]
    if not changed:
        return ""
    draws = "draws the same numbers" if _draws(before) == _draws(now) else "draws other numbers"
    return f"{'; '.join(changed)}: it {draws} and may round otherwise"


def _draws(card: Mapping[str, str]) -> int:
    """Return what decides on a card's draws: its threads, where they are fewer than draw a piece at once."""
    threads = card.get(_THREADS, "")
    return min(PIECE, int(threads)) if threads.isdecimal() else PIECE


def _driver_version() -> str:
    """Return the version of NVIDIA's driver: of Linux' own account, or of the driver's tool; or "unknown"."""
    with contextlib.suppress(OSError):
        match = re.search(r"\s(\d+\.\d+(\.\d+)?)\s", _DRIVER.read_text(encoding="utf-8", errors="replace"))
        if match:
            return match[1]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(_ASK, capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=True)
        if version := done.stdout.split():
            return version[0]
    return "unknown"


def _told(flag: bool) -> str:
    return str(flag).lower()
