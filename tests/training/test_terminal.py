"""What somebody who watches a run sees: a line at its start, early pictures, a bar, six lines at its end."""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lab.game.setup import build_setup
from gan_lab.tags.names import GENERATED_SAMPLES, JSD, MEDIAN
from gan_lab.training import launch
from gan_lab.training import resume as resumption
from gan_lab.training.progress import ProgressBar, _how_long
from support.configs import TOY, compose_config

RUN = (*TOY, "device=cpu", "train.log_every=7", "train.sample_every=20", "train.checkpoint_every=9")


def looks(run: Path) -> list[str]:
    return sorted(path.stem for path in (run / "samples").glob("[0-9]*.png"))


def shown(run: Path) -> list[int]:
    events = EventAccumulator(str(run), size_guidance={"images": 0}).Reload()
    return [image.step for image in events.Images(GENERATED_SAMPLES)]


def start(folder: Path, *overrides: str) -> None:
    launch.launch(compose_config(*RUN, *overrides), folder, choices={}, command="a test")


def test_samples_are_shown_at_the_beginning_and_soon_after(tmp_path: Path) -> None:
    start(tmp_path, "train.iterations=32")
    assert looks(tmp_path) == ["000000", "000010", "000020", "000030", "000032"]
    assert shown(tmp_path) == [0, 10, 20, 30, 32]


def test_a_resumed_run_has_the_files_of_one_that_was_never_stopped(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    start(whole, "train.iterations=32")
    start(parts, "train.iterations=8")
    resumption.resume(parts, ["train.iterations=32"], [])
    assert looks(parts) == sorted([*looks(whole), "000008"])  # where it had ended
    for name in looks(whole):
        assert (parts / "samples" / f"{name}.png").read_bytes() == (
            whole / "samples" / f"{name}.png"
        ).read_bytes()
    assert (parts / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()


def test_looking_early_changes_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(tmp_path / "with", "train.iterations=32")
    monkeypatch.setattr("gan_lab.training.schedule.EARLY_LOOKS", ())
    start(tmp_path / "without", "train.iterations=32")
    assert looks(tmp_path / "without") == ["000000", "000020", "000032"]
    tables = [(tmp_path / name / "metrics.csv").read_bytes() for name in ("with", "without")]
    assert tables[0] == tables[1]


def test_stacked_seeds_are_shown_likewise(tmp_path: Path) -> None:
    start(tmp_path, "train.iterations=11", "train.seeds=2")
    for seed in ("seed0", "seed1"):
        assert looks(tmp_path / seed) == ["000000", "000010", "000011"]


def test_a_run_says_what_it_trains_and_how_it_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    config = compose_config(
        *RUN,
        "train.iterations=6",
        "train.n_critic=2",
        "train.warmup_critic_steps=5",
        "train.warmup_iterations=3",
    )
    choices = {"objective": "wgan", "constraint": "clip", "dataset": "ring8"}
    launch.launch(config, tmp_path, choices=choices, command="a test")
    told = [line for line in caplog.messages if not line.startswith("Of distance")]
    assert told[0] == (
        "Trains wgan with clip on ring8: seed 0; 6 iterations, 2 critic steps each and 9 more in "
        f"warm-up, 21 in all; on cpu, eager; in {tmp_path}"
    )
    assert told[1].startswith("Seed 0 completed at iteration 6. It took 0:00:")
    titles = [line.strip().partition("  ")[0] for line in told[2:]]
    assert len(told[1:]) <= 6
    assert titles[:3] == ["W estimate", "quality", "look at it"]
    assert titles[-1] == "verdict"
    assert told[3].strip() == (
        f"quality     not measured; gan-lab evaluate {tmp_path} does, and metrics.every=100 "
        "while it is trained"
    )
    assert told[4].endswith(f"gan-lab board {tmp_path}  # samples/, metrics.csv and checkpoints/ are there")
    caplog.clear()
    resumption.resume(tmp_path, ["train.iterations=8"], [])
    assert any("from iteration 6 to 8, 2 critic steps each, 4 in all;" in line for line in caplog.messages)


def test_one_iteration_is_no_several(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    start(tmp_path, "objective=gan", "train.iterations=1")
    assert any(": seed 0; 1 iteration, 1 critic step each; " in line for line in caplog.messages)


def test_a_run_that_diverged_at_once_blames_no_rounding(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    start(tmp_path, "objective=gan", "constraint=none", "optimizer.lr=1e30", "train.iterations=6")
    assert "  estimate    none: no iteration came to one" in caplog.messages


class Steps(SimpleNamespace):
    """Two critic steps an iteration, and ten in each of three at the start."""

    n_critic, warmup_iterations = 2, 3

    def extra_critic_steps(self, iteration: int) -> int:
        return 8 if iteration < 3 else 0

    def extra_critic_steps_between(self, first: int, last: int) -> int:
        return sum(map(self.extra_critic_steps, range(first, last)))


@pytest.fixture
def bar_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], ProgressBar]:
    """Makes a bar of a run of five iterations, of which some are done, as on a terminal."""
    terminal = SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("gan_lab.training.progress.sys", terminal)
    setup: Any = SimpleNamespace(train=Steps(), device=torch.device("cpu"))
    return lambda done: ProgressBar(setup, done, 5, 5)


def test_the_bar_counts_critic_steps(bar_of: Callable[[int], ProgressBar]) -> None:
    with bar_of(0) as bar:
        assert str(bar._bar).startswith("warm-up 0/30 critic steps   0%")
        assert "<?" in str(bar._bar)  # no time is promised before one was measured
        bar.advance()
        assert str(bar._bar).startswith("warm-up 10/30 critic steps  29%")  # of 34
        for _ in range(3):
            bar.advance()
        assert str(bar._bar).startswith("iteration 4/5  94%")


def test_the_bar_of_a_resumed_run_begins_where_that_does(bar_of: Callable[[int], ProgressBar]) -> None:
    with bar_of(3) as bar:
        assert str(bar._bar).startswith("iteration 3/5  88%")


def test_the_bar_calls_the_estimate_by_its_name(bar_of: Callable[[int], ProgressBar]) -> None:
    with bar_of(3) as bar:
        bar.show([{MEDIAN: 0.25}])
        assert str(bar._bar).endswith(", W estimate 0.25]")
        bar.show([{MEDIAN: 0.25, JSD: 0.5}, {MEDIAN: 0.75, JSD: math.nan}])
        assert str(bar._bar).endswith(", JSD estimate undefined (mean of 2)]")


def test_critic_steps_of_several_seeds_are_those_of_each() -> None:
    settings = build_setup(compose_config("dataset=ring8", "objective=wgan", "train.iterations=10")).train
    member: Any = SimpleNamespace(
        setup=SimpleNamespace(train=settings), total=10, last_finite=SimpleNamespace(iteration=0)
    )
    alone = _how_long([member])
    assert alone.endswith(" in all")
    assert _how_long([member] * 3) == f"{alone} of each seed"
