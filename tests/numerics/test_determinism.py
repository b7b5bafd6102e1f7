"""What torch, cuDNN and cuBLAS may do inside, and that it is as before outside."""

import os

import pytest
import torch
from torch.backends import cudnn

from gan_lab.numerics.determinism import deterministic

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


def settings() -> tuple[bool, bool, bool, str | None]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        cudnn.deterministic,
        cudnn.benchmark,
        os.environ.get(WORKSPACE),
    )


@pytest.mark.parametrize("benchmark", [False, True])
def test_only_what_gives_the_same_bits_is_allowed_inside(
    benchmark: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(WORKSPACE, raising=False)
    monkeypatch.setattr(cudnn, "benchmark", benchmark)
    before = settings()
    assert before == (False, False, benchmark, None)
    with deterministic(True):
        assert settings() == (True, True, False, ":4096:8")
    assert settings() == before


def test_a_workspace_that_is_chosen_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKSPACE, ":16:8")
    with deterministic(True):
        assert settings()[-1] == ":16:8"
    assert settings()[-1] == ":16:8"


def test_unasked_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WORKSPACE, raising=False)
    before = settings()
    with deterministic(False):
        assert settings() == before
