"""A run whose critic is so deep in so small a box that its scores are rounding: it claims nothing."""

import csv
import logging
from pathlib import Path

import pytest

from gan_lab.runs.reading import read_run
from gan_lab.training import launch
from support.command_line import gan_lab
from support.configs import FEW, TOY, Train, compose_config

DEEP = [
    *TOY,
    *("objective=wgan", "constraint.bound=0.01", "architecture.critic.depth=16"),
    *("train.n_critic=1", "train.warmup_critic_steps=0"),
    *("metrics.every=4", "metrics.samples=40", "train.execution=eager"),
]
NOISE = ("distance/critic_raw", "distance/critic_median", "loss/critic", "health/step_gradient_cosine")


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def has_no_noise(run: Path) -> bool:
    """The first critic step is taken by weights that lie outside the box, and is known."""
    first, *others = rows(run)
    return first[NOISE[0]] == "" and all(row[tag] == "" for row in others for tag in NOISE)


def test_it_is_completed_without_an_estimate(train: Train, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run = train("run", *DEEP, "train.iterations=6")
    record = read_run(run)
    assert record.status == "completed"
    assert has_no_noise(run)
    assert all(float(row["health/critic_accuracy"]) == 0.5 for row in rows(run))
    assert rows(run)[3]["distance/certified"] == rows(run)[3]["health/pairwise_slope"] == ""
    assert record.numbers["distance/w1_exact"] > 0.5
    assert not {*NOISE, "distance/certified", "health/pairwise_slope"} & record.numbers.keys()
    told = "\n".join(caplog.messages)
    assert told.count("the critic scores all real and generated samples alike") == 1
    assert told.count("float64 rounds by: it proves nothing") == 1
    assert "sweeper" not in told  # there is none


def test_a_sweeper_is_told_and_gets_no_noise(tmp_path: Path) -> None:
    called = gan_lab("train", "-m", *DEEP, "train.iterations=6", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert called.status == 0
    assert "has no distance/critic_median at its end" in called.out
    assert "the sweeper is given train.returned_when_diverged" in called.out


def test_it_goes_on_and_is_stacked_to_the_same_bytes(train: Train, tmp_path: Path) -> None:
    whole = train("whole", *DEEP, "train.iterations=8")
    train("parts", *DEEP, "train.iterations=8", iterations=5)
    parts = train("parts", *DEEP, "train.iterations=8", iterations=8)
    assert (parts / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()
    config = compose_config("device=cpu", *FEW, *DEEP, "train.iterations=6", "train.seeds=2")
    returned = launch.launch(config, tmp_path / "seeds", choices={}, command="a test")
    assert returned == 1e9
    for seed in (0, 1):
        assert has_no_noise(tmp_path / "seeds" / f"seed{seed}")


def test_it_is_reported_and_listed(train: Train, tmp_path: Path) -> None:
    train("runs/one", *DEEP, "train.iterations=8")
    called = gan_lab("report", str(tmp_path / "runs"))
    assert (called.status, called.err) == (0, "")
    assert called.out.startswith("1 run in 1 cell, 0 left out of means")
    page = (tmp_path / "runs" / "report" / "report.html").read_text()
    assert "no run that counts" not in page
    assert gan_lab("runs", str(tmp_path / "runs")).status == 0
