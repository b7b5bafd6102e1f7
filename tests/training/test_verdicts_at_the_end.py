"""What a run's end says of it: in the log, in its record and in TensorBoard."""

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lab.diagnosis.diagnose import NOTHING_SEEN
from gan_lab.runs.finding import Finding
from gan_lab.runs.reading import read_run
from gan_lab.runs.record import RunRecord
from gan_lab.tags.names import MEDIAN, W1_EXACT, floor_tag
from gan_lab.training.advice import StoppingAdvice
from gan_lab.training.ending import tell_endings
from gan_lab.training.member import Outcome
from support.command_line import gan_lab
from support.configs import TOY, Train
from support.observations import observed

FAST = [*TOY, "train.execution=eager", "train.warmup_critic_steps=0"]


def told(messages: list[str]) -> list[str]:
    return [" ".join(message.split()) for message in messages if message.startswith("  verdict ")]


@pytest.fixture(autouse=True)
def _all_messages(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def card(run: Path) -> str:
    events = EventAccumulator(str(run))
    events.Reload()
    (event,) = events.Tensors("verdict/text_summary")
    return bytes(event.tensor_proto.string_val[0]).decode()


def test_the_last_line_of_a_dead_critics_run_says_so(train: Train, caplog: pytest.LogCaptureFixture) -> None:
    # with the paper's bound, for which these networks are too small
    run = train("run", *FAST, "constraint.bound=0.01", "train.iterations=20", "train.batch_size=16")
    record = read_run(run)
    assert record.status == "completed"
    assert record.verdicts[0].name == "critic_dead"
    assert told(caplog.messages[-1:])[0].startswith(
        "verdict critic_dead: The critic is dead: its largest slope is "
    )
    assert "Way out: constraint.bound=0.1" in caplog.messages[-1]
    assert "critic_dead" in gan_lab("runs", str(run.parent), "--where", "verdict=critic_dead").out
    assert card(run).strip() == "\n".join(f"    {verdict}" for verdict in record.verdicts).strip()


def test_a_run_that_is_well_says_what_it_saw(train: Train, caplog: pytest.LogCaptureFixture) -> None:
    run = train("run", *FAST, "objective=wgan_gp", "train.iterations=8")
    (verdict,) = read_run(run).verdicts
    assert verdict.name == "unmeasured"
    assert told(caplog.messages[-1:]) == [f"verdict {verdict}"]
    assert "the critic's slope is " in verdict.sentence
    assert NOTHING_SEEN["unmeasured"] in verdict.sentence


def test_seeds_that_are_well_share_a_line(train: Train, caplog: pytest.LogCaptureFixture) -> None:
    train("run", *FAST, "objective=wgan_gp", "train.iterations=8", "train.seeds=2")
    said = f"unmeasured: {NOTHING_SEEN['unmeasured']}"
    assert told(caplog.messages) == [f"verdict of 2 of 2 seeds {said}"]
    assert any(message.startswith("  train on ") for message in caplog.messages)
    caplog.clear()
    train("dead", *FAST, "constraint.bound=0.1", "train.iterations=20", "train.seeds=2")
    assert [line.split(":")[0] for line in told(caplog.messages)] == ["verdict of seed 0 alone"]
    rows = [message.split() for message in caplog.messages if message.split()[1:2] == ["completed"]]
    assert [row[:4] for row in rows] == [
        ["0", "completed", "20", "critic_dead"],
        ["1", "completed", "20", "unmeasured"],
    ]
    assert not any("train on" in message for message in caplog.messages)


Ended = Callable[..., Any]


@pytest.fixture
def ended() -> Ended:
    """Makes a run that ended, as far as the lines at its end look at it."""

    def make(
        verdict: Finding | None = None, status: str = "completed", *, seed: int = 0, **fields: Any
    ) -> Any:
        command = f"gan-lab train seed={seed}"
        run = RunRecord(
            Path(), "completed", iterations=100, command=command, verdicts=(verdict,) if verdict else ()
        )
        paths = {
            "samples_path": Path("samples"),
            "metrics_path": Path("m.csv"),
            "checkpoints_path": Path("c"),
        }
        numbers = fields.get("numbers", {})
        outcome = Outcome(
            status,
            fields.get("iteration", 100),
            numbers,
            dict.fromkeys(numbers, 100),
        )
        metrics = SimpleNamespace(every=fields.get("every", 0))
        return SimpleNamespace(
            run=SimpleNamespace(record=run, path=Path("x"), **paths),
            setup=SimpleNamespace(seed=seed, metrics=metrics),
            outcome=outcome,
            total=100,
        )

    return make


def commands_after(members: list[Any], caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    caplog.clear()
    tell_endings(members)
    pairs = (message.strip().partition("  ") for message in caplog.messages)
    return {title: text.strip() for title, _, text in pairs}


@pytest.mark.parametrize(("seeds", "title"), [((1,), "way out"), ((0, 1, 2), "way out of seed 1")])
def test_a_way_out_of_one_of_several_seeds_says_of_which(
    seeds: tuple[int, ...], title: str, ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    members = [
        ended(Finding("critic_dead", "failure", "It.", "constraint.bound=0.1" if seed else ""), seed=seed)
        for seed in seeds
    ]
    ways = {name: text for name, text in commands_after(members, caplog).items() if "way" in name}
    assert ways == {title: "gan-lab train seed=1 constraint.bound=0.1"}


def test_seeds_without_a_fault_are_told_apart(ended: Ended, caplog: pytest.LogCaptureFixture) -> None:
    names = ("all_well", "unmeasured", "all_well")
    tell_endings([ended(Finding(name, "none", "It."), seed=seed) for seed, name in enumerate(names)])
    assert told(caplog.messages) == [
        f"verdict of 2 of 3 seeds all_well: {NOTHING_SEEN['all_well']}",
        f"verdict of 1 of 3 seeds unmeasured: {NOTHING_SEEN['unmeasured']}",
    ]


def test_a_seed_of_which_it_is_not_the_worst_counts(ended: Ended, caplog: pytest.LogCaptureFixture) -> None:
    poor, momentum = Finding("poor", "warning", "It."), Finding("momentum_against_gradient", "warning", "It.")
    members = [ended(poor, seed=0), ended(momentum, seed=1)]
    members[1].run.record = dataclasses.replace(members[1].run.record, verdicts=(momentum, poor))
    tell_endings(members)
    assert told(caplog.messages) == ["verdict of 2 of 2 seeds, such as seed 0: poor: It."]


def test_an_estimate_that_a_diverged_run_had_is_not_said_to_have_been_none(
    ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    assert commands_after([ended(None, "diverged", iteration=500)], caplog)["estimate"] == (
        "none: rounding leaves nothing of it"
    )
    assert commands_after([ended(None, "diverged", iteration=0)], caplog)["estimate"] == (
        "none: no iteration came to one"
    )


def test_without_tensorboards_files_no_board_is_offered(
    ended: Ended, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    member = ended()
    member.run.path = tmp_path
    assert "gan-lab board" not in commands_after([member], caplog)["look at it"]
    (tmp_path / "events.out.tfevents.1.host").touch()
    assert commands_after([member], caplog)["look at it"].startswith("gan-lab board ")


def test_verdict_and_way_out_are_of_the_same_seed_the_worst(
    ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    members = [
        ended(Finding("nothing_moves", "advice", "It.", "train.iterations=50"), seed=0),
        ended(Finding("critic_dead", "failure", "It.", "constraint.bound=0.1"), seed=1),
    ]
    said = commands_after(members, caplog)
    assert said["verdict"].startswith("of seed 1 alone: critic_dead")
    assert said["way out of seed 1"] == "gan-lab train seed=1 constraint.bound=0.1"


@pytest.mark.parametrize(
    ("verdict", "status", "offered"),
    [
        (
            Finding("all_well", "none", "It."),
            "completed",
            ("train on", "gan-lab resume x train.iterations=200"),
        ),
        (Finding("critic_dead", "failure", "It."), "completed", None),
        (Finding("divergence", "failure", "It."), "diverged", None),
        (
            Finding("poor", "warning", "It.", "train.iterations=400"),
            "completed",
            ("way out", "gan-lab resume x train.iterations=400"),
        ),
        (
            Finding("nothing_moves", "advice", "It.", "train.iterations=50"),
            "completed",
            ("way out", "gan-lab train seed=0 train.iterations=50"),
        ),
        (None, "interrupted", ("go on", "gan-lab resume x")),
    ],
)
def test_a_run_ends_in_six_lines_at_most_and_is_gone_on_with_only_if_it_lives(
    verdict: Finding | None,
    status: str,
    offered: tuple[str, str] | None,
    ended: Ended,
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = commands_after([ended(verdict, status, numbers={MEDIAN: 0.5, W1_EXACT: 0.5})], caplog)
    assert len(caplog.messages) <= 6
    assert {*said.items()} >= ({offered} if offered else set())
    assert len({"train on", "way out", "go on"} & {*said}) == (offered is not None)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"every": 0}, "not measured; gan-lab evaluate x does, and metrics.every=100 while it is trained"),
        (
            {"every": 100, "iteration": 99, "status": "diverged"},
            "not measured: it ended before the first measurement, at iteration 100; gan-lab evaluate x does",
        ),
        ({"every": 50, "status": "diverged"}, "not measured: the samples were not finite"),
        ({"every": 200}, "not measured: the samples were not finite"),  # measured at the end
        (
            {"every": 50, "numbers": {floor_tag(W1_EXACT): 0.1}},
            "not measured: compared with real ones, these samples gave no number",
        ),
    ],
)
def test_why_quality_is_not_known_is_said(
    fields: dict[str, Any], why: str, ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    assert commands_after([ended(**fields)], caplog)["quality"] == why


@pytest.mark.parametrize(
    ("every", "said"), [(50, "W1 0.5  (of iteration 100)"), (100, "W1 0.5"), (0, "W1 0.5")]
)
def test_a_number_that_is_the_last_of_several_says_so(
    every: int, said: str, ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    """The verdict below it may be of their median."""
    assert commands_after([ended(numbers={W1_EXACT: 0.5}, every=every)], caplog)["quality"] == said


def test_what_is_measured_at_the_last_iteration_alone_counts(train: Train) -> None:
    run = train(
        "run", *FAST, "objective=wgan_gp", "train.iterations=6", "metrics.every=100", "metrics.samples=32"
    )
    names = [verdict.name for verdict in read_run(run).verdicts]
    assert "poor" in names  # by one measurement, which the table has no row for


def test_a_run_that_goes_on_is_judged_anew(train: Train) -> None:
    run = train("run", *FAST, "train.iterations=20")
    assert read_run(run).verdicts[0].name == "critic_dead"
    train("run", *FAST, "train.iterations=20", iterations=24)
    assert len(read_run(run).verdicts) >= 1
    assert read_run(run).iteration == 24


def test_a_run_that_diverged_says_what_came_before(train: Train, caplog: pytest.LogCaptureFixture) -> None:
    run = train("run", *FAST, "objective=fgan_kl", "optimizer.lr=5", "train.iterations=50")
    record = read_run(run)
    assert record.status == "diverged"
    assert record.verdicts[0].name == "divergence"
    assert record.message
    assert record.message in record.verdicts[0].sentence
    assert "divergence: " in told(caplog.messages)[0]


def test_advice_to_stop_is_given_once_and_while_the_run_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    advice, record = StoppingAdvice(7), observed({}).record
    for at in range(500, 3001, 500):
        advice.of(record, at, {"distance/w1_exact": 2.0 if at == 500 else 1.0})
        assert len(caplog.messages) == (at >= 2000)
    assert caplog.messages[0].startswith("Seed 7, iteration 2,000: Nothing has moved for 1,000 iterations: ")
    assert "since iteration 1,000" in caplog.messages[0]
