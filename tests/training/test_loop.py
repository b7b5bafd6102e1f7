"""Whole runs: what they write, how they go on, and how they end."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lab.config.errors import UserError
from gan_lab.evaluation import feature_cache
from gan_lab.numerics.trees import tensors_of
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import read_run
from gan_lab.tags.names import GENERATED_SAMPLES, MEDIAN, RAW, histogram_tag
from gan_lab.tracking.snapshots import Snapshots
from gan_lab.training import launch, signals
from gan_lab.training import resume as resumption
from support.configs import DIGITS, FEW, TOY, Compose, Train


def rows(run_dir: Path) -> list[dict[str, str]]:
    with (run_dir / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def assert_same_run(one: Path, other: Path) -> None:
    """The same weights and the same metrics.csv, to the bit."""
    assert (one / "metrics.csv").read_bytes() == (other / "metrics.csv").read_bytes()
    assert_same_weights(one, other)


def assert_same_weights(one: Path, other: Path) -> None:
    first, second = load_newest(one), load_newest(other)
    assert first.iteration == second.iteration
    assert all(map(torch.equal, tensors_of(first.state), tensors_of(second.state)))


def without_slopes(run_dir: Path) -> list[dict[str, str]]:
    return [{tag: cell for tag, cell in row.items() if tag != "health/critic_slope"} for row in rows(run_dir)]


def test_what_looking_takes_is_told_of_every_look(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    look = Snapshots.look

    def slow_look(self: Snapshots, *args: Any) -> None:
        time.sleep(0.1)
        look(self, *args)

    monkeypatch.setattr(Snapshots, "look", slow_look)
    run = train("run", *TOY, "train.iterations=8", "train.log_every=2", "train.sample_every=4")
    with (run / "timing.csv").open(newline="") as file:
        timed = {row["iteration"]: row for row in csv.DictReader(file)}
    assert list(timed) == ["2", "4", "6", "8"]
    spent_s = {
        iteration: float(row["perf/logging_fraction"]) * 2 / float(row["perf/iterations_per_second"])
        for iteration, row in timed.items()
    }
    assert all(seconds > 0 for seconds in spent_s.values())
    assert spent_s["4"] >= 0.099
    assert spent_s["8"] >= 0.099
    assert all(float(row["perf/logging_fraction"]) < 1 for row in timed.values())


def test_a_run_writes_what_it_promises(train: Train) -> None:
    run = train("run", *DIGITS, "objective=wgan", "train.warmup_critic_steps=0", "train.iterations=10")
    record = read_run(run)
    assert (record.status, record.iteration, record.seed) == ("completed", 10, 0)
    assert sorted(path.name for path in (run / "samples").iterdir()) == [
        "000000.png",
        "000008.png",
        "000010.png",
        "real.png",
    ]
    table = rows(run)
    assert [int(row["iteration"]) for row in table] == list(range(1, 11))
    assert set(table[0]) >= {
        *(RAW, MEDIAN, "health/critic_slope", "health/at_clip_fraction", "health/critic_accuracy"),
        *("health/generator_gradient_norm", "health/critic_gradient_norm", "health/step_gradient_cosine"),
        *("loss/critic", "loss/generator"),
    }
    assert [int(row["iteration"]) for row in table if row["health/critic_slope"]] == [4, 8]
    assert record.numbers[RAW] == pytest.approx(float(table[-1][RAW]))


def test_the_first_pictures_are_there_before_a_feature_network_is_trained(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes ten seconds: longer than a person waits for a first picture."""
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path / "empty"))
    train_network, seen = feature_cache.train_feature_network, []

    def looking(*args: Any, **more: Any) -> Any:
        seen.extend((path.name, path.read_bytes()) for path in (tmp_path / "run" / "samples").iterdir())
        return train_network(*args, **more, n_steps=3)

    monkeypatch.setattr(feature_cache, "train_feature_network", looking)
    run = train(
        "run", *DIGITS, "objective=gan", "train.iterations=2", "metrics.every=2", "metrics.samples=130"
    )
    assert dict(seen) == {name: (run / "samples" / name).read_bytes() for name in ("real.png", "000000.png")}
    events = EventAccumulator(str(run), size_guidance={"images": 0}).Reload()
    assert [event.step for event in events.Images(GENERATED_SAMPLES)] == [0, 2]


