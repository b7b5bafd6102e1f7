"""What a run is said to be at its end was measured there, also between two measurements."""

import csv
import logging
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lab.diagnosis.diagnose import diagnose
from gan_lab.evaluation.evaluator import make_evaluator
from gan_lab.evaluation.readings import numbers_of
from gan_lab.game.setup import build_setup
from gan_lab.reports.observing import observe
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import read_run
from gan_lab.runs.run import Run
from gan_lab.training import launch, signals
from gan_lab.training import resume as resumption
from gan_lab.training.member import Member
from support.configs import FEW, TOY, Train, compose_config

EVERY_4 = [*TOY, "metrics.every=4", "metrics.samples=40", "train.execution=eager"]
EXPLODING = [
    "objective=gan",
    "constraint=none",
    "objective._target_=support.exploding.Exploding",
    "~objective.generator_loss",
]
EXPLODING += ["optimizer.lr=0.005", "adam_beta1=0.5", "train.iterations=60"]
EXACT, SLOPE = "distance/w1_exact", "health/critic_slope"


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def quality_now(run: Path) -> dict[str, float]:
    """What the newest checkpoint's samples are worth, measured apart from the run."""
    setup = build_setup(read_run(run).read_config())
    evaluator = make_evaluator(setup, setup.dataset.open(setup.device))
    return numbers_of(evaluator.measure(load_newest(run).state))


def test_the_last_numbers_are_those_of_the_last_iteration(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    config = compose_config(
        "device=cpu", *FEW, *EVERY_4, "train.iterations=6", f"train.returned_metric={EXACT}"
    )
    returned = launch.launch(config, tmp_path / "run", choices={}, command="a test")
    run, record = tmp_path / "run", read_run(tmp_path / "run")
    assert [row["iteration"] for row in rows(run) if row[EXACT]] == ["4"]
    expected = quality_now(run)
    assert {tag: record.numbers[tag] for tag in expected} == pytest.approx(expected, rel=1e-6)
    assert returned == record.numbers[EXACT] != float(rows(run)[3][EXACT])
    assert record.numbers[SLOPE] != float(rows(run)[3][SLOPE])
    (told,) = (line for line in caplog.messages if line.startswith("  quality"))
    assert told.split()[:3] == ["quality", "W1", f"{expected[EXACT]:.4g}"]
    assert told.endswith("(of iteration 6)")
    scalars = EventAccumulator(str(run)).Reload().Scalars("final/w1_exact")
    assert [(event.step, event.value) for event in scalars] == [(6, pytest.approx(expected[EXACT]))]


def test_an_extended_run_writes_the_table_of_a_longer_one(train: Train) -> None:
    long = train("long", *EVERY_4, "train.iterations=9")
    short = train("short", *EVERY_4, "train.iterations=6")
    before = read_run(short).numbers[EXACT]
    resumption.resume(short, ["train.iterations=9"], [])
    assert (short / "metrics.csv").read_bytes() == (long / "metrics.csv").read_bytes()
    assert read_run(short).numbers == read_run(long).numbers
    assert read_run(short).numbers[EXACT] != before


def test_a_run_killed_after_its_last_checkpoint_is_measured_when_it_goes_on(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(member: Member, *args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Member, "end", die)
        with pytest.raises(KeyboardInterrupt):
            train("run", *EVERY_4, "train.iterations=6")
    run = train("run", *EVERY_4, "train.iterations=6")
    assert read_run(run).status == "completed"
    assert read_run(run).numbers[EXACT] == pytest.approx(quality_now(run)[EXACT], rel=1e-6)


@pytest.mark.parametrize(
    ("status", "overrides"), [("completed", ["train.iterations=6"]), ("diverged", EXPLODING)]
)
def test_killed_before_its_record_says_how_it_ended_a_run_has_its_final_numbers_once(
    train: Train, monkeypatch: pytest.MonkeyPatch, status: str, overrides: list[str]
) -> None:
    def die(run: Run, **changes: Any) -> None:
        if changes.get("status") == status:
            raise KeyboardInterrupt
        update(run, **changes)

    update = Run.update
    with monkeypatch.context() as patch:
        patch.setattr(Run, "update", die)
        with pytest.raises(KeyboardInterrupt):
            train("run", *EVERY_4, *overrides, trusted=["support"])
    run = train("run", *EVERY_4, *overrides, trusted=["support"])
    assert read_run(run).status == status
    events = EventAccumulator(str(run)).Reload()
    final = [tag for tag in events.Tags()["scalars"] if tag.startswith("final/")]
    assert final != []
    assert {tag: len(events.Scalars(tag)) for tag in final} == dict.fromkeys(final, 1)


def test_a_run_that_goes_on_has_no_final_numbers_until_it_ends_again(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train("run", *EVERY_4, "train.iterations=6")
    asked = iter(range(100))
    with monkeypatch.context() as patch:
        patch.setattr(signals.StopRequest, "__bool__", lambda self: next(asked) == 1)
        resumption.resume(run, ["train.iterations=10"], [])
    assert read_run(run).status == "interrupted"
    assert "final/w1_exact" not in EventAccumulator(str(run)).Reload().Tags()["scalars"]
    resumption.resume(run, ["train.iterations=10"], [])
    shown = EventAccumulator(str(run)).Reload().Scalars("final/w1_exact")
    assert [point.step for point in shown] == [10]


def test_of_a_run_that_was_stopped_it_is_said_when(
    train: Train, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    asked = iter(range(100))
    with monkeypatch.context() as patch:
        patch.setattr(signals.StopRequest, "__bool__", lambda self: next(asked) == 5)
        run = train("run", *EVERY_4, "train.iterations=14")
    assert (read_run(run).status, read_run(run).iteration) == ("interrupted", 6)
    assert read_run(run).verdicts == diagnose(observe(read_run(run)))
    (told,) = (line for line in caplog.messages if line.startswith("  quality"))
    assert told.endswith("(of iteration 4)")
    assert told.split()[:3] == ["quality", "W1", f"{float(rows(run)[3][EXACT]):.4g}"]
