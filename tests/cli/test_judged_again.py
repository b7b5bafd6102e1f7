"""What `gan-lab evaluate` measured later is known to all that reads a run."""

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lab.cli.judged_again import judge_again
from gan_lab.evaluation.evaluate import Evaluation
from gan_lab.reports.page.diagnosis_table import diagnosis_table
from gan_lab.reports.sweep.loading import load_sweep
from gan_lab.runs.reading import load_record, read_run
from gan_lab.tags.names import W1_EXACT, final_tag
from support.command_line import gan_lab
from support.configs import TOY, Train
from support.recording import OPENED
from support.report_runs import write_run

FAST = [*TOY, "train.execution=eager", "train.warmup_critic_steps=0", "train.iterations=2"]
Evaluate = Callable[..., str]


@pytest.fixture
def evaluate() -> Evaluate:
    def call(run: Path, samples: int = 64, seed: int = 0) -> str:
        called = gan_lab("evaluate", str(run), "--samples", str(samples), "--seed", str(seed))
        assert (called.status, called.err) == (0, "")
        return called.out

    return call


def test_a_run_that_was_not_measured_is_judged_by_its_evaluation(train: Train, evaluate: Evaluate) -> None:
    run = train("run", *FAST, "objective=wgan_gp")
    assert [each.name for each in read_run(run).verdicts] == ["unmeasured"]
    out = evaluate(run)
    assert "\nThe run has these numbers now, and is judged by them: poor.\n" in out
    record = read_run(run)
    assert record.evaluated == "iteration2_seed0_n64.csv"
    (told,) = json.loads(gan_lab("diagnose", str(run), "--json").out)
    assert [each["name"] for each in told["verdicts"]] == [each.name for each in record.verdicts] == ["poor"]
    header, row = gan_lab("runs", str(run)).out.splitlines()
    assert "poor" in row.split()
    assert "W1" in header.split()
    assert [row[0].text for row in diagnosis_table(load_sweep(run)).rows] == ["poor"]


def test_a_later_evaluation_replaces_an_earlier_one_until_the_run_goes_on(
    train: Train, evaluate: Evaluate
) -> None:
    run = train("run", *FAST)
    evaluate(run)
    first = read_run(run).numbers[W1_EXACT]
    evaluate(run, seed=1)
    record = read_run(run)
    assert record.evaluated == "iteration2_seed1_n64.csv"
    assert record.numbers[W1_EXACT] != first
    assert gan_lab("resume", str(run), "train.iterations=3").status == 0
    record = read_run(run)
    assert (record.iteration, record.evaluated, W1_EXACT in record.final) == (3, "", False)


def test_what_training_measured_itself_stays(train: Train, evaluate: Evaluate) -> None:
    run = train("run", *FAST, "metrics.every=2", "metrics.samples=32")
    before = (run / "run.json").read_bytes()
    assert "judged by them" not in evaluate(run)
    assert (run / "run.json").read_bytes() == before


def test_nothing_of_an_earlier_evaluation_stays_and_what_is_infinite_is_written(tmp_path: Path) -> None:
    earlier = {W1_EXACT: 0.3, "quality/mode_kl": 0.1, "loss/critic": 1.5}
    run = write_run(tmp_path / "run", final=earlier, evaluated="iteration500_seed0_n64.csv")
    numbers = {W1_EXACT: math.inf, "quality/modes_hit": 0.0}
    tags = (W1_EXACT, "quality/mode_kl", "quality/modes_hit")
    path = run / "evaluation" / "iteration500_seed1_n64.csv"
    judge_again(read_run(run), Evaluation(path, [], 500, numbers, tags, ""))
    record = read_run(run)
    assert record.evaluated == path.name
    assert record.final == {"loss/critic": 1.5, W1_EXACT: "inf", "quality/modes_hit": 0.0}


def test_of_a_run_that_was_killed_the_evaluation_is_its_own_too(train: Train, evaluate: Evaluate) -> None:
    run = train("run", *FAST, "objective=wgan_gp")
    dataclasses.replace(load_record(run), status="running", verdicts=()).write()
    assert "judged by them: poor." in evaluate(run)
    record = load_record(run)
    assert (record.status, [each.name for each in record.verdicts]) == ("interrupted", ["poor"])


def test_tensorboard_shows_the_numbers_of_an_evaluation(train: Train, evaluate: Evaluate) -> None:
    run, tag = train("run", *FAST), final_tag(W1_EXACT)
    assert tag is not None
    assert tag not in EventAccumulator(str(run)).Reload().Tags()["scalars"]
    before = sorted(path.name for path in run.glob("*tfevents*"))
    evaluate(run)
    evaluate(run, seed=1)
    assert sorted(path.name for path in run.glob("*tfevents*")) == before
    shown = EventAccumulator(str(run)).Reload()
    (point,) = shown.Scalars(tag)
    assert (point.step, point.value) == (2, pytest.approx(read_run(run).numbers[W1_EXACT], rel=1e-6))
    (told,) = shown.Tensors("verdict/text_summary")
    assert b"poor: " in told.tensor_proto.string_val[0]


def test_of_a_run_that_went_on_the_last_event_file_has_the_ending(train: Train, evaluate: Evaluate) -> None:
    run = train("run", *FAST)
    assert gan_lab("resume", str(run), "train.iterations=3").status == 0
    before = sorted(path.name for path in run.glob("*tfevents*"))
    evaluate(run)
    assert sorted(path.name for path in run.glob("*tfevents*")) == before
    tag = final_tag(W1_EXACT)
    assert tag is not None
    (point,) = EventAccumulator(str(run)).Reload().Scalars(tag)
    assert point.step == 3


@pytest.mark.parametrize(("status", "n_told"), [("completed", 1), ("diverged", 0), ("interrupted", 0)])
def test_trackers_are_told_of_a_completed_run_alone(status: str, n_told: int, tmp_path: Path) -> None:
    config = {"tracker": {"_target_": "support.recording.Recorder"}}
    run = write_run(tmp_path / "run", config=config, status=status, final={"loss/critic": 1.5})
    path = run / "evaluation" / "iteration500_seed0_n64.csv"
    OPENED.clear()
    judge_again(read_run(run), Evaluation(path, [], 500, {W1_EXACT: 0.25}, (W1_EXACT,), ""), ["support"])
    assert read_run(run).final[W1_EXACT] == 0.25
    assert len(OPENED) == n_told
    for writer in OPENED:
        assert writer.ending is not None
        assert (500, 0.25) in writer.ending.final.values()


def test_a_tracker_that_is_not_there_is_told_of_and_the_run_has_its_numbers(
    train: Train, evaluate: Evaluate
) -> None:
    run = train("run", *FAST)
    config = (run / "config.yaml").read_text()
    known = "gan_lab.tracking.writers.tensorboard.TensorBoard"
    (run / "config.yaml").write_text(config.replace(known, "mine.Tracker"))
    out = evaluate(run)
    assert "trackers are not told of these numbers" in out
    assert read_run(run).evaluated
