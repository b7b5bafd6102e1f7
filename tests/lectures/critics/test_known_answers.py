"""The benchmark of constraints: pairs whose Wasserstein distance is 1."""

from pathlib import Path

import pandas
import pytest
import torch

from gan_lab.constraints.bjorck import Bjorck
from gan_lab.lectures.critics.dual_network import Contender, DualNetwork
from gan_lab.lectures.critics.fixed_pairs import AbsoluteValue, ConePair, HighCone, ThreeCones
from gan_lab.lectures.drawing import slide_style
from gan_lab.metrics.transport import wasserstein
from support.command_line import gan_lab


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("pair", [AbsoluteValue(), ThreeCones(), HighCone(), HighCone(3)])
@pytest.mark.parametrize("n", [6, 7, 64])
def test_transport_between_samples_of_the_cones_is_1_exactly(pair: ConePair, n: int) -> None:
    real, fake = (sampler(n, rng()) for sampler in pair.samplers())
    assert wasserstein(real, fake) == pytest.approx(1, abs=1e-6)
    nearest = torch.cdist(real, pair.centres).amin(dim=1)
    assert float(nearest.sub(1).abs().amax()) < 1e-6


def test_bjorck_with_groupsort_reaches_1_and_relu_does_not() -> None:
    contenders = {kind: Contender(Bjorck(10), kind) for kind in ("groupsort", "relu")}  # type: ignore[arg-type]
    with slide_style():
        findings = DualNetwork({"absolute_value": AbsoluteValue()}, contenders, 16, 2, 150, 32, 64, 0).run()
    rows = findings.table.set_index("constraint")
    assert rows.loc["groupsort", "raw"] == pytest.approx(1, abs=0.01)
    assert rows.loc["relu", "raw"] < 0.8
    assert bool((rows["slope"] <= 1 + 1e-5).all())
    assert bool((rows["raw"] <= rows["certified"]).all())
    assert bool((rows["certified"] <= rows["exact"] + 1e-9).all())
    assert list(rows["gap"]) == pytest.approx(list(rows["exact"] - rows["certified"]), abs=1e-12)
    assert "absolute_value: 1 of 1 by groupsort" in findings.sentence
    assert "None of 2 certified ones exceeds the exact." in findings.sentence


def test_every_constraint_meets_every_pair(tmp_path: Path) -> None:
    small = ["steps=2", "samples=12", "width=16", "depth=1", "batch_size=4"]
    called = gan_lab("distances", "experiment=known_answers", *small, f"hydra.run.dir={tmp_path / 'a'}")
    assert called.status == 0, called.err
    table = pandas.read_csv(tmp_path / "a" / "table.csv")
    assert len(table) == 3 * 6
    assert bool((table["certified"] <= table["exact"]).all())
    assert list(table["exact"]) == pytest.approx([1] * 18, abs=1e-6)


def test_a_setting_of_a_constraint_is_one_of_the_command_line(tmp_path: Path) -> None:
    called = gan_lab(
        *("distances", "experiment=known_answers", "steps=1", "contenders.clip.constraint.bound=-1"),
        f"hydra.run.dir={tmp_path / 'a'}",
    )
    assert called.status == 2
    assert "contenders.clip.constraint.bound must be a number greater than 0; got -1" in called.err
