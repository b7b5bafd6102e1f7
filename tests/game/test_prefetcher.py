"""Batches by the number of the iteration: whoever asks, in any order, drawn ahead or not."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_lab.datasets.packed import read_pack
from gan_lab.datasets.packing import Images, write_pack
from gan_lab.datasets.resident import ImageSampler, is_streamed
from gan_lab.game.batches import BatchShape, BatchSource, Prefetcher
from gan_lab.numerics import stopwatch
from gan_lab.types import Batch, Sampler

CPU = torch.device("cpu")
IMAGE = (3, 16, 16)
# three iterations are a block
SHAPE = BatchShape(batch_size=64, n_critic=5, latent_dim=8, data_shape=IMAGE, noise_shape=(1,))
LENGTH = 3
ORDERS = [range(10), range(9, -1, -1), [4, 4, 0, 9, 3, 1, 2, 8]]


def noisy(n: int, rng: torch.Generator) -> Tensor:
    return torch.rand(n, *IMAGE, generator=rng)


def make_source(seed: int, sampler: Sampler = noisy) -> BatchSource:
    source = BatchSource(sampler, SHAPE, seed, CPU)
    assert source.block_length == LENGTH
    return source


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert drawing_threads() == []


def drawing_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("draw ahead")]


def assert_equal(one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> None:
    for a, b in zip(one, other, strict=True):
        assert a.shape == b.shape
        assert torch.equal(a, b)


def expected_batch(seed: int, iteration: int) -> Batch:
    block = make_source(seed).block(iteration // LENGTH)
    return Batch(*(values[iteration % LENGTH] for values in block))


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("order", ORDERS, ids=["forward", "backward", "to and fro"])
def test_a_batch_is_the_row_of_a_block(ahead: bool, order: Iterable[int]) -> None:
    with closing(Prefetcher([make_source(3)], CPU, ahead)) as prefetcher:
        for iteration in order:
            assert_equal(prefetcher.batch(iteration), expected_batch(3, iteration))


@pytest.mark.parametrize("ahead", [False, True])
def test_the_batches_of_several_members_are_stacked(ahead: bool) -> None:
    seeds = (3, 0, 8, 5)
    with closing(Prefetcher([make_source(seed) for seed in seeds], CPU, ahead)) as prefetcher:
        for iteration in (5, 6, 0):
            batch = prefetcher.batch(iteration)
            assert batch.real.shape == (4, 6, 64, *IMAGE)
            assert batch.noise.shape == (4, 6, 64, 1)
            for k, seed in enumerate(seeds):
                assert_equal(tuple(values[k] for values in batch), expected_batch(seed, iteration))


def test_warm_up_draws_are_those_of_the_members() -> None:
    alone = list(Prefetcher([make_source(3)], CPU, ahead=False).warmup(4, 2))
    together = list(Prefetcher([make_source(3), make_source(0)], CPU, ahead=False).warmup(4, 2))
    assert len(alone) == len(together) == 2
    for k, seed in enumerate((3, 0)):
        for expected, step in zip(make_source(seed).warmup(4, 2), together, strict=True):
            assert_equal(tuple(values[k] for values in step), expected)
    for expected, step in zip(make_source(3).warmup(4, 2), alone, strict=True):
        assert_equal(step, expected)


def test_a_pack_on_the_disk_gives_the_same_batches_drawn_ahead(tmp_path: Path) -> None:
    path = tmp_path / "things-3x16x16.npy"
    pixels = np.random.default_rng(0).integers(0, 256, (50, *IMAGE), dtype=np.uint8)
    write_pack(path, Images(len(pixels), pixels.__getitem__, "the set", str), "things", IMAGE, "")
    kept, streamed = (ImageSampler(read_pack(path, IMAGE), CPU, choice) for choice in ("always", "never"))
    assert (is_streamed(kept), is_streamed(streamed)) == (False, True)
    with ExitStack() as stack:
        prefetchers = [
            stack.enter_context(
                closing(Prefetcher([make_source(seed, sampler) for seed in (0, 1)], CPU, ahead))
            )
            for sampler, ahead in ((kept, False), (streamed, False), (streamed, True))
        ]
        for iteration in range(3 * LENGTH):
            batch, *others = (prefetcher.batch(iteration) for prefetcher in prefetchers)
            for other in others:
                assert_equal(batch, other)


@pytest.mark.parametrize("ahead", [False, True])
def test_an_error_while_drawing_reaches_the_caller(ahead: bool) -> None:
    calls = []

    def sampler(n: int, rng: torch.Generator) -> Tensor:
        calls.append(threading.current_thread().name)
        if len(calls) > 1:
            raise OSError(5, "Input/output error")
        return noisy(n, rng)

    with closing(Prefetcher([make_source(0, sampler)], CPU, ahead)) as prefetcher:
        for iteration in range(LENGTH):
            assert_equal(prefetcher.batch(iteration), expected_batch(0, iteration))
        with pytest.raises(OSError, match="Input/output error"):
            prefetcher.batch(LENGTH)
    assert all(name.startswith("draw ahead") == ahead for name in calls)


def test_closing_ends_the_thread() -> None:
    prefetcher = Prefetcher([make_source(0)], CPU, ahead=True)
    assert drawing_threads() == []
    prefetcher.batch(0)
    assert len(drawing_threads()) == 1
    prefetcher.close()
    assert drawing_threads() == []
    prefetcher.close()


class SlowSampler:
    """Takes 20 ms a call by its own clock, but for calls without ``slow``; waits for ``go``, then tells."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.slow = 0.0, True
        self.go, self.drawn = threading.Semaphore(0), threading.Semaphore(0)
        monkeypatch.setattr(stopwatch, "time", SimpleNamespace(perf_counter=lambda: self.now))

    def __call__(self, n: int, rng: torch.Generator) -> Tensor:
        assert self.go.acquire(timeout=10)
        self.now += 0.02 if self.slow else 0.0
        self.drawn.release()
        return noisy(n, rng)


