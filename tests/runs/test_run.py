import contextlib
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gan_lab.config.errors import UserError
from gan_lab.files.plain_yaml import dump_plain
from gan_lab.runs import provenance
from gan_lab.runs.config_hash import config_hash
from gan_lab.runs.opening import open_run
from gan_lab.runs.reading import read_run

CONFIG = {
    "objective": {"_target_": "gan_lab.objectives.wasserstein.Wasserstein"},
    "constraint": {"_target_": "gan_lab.constraints.clip.WeightClip", "bound": 0.01},
    "train": {"iterations": 100, "betas": [0.5, 0.9], "ema": None, "name": "ångström: no"},
    "seed": 3,
}
CHOICES = {"objective": "wasserstein", "constraint": "clip"}

# all try at the same moment; the one that wins stays until it is told to go
RACE = """
import pathlib, sys
from gan_lab.config.errors import UserError
from gan_lab.runs.opening import open_run
print("ready", flush=True)
sys.stdin.readline()
try:
    run = open_run(
        pathlib.Path(sys.argv[1]), {}, iterations=1, seed=0, device="cpu", command="", choices={}
    )
except UserError as error:
    print(error, flush=True)
else:
    print(run.outcome, flush=True)
sys.stdin.read()
"""

TRAIN = """
import itertools, pathlib, sys
from gan_lab.runs.opening import open_run
run = open_run(pathlib.Path(sys.argv[1]), {}, iterations=10**9, seed=0, device="cpu", command="", choices={})
print(run.outcome, flush=True)
for iteration in itertools.count(run.record.iteration + 1):
    run.update(iteration=iteration, final={"distance/critic_raw": iteration / 3})
"""


def start(path, config=CONFIG, choices=CHOICES, iterations=100):
    return open_run(
        path, config, iterations=iterations, seed=3, device="cpu", command="gan-lab seed=3", choices=choices
    )


def record_of(path):
    def refuse(constant):
        raise AssertionError(constant)

    return json.loads((path / "run.json").read_text(), parse_constant=refuse)


def test_a_new_run_writes_down_what_it_is(tmp_path):
    path = tmp_path / "a" / "b"
    with start(path) as run:
        assert run.outcome == "new"
        content = record_of(path)
        assert read_run(path) == run.record
        assert read_run(path).read_config() == CONFIG
    now = datetime.now(UTC)
    (sitting,) = content.pop("sittings")
    assert sitting == {
        "command": "gan-lab seed=3",
        "started": content["started"],
        "iteration": 0,
        "versions": content["versions"],
        "git": content["git"],
        "card": {},
    }
    for key in ("started", "updated"):
        moment = datetime.fromisoformat(content.pop(key))
        assert moment.utcoffset() == timedelta(0)
        assert abs(now - moment) < timedelta(seconds=60)
    assert content.pop("process")["pid"] == os.getpid()
    assert set(content.pop("versions")) >= {"gan_lab", "torch", "python", "platform"}
    git = content.pop("git")
    assert git is None or set(git) == {"commit", "dirty"}
    assert content == {
        "format": 2,
        "status": "running",
        "iteration": 0,
        "iterations": 100,
        "message": None,
        "data": [],
        "duration_s": 0.0,
        "command": "gan-lab seed=3",
        "seed": 3,
        "device": "cpu",
        "config_hash": config_hash(CONFIG),
        "choices": CHOICES,
        "bounds": {},
        "estimate_at_equality": 0.0,
        "execution": None,
        "measured_by": [],
        "trackers": {},
        "final": {},
        "verdicts": [],
        "evaluated": "",
    }
    assert (path / "config.yaml").read_text().startswith("objective:\n")
    assert sorted(os.listdir(path)) == [".lock", "config.yaml", "run.json"]


def test_updates_change_what_they_name(tmp_path):
    with start(tmp_path) as run:
        run.update(iteration=40, final={"distance/jsd": 0.5})
        run.update(iteration=50)
        run.update(status="completed", message="Done.")
        assert run.record == read_run(tmp_path)
    found = read_run(tmp_path)
    assert (found.status, found.iteration, found.message) == ("completed", 50, "Done.")
    assert found.numbers == {"distance/jsd": 0.5}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 2, -0.0])
