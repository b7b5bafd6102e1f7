"""Seeds trained together that are interrupted, killed or lost: going on changes nothing, to the bit."""

import functools
import shutil
from pathlib import Path
from typing import Any

import pytest

from gan_lab.config.errors import UserError
from gan_lab.game.execution import make_execution
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import read_run
from gan_lab.runs.run import Run
from gan_lab.training import ensemble, execution_rule, launch, member, signals
from gan_lab.training.resume import resume
from support.command_line import gan_lab
from support.rounding import Course
from support.seed_runs import (
    ALL,
    RUN,
    Group,
    Lone,
    assert_close_run,
    assert_same_run,
    contents,
    how,
    interruption,
    layout,
    poison,
    start,
    statuses,
)

# Interrupted, and gone on with


@pytest.mark.parametrize("again", ["the same command", "resume"])
def test_going_on_after_an_interruption_changes_nothing(
    together: bool, again: str, tmp_path: Path, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = group(together)
    with interruption(after=7):
        start(tmp_path, "train.seeds=3")
    assert statuses(tmp_path) == [("interrupted", 7)] * 3
    # how they were played is known from before, and not tried again
    monkeypatch.delattr(execution_rule, "_choose_layout")
    if again == "resume":
        resume(tmp_path, [], [])
    else:
        start(tmp_path, "train.seeds=3")
    assert statuses(tmp_path) == [("completed", 12)] * 3
    for name in ALL:
        assert_same_run(tmp_path / name, undisturbed / name)


@pytest.mark.parametrize("behind", ["seed0", "seed1"])
def test_one_that_was_left_behind_catches_up_with_the_same_rounding(
    together: bool, behind: str, tmp_path: Path, group: Group
) -> None:
    """As after a kill between two members' checkpoints."""
    with interruption(after=7):
        start(tmp_path, "train.seeds=3")
    max((tmp_path / behind / "checkpoints").glob("*.pt")).unlink()
    assert load_newest(tmp_path / behind).iteration == 4
    start(tmp_path, "train.seeds=3")
    assert statuses(tmp_path) == [("completed", 12)] * 3
    for name in ALL:
        assert_same_run(tmp_path / name, group(together) / name)
        assert how(tmp_path / name) == how(group(together) / name)


def test_all_are_interrupted_while_one_catches_up(together: bool, tmp_path: Path, group: Group) -> None:
    with interruption(after=7):
        start(tmp_path, "train.seeds=3")
    max((tmp_path / "seed1" / "checkpoints").glob("*.pt")).unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signals.StopRequest, "__bool__", lambda self: True)
        start(tmp_path, "train.seeds=3")
    assert [status for status, _ in statuses(tmp_path)] == ["interrupted"] * 3
    start(tmp_path, "train.seeds=3")
    for name in ALL:
        assert_same_run(tmp_path / name, group(together) / name)


def test_one_of_many_goes_on_by_itself_with_the_same_rounding(
    together: bool, tmp_path: Path, group: Group
) -> None:
    with interruption(after=7):
        start(tmp_path, "train.seeds=3")
    assert gan_lab("resume", str(tmp_path / "seed1")).status == 0
    assert statuses(tmp_path) == [("interrupted", 7), ("completed", 12), ("interrupted", 7)]
    before = contents(tmp_path / "seed1")
    assert gan_lab("resume", str(tmp_path)).status == 0
    assert statuses(tmp_path) == [("completed", 12)] * 3
    assert contents(tmp_path / "seed1") == before
    for name in ALL:
        assert_same_run(tmp_path / name, group(together) / name)
        assert how(tmp_path / name) == how(group(together) / name)


def test_what_goes_on_beside_one_that_diverged_keeps_its_rounding(
    together: bool, tmp_path: Path, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = group(together)
    poison(monkeypatch, {1: 3})
    with interruption(after=7):
        start(tmp_path, "train.seeds=3")
    assert statuses(tmp_path) == [("interrupted", 7), ("diverged", 2), ("interrupted", 7)]
    resume(tmp_path, [], [])
    for name in ("seed0", "seed2"):
        assert_same_run(tmp_path / name, undisturbed / name)


@pytest.mark.parametrize("lost", [["seed1"], list(ALL)])
def test_seeds_that_have_no_record_yet_are_trained_with_the_others(
    lost: list[str], tmp_path: Path, group: Group
) -> None:
    """As after a kill while folders were claimed, or after one was deleted."""
    with layout(together=True):
        with interruption(after=7):
            start(tmp_path, "train.seeds=3")
        for name in lost:
            shutil.rmtree(tmp_path / name)
        resume(tmp_path, [], [])
    assert statuses(tmp_path) == [("completed", 12)] * 3
    for name in ALL:
        assert_same_run(tmp_path / name, group(True) / name)


def test_what_was_asked_for_is_written_before_a_folder_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: Any, **more: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "open_run", killed)
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, "train.seeds=[5,2]")
    monkeypatch.undo()
    resume(tmp_path, [], [])
    assert [(path.name, read_run(path).iteration) for path in sorted(tmp_path.glob("seed?"))] == [
        ("seed2", 12),
        ("seed5", 12),
    ]


def test_what_was_refused_leaves_no_word_of_seeds(tmp_path: Path) -> None:
    (tmp_path / "seed0").mkdir()
    (tmp_path / "seed0" / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match=r"holds thesis\.tex"):
        start(tmp_path, "train.seeds=3")
    assert contents(tmp_path) == {Path("seed0/thesis.tex"): b"mine"}


