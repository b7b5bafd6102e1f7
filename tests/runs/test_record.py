import json
import os
import subprocess
import sys
import time

import pytest

from gan_lab.config.errors import UserError
from gan_lab.files.lock import FolderLock
from gan_lab.runs import reading
from gan_lab.runs.reading import find_runs, read_run
from gan_lab.runs.record import ExecutionRecord, RunRecord


def a_run(path, **fields):
    path.mkdir(parents=True, exist_ok=True)
    record = RunRecord(path, **{"status": "completed", **fields})
    record.write()
    return record


def test_a_record_comes_back(tmp_path):
    record = a_run(
        tmp_path,
        status="diverged",
        iteration=3,
        iterations=5,
        message="NaN.",
        duration_s=1.5,
        seed=2,
        git={"commit": "ab", "dirty": True},
        process={"pid": 5, "host": "h"},
        execution=ExecutionRecord("compiled", seeds=16, stacked=True),
        measured_by=("0a0a0a0a", "0b0b0b0b"),
        final={"distance/jsd": 0.5, "loss/critic": "-inf"},
    )
    assert read_run(tmp_path) == record
    assert record.numbers == {"distance/jsd": 0.5, "loss/critic": float("-inf")}


def test_paths_lie_in_the_folder(tmp_path):
    record = a_run(tmp_path)
    assert record.metrics_path == tmp_path / "metrics.csv"
    assert record.samples_path == tmp_path / "samples"
    assert record.checkpoints_path == tmp_path / "checkpoints"


def test_a_folder_that_was_moved_is_found_where_it_is(tmp_path):
    a_run(tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    assert read_run(tmp_path / "new").path == tmp_path / "new"


def test_running_without_a_holder_is_interrupted(tmp_path):
    a_run(tmp_path, status="running")
    assert read_run(tmp_path).status == "interrupted"
    lock = FolderLock(tmp_path)
    assert read_run(tmp_path).status == "running"
    lock.release()
    assert read_run(tmp_path).status == "interrupted"
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "running"


def test_a_run_that_ends_while_it_is_read_is_not_interrupted(tmp_path, monkeypatch):
    a_run(tmp_path, status="running")

    def end(path):
        a_run(path, status="completed")
        return False

    monkeypatch.setattr(reading, "is_locked", end)
    assert read_run(tmp_path).status == "completed"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is not a run folder: it has no run.json."),
        ("file", "is not a run folder: it has no run.json."),
        ("absent", "does not exist."),
        ("file/below", "does not exist."),
    ],
)
def test_what_is_no_run_folder_is_said_to_be_none(tmp_path, name, fault):
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as caught:
        read_run(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name} {fault}"