def test_every_number_survives_json(tmp_path, value):
    with start(tmp_path) as run:
        run.update(final={"distance/jsd": value})
        record_of(tmp_path)
        assert repr(read_run(tmp_path).numbers["distance/jsd"]) == repr(float(value))


def test_durations_add_up_over_resumptions(tmp_path, monkeypatch):
    clock = iter([100.0, 103.0, 1000.0, 1004.5])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    for expected in (3.0, 7.5):
        with start(tmp_path) as run:
            run.update(iteration=1)
            assert read_run(tmp_path).duration_s == expected


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_an_unfinished_run_is_resumed(tmp_path, status):
    with start(tmp_path) as run:
        run.update(status=status, iteration=7, message="Why.", final={"distance/jsd": 0.5})
        before = run.record
    with start(tmp_path) as run:
        assert run.outcome == "resumed"
        found = read_run(tmp_path)
        assert (found.status, found.iteration, found.message) == ("running", 7, None)
        assert found.started == before.started
        assert found.final == before.final


def test_what_began_a_run_stays_and_every_sitting_is_added(tmp_path, monkeypatch, caplog):
    versions = {"gan_lab": "1", "torch": "2.14", "python": "3.11"}
    commit = {"commit": "a" * 40, "dirty": False}

    def sit(command, iteration, git=commit, **changes):
        monkeypatch.setattr(provenance, "versions", lambda: versions | changes)
        monkeypatch.setattr(provenance, "git_state", lambda: git)
        about = {"iterations": 100, "seed": 3, "device": "cpu", "choices": CHOICES, "bounds": {}}
        with open_run(tmp_path, CONFIG, command=command, **about) as run:
            run.update(iteration=iteration)
        return caplog.messages[-1:]

    assert sit("gan-lab train", 7) == []
    assert sit("gan-lab resume a", 8) == []
    assert sit("gan-lab resume b", 9, torch="2.15") == [
        f"{tmp_path} goes on with other code, which may round otherwise: torch 2.14 then, 2.15 now."
    ]
    dirty = {"commit": "b" * 40, "dirty": True}
    assert sit("gan-lab resume c", 9, torch="2.15", git=dirty) == [
        f"{tmp_path} goes on with other code, which may round otherwise: "
        f"commit {'a' * 12} then, {'b' * 12} with changes now."
    ]
    assert len(caplog.messages) == 2
    record = read_run(tmp_path)
    assert (record.command, record.versions, record.git) == ("gan-lab train", versions, commit)
    told = [(each.command, each.iteration, each.versions["torch"]) for each in record.sittings]
    assert told == [
        ("gan-lab train", 0, "2.14"),
        ("gan-lab resume a", 7, "2.14"),
        ("gan-lab resume b", 8, "2.15"),
        ("gan-lab resume c", 9, "2.15"),
    ]
    assert record.sittings[-1].git == dirty


def test_the_first_sitting_of_an_earlier_version_is_what_its_record_says(tmp_path):
    start(tmp_path).close()
    content = record_of(tmp_path)
    del content["sittings"]
    (tmp_path / "run.json").write_text(json.dumps(content))
    start(tmp_path).close()
    first, second = read_run(tmp_path).sittings
    assert (first.command, first.started) == (content["command"], content["started"])
    assert second.iteration == 0


@pytest.mark.parametrize("status", ["completed", "diverged"])
def test_a_finished_run_is_left_as_it_is(tmp_path, status):
    with start(tmp_path) as run:
        run.update(status=status, iteration=100, message="Why.")
    before = (tmp_path / "run.json").read_bytes()
    with start(tmp_path) as run:
        assert run.outcome == "finished"
        assert run.record.status == status
    assert (tmp_path / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("status", "iterations", "outcome", "recorded"),
    [
        ("completed", 101, "resumed", 101),
        ("completed", 99, "finished", 100),
        ("interrupted", 99, "resumed", 100),
        ("diverged", 101, "finished", 100),
    ],
)
def test_a_completed_run_can_be_given_more_iterations(tmp_path, status, iterations, outcome, recorded):
    with start(tmp_path) as run:
        run.update(status=status, iteration=100)
    with start(tmp_path, iterations=iterations) as run:
        assert run.outcome == outcome
        assert run.record.iterations == recorded
    assert read_run(tmp_path).iterations == recorded


