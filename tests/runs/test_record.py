import json
import os
import subprocess
import sys
import time

import pytest

from gan_lab.config.errors import UserError
from gan_lab.files.lock import FolderLock
from gan_lab.runs import record as record_module
from gan_lab.runs.record import RunRecord, find_runs, read_run


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

    monkeypatch.setattr(record_module, "is_locked", end)
    assert read_run(tmp_path).status == "completed"


@pytest.mark.parametrize("name", ["", "absent", "file"])
def test_what_is_no_run_folder_is_said_to_be_none(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as caught:
        read_run(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name} is not a run folder: it has no run.json."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "Expecting value"),
        ('{"format": 1, "status": "runn', "Unterminated string"),
        ("[]", "its content must be a dict; got []."),
        ("[" * 100_000, "maximum recursion depth"),
        ("\udcff", "invalid start byte"),
        ('{"format": 2, "status": "running"}', "format must be 1; got 2."),
        ('{"status": "running"}', "format must be 1; got None."),
        ('{"format": 1}', "status must be one of running, completed, "),
        ('{"format": 1, "status": "done"}', "got 'done'."),
        ('{"format": 1, "status": "running", "iteration": -1}', "iteration must be a whole number, 0 or"),
        ('{"format": 1, "status": "running", "duration_s": NaN}', "duration_s must be a number, 0 or"),
        ('{"format": 1, "status": "running", "final": {"a": "b"}}', "final must be a mapping"),
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


def test_a_folder_named_as_the_record_is_reported(tmp_path):
    (tmp_path / "run.json").mkdir()
    with pytest.raises(UserError, match="could not be read: Is a directory"):
        read_run(tmp_path)


def test_keys_of_a_later_version_are_ignored(tmp_path):
    (tmp_path / "run.json").write_text('{"format": 1, "status": "completed", "colour": "red", "path": "/"}')
    assert read_run(tmp_path) == RunRecord(tmp_path, "completed")


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


def test_a_damaged_run_does_not_hide_the_others(tmp_path):
    good = a_run(tmp_path / "good", started="2026-01-01T00:00:00+00:00")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text("{")
    bad, found = find_runs(tmp_path)
    assert found == good
    assert (bad.path, bad.status) == (tmp_path / "bad", "failed")
    assert "run.json is damaged" in bad.message


@pytest.mark.parametrize("name", ["absent", "file"])
def test_a_root_that_is_no_folder_is_reported(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=f"{name} is not a folder"):
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
        "import sys, gan_lab.runs.run, gan_lab.cli.run_table; "
        "print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False False\n"