def test_of_a_file_of_a_run_its_folder_is_named(tmp_path):
    a_run(tmp_path)
    file = tmp_path / "run.json"
    with pytest.raises(UserError) as caught:
        read_run(file)
    assert str(caught.value) == f"{file} is a file of a run; name the folder that holds it: {tmp_path}."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "Expecting value"),
        ('{"format": 1, "status": "runn', "Unterminated string"),
        ("[]", "its content must be a dict; got []."),
        ("[" * 100_000, "maximum recursion depth"),
        ("\udcff", "invalid start byte"),
        ('{"format": 3, "status": "running"}', "format must be 1 or 2; got 3."),
        ('{"status": "running"}', "format must be 1 or 2; got None."),
        ('{"format": 2}', "status must be one of running, completed, "),
        ('{"format": 1, "status": "done"}', "got 'done'."),
        ('{"format": 2, "status": "done"}', "got 'done'."),
        ('{"format": 2, "status": "running", "iteration": -1}', "iteration must be a whole number, 0 or"),
        ('{"format": 2, "status": "running", "duration_s": NaN}', "duration_s must be a finite number, 0 or"),
        ('{"format": 2, "status": "running", "final": {"a": "b"}}', "final must be a mapping"),
        (
            '{"format": 2, "status": "running", "measured_by": "a"}',
            "measured_by must be a list, each entry text",
        ),
        (
            '{"format": 2, "status": "running", "measured_by": [1]}',
            "measured_by must be a list, each entry text",
        ),
    ],
)
def test_a_damaged_record_is_reported(tmp_path, text, fault):
    (tmp_path / "run.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UserError) as caught:
        read_run(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'run.json'} is damaged, or of another version of gan-lab: ")
    assert fault in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("execution", "fault"),
    [
        ("eager", "execution must be a dict or null; got 'eager'."),
        ([], "execution must be a dict or null; got []."),
        (
            {},
            "execution.mode is missing; ExecutionRecord has mode, seeds, stacked, slot, threads, rule, "
            "processes.",
        ),
        ({"mode": "warp"}, "execution.mode must be one of eager, compiled, graph; got 'warp'."),
        ({"mode": "eager", "seeds": 0}, "execution.seeds must be a whole number greater than 0; got 0."),
        ({"mode": "eager", "seeds": 1.5}, "execution.seeds must be a whole number greater than 0; got 1.5."),
        ({"mode": "eager", "seeds": 2, "stacked": 1}, "execution.stacked must be true or false; got 1."),
        ({"mode": "eager", "stacked": True}, "execution.stacked must be false for a single seed; got True."),
        ({"mode": "eager", "slot": 1}, "execution.slot must be below the number of seeds (1); got 1."),
    ],
)
def test_a_damaged_execution_is_reported(tmp_path, execution, fault):
    content = {"format": 2, "status": "running", "execution": execution}
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        read_run(tmp_path)
    assert str(caught.value).endswith(f"of another version of gan-lab: {fault}")


# Format 1, whose texts are values now


def a_record_of_format_1(path, **fields):
    (path / "run.json").write_text(json.dumps({"format": 1, "status": "completed", **fields}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("eager", ExecutionRecord("eager")),
        ("compiled", ExecutionRecord("compiled")),
        ("graph", ExecutionRecord("graph")),
        ("eager, 2 seeds in turn", ExecutionRecord("eager", seeds=2)),
        ("eager, 16 seeds stacked", ExecutionRecord("eager", seeds=16, stacked=True)),
        ("compiled, 10 seeds in turn", ExecutionRecord("compiled", seeds=10)),
        ("compiled, 2 seeds stacked", ExecutionRecord("compiled", seeds=2, stacked=True)),
        ("graph, 3 seeds in turn", ExecutionRecord("graph", seeds=3)),
        ("graph, 256 seeds stacked", ExecutionRecord("graph", seeds=256, stacked=True)),
    ],
)
def test_an_execution_of_format_1_is_read_and_still_shown_so(tmp_path, text, expected):
    a_record_of_format_1(tmp_path, execution=text)
    execution = read_run(tmp_path).execution
    assert execution == expected
    assert str(execution or "") == text


@pytest.mark.parametrize(
    ("text", "expected"), [("", ()), ("0a0a", ("0a0a",)), ("0a0a+0b0b", ("0a0a", "0b0b"))]
)
def test_networks_of_format_1_are_read(tmp_path, text, expected):
    a_record_of_format_1(tmp_path, measured_by=text)
    assert read_run(tmp_path).measured_by == expected


def test_what_is_read_of_format_1_is_written_in_this_one(tmp_path):
    a_record_of_format_1(tmp_path, execution="eager, 2 seeds stacked", measured_by="0a0a")
    record = read_run(tmp_path)
    record.write()
    assert json.loads((tmp_path / "run.json").read_text())["format"] == 2
    assert read_run(tmp_path) == record