def test_tensorboard_and_the_table_agree(train: Train) -> None:
    run = train("run", *TOY, "objective=gan", "train.iterations=9")
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "images": 0}).Reload()
    table = rows(run)
    for tag in set(table[0]) - {"iteration"}:
        ours = {int(row["iteration"]): float(row[tag]) for row in table if row[tag]}
        theirs = {event.step: event.value for event in events.Scalars(tag)}
        assert ours == pytest.approx(theirs, rel=1e-6)
    assert {"final/jsd", "final/critic_median", "perf/iterations_per_second"} <= set(events.Tags()["scalars"])
    assert events.Tags()["images"] == ["samples/generated"]
    weights = load_newest(run).state.critic
    assert {tag for tag in events.Tags()["histograms"] if tag.startswith("weights/")} == {
        histogram_tag(name) for name in weights
    }
    plugins = {"hparams", "custom_scalars", "text"}
    assert plugins <= {
        events.summary_metadata[tag].plugin_data.plugin_name for tag in events.summary_metadata
    }


def test_the_median_is_that_of_the_last_101(train: Train) -> None:
    run = train("run", *TOY, "objective=gan", "train.iterations=130", "train.sample_every=1000")
    raw = np.array([float(row[RAW]) for row in rows(run)], np.float32)
    median = [float(row[MEDIAN]) for row in rows(run)]
    expected = [np.median(raw[max(0, i - 100) : i + 1]) for i in range(len(raw))]
    np.testing.assert_allclose(median, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "overrides",
    [
        [*DIGITS, "objective=wgan", "train.warmup_critic_steps=8", "train.warmup_every=5"],
        [*TOY, "objective=wgan_gp", "train.ema=0.9"],
        [*TOY, "objective=hinge", "constraint=[spectral_norm,dragan]"],
    ],
)
def test_going_on_after_an_interruption_changes_nothing(
    train: Train, monkeypatch: pytest.MonkeyPatch, overrides: list[str]
) -> None:
    whole = train("whole", *overrides, "train.iterations=14")
    asked = iter(range(100))
    with monkeypatch.context() as patch:
        patch.setattr(signals.StopRequest, "__bool__", lambda self: next(asked) == 6)
        train("parts", *overrides, "train.iterations=14")
    assert (read_run(whole.parent / "parts").status, len(rows(whole.parent / "parts"))) == ("interrupted", 7)
    resumption.resume(whole.parent / "parts", [], [])
    assert_same_run(whole, whole.parent / "parts")


def test_a_longer_run_is_the_same_as_one_extended(train: Train) -> None:
    long = train("long", *TOY, "objective=gan", "train.iterations=12")
    short = train("short", *TOY, "objective=gan", "train.iterations=8")
    resumption.resume(short, ["train.iterations=12"], [])
    assert_same_run(long, short)
    assert read_run(short).status == "completed"


