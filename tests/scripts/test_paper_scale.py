"""What experiments take at the paper's scale: operations that are counted in batches of two."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import paper_scale
from benchmark.limits import count_work

from gan_lab.cli.compose import compose
from gan_lab.game.setup import build_setup

SMOKE = ("experiment=stability", "scale=smoke", "dataset=digits", "panel=dcgan")


def test_the_cells_of_an_experiment_are_those_of_its_sweep() -> None:
    first, *_, last = paper_scale.cells_of("momentum")
    rates = [("critic_optimizer.beta1=0", "critic_optimizer.lr=5e-05")]
    rates += [("critic_optimizer.beta1=0.9", "critic_optimizer.lr=0.001")]
    begin = ("experiment=momentum", "scale=paper", "dataset=photos", "dataset.size=64")
    assert [first, last] == [(*begin, *words) for words in rates]
    objectives = [cell[-1] for cell in paper_scale.cells_of("fgan_mnist")]
    assert len({*objectives}) == len(objectives) == 10
    assert all(word.startswith("objective=fgan_") for word in objectives)


def test_the_page_has_a_line_for_each_experiment_with_its_cells() -> None:
    lines = re.findall(r"^\| `(\w+)` \| (\d+) \|", paper_scale.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert lines == [(name, str(len({*paper_scale.cells_of(name)}))) for name in paper_scale.EXPERIMENTS]


@pytest.mark.parametrize("objective", ["wgan", "wgan_gp"])
def test_operations_of_a_run_are_those_of_its_whole_batches(objective: str) -> None:
    words = [*SMOKE, f"objective={objective}", "device=cpu"]
    config = compose(words).config
    setup = build_setup({**config, "train": {**config["train"], "seeds": None}})
    cost = paper_scale.cost_of(words)
    assert cost.seeds == 2
    assert cost.operations == count_work(setup).flops * 20
    assert cost.seconds == pytest.approx(cost.operations / (paper_scale.CONVOLUTIONS * 1e9))


def test_a_line_has_the_range_of_its_cells_and_the_sum_of_its_runs() -> None:
    costs = [paper_scale.Cost(2, 1.04e17, 86400.0 * 3), paper_scale.Cost(3, 2e15, 8640.0)]
    assert paper_scale.row("fig", costs) == "| `fig` | 2 | 5 | 2 to 100 | 0.1 to 3 | 6 |"


def eager_rate(case: str) -> float:
    """GFLOP/s of an eager iteration of a case, as its table in docs/performance.md has them."""
    page = (paper_scale.PAGE.parents[1] / "performance.md").read_text(encoding="utf-8")
    (table,) = re.findall(rf"^### {re.escape(case)}\n(.*?)(?=^#|\Z)", page, re.DOTALL | re.MULTILINE)
    head, _, *rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    (rate,) = [row[head.index("GFLOP/s") + 1] for row in rows if row[0] == "eager"]
    return float(rate)


def test_rates_are_those_that_were_measured() -> None:
    assert eager_rate("MLP 4x512, 64x64x3, batch 64, wgan") == paper_scale.FULLY_CONNECTED
    assert eager_rate("DCGAN 64x64x3, batch 64, wgan") == paper_scale.CONVOLUTIONS
    page = paper_scale.PAGE.read_text(encoding="utf-8")
    assert page.startswith(paper_scale.HEAD)
    assert page.endswith(paper_scale.AFTER)