@pytest.mark.parametrize(
    "fields",
    [
        {"execution": text}
        for text in (
            *("warp", "eager ", "eager, 2 seeds", "eager, 1 seeds stacked", "eager, -2 seeds stacked"),
            *("eager, \u0662 seeds stacked", f"eager, {'9' * 5000} seeds stacked", "eager\n", None, 1, {}),
        )
    ]
    + [{"measured_by": value} for value in (None, 1, ["0a0a"])],
)
def test_a_damaged_text_of_format_1_is_reported(tmp_path, fields):
    a_record_of_format_1(tmp_path, **fields)
    with pytest.raises(UserError, match=rf"is damaged, .*: {next(iter(fields))} must be .*; got ") as caught:
        read_run(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_named_as_the_record_is_reported(tmp_path):
    (tmp_path / "run.json").mkdir()
    with pytest.raises(UserError, match="could not be read: Is a directory"):
        read_run(tmp_path)


def test_keys_of_a_later_version_are_ignored(tmp_path):
    content = {"format": 2, "status": "completed", "colour": "red", "path": "/"}
    content["execution"] = {"mode": "eager", "colour": "red"}
    (tmp_path / "run.json").write_text(json.dumps(content))
    assert read_run(tmp_path) == RunRecord(tmp_path, "completed", execution=ExecutionRecord("eager"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [1", "is not valid YAML: "),
        ("a: !!python/object/apply:os.system ['touch executed']", "is not valid YAML: could not determine"),
        ("\udcff", "is not valid YAML: "),
        ("- 1", "must hold a mapping; got [1]."),
        ("", "must hold a mapping; got None."),
        (None, "could not be read: No such file or directory."),
    ],
)
def test_a_malformed_configuration_is_reported(tmp_path, monkeypatch, text, fault):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "config.yaml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UserError) as caught:
        RunRecord(tmp_path, "completed").read_config()
    assert str(caught.value).startswith(f"{tmp_path / 'config.yaml'} {fault}")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "executed").exists()


def test_runs_are_found_at_every_depth_by_age(tmp_path):
    a_run(tmp_path / "c", started="2026-01-03T00:00:00+00:00")
    a_run(tmp_path / "a" / "deep" / "er", started="2026-01-02T00:00:00+00:00")
    a_run(tmp_path / "b", started="2026-01-01T00:00:00+00:00")
    a_run(tmp_path / "b" / "checkpoints" / "copy")
    a_run(tmp_path / "b" / "samples" / "copy")
    (tmp_path / "empty").mkdir()
    os.symlink(tmp_path, tmp_path / "loop")
    assert [str(r.path.relative_to(tmp_path)) for r in find_runs(tmp_path)] == ["b", "a/deep/er", "c"]
    assert [r.path for r in find_runs(tmp_path / "c")] == [tmp_path / "c"]


def test_a_run_may_lie_in_a_folder_called_profile(tmp_path):
    run = a_run(tmp_path / "outputs" / "profile")
    assert [each.path for each in find_runs(tmp_path)] == [run.path]


def test_a_damaged_run_does_not_hide_the_others(tmp_path):
    good = a_run(tmp_path / "good", started="2026-01-01T00:00:00+00:00")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text("{")
    bad, found = find_runs(tmp_path)
    assert found == good
    assert (bad.path, bad.status) == (tmp_path / "bad", "failed")
    assert "run.json is damaged" in bad.message


@pytest.mark.parametrize(("name", "fault"), [("absent", "does not exist"), ("file", "is not a folder")])
def test_a_root_that_is_no_folder_is_reported(tmp_path, name, fault):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=f"{name} {fault}"):
        find_runs(tmp_path / name)


def test_a_thousand_runs_are_listed_in_a_moment(tmp_path):
    a_run(tmp_path / "0", final={"distance/jsd": 0.5})
    text = (tmp_path / "0" / "run.json").read_text()
    for number in range(1, 1000):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "run.json").write_text(text)
    before = time.process_time()
    assert len(find_runs(tmp_path)) == 1000
    assert time.process_time() - before < 3


def test_reading_runs_needs_no_torch():
    code = (
        "import sys, gan_lab.runs.opening, gan_lab.cli.run_table; "
        "print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False False\n"
