"""Make docs/results/paper_scale.md: how long the experiments with images take at the paper's scale.

Run from a checkout: ``python scripts/paper_scale.py``. Nothing is trained: operations are counted in one
iteration of each cell, of two samples a batch, and are in proportion to the batch. Times follow from rates
that docs/performance.md has; a test holds them to it.
"""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark.limits import count_work

from gan_lab.cli.compose import compose
from gan_lab.game.setup import build_setup

PAGE = Path(__file__).parents[1] / "docs" / "results" / "paper_scale.md"
COUNTED = 2
"""Samples of a batch in which operations are counted: batch norm needs two."""

FULLY_CONNECTED, CONVOLUTIONS = 37.4, 78.6
"""GFLOP/s of an eager iteration of WGAN on two cores: MLPs of four layers, and DCGAN at 64x64."""

STAND_INS = {
    "lsun_bedroom": ("dataset=photos", "dataset.size=64"),
    "mnist": ("dataset=digits", "dataset.size=32"),
}
"""Embedded images of the shape of those that must be downloaded: an iteration takes the same operations."""

EXPERIMENTS = (
    *("fig3", "fig4", "fig5_dcgan", "fig6_nobn", "fig7_mlp"),
    *("stability", "n_critic", "momentum", "fgan_mnist"),
)

HEAD = f"""# The paper's scale: what it takes

Nothing here was run: these are operations of matrix products and convolutions, counted in one iteration of
each cell, times the iterations of `scale=paper`, and the time at the rates that
[performance](../performance.md) has measured eagerly on two cores of an AMD EPYC: {CONVOLUTIONS} GFLOP/s
where a network convolves, {FULLY_CONNECTED} where none does. On another machine, divide the operations by its
rate (`make bench` measures it). The papers give no number of iterations; 100,000 is ours.

`python scripts/paper_scale.py` makes this page.

| experiment | cells | runs | operations of a run, 10^15 | a run, days | all runs, days |
|---|---|---|---|---|---|
"""

AFTER = """
Measuring samples, writing them and reading images comes on top. Architectures of `robustness` are drawn at
random, and networks of `toy_modes` and `clip_value` are small: they are left out.
"""


class Cost(NamedTuple):
    """What one cell takes at the paper's scale: a run of each of its seeds."""

    seeds: int
    operations: float  # of a run
    seconds: float


def main() -> None:
    """Count, and write the page."""
    rows = [row(name, [cost_of(words) for words in cells_of(name)]) for name in EXPERIMENTS]
    PAGE.write_text(HEAD + "\n".join(rows) + "\n" + AFTER, encoding="utf-8")


def cells_of(experiment: str) -> Iterator[tuple[str, ...]]:
    """Yield the overrides of each cell of an experiment, on images that are embedded."""
    base = [f"experiment={experiment}", "scale=paper"]
    composed = compose(base)
    images = STAND_INS[str(composed.swept["dataset"])]
    words = [[f"{key}={value}" for value in values] for key, values in composed.values.items()]
    for cell in itertools.product(*words):
        yield *base, *images, *cell


def cost_of(words: Sequence[str]) -> Cost:
    """Return what a cell takes, whose operations are counted in a small batch."""
    config = compose([*words, "device=cpu"]).config
    train = config["train"]
    batch, seeds = train["batch_size"], train["seeds"]
    setup = build_setup({**config, "train": {**train, "batch_size": COUNTED, "seeds": None}})
    operations = count_work(setup).flops * batch / COUNTED * train["iterations"]
    convolves = any(value.dim() == 4 for value in setup.critic.parameters())
    rate = CONVOLUTIONS if convolves else FULLY_CONNECTED
    return Cost(seeds, operations, operations / (rate * 1e9))


def row(name: str, costs: Sequence[Cost]) -> str:
    """Return an experiment's line of the table."""
    runs = sum(cost.seeds for cost in costs)
    days = [cost.seconds / 86400 for cost in costs]
    whole = sum(cost.seeds * each for cost, each in zip(costs, days, strict=True))
    operations = _range([cost.operations / 1e15 for cost in costs])
    return f"| `{name}` | {len(costs)} | {runs} | {operations} | {_range(days)} | {whole:,.0f} |"


def _range(values: Sequence[float]) -> str:
    low, high = (f"{float(f'{value:.2g}'):g}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


if __name__ == "__main__":
    main()
