"""Draws that are the same on every card: on the CPU those of one call, on CUDA those of many small ones."""

import math
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from gan_lab.datasets.toy import Ring
from gan_lab.game.batches import BatchShape, BatchSource
from gan_lab.numerics import draws
from gan_lab.numerics.draws import PIECE, integers, normal, permutation, uniform
from gan_lab.numerics.streams import make_rng

T4, H100 = 40_960, 270_336  # threads that they run at once
UNROLL = 4  # numbers that a thread makes of one step of Philox


class Stream:
    """A generator on a card, as torch's kernels use it: each thread has a stream, each call an offset."""

    device = torch.device("cuda")

    def __init__(self, threads: int) -> None:
        self.threads, self.offset, self.calls = threads, 0, 0

    def draw(self, count: int) -> Tensor:
        """Return numbers that name the thread, the step and the number within it that each was made of."""
        in_flight = min(self.threads, -(-count // 256) * 256)
        place = torch.arange(count)
        turn, thread = place // in_flight, place % in_flight
        step = self.offset + turn // UNROLL
        self.offset += -(-count // (in_flight * UNROLL))
        self.calls += 1
        return (thread * 1_000 + step) * UNROLL + turn % UNROLL


class Drawn(NamedTuple):
    numbers: list[Tensor]
    calls: int


@pytest.fixture(autouse=True)
def _on_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def call(own: Any) -> Any:
        def drawing(*args: Any, generator: Any, device: Any, dtype: Any = None) -> Tensor:
            if not isinstance(generator, Stream):
                result: Tensor = own(*args, generator=generator, device=device, dtype=dtype)
                return result
            assert device == generator.device
            size = next(each for each in args if isinstance(each, tuple))
            return generator.draw(math.prod(size)).view(size)

        return drawing

    for name in ("randn", "rand", "randint"):
        monkeypatch.setattr(draws.torch, name, call(getattr(torch, name)))


def drawn_on(threads: int, draw: Any, count: int) -> Drawn:
    rng = Stream(threads)
    return Drawn([draw((count // 7, 7), rng) for _ in range(2)], rng.calls)


@pytest.mark.parametrize(
    "draw",
    [normal, uniform, lambda size, rng: integers(10, size, rng)],
    ids=["normal", "uniform", "integers"],
)
def test_cards_of_every_size_draw_the_same(draw: Any) -> None:
    small, large = (drawn_on(threads, draw, 7 * PIECE) for threads in (T4, H100))
    assert all(map(torch.equal, small.numbers, large.numbers))
    assert len(small.numbers[0].unique()) == 7 * PIECE
    assert not torch.equal(*small.numbers)
    assert small.calls == large.calls == 14


def test_one_call_would_draw_what_the_card_decides() -> None:
    count = 7 * PIECE
    assert not torch.equal(Stream(T4).draw(count), Stream(H100).draw(count))
    assert torch.equal(Stream(T4).draw(PIECE), Stream(H100).draw(PIECE))


def test_a_permutation_of_many_is_one_on_every_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws.torch, "randperm", lambda *args, **more: pytest.fail("drawn in one call"))
    small, large = (permutation(2 * PIECE, Stream(threads)) for threads in (T4, H100))  # type: ignore[arg-type]
    assert torch.equal(small, large)
    assert torch.equal(small.sort().values, torch.arange(2 * PIECE))


def test_what_iterations_of_a_run_consume_is_drawn_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a dataset: nothing that is drawn for a block asks for more at once."""
    counts = []

    def noted(draw: Any, size: tuple[int, ...], rng: torch.Generator) -> Tensor:
        counts.append(math.prod(size))
        drawn: Tensor = draw(size, generator=rng, device=rng.device)
        return drawn

    monkeypatch.setattr(draws, "_in_pieces", noted)
    shape = BatchShape(256, 5, latent_dim=2, data_shape=(2,), noise_shape=(1,))
    cpu = torch.device("cpu")
    BatchSource(Ring().open(cpu), shape, 0, cpu).block(0)
    points = 64 * 6 * 256
    assert sorted(counts) == [64 * 256, 64 * 5 * 256, points, 2 * points, 2 * points]


def test_on_the_cpu_one_call_draws_all() -> None:
    def rng() -> torch.Generator:
        return make_rng(0, "draws")

    size = (2, PIECE + 1)
    assert torch.equal(normal(size, rng()), torch.randn(size, generator=rng(), device="cpu"))
    assert torch.equal(
        uniform(size, rng(), torch.float64),
        torch.rand(size, generator=rng(), device="cpu", dtype=torch.float64),
    )
    assert torch.equal(integers(9, size, rng()), torch.randint(9, size, generator=rng(), device="cpu"))
    assert torch.equal(permutation(PIECE + 1, rng()), torch.randperm(PIECE + 1, generator=rng()))


@pytest.mark.gpu
def test_on_a_card_pieces_are_those_that_philox_gives() -> None:
    """The first numbers of the streams of seed 0; of any card that runs 28,672 threads at once."""
    rng = make_rng(0, "draws", "cuda")
    whole = uniform((3 * PIECE,), rng)
    again = make_rng(0, "draws", "cuda")
    pieces = [torch.rand(PIECE, generator=again, device="cuda") for _ in range(3)]
    assert torch.equal(whole, torch.cat(pieces))
    order = permutation(2 * PIECE, rng)
    assert torch.equal(order.sort().values, torch.arange(2 * PIECE, device="cuda"))
