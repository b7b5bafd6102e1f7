"""Runs that version 0.1 made, before today's layout of the package and today's formats, still open.

Made by its commands with small networks: a WGAN-GP with an averaged generator on ring8, a WGAN on digits, a
sweep of two seeds, and two seeds trained together. ``went_on_to_30.csv`` is what it wrote when it resumed
them itself.
"""

import csv
import shutil
from pathlib import Path

import pytest

from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.config_hash import config_hash
from gan_lab.runs.reading import find_runs, read_run
from support.command_line import gan_lab

DATA = Path(__file__).parents[1] / "data" / "version_0.1"
LONE = ["ring8_wgan_gp", "digits_wgan"]


@pytest.fixture(name="earlier")
def _earlier(tmp_path: Path) -> Path:
    """A copy of the runs, which may be written into."""
    return Path(shutil.copytree(DATA, tmp_path / "runs"))


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def test_they_are_listed(earlier: Path) -> None:
    called = gan_lab("runs", str(earlier))
    assert (called.status, called.err) == (0, "")
    assert called.out.count("completed") == len(find_runs(earlier)) == 6


def test_their_configurations_are_what_they_were() -> None:
    """A hash that differs would make every job of an old sweep look like another one."""
    for run in find_runs(DATA):
        assert config_hash(run.read_config()) == run.config_hash


def test_their_checkpoints_know_the_iteration() -> None:
    for run in find_runs(DATA):
        state = load_newest(run.path).state
        assert int(state.iteration) == 20
        assert state.generator_constraint == {}
    assert load_newest(DATA / "ring8_wgan_gp").state.average != {}


@pytest.mark.parametrize("name", LONE)
def test_a_run_goes_on_with_the_numbers_that_it_would_have_had(name: str, earlier: Path) -> None:
    called = gan_lab("resume", str(earlier / name), "train.iterations=30")
    assert (called.status, called.err) == (0, "")
    record = read_run(earlier / name)
    assert (record.status, record.iteration) == ("completed", 30)
    found, expected = rows(earlier / name / "metrics.csv"), rows(earlier / name / "went_on_to_30.csv")
    assert [row["iteration"] for row in found] == [row["iteration"] for row in expected]
    # another processor rounds otherwise, and rounding grows: the first iteration tells a wrong state or draw
    for tag, value in expected[20].items():
        # of accuracy, which counts samples, one may cross
        atol = 0.5 / 16 if tag == "health/critic_accuracy" else 1e-4
        if value and tag != "health/step_gradient_cosine":
            assert float(found[20][tag]) == pytest.approx(float(value), rel=1e-3, abs=atol), tag


def test_seeds_go_on_together(earlier: Path) -> None:
    folder = earlier / "seeds_together"
    called = gan_lab("resume", str(folder), "train.iterations=30")
    assert (called.status, called.err) == (0, "")
    for seed in (0, 1):
        record = read_run(folder / f"seed{seed}")
        assert record.iteration == 30
        assert str(record.execution).startswith("eager, 2 seeds in turn")
    # as the lone runs of the sweep do, which have the same configurations
    lone = next((earlier / "sweep_of_two_seeds").glob("seed1_*"))
    assert gan_lab("resume", str(lone), "train.iterations=30").status == 0
    assert (lone / "metrics.csv").read_bytes() == (folder / "seed1" / "metrics.csv").read_bytes()


@pytest.mark.parametrize("name", LONE)
def test_samples_are_drawn(name: str, earlier: Path) -> None:
    called = gan_lab("sample", str(earlier / name), "--n", "4", "--format", "npy")
    assert (called.status, called.err) == (0, "")
    assert len(list((earlier / name / "generated").iterdir())) == 2


def test_samples_are_evaluated(earlier: Path) -> None:
    called = gan_lab("evaluate", str(earlier / "ring8_wgan_gp"), "--samples", "128")
    assert (called.status, called.err) == (0, "")
    assert "distance/certified" in called.out


def test_a_sweep_is_reported(earlier: Path) -> None:
    sweep = earlier / "sweep_of_two_seeds"
    called = gan_lab("report", str(sweep))
    assert (called.status, called.err) == (0, "")
    assert called.out.startswith("2 runs in 1 cell, 0 left out of means")
    assert (sweep / "report" / "report.html").is_file()
