"""Run folders of strangers, at the command line: one sentence, in no time, and nothing outside is written."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command_line import Called, gan_lab
from support.configs import TOY

SMALL = [*TOY, "device=cpu", "objective=gan", "train.iterations=2", "train.batch_size=4", "train.seeds=null"]
PRECIOUS = b"a thesis\n"
FOLDERS = ["checkpoints", "samples", "generated", "evaluation", "exported", "profile", ".hydra"]
FILES = ["run.json", "config.yaml", ".lock", "metrics.csv", "timing.csv", "train.log"]


@pytest.fixture(name="original", scope="module")
def _original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was interrupted after an iteration, as far as its record says."""
    folder = tmp_path_factory.mktemp("original") / "run"
    called = gan_lab("train", *SMALL, f"hydra.run.dir={folder}")
    assert called.status == 0, called.err
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"status": "interrupted", "iterations": 4}))
    return folder


@pytest.fixture(name="run")
def _run(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(original, tmp_path / "run")
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_bytes(PRECIOUS)
    (outside / "folder" / "000000001-0123456789abcdef.pt").write_bytes(PRECIOUS)
    return tmp_path / "run"


def outside(run: Path) -> dict[str, bytes | None]:
    folder = run.parent / "outside"
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


COMMANDS: dict[str, Callable[[], Called]] = {
    "resume": lambda: gan_lab("resume", "run"),
    "extend": lambda: gan_lab("resume", "run", "train.iterations=5"),
    "train": lambda: gan_lab("train", *SMALL, "hydra.run.dir=run"),
    "sample": lambda: gan_lab("sample", "run", "--n", "2", "--format", "npy"),
    "progress": lambda: gan_lab("sample", "run", "--gif"),
    "interpolate": lambda: gan_lab("interpolate", "run", "--steps", "2"),
    "export": lambda: gan_lab("export", "run", "--format", "torch_export"),
    "evaluate": lambda: gan_lab("evaluate", "run", "--samples", "32"),
    "report": lambda: gan_lab("report", "run", "-o", "report"),
    "runs": lambda: gan_lab("runs", "run"),
    "diagnose": lambda: gan_lab("diagnose", "run"),
}


def replace(path: Path, kind: str) -> None:
    """Put something else in the place of a file or folder."""
    was_folder = path.is_dir()
    shutil.rmtree(path) if was_folder else path.unlink(missing_ok=True)
    if kind == "link":
        path.symlink_to("../outside/folder" if path.name in FOLDERS else "../outside/file")
    elif kind == "dangling":
        path.symlink_to("../outside/new")
    else:
        os.mkfifo(path)


@pytest.mark.parametrize(
    "kind", ["link", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("dangling", "pipe"))]
)
def test_a_folder_that_leads_outside_is_refused_by_every_command(run: Path, kind: str) -> None:
    before, record = outside(run), (run / "run.json").read_bytes()
    names = [*FILES, *FOLDERS, "seed0", "report", "tensorboard", ".run.json.00112233.partial"]
    for name in names:
        saved = run.with_name("saved")
        shutil.copytree(run, saved)
        replace(run / name, kind)
        for command in ("resume", "train", "sample", "evaluate", "progress", "interpolate", "export"):
            called = COMMANDS[command]()
            assert called.status == 2, (name, command, called)
            assert f"{name} is a {'pipe' if kind == 'pipe' else 'link'}, where" in called.err, (
                command,
                called,
            )
            assert called.err.count("\n") == 1
        for command in ("runs", "report"):
            called = COMMANDS[command]()
            assert "Traceback" not in called.out + called.err
            assert f"{name} is a " in called.out + called.err, (name, command, called)
        assert outside(run) == before, name
        if name != "run.json":
            assert (run / "run.json").read_bytes() == record
        assert not (run.parent / "report").exists()
        shutil.rmtree(run)
        saved.rename(run)


def test_what_lies_deeper_in_its_folders_is_looked_at_too(run: Path) -> None:
    before = outside(run)
    picture = next((run / "samples").glob("*.png"))
    replace(picture, "link")
    for command in ("resume", "train", "sample"):
        called = COMMANDS[command]()
        assert (called.status, f"samples/{picture.name} is a link" in called.err) == (2, True), called
    assert outside(run) == before


def test_a_linked_seed_is_not_trained(run: Path) -> None:
    group = run.parent / "group"
    group.mkdir()
    (group / "seed0").symlink_to("../run")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    for command in (["resume", "group"], ["train", *SMALL, "train.seeds=2", "hydra.run.dir=group"]):
        called = gan_lab(*command)
        assert (called.status, "group/seed0 is a link" in called.err) == (2, True), called
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert os.listdir(group) == ["seed0"]


