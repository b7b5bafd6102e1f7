"""A run's draws: a function of its seed and the iteration, and different for each thing that they are for."""

import math

import pytest
import torch
from torch import Tensor

from gan_lab.game.batches import BatchShape, BatchSource
from gan_lab.numerics.streams import build_with, make_rng
from gan_lab.types import Batch

SHAPE = BatchShape(batch_size=5, n_critic=2, latent_dim=3, data_shape=(1, 4, 4), noise_shape=(2,))
CPU = torch.device("cpu")


def sampler(n: int, rng: torch.Generator) -> Tensor:
    return torch.rand(n, 1, 4, 4, generator=rng)


def make_source(seed: int = 0) -> BatchSource:
    return BatchSource(sampler, SHAPE, seed, CPU)


def assert_equal(one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> None:
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def assert_all_different(draws: list[tuple[Tensor, ...]]) -> None:
    """No two are the same in any of their tensors."""
    for tensors in zip(*draws, strict=True):
        assert len({tuple(tensor.flatten().tolist()) for tensor in tensors}) == len(draws)


def row(block: Batch, index: int) -> Batch:
    return Batch(*(values[index] for values in block))


def test_a_block_holds_the_batches_of_its_iterations() -> None:
    source = make_source()
    block = source.block(0)
    length = source.block_length
    assert block.real.shape == (length, 3, 5, 1, 4, 4)
    assert block.latent.shape == (length, 3, 5, 3)
    assert block.noise.shape == (length, 3, 5, 2)
    assert block.label.shape == (length, 3, 0)
    assert_all_different([row(block, index)[:3] for index in range(length)])


def test_the_same_block_is_the_same_whatever_was_drawn_before() -> None:
    source = make_source()
    expected = [source.block(index) for index in range(3)]
    torch.manual_seed(5)
    list(source.warmup(1, 2))
    for index in (2, 0, 1, 1):
        assert_equal(source.block(index), expected[index])
        assert_equal(make_source().block(index), expected[index])


def test_drawing_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    make_source().block(0)
    list(make_source().warmup(0, 2))
    assert torch.equal(torch.get_rng_state(), before)


def test_blocks_and_seeds_are_different() -> None:
    assert_all_different([make_source(seed).block(index)[:3] for seed in range(3) for index in range(3)])


def test_the_streams_of_a_block_are_different() -> None:
    # they would hold the same numbers, did they begin at the same state
    shape = BatchShape(batch_size=8, n_critic=1, latent_dim=3, data_shape=(3,), noise_shape=(3,))
    normal = BatchSource(lambda n, rng: torch.randn(n, 3, generator=rng), shape, 0, CPU).block(0)
    assert not torch.equal(normal.real, normal.latent)
    uniform = BatchSource(lambda n, rng: torch.rand(n, 3, generator=rng), shape, 0, CPU).block(0)
    assert not torch.equal(uniform.real.flatten()[:100], uniform.noise.flatten()[:100])


def test_latents_are_normal_and_noise_is_uniform() -> None:
    block = make_source().block(0)
    assert block.latent.mean().item() == pytest.approx(0, abs=0.1)
    assert block.latent.std().item() == pytest.approx(1, abs=0.1)
    assert 0 <= block.noise.min() < 0.02
    assert 0.98 < block.noise.max() < 1


def test_the_noise_of_critic_steps_is_what_it_was_before_the_generator_step_had_any() -> None:
    """The generator's row comes from a stream of its own: with another, every old penalty would change."""
    noise = make_source().block(3).noise
    rng = make_rng(0, "noise/3")
    assert torch.equal(noise[:, :-1], torch.rand(noise[:, :-1].shape, generator=rng))
    rng = make_rng(0, "generator noise/3")
    assert torch.equal(noise[:, -1:], torch.rand(noise[:, -1:].shape, generator=rng))


def test_warm_up_draws_belong_to_their_iteration_alone() -> None:
    steps = list(make_source().warmup(7, 3))
    for step, again in zip(steps, make_source().warmup(7, 5), strict=False):
        assert [tuple(tensor.shape) for tensor in step] == [(5, 1, 4, 4), (5, 3), (5, 2), (0,)]
        assert_equal(step, again)
    others = [step for iteration in (0, 6, 8, 70) for step in make_source().warmup(iteration, 3)]
    of_another_seed = list(make_source(1).warmup(7, 3))
    block = make_source().block(7)
    of_the_block = [(block.real[0, k], block.latent[0, k], block.noise[0, k]) for k in range(2)]
    warmups = [step[:3] for step in (*steps, *others, *of_another_seed)]
    assert_all_different([*warmups, *of_the_block])


def numbers_of_an_iteration(shape: BatchShape) -> int:
    real = (shape.n_critic + 1) * (math.prod(shape.data_shape) + shape.latent_dim)
    return shape.batch_size * (real + shape.n_critic * math.prod(shape.noise_shape))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (BatchShape(64, 5, 2, (2,), ()), 64),
        (BatchShape(256, 1, 64, (1, 16, 16), (1,)), 6),
        (BatchShape(64, 5, 100, (3, 64, 64), ()), 1),
    ],
    ids=["points", "digits", "large images"],
)
def test_a_block_is_as_long_as_four_mebibytes_allow(shape: BatchShape, expected: int) -> None:
    length, float_bytes = shape.block_length, 4 * numbers_of_an_iteration(shape)
    assert length == expected
    assert length == 1 or length * float_bytes <= 2**22
    assert length == 64 or (length + 1) * float_bytes > 2**22


def test_streams_and_seeds_are_unrelated() -> None:
    first = [
        torch.rand(4, generator=make_rng(seed, stream)).tolist()
        for seed in range(50)
        for stream in ("data", "latent", "noise")
    ]
    assert len({tuple(values) for values in first}) == len(first)


def test_what_is_built_follows_seed_and_stream_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    built = [
        build_with(seed, stream, lambda: torch.rand(4))
        for seed, stream in ((1, "critic"), (1, "critic"), (2, "critic"), (1, "generator"))
    ]
    assert torch.equal(built[0], built[1])
    assert len({tuple(numbers.tolist()) for numbers in built}) == 3
    assert torch.equal(torch.rand(1), expected)
