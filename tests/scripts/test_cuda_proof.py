"""The proof for cards, as far as a processor can try it: what it measures, and that a failure is one."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import cuda_proof
from cuda_proof import CASES, Case

from gan_lab.game.execution import Execution, make_execution

CPU = torch.device("cpu")


def test_ways_to_play_are_held_to_the_eager_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_proof, "WARM", 2)
    monkeypatch.setattr(cuda_proof, "TIMED", 1)
    references: dict[str, Tensor] = {}
    case = Case("toy", ("dataset=ring8", "objective=wgan_gp", "train.batch_size=8"))
    for _ in range(2):
        row = cuda_proof.measure(case, "fp32", "eager", CPU, references)
        assert row.difference == 0
        assert row.iteration_ms > 0
    (reference,) = references.values()
    assert reference.numel() > 10_000

    def other(setup: Any, mode: str, seeds: int) -> Execution:
        eager = make_execution(setup.game, "eager")
        return Execution(
            lambda state, batch: eager.iteration(state, batch._replace(real=-batch.real)), eager[1]
        )

    monkeypatch.setattr(cuda_proof, "execution_of", other)
    assert cuda_proof.measure(case, "fp32", "eager", CPU, references).difference > 1e-3


def test_a_card_plays_every_case_in_every_precision_and_mode() -> None:
    of_card = [[*cuda_proof.ways_to_play(case, torch.device("cuda"))] for case in CASES]
    assert {pair for ways in of_card for pair in ways} == {
        *((precision, mode) for precision in ("fp32", "tf32", "bf16") for mode in ("eager", "graph")),
        ("fp32", "compiled"),
        ("fp32", "compiled+graph"),
    }
    assert all(ways.count(("fp32", "eager")) == 2 for ways in of_card)


def test_what_fails_is_told_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> str:
        raise RuntimeError("no such kernel")

    def steps(device: torch.device) -> Iterator[tuple[str, Any]]:
        yield from (("first", fails), ("second", lambda: "fine"))

    monkeypatch.setattr(cuda_proof, "steps", steps)
    monkeypatch.setattr(sys, "argv", ["cuda_proof.py", "--device", "cpu"])
    assert cuda_proof.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "no card",
        "first: FAILED, RuntimeError: no such kernel",
        "second: fine",
        "1 failed: first",
    ]
    monkeypatch.setattr(sys, "argv", ["cuda_proof.py", "--device", "cpu", "--minutes", "-1"])
    assert cuda_proof.main() == 0
    assert "first: not reached in -1 minutes" in capsys.readouterr().out
