"""``train.profile``: a trace of some iterations, and no other number."""

import json
from pathlib import Path
from typing import Any

import pytest

from gan_lab.training.profile import Profile
from support.configs import TOY, Train

RUN = [*TOY, "objective=gan", "device=cpu", "train.execution=eager", "train.iterations=14"]


def events(trace: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(trace.read_text())["traceEvents"]
    return found


def test_some_iterations_are_recorded_and_numbers_stay(train: Train) -> None:
    plain, recorded = train("plain", *RUN), train("recorded", *RUN, "train.profile=3")
    (trace,) = (recorded / "profile").glob("*.json")
    assert trace.name == "iterations_11_to_13.pt.trace.json"
    names = {event["name"] for event in events(trace)}
    assert {name for name in names if name.startswith("ProfilerStep#")} == {
        f"ProfilerStep#{step}" for step in (10, 11, 12)
    }
    assert "aten::linear" in names
    table = (recorded / "profile" / "iterations_11_to_13.txt").read_text()
    assert "Self CPU time total" in table
    assert not (plain / "profile").exists()
    assert (plain / "metrics.csv").read_bytes() == (recorded / "metrics.csv").read_bytes()


def test_of_a_short_run_fewer_are_skipped_or_recorded(train: Train) -> None:
    short = [each for each in RUN if "iterations" not in each]
    run = train("a", *short, "train.iterations=5", "train.profile=3")
    assert (run / "profile" / "iterations_3_to_5.pt.trace.json").is_file()
    run = train("b", *short, "train.iterations=2", "train.profile=100")
    assert (run / "profile" / "iterations_2_to_2.pt.trace.json").is_file()
    run = train("c", *short, "train.iterations=1", "train.profile=100")
    assert not (run / "profile").exists()


def test_seeds_that_are_trained_together_have_one_trace(train: Train) -> None:
    group = train("group", *RUN, "train.profile=1", "train.seeds=2")
    assert [path.parent for path in group.rglob("*.pt.trace.json")] == [group / "profile"]


def test_what_a_signal_ends_is_named_by_what_was_recorded(tmp_path: Path) -> None:
    with Profile(tmp_path, 10, first=0, until=100) as profile:
        for _ in range(13):
            profile.step()
    assert [path.name for path in (tmp_path / "profile").glob("*.txt")] == ["iterations_11_to_13.txt"]


@pytest.mark.parametrize("played", [0, 10])
def test_nothing_is_written_of_what_was_not_reached(played: int, tmp_path: Path) -> None:
    with Profile(tmp_path, 10, first=0, until=100) as profile:
        for _ in range(played):
            profile.step()
    assert list(tmp_path.rglob("*.json")) == []