def test_no_hard_link_is_written_through(run: Path) -> None:
    precious = {}
    for name in ["metrics.csv", "timing.csv", "train.log", ".lock", "run.json", "config.yaml"]:
        path = run.parent / "outside" / f"of_{name}"
        path.hardlink_to(run / name)
        precious[path] = path.read_bytes()
    called = COMMANDS["train"]()
    assert called.status == 0, called.err
    called = COMMANDS["extend"]()
    assert called.status == 0, called.err
    assert {path: path.read_bytes() for path in precious} == precious


def test_the_users_own_files_and_links_beside_are_left_alone(run: Path) -> None:
    (run / "notes.txt").write_text("mine")
    (run / "data").symlink_to("../outside/folder")
    assert COMMANDS["extend"]().status == 0
    assert COMMANDS["sample"]().status == 0
    assert (run / "data").is_symlink()
    assert (run / "notes.txt").read_text() == "mine"


def test_control_characters_are_shown_as_such(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    evil = "\x1b[2J\x1b[31mall is well\x07\u202e\x9b2J"
    (run / "run.json").write_text(json.dumps(record | {"status": "failed", "message": evil}))
    for command in ("runs", "report"):
        called = COMMANDS[command]()
        said = called.out + called.err
        if command == "report":
            said += (run.parent / "report" / "report.html").read_text()
            said += (run.parent / "report" / "runs.csv").read_text()
        assert "all is well" in said
        assert not set("\x1b\x07\u202e\x9b") & set(said)
    config = (run / "config.yaml").read_text()
    assert "  _target_: gan_lab.objectives.gan.NonSaturatingGAN" in config or "_target_: gan_lab" in config
    escaped = config.replace("device: cpu", 'device: "cpu\\e[2J"', 1)
    (run / "config.yaml").write_text(escaped)
    called = COMMANDS["resume"]()
    assert called.status == 2
    assert "\\x1b[2J" in called.err
    assert "\x1b" not in called.err
    assert called.err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("seed: &a 0", "anchor or an alias"),
        ("seed: !!set {a}", "tag"),
        ("trusted: [!!binary aGk=]", "tag"),
        ("seed: " + "9" * 5000, "seed must be a whole number, 0 or greater; got '999"),
        ("seed: " + "9" * 4200, ""),
        ("trusted: [2020-01-01]", ""),
        ("objective: {_target_: " + ".".join(["gan_lab"] * 3000) + "}", "dotted path of a class"),
        ("objective: {_target_: gan_lab.cli.__main__.main}", "dotted path of a class"),
        ("objective: {_target_: gan_lab}", "outside the packages"),
        ("objective: {_target_: gan_lab..x}", "dotted path of a class"),
        ("architecture: " + "{a: " * 100 + "1" + "}" * 100, "nested more than"),
        ("device: " + "x" * 100_000, "device must be one of"),
    ],
    ids=lambda value: value[:24],
)
def test_a_strangers_config_is_refused_in_a_short_sentence(run: Path, line: str, fault: str) -> None:
    key = line.partition(":")[0]
    lines = (run / "config.yaml").read_text().splitlines()
    begin = next(k for k, each in enumerate(lines) if each.startswith(f"{key}:"))
    end = next((k for k in range(begin + 1, len(lines)) if lines[k][:1] not in " -"), len(lines))
    (run / "config.yaml").write_text("\n".join([*lines[:begin], line, *lines[end:]]) + "\n")
    # sample does not ask the config where to run, and with which seed
    for command in ("resume",) if "must be" in fault else ("sample", "resume"):
        called = COMMANDS[command]()
        assert "Traceback" not in called.out + called.err
        assert called.status == 2 or not fault
        assert len(called.err) < 2000
        assert fault in called.err
        assert "set_int_max_str_digits" not in called.err
    called = COMMANDS["report"]()
    assert called.status in (0, 2)
    assert "Traceback" not in called.out + called.err


def test_a_record_with_an_endless_number_is_refused_by_its_key(run: Path) -> None:
    content = json.loads((run / "run.json").read_text())
    text = json.dumps(content | {"iterations": 4321}).replace("4321", "9" * 5000)
    (run / "run.json").write_text(text)
    called = COMMANDS["resume"]()
    assert called.status == 2
    assert "iterations must be a whole number, 0 or greater; got '999" in called.err
