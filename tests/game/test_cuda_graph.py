"""How a CUDA graph is recorded, and what a failing capture leaves; that it replays is tested on a GPU.

What torch does to streams and memory is stood in for by what its sources do, those of 2.11 where they differ.
"""

import contextlib
import pickle
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_lab.game.cuda_graph import Capture, CaptureError, by_type
from gan_lab.game.execution import Execution
from gan_lab.training import execution_rule
from gan_lab.types import Batch, State

REFUSED = "CUDA error: operation not permitted when stream is capturing"
ENDED = "CUDA error: operation failed due to a previous error during capture"


def test_every_tensor_is_copied_among_those_of_its_type() -> None:
    of = [
        torch.tensor([1.0, 2.0]),
        torch.tensor(7),
        torch.empty(3, 0),
        torch.tensor(3.0),
        torch.tensor([8, 9]),
    ]
    to = [torch.zeros_like(tensor) for tensor in of]
    groups = list(by_type(to, of))
    assert [{tensor.dtype for tensor in ours} for ours, _ in groups] == [{torch.float32}, {torch.int64}]
    for ours, theirs in groups:
        torch._foreach_copy_(ours, theirs)
    assert all(map(torch.equal, to, of))


class Card:
    """What a card and torch keep between calls, as far as a capture touches it."""

    def __init__(self) -> None:
        self.stream = self.usual = SimpleNamespace(device_index=0, wait_stream=lambda other: None)
        self.allocating_to: list[Any] = []
        self.graphs: list[Any] = []
        self.capturing = self.lost = False

    def make_graph(self) -> Any:
        pool = (0, len(self.graphs) + 1)
        graph = SimpleNamespace(freed=False, pool=lambda: pool, replay=lambda: None)
        graph.reset = lambda: setattr(graph, "freed", True)
        self.graphs.append(graph)
        return graph

    @contextlib.contextmanager
    def use(self, stream: Any) -> Iterator[None]:
        before, self.stream = self.stream, stream
        yield
        self.stream = before

    @contextlib.contextmanager
    def capture(self, graph: Any, stream: Any, capture_error_mode: str) -> Iterator[None]:
        assert capture_error_mode == "thread_local"
        before, self.stream, self.capturing = self.stream, stream, True
        self.allocating_to.append(graph.pool())
        try:
            yield
        except RuntimeError:
            self.capturing = False
            raise RuntimeError(ENDED)  # noqa: B904 as torch does: the cause is its context
        self.capturing = False
        self.allocating_to.remove(graph.pool())
        self.stream = before

    def end_allocating(self, device: int, pool: Any) -> None:
        if pool not in self.allocating_to:
            raise RuntimeError("endAllocatePool: not currently recording to mempool_id")
        self.allocating_to.remove(pool)

    def synchronize(self, device: object = None) -> None:
        if self.lost:
            raise RuntimeError("CUDA error: device-side assert triggered")

    def wait_for(self, values: Tensor) -> Tensor:
        """Do what no capture may hold."""
        if self.capturing:
            raise RuntimeError(f"{REFUSED}\nCUDA kernel errors might be asynchronously reported.")
        return values + 1


@pytest.fixture(name="card")
def _card(monkeypatch: pytest.MonkeyPatch) -> Card:
    card = Card()
    monkeypatch.setattr(torch.cuda, "Stream", lambda: SimpleNamespace(wait_stream=lambda other: None))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: card.stream)
    monkeypatch.setattr(torch.cuda, "set_stream", lambda stream: setattr(card, "stream", stream))
    monkeypatch.setattr(torch.cuda, "stream", card.use)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", card.make_graph)
    monkeypatch.setattr(torch.cuda, "graph", card.capture)
    monkeypatch.setattr(torch.cuda, "synchronize", card.synchronize)
    monkeypatch.setattr(torch._C, "_cuda_endAllocateToPool", card.end_allocating, raising=False)
    return card


def test_a_capture_that_fails_names_its_cause_and_leaves_the_card_as_it_was(card: Card) -> None:
    with pytest.raises(CaptureError) as caught:
        Capture(card.wait_for)(torch.ones(2))
    assert str(caught.value) == (
        f"train.execution=graph: no CUDA graph can be made of an iteration ({REFUSED}); "
        "train.execution=eager plays it operator by operator."
    )
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert card.stream is card.usual
    assert card.allocating_to == []
    # and what comes after it is recorded and played
    assert torch.equal(Capture(lambda values: values + 1)(torch.ones(2)), torch.full((2,), 2.0))
    assert card.stream is card.usual


def test_a_lost_card_is_no_failing_capture(card: Card) -> None:
    """An error that stays would fail whatever is played next, too: it is raised as it is."""
    card.lost = True
    with pytest.raises(RuntimeError, match="device-side assert"):
        Capture(card.wait_for)(torch.ones(2))


def test_closing_frees_graphs_and_the_next_call_records_anew(card: Card) -> None:
    iteration: Any = Capture(lambda state, batch: (state + batch, {}))
    execution = Execution(iteration, lambda state, *inputs: state)
    for graphs in (1, 2):
        assert torch.equal(execution.iteration(torch.ones(1), torch.ones(1))[0], torch.full((1,), 2.0))  # type: ignore[arg-type]
        assert len(card.graphs) == graphs
        execution.close()
        assert card.graphs[-1].freed


@pytest.mark.parametrize("lost", [False, True])
def test_the_rule_plays_eagerly_what_cannot_be_recorded_and_nothing_on_a_lost_card(
    card: Card, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    monkeypatch.setattr(execution_rule, "_first_inputs", lambda *_: (torch.ones(1), torch.ones(1)))
    setup: Any = SimpleNamespace(device=torch.device("cuda", 0))

    def fails(state: State, batch: Batch) -> Any:
        raise RuntimeError("no rule for it")

    def waits(state: Any, batch: Any) -> Any:
        return card.wait_for(state), {}

    step: Any = waits
    tried = [Execution(Capture(waits), step), Execution(fails, step)]  # type: ignore[arg-type]
    card.lost = lost
    for execution, cause in zip(tried, (REFUSED, "no rule for it"), strict=True):
        if lost:
            with pytest.raises(RuntimeError, match="device-side assert"):
                execution_rule._try(execution, setup, lambda n, rng: torch.ones(n), 1)
        else:
            assert execution_rule._try(execution, setup, lambda n, rng: torch.ones(n), 1) == cause