def start(run_dir: Path, *overrides: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gan_lab", "train", "device=cpu", *FEW, *overrides]
    return subprocess.Popen(
        [*command, f"hydra.run.dir={run_dir}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def wait_for_rows(run_dir: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 600
    path = run_dir / "metrics.csv"
    while not path.exists() or path.read_bytes().count(b"\n") <= count:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.slow
def test_killed_and_resumed_equals_never_stopped(train: Train, tmp_path: Path) -> None:
    overrides = [*TOY, "objective=wgan_gp", "train.execution=eager", "train.sample_every=1000"]
    killed = tmp_path / "killed"
    for count in (3, 90, 203):
        # far more than it does before it is killed, however late that is
        process = start(killed, *overrides, "train.iterations=1000000")
        wait_for_rows(killed, count, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert read_run(killed).status == "interrupted"
    total = load_newest(killed).iteration + 50
    resumption.resume(killed, [f"train.iterations={total}"], [])
    assert_same_run(train("whole", *overrides, f"train.iterations={total}"), killed)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_saves_and_leaves(tmp_path: Path, number: signal.Signals, status: int) -> None:
    overrides = [*TOY, "objective=gan", "train.iterations=1000000", "train.execution=eager"]
    process = start(tmp_path / "run", *overrides)
    wait_for_rows(tmp_path / "run", 8, process)
    process.send_signal(number)
    assert process.wait(60) == status
    record = read_run(tmp_path / "run")
    assert record.status == "interrupted"
    assert load_newest(tmp_path / "run").iteration == record.iteration == len(rows(tmp_path / "run"))


def test_divergence_is_a_result(train: Train) -> None:
    overrides = [*TOY, "objective=gan", "constraint=none", "objective._target_=support.exploding.Exploding"]
    overrides += ["~objective.generator_loss", "optimizer.lr=0.005", "adam_beta1=0.5", "train.iterations=60"]
    run = train("run", *overrides, "train.log_every=20", trusted=["support"])
    record = read_run(run)
    assert record.status == "diverged"
    assert 0 < record.iteration < 60
    assert record.message is not None
    assert f"not finite at iteration {record.iteration + 1}" in record.message
    checkpoint = load_newest(run)
    assert checkpoint.iteration == record.iteration == len(rows(run))
    assert all(bool(torch.isfinite(value).all()) for value in tensors_of(checkpoint.state))
    assert all(math.isfinite(float(row["loss/critic"])) for row in rows(run))
    # the iteration before the failure does not depend on how often one looks
    other = train("other", *overrides, "train.log_every=7", trusted=["support"])
    assert read_run(other).iteration == record.iteration
    assert without_slopes(run) == without_slopes(other)
    assert_same_weights(run, other)


def test_a_run_killed_after_its_last_checkpoint_keeps_its_numbers(train: Train, compose: Compose) -> None:
    overrides = [*TOY, "objective=gan", "train.iterations=8"]
    run = train("run", *overrides)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"status": "running", "final": {}}))
    config = compose("device=cpu", *FEW, *overrides)
    value = launch.launch(config, run, choices={}, command="a test")
    assert value == record["final"][MEDIAN]
    assert read_run(run).status == "completed"
    assert read_run(run).final == record["final"]


def test_being_stopped_at_the_last_iteration_is_being_done(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter(range(100))
    monkeypatch.setattr(signals.StopRequest, "__bool__", lambda self: next(asked) == 5)
    assert read_run(train("run", *TOY, "objective=gan", "train.iterations=6")).status == "completed"


def test_a_number_that_is_not_measured_cannot_be_returned(train: Train) -> None:
    with pytest.raises(
        UserError, match=r"returned_metric must be one of the .*such as .*; got 'distance/jsd'"
    ):
        train("run", *TOY, "objective=wgan", "train.iterations=6", "train.returned_metric=distance/jsd")


def test_a_diverged_run_returns_a_defined_value(tmp_path: Path, compose: Compose) -> None:
    config = compose(
        *TOY, *FEW, "objective=wgan", "constraint=none", "optimizer.lr=1e30", "train.iterations=9"
    )
    assert launch.launch(config, tmp_path / "run", choices={}, command="a test") == 1e9


def test_jobs_in_one_process_do_not_influence_each_other(train: Train) -> None:
    overrides = [*DIGITS, "objective=gan", "train.iterations=6"]
    alone = train("alone", *overrides)
    train("between", *TOY, "objective=hinge", "seed=5", "train.iterations=3")
    torch.manual_seed(99)
    assert_same_run(alone, train("after", *overrides))


def test_seeds_differ(train: Train) -> None:
    one = train("one", *TOY, "objective=gan", "train.iterations=4")
    two = train("two", *TOY, "objective=gan", "train.iterations=4", "seed=1")
    assert (one / "metrics.csv").read_bytes() != (two / "metrics.csv").read_bytes()


def test_the_same_folder_again_is_left_alone(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    run = train("run", *TOY, "objective=gan", "train.iterations=4")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    train("run", *TOY, "objective=gan", "train.iterations=4")
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match="another configuration"):
        train("run", *TOY, "objective=gan", "train.iterations=4", "seed=1")


def test_a_full_disk_loses_nothing(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = [*TOY, "objective=gan", "train.iterations=12"]
    whole = train("whole", *overrides)
    real_fsync, calls = os.fsync, iter(range(10_000))

    def fsync(descriptor: int) -> None:
        if next(calls) > 12:
            raise OSError(28, "No space left on device")
        real_fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises((UserError, OSError), match="No space left"):
            train("parts", *overrides)
    resumption.resume(whole.parent / "parts", [], [])
    assert_same_run(whole, whole.parent / "parts")


def test_a_corrupt_checkpoint_falls_back_to_the_one_before(
    train: Train, caplog: pytest.LogCaptureFixture
) -> None:
    whole = train("whole", *TOY, "objective=gan", "train.iterations=12")
    run = train("run", *TOY, "objective=gan", "train.iterations=8")
    newest = max((run / "checkpoints").glob("*.pt"))
    newest.write_bytes(newest.read_bytes()[:-100])
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"status": "running"}))
    resumption.resume(run, ["train.iterations=12"], [])
    assert "older checkpoint" in caplog.text
    assert_same_run(whole, run)