def test_the_time_of_drawing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = SlowSampler(monkeypatch)
    prefetcher = Prefetcher([make_source(0, sampler)], CPU, ahead=False)
    sampler.go.release(3)
    for iteration in range(3 * LENGTH):
        sampler.now += 1.0  # of arithmetic between the batches
        prefetcher.batch(iteration)
        assert prefetcher.waiting.seconds == pytest.approx(0.02 * (iteration // LENGTH + 1))


def test_the_draws_of_a_warm_up_are_waited_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = SlowSampler(monkeypatch)
    prefetcher = Prefetcher([make_source(seed, sampler) for seed in (0, 1)], CPU, ahead=False)
    sampler.go.release(6)
    for _ in prefetcher.warmup(0, 3):
        sampler.now += 1.0  # of the critic step
    assert prefetcher.waiting.seconds == pytest.approx(0.12)


def test_what_is_drawn_ahead_in_time_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = SlowSampler(monkeypatch)
    with closing(Prefetcher([make_source(0, sampler)], CPU, ahead=True)) as prefetcher:
        sampler.go.release()
        prefetcher.batch(0)
        assert prefetcher.waiting.seconds == pytest.approx(0.02)
        sampler.go.release()  # the thread draws the second block while the first is consumed
        assert sampler.drawn.acquire(timeout=10)
        assert sampler.drawn.acquire(timeout=10)
        sampler.slow = False
        assert sampler.now == pytest.approx(0.04)
        prefetcher.batch(LENGTH)
        assert prefetcher.waiting.seconds == pytest.approx(0.02)
        sampler.go.release()  # closing waits for the third


@pytest.mark.gpu
def test_on_cuda_batches_drawn_ahead_are_the_same() -> None:
    cuda = torch.device("cuda")
    images = np.random.default_rng(0).integers(0, 256, (50, *IMAGE), dtype=np.uint8)
    plain, ahead = (
        Prefetcher([BatchSource(ImageSampler(images, cuda, "never"), SHAPE, 0, cuda)], cuda, ahead=ahead)
        for ahead in (False, True)
    )
    for iteration in range(10 * LENGTH):
        batch = ahead.batch(iteration)
        torch.rand(1 << 24, device=cuda).sort()  # keeps the computing stream busy while the next is drawn
        assert_equal(batch, plain.batch(iteration))
    ahead.close()