def test_seeds_of_another_config_are_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    start(tmp_path, "train.seeds=2", "train.iterations=4")
    before = contents(tmp_path)
    with pytest.raises(UserError, match="holds seeds of another configuration"):
        start(tmp_path, "train.seeds=[7]", "train.iterations=5")
    assert contents(tmp_path) == before


def test_more_seeds_join_the_folder(tmp_path: Path) -> None:
    start(tmp_path, "train.seeds=2", "train.iterations=4")
    start(tmp_path, "train.seeds=3", "train.iterations=4")
    shutil.rmtree(tmp_path / "seed0")
    resume(tmp_path, [], [])
    assert statuses(tmp_path) == [("completed", 4)] * 3


def test_killed_after_the_last_checkpoint_is_completed(tmp_path: Path, group: Group) -> None:
    with layout(together=True):
        start(tmp_path, "train.seeds=3")
    for name in ALL:
        path = tmp_path / name / "run.json"
        path.write_text(path.read_text().replace('"completed"', '"running"'))
    start(tmp_path, "train.seeds=3")
    assert statuses(tmp_path) == [("completed", 12)] * 3
    for name in ALL:
        assert_same_run(tmp_path / name, group(True) / name)


def test_what_is_finished_is_left_alone(tmp_path: Path) -> None:
    returned = start(tmp_path, "train.seeds=2", "train.iterations=4")
    before = contents(tmp_path)
    assert start(tmp_path, "train.seeds=2", "train.iterations=4") == returned
    resume(tmp_path, [], [])
    assert contents(tmp_path) == before


def test_more_iterations_are_the_same_as_a_longer_run(together: bool, tmp_path: Path, group: Group) -> None:
    start(tmp_path, "train.seeds=3", "train.iterations=8")
    resume(tmp_path, ["train.iterations=12"], [])
    assert statuses(tmp_path) == [("completed", 12)] * 3
    for name in ALL:
        assert_same_run(tmp_path / name, group(together) / name)


@pytest.mark.slow
def test_a_run_goes_on_in_every_mode(
    tmp_path: Path, lone: Lone, monkeypatch: pytest.MonkeyPatch, allowed: Course
) -> None:
    """Two seeds eagerly in one call, then compiled in one call, then one of them by itself."""
    quickly = functools.partial(make_execution, backend="aot_eager")
    monkeypatch.setattr(ensemble, "make_execution", quickly)
    with layout(together=True):
        with interruption(after=3):
            start(tmp_path, "train.seeds=2")
        with interruption(after=4):
            resume(tmp_path, ["train.execution=compiled"], [])
    assert statuses(tmp_path) == [("interrupted", 7)] * 2
    assert how(tmp_path / "seed1") == "compiled, 2 seeds stacked"
    with interruption(after=3):
        resume(tmp_path / "seed1", ["train.execution=compiled"], [])
    assert how(tmp_path / "seed1") == "compiled"
    resume(tmp_path / "seed1", ["train.execution=eager"], [])
    assert how(tmp_path / "seed1") == "eager"
    assert_close_run(tmp_path / "seed1", lone(1), allowed)


def test_a_run_that_a_graph_played_goes_on_without_a_gpu(tmp_path: Path, lone: Lone, allowed: Course) -> None:
    with interruption(after=7):
        start(tmp_path, "seed=1", "train.execution=auto")
    path = tmp_path / "run.json"
    text = path.read_text()
    assert '"mode": "eager"' in text
    path.write_text(text.replace('"mode": "eager"', '"mode": "graph"'))
    resume(tmp_path, [], [])
    assert how(tmp_path) == "eager"
    assert_close_run(tmp_path, lone(1), allowed)


@pytest.mark.parametrize("when", ["before", "after", "in the record"])
def test_a_second_signal_leaves_no_record_behind_its_checkpoint(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two signals, one soon after the other: the second comes while the run is saved at iteration 7."""
    write = Run.update if when == "in the record" else member.save
    stopped = []

    def interrupted(*given: Any, **more: Any) -> Any:
        at = more.get("iteration", 0) if when == "in the record" else given[1].iteration
        if at == 7 and not stopped:
            stopped.append(at)
            if when == "after":
                write(*given, **more)
            raise KeyboardInterrupt("SIGTERM")
        return write(*given, **more)

    monkeypatch.setattr(*((Run, "update") if when == "in the record" else (member, "save")), interrupted)
    with interruption(after=7), pytest.raises(KeyboardInterrupt):
        start(tmp_path / "run")
    record = read_run(tmp_path / "run")
    assert stopped == [7]
    assert (record.status, record.message) == ("interrupted", "Stopped by SIGTERM.")
    assert record.iteration == load_newest(tmp_path / "run").iteration == (4 if when == "before" else 7)


@pytest.mark.parametrize("damage", ["truncated", "gone", "no folder", "no table"])
def test_a_run_that_cannot_go_on_stays_as_it_was(damage: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert gan_lab("train", *RUN, "train.iterations=12", f"hydra.run.dir={run}").status == 0
    for file in (run / "checkpoints").glob("*.pt"):
        if damage == "truncated":
            file.write_bytes(file.read_bytes()[:100])
        elif damage == "gone":
            file.unlink()
    if damage == "no folder":
        shutil.rmtree(run / "checkpoints")
    if damage == "no table":
        (run / "metrics.csv").unlink()
    before = contents(run)
    called = gan_lab("resume", str(run), "train.iterations=20")
    assert called.status == 2
    assert called.err.startswith("gan-lab: ")
    if damage in ("gone", "no folder"):
        assert "holds no checkpoint any more of the 12 iterations that are done" in called.err
    assert {name: data for name, data in contents(run).items() if name in before} == before
    assert read_run(run).status == "completed"
