"""What experiments take at the paper's scale: operations that are counted in batches of two."""

import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import paper_scale
from benchmark.limits import count_work

from gan_lab.cli.compose import compose
from gan_lab.game.setup import build_setup

SMOKE = ("experiment=stability", "scale=smoke", "dataset=digits", "panel=dcgan")


def test_an_experiment_has_as_many_cells_as_its_sweep_has_jobs() -> None:
    for name in paper_scale.EXPERIMENTS:
        cells = list(paper_scale.cells_of(name))
        counts = compose([f"experiment={name}"]).counts
        jobs = math.prod(count for key, count in counts.items() if key != "dataset")
        assert len(set(cells)) == len(cells) == jobs


@pytest.mark.parametrize("objective", ["wgan", "wgan_gp"])
def test_operations_of_a_run_are_those_of_its_whole_batches(objective: str) -> None:
    words = [*SMOKE, f"objective={objective}", "device=cpu"]
    config = compose(words).config
    setup = build_setup({**config, "train": {**config["train"], "seeds": None}})
    cost = paper_scale.cost_of(words)
    assert cost.seeds == 2
    assert cost.operations == count_work(setup).flops * 20
    assert cost.seconds == pytest.approx(cost.operations / (78.6e9))


def test_a_line_has_the_range_of_its_cells_and_the_sum_of_its_runs() -> None:
    costs = [paper_scale.Cost(2, 1.04e17, 86400.0 * 3), paper_scale.Cost(3, 2e15, 8640.0)]
    assert paper_scale.row("fig", costs) == "| `fig` | 2 | 5 | 2 to 100 | 0.1 to 3 | 6 |"