@pytest.mark.parametrize(
    ("key", "value", "difference"),
    [
        ("seed", 4, "seed=3"),
        ("train", {**CONFIG["train"], "iterations": 7}, "train.iterations=100"),
        ("train", {**CONFIG["train"], "more": 7}, "train.more=absent"),
    ],
)
def test_a_run_with_another_configuration_is_refused(tmp_path, key, value, difference):
    with start(tmp_path) as run:
        run.update(status="completed")
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(UserError) as caught:
        start(tmp_path, CONFIG | {key: value})
    assert str(caught.value) == (
        f"{tmp_path} holds a run with another configuration ({difference}); choose another hydra.run.dir."
    )
    assert (tmp_path / "run.json").read_bytes() == before
    start(tmp_path).close()  # the refusal let go of the folder


def test_a_config_that_was_edited_since_is_named(tmp_path):
    start(tmp_path).close()
    config = CONFIG | {"seed": 4}
    (tmp_path / "config.yaml").write_bytes(dump_plain(config))
    with pytest.raises(UserError) as caught:
        start(tmp_path, config)
    assert str(caught.value) == (
        f"{tmp_path / 'config.yaml'} was changed after the run had begun; it goes on with the settings that "
        "it began with, or not at all."
    )


def test_another_choice_is_named_instead_of_all_that_lies_below_it(tmp_path):
    start(tmp_path).close()
    config = CONFIG | {"constraint": {"_target_": "other", "weight": 10.0}, "seed": 4}
    with pytest.raises(UserError, match=r"\(constraint=clip, seed=3\)"):
        start(tmp_path, config, CHOICES | {"constraint": "gradient_penalty"})


def test_a_damaged_record_is_not_overwritten(tmp_path):
    start(tmp_path).close()
    (tmp_path / "run.json").write_text("{")
    for _ in range(2):  # the second time shows that the first let go of the folder
        with pytest.raises(UserError, match="is damaged, or of another version"):
            start(tmp_path)
    assert (tmp_path / "run.json").read_text() == "{"


def test_a_folder_in_use_is_refused(tmp_path):
    with start(tmp_path), pytest.raises(UserError, match=f"is being trained by process {os.getpid()} on "):
        start(tmp_path)
    start(tmp_path).close()


def test_of_many_processes_exactly_one_gets_a_new_folder(tmp_path):
    path, pipe = tmp_path / "run", subprocess.PIPE
    command = [sys.executable, "-c", RACE, str(path)]
    with contextlib.ExitStack() as stack:
        racers = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
            for _ in range(5)
        ]
        assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 5
        for racer in racers:
            racer.stdin.write("go\n")
            racer.stdin.flush()
        answers = {racer.pid: racer.stdout.readline().strip() for racer in racers}
    winner = read_run(path).process["pid"]
    assert answers.pop(winner) == "new"
    assert len(answers) == 4
    for answer in answers.values():
        assert answer.startswith(f"{path} is being trained by process {winner} on ")


def wait_for_an_update(path, after):
    """Return how far a run is once it is further than before."""
    deadline = time.monotonic() + 120
    while (iteration := read_run(path).iteration) <= after:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return iteration


