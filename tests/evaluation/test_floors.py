"""Floors are what a perfect generator gets on average, and not what one draw of real samples gets."""

from itertools import islice
from statistics import fmean, pstdev

import numpy as np
import pytest
import torch
from torch import Tensor

import gan_lab
from gan_lab.datasets.embedded import Photos
from gan_lab.datasets.toy import ParallelLines, Ring
from gan_lab.evaluation.comparison import ImageComparison, VectorComparison
from gan_lab.evaluation.evaluator import make_evaluator
from gan_lab.evaluation.floors import RealSamples, draw_real, floors_of, how_many_more
from gan_lab.game.setup import build_setup
from gan_lab.metrics.neighbours import neighbour_metrics
from gan_lab.metrics.patches import patch_distances
from gan_lab.metrics.transport import wasserstein
from gan_lab.numerics.streams import make_rng
from gan_lab.types import Sampler
from support.configs import TOY, compose_config

CPU = torch.device("cpu")


def floors_by_draw(sampler: Sampler, real: Tensor, seed: int) -> dict[str, float]:
    rng = make_rng(seed, "others")
    return floors_of(VectorComparison(), draw_real(sampler, len(real), rng)._replace(compared=real))


def test_distances_are_means_over_eight_draws_and_shares_are_of_the_first() -> None:
    sampler = Ring().open(CPU)
    sets = [sampler(64, make_rng(seed, "sets")) for seed in range(9)]
    floors = floors_of(VectorComparison(), RealSamples(sets[0], sets[1], sets[2:]))
    assert floors["distance/w1_exact"] == pytest.approx(fmean(wasserstein(sets[0], x) for x in sets[1:]))
    assert floors["quality/precision"] == neighbour_metrics(sets[0], sets[1]).precision


def test_a_single_other_set_leaves_its_own_numbers() -> None:
    real, other = (Ring().open(CPU)(64, make_rng(seed, "sets")) for seed in range(2))
    comparison = VectorComparison()
    assert floors_of(comparison, RealSamples(real, other, ())) == comparison.compare(real, other)


def test_a_floor_hardly_moves_with_what_is_drawn() -> None:
    sampler = ParallelLines().open(CPU)
    real = sampler(256, make_rng(0, "real"))
    floors = [floors_by_draw(sampler, real, seed)["distance/w1_exact"] for seed in range(12)]
    single = [wasserstein(real, sampler(256, make_rng(seed, "others"))) for seed in range(12)]
    assert pstdev(floors) / fmean(floors) < 0.25 < pstdev(single) / fmean(single)


def test_no_perfect_generator_is_above_the_line_of_a_run() -> None:
    # three times the floor; where that was one draw, 10 of 60 such lines lay below one of the distances
    setup = build_setup(compose_config("device=cpu", "dataset=parallel_lines", "architecture=mlp_toy"))
    sampler = setup.dataset.open(CPU)
    for seed in range(30):
        evaluator = make_evaluator(setup, sampler, samples=100, seed=seed)
        floor = evaluator.floors["distance/w1_exact"]
        fakes = (sampler(100, make_rng(seed, f"perfect {k}")) for k in range(5))
        assert all(wasserstein(evaluator.real, fake) < 3 * floor for fake in fakes), seed


def test_patches_are_compared_roughly_without_a_bias() -> None:
    sampler = Photos(size=16).open(CPU)
    real, *others = (sampler(64, make_rng(seed, "sets")) for seed in range(9))
    comparison = ImageComparison(None, (3, 16, 16))
    rough = [comparison.compare_roughly(real, other)["quality/patches"] for other in others]
    whole = [patch_distances(real, other, make_rng(9, "whole"), 32).average for other in others]
    assert fmean(rough) == pytest.approx(fmean(whole), rel=0.05)
    assert set(comparison.compare_roughly(real, others[0])) == {"quality/patches", "quality/patches_16px"}


def test_more_samples_have_fewer_draws() -> None:
    assert [how_many_more(n) for n in (1, 1024, 1448, 1449, 2896, 2897, 50_000)] == [7, 7, 7, 6, 1, 0, 0]
    assert len(list(draw_real(Ring().open(CPU), 2000, make_rng(0, "draws")).more)) == 3


def test_a_run_has_its_floors_of_draws_of_one_stream() -> None:
    setup = build_setup(compose_config("device=cpu", *TOY))
    sampler = setup.dataset.open(CPU)
    evaluator = make_evaluator(setup, sampler, samples=64)
    rng = make_rng(setup.seed, "metrics")
    real, *others = (sampler(64, rng) for _ in range(9))
    assert torch.equal(evaluator.real, real)
    assert torch.equal(evaluator.other_real, others[0])
    reading = evaluator.measure(setup.init_state())["distance/w1_exact"]
    assert reading.floor == pytest.approx(fmean(wasserstein(real, other) for other in others))


def test_arrays_lend_their_floors_what_they_have() -> None:
    rng = np.random.default_rng(0)
    fake = rng.normal(size=(50, 2))
    few, many = rng.normal(size=(100, 2)), rng.normal(size=(449, 2))
    assert gan_lab.evaluate(few, fake).attrs["samples"] == 50
    table = gan_lab.evaluate(many, fake, samples=50)
    order = torch.randperm(449, generator=make_rng(0, "real halves"))
    sets = torch.split(torch.from_numpy(many).float()[order], 50)
    expected = fmean(wasserstein(sets[0], other) for other in islice(sets, 1, 8))
    assert table.loc["distance/w1_exact", "floor"] == pytest.approx(expected, rel=1e-6)
