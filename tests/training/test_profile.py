"""``train.profile``: a trace of some iterations, and no other number."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_lab.runs.config_hash import config_hash
from gan_lab.training.profile import Profile
from support.configs import TOY, Train, compose_config

CPU = torch.device("cpu")
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
    with Profile(tmp_path, 10, first=0, until=100, device=CPU) as profile:
        for _ in range(13):
            profile.step()
    assert [path.name for path in (tmp_path / "profile").glob("*.txt")] == ["iterations_11_to_13.txt"]


@pytest.mark.parametrize("played", [0, 10])
def test_nothing_is_written_of_what_was_not_reached(played: int, tmp_path: Path) -> None:
    with Profile(tmp_path, 10, first=0, until=100, device=CPU) as profile:
        for _ in range(played):
            profile.step()
    assert list(tmp_path.rglob("*.json")) == []
    assert not (tmp_path / "profile").exists()


@pytest.mark.parametrize("name", ["profile", "profile/iterations_2_to_3.pt.trace.json"])
def test_what_cannot_be_written_is_said_and_training_goes_on(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # a file is in the way of the folder, or a folder in that of the trace, where nothing is raised
    in_the_way = tmp_path / name
    in_the_way.parent.mkdir(exist_ok=True)
    if name == "profile":
        in_the_way.touch()
    else:
        (in_the_way / "not_empty").mkdir(parents=True)
    with caplog.at_level("INFO", "gan_lab"), Profile(tmp_path, 2, first=0, until=3, device=CPU) as profile:
        for _ in range(3):
            profile.step()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "cannot be written to" in record.message


@pytest.mark.parametrize(("device", "recorded"), [("cpu", 1), ("cuda", 2)])
def test_the_card_is_recorded_where_it_trains(
    device: str, recorded: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.profiler, "profile", lambda **given: seen.append(given["activities"]))
    Profile(tmp_path, 2, first=0, until=10, device=torch.device(device))
    assert [len(activities) for activities in seen] == [recorded]


def test_a_run_goes_on_with_a_profile_in_the_folder_that_was_begun_without(train: Train) -> None:
    train("run", *RUN)
    run = train("run", *RUN, "train.profile=3")  # finished: it is left as it is
    assert not (run / "profile").exists()
    plain, recorded = compose_config(*RUN), compose_config(*RUN, "train.profile=3")
    assert config_hash(plain) == config_hash(recorded) != config_hash(compose_config(*RUN, "seed=1"))