def test_a_killed_run_is_interrupted_whole_and_resumed(tmp_path):
    at = 0
    for outcome in ("new", "resumed", "resumed"):
        with subprocess.Popen(
            [sys.executable, "-c", TRAIN, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout.readline() == f"{outcome}\n"
            at = wait_for_an_update(tmp_path, at)
            assert read_run(tmp_path).status == "running"
            process.send_signal(signal.SIGKILL)
        found = read_run(tmp_path)
        assert found.status == "interrupted"
        assert found.iteration >= at
        assert found.numbers == {"distance/critic_raw": found.iteration / 3}
    open_run(tmp_path, {}, iterations=1, seed=0, device="cpu", command="", choices={}).close()
    assert sorted(os.listdir(tmp_path)) == [".lock", "config.yaml", "run.json"]


def test_a_run_killed_as_it_began_begins_anew(tmp_path):
    start(tmp_path).close()
    (tmp_path / "run.json").rename(tmp_path / ".run.json.00112233.partial")
    with start(tmp_path) as run:
        assert run.outcome == "new"
    assert sorted(os.listdir(tmp_path)) == [".lock", "config.yaml", "run.json"]


def test_what_hydra_makes_before_us_is_accepted(tmp_path):
    (tmp_path / ".hydra").mkdir()
    (tmp_path / "cli.log").touch()
    with start(tmp_path) as run:
        assert run.outcome == "new"


@pytest.mark.parametrize("name", ["thesis.tex", "config.yaml", ".hidden", "checkpoints"])
def test_a_folder_of_other_things_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError) as caught:
        start(tmp_path)
    assert str(caught.value) == (
        "hydra.run.dir must be a new or empty folder, or that of a run; "
        f"got {str(tmp_path)!r}, which holds {name}."
    )
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(
    ("folder", "reason"),
    [("file", "File exists"), ("file/below", "Not a directory"), ("x" * 300, "File name too long")],
)
def test_a_path_that_cannot_be_a_folder_is_reported(tmp_path, folder, reason):
    (tmp_path / "file").touch()
    path = tmp_path / folder
    with pytest.raises(UserError) as caught:
        start(path)
    assert (
        str(caught.value)
        == f"hydra.run.dir must be a folder that can be written; got {str(path)!r} ({reason})."
    )


def test_an_unwritable_folder_is_reported():
    with pytest.raises(UserError, match=r"hydra\.run\.dir must be a folder that can be written; got '/proc/"):
        start(Path("/proc/gan-lab"))


@pytest.mark.parametrize(("freed", "status"), [(True, "failed"), (False, "interrupted")])
def test_a_full_disk_leaves_the_last_record_and_lets_go(tmp_path, monkeypatch, freed, status):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    def train():
        with start(tmp_path) as run:
            run.update(iteration=1)
            monkeypatch.setattr(os, "write", fail)
            try:
                run.update(iteration=2)
            finally:
                if freed:
                    monkeypatch.undo()

    with pytest.raises(UserError, match=r"run\.json could not be written: No space left on device"):
        train()
    monkeypatch.undo()
    found = read_run(tmp_path)
    assert (found.iteration, found.status) == (1, status)
    with start(tmp_path) as run:
        assert run.outcome == "resumed"


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), "interrupted", "Stopped by KeyboardInterrupt."),
        (KeyboardInterrupt("SIGTERM"), "interrupted", "Stopped by SIGTERM."),
        (SystemExit(1), "interrupted", "Stopped by SystemExit."),
        (UserError("Bad data."), "failed", "Bad data."),
        (RuntimeError("out of memory"), "failed", "RuntimeError: out of memory"),
    ],
)
def test_an_exception_is_written_down(tmp_path, error, status, message):
    with pytest.raises(type(error)), start(tmp_path):
        raise error
    found = read_run(tmp_path)
    assert (found.status, found.message) == (status, message)


def test_an_exception_after_the_end_changes_nothing(tmp_path):
    def train():
        with start(tmp_path) as run:
            run.update(status="diverged", message="NaN in loss/critic.")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train()
    assert read_run(tmp_path).message == "NaN in loss/critic."


def test_a_closed_run_cannot_be_updated(tmp_path):
    run = start(tmp_path)
    run.close()
    with pytest.raises(AssertionError):
        run.update(iteration=1)


def test_many_runs_in_one_process_do_not_meet(tmp_path):
    for name in "abc":
        with start(tmp_path / name) as run:
            run.update(status="completed")
    assert len(os.listdir("/proc/self/fd")) < 100


@pytest.mark.parametrize(
    "same",
    [
        dict(reversed(CONFIG.items())),
        CONFIG | {"seed": 3.0},
        CONFIG | {"train": {**CONFIG["train"], "betas": (0.5, 0.9)}},
    ],
)
def test_equal_configurations_have_one_hash(same):
    assert config_hash(same) == config_hash(CONFIG)


@pytest.mark.parametrize("change", [{"seed": 3.5}, {"seed": "3"}, {"seed": None}, {"seed": True}, {"x": {}}])
def test_other_configurations_have_other_hashes(change):
    assert config_hash(CONFIG | change) != config_hash(CONFIG)


def test_the_hash_of_a_configuration_stays():
    expected = hashlib.sha256(b'{"a":1,"b":[0.5,null]}').hexdigest()[:12]
    assert config_hash({"b": (0.5, None), "a": 1.0}) == expected
    assert config_hash({"seed": 1}) != config_hash({"seed": True})
