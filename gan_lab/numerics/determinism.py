"""The same bits each time: which algorithms torch, cuDNN and cuBLAS may take.

On the CPU nothing changes: with the same number of threads its sums have one order anyway.

Source: torch's notes on reproducibility; cuBLAS' on results that can be reproduced.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.backends import cudnn

_WORKSPACE, _FIXED = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Let nothing compute inside that may give other bits each time; what was set before returns.

    To be entered before this process multiplies anything on a CUDA device: cuBLAS and torch look once at how
    its workspace is set. A workspace that the environment names already stays.

    Args:
        wanted: False to leave everything as it is.
    """
    if not wanted:
        yield
        return
    before = cudnn.deterministic, cudnn.benchmark
    mode = torch.get_deterministic_debug_mode()
    workspace = os.environ.get(_WORKSPACE)
    os.environ.setdefault(_WORKSPACE, _FIXED)
    cudnn.deterministic, cudnn.benchmark = True, False
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
        torch.set_deterministic_debug_mode(mode)
        if workspace is None:
            os.environ.pop(_WORKSPACE, None)
