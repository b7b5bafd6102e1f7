"""Commands that gan-lab prints and records can be pasted, and names that it makes fit into a folder."""

import os
import subprocess
from pathlib import Path

import pytest
from hydra.types import RunMode
from omegaconf import OmegaConf
from PIL import Image

from gan_lab.cli.naming import run_name, sweep_name
from gan_lab.cli.typed_command import typed_command
from gan_lab.config.command_lines import override, words_of
from gan_lab.datasets.image_folder import ImageFolder
from gan_lab.reports.sweep.sweep_command import command_of_sweep
from gan_lab.runs.reading import load_record
from support.command_line import gan_lab

LONGEST_NAME = 255  # bytes, of Linux's file systems
FOLDERS = [b"it's a = [b], {c}", "日本 é ${x}".encode(), b"caf\xe9 \\"]


def pasted(line: str) -> list[str]:
    """What bash makes of a line that is pasted, without the name of the program."""
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True, timeout=60
    )
    program, *words = [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]
    assert program == "gan-lab"
    return words


def root_of(*task: str, **choices: str) -> object:
    settings = {"runtime": {"choices": {"objective": "wgan", **choices}}, "overrides": {"task": list(task)}}
    return OmegaConf.create({"seed": 0, "hydra": settings, "constraint": {"parts": {}}})


@pytest.mark.parametrize("letter", ["a", "é", "日", "😀", "\udcff", "/", "'"])
@pytest.mark.parametrize("count", [1, 79, 80, 81, 300])
def test_names_of_folders_are_short_in_bytes(letter: str, count: int) -> None:
    value = f"dataset.root={letter * count},b"
    chosen = root_of(value, objective=letter * count, dataset=letter * count)
    for name in (sweep_name([value, "experiment=stability"]), run_name(chosen, "0123456789ab")):
        assert len(f"{name}_2026-01-01_00-00-00-000000".encode()) <= LONGEST_NAME
        assert "/" not in name
        assert "�" not in name
    assert sweep_name([value]) != sweep_name([f"{value}c"])


def test_a_name_says_objective_dataset_seed_and_the_begin_of_the_hash() -> None:
    root = root_of("train.iterations=8", "seed=0", dataset="ring8", constraint="none")
    assert run_name(root, "0123456789ab") == "wgan_ring8_seed0_0123"


def test_the_command_brings_the_folders_of_configs() -> None:
    sources = [
        {"provider": "hydra", "path": "hydra.conf"},
        {"provider": "main", "path": "/gan_lab/conf"},
        {"provider": "command-line", "path": "/my conf"},
    ]
    settings = {
        "runtime": {"config_sources": sources, "choices": {}},
        "overrides": {"hydra": ["hydra.run.dir=x", "hydra.searchpath=[file:///more]"]},
        "mode": RunMode.RUN,
    }
    command = typed_command("train", OmegaConf.create(settings), ["objective=mine", "a='b c'"])
    words = ["--config-dir", "/my conf", "hydra.run.dir=x", "hydra.searchpath=[file:///more]"]
    words += ["objective=mine", "a='b c'"]
    assert pasted(command) == ["train", *words]
    assert words_of(command) == ["gan-lab", "train", *words]
    assert words_of("gan-lab it's") == ["gan-lab", "it's"]  # of an earlier version, or a stranger


@pytest.mark.parametrize("folder", ["run", "a folder"])
def test_the_recorded_command_repeats_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["objective=gan", "dataset=ring8", "device=cpu", "train.iterations=2", "train.batch_size=4"]
    typed = [f"hydra.run.dir='{folder}'", "hydra.job.name=other", *small]
    assert gan_lab("train", *typed).status == 0
    words = pasted(load_record(tmp_path / folder).command)
    assert words == ["train", *typed]
    (tmp_path / folder).rename(tmp_path / "first")
    assert gan_lab(*words).status == 0
    tables = [(tmp_path / name / "metrics.csv").read_bytes() for name in ("first", folder)]
    assert tables[0] == tables[1]


def test_the_recorded_command_of_a_job_repeats_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["dataset=ring8", "device=cpu", "train.iterations=2", "train.batch_size=4"]
    assert gan_lab("train", "-m", *small, "hydra.sweep.dir=sweep", "objective=gan,wgan").status == 0
    (run,) = (path.parent for path in Path("sweep").glob("wgan*/run.json"))
    words = pasted(load_record(run).command)
    assert not [word for word in words if word.startswith("hydra")]
    assert gan_lab(*words, "hydra.run.dir=alone").status == 0
    assert (run / "metrics.csv").read_bytes() == Path("alone/metrics.csv").read_bytes()


def test_what_makes_a_sweep_of_itself_is_told_not_to() -> None:
    runtime = {"config_sources": [], "choices": {"experiment": "stability"}}
    settings = {"runtime": runtime, "overrides": {"hydra": []}, "mode": RunMode.MULTIRUN}
    command = typed_command("train", OmegaConf.create(settings), ["experiment=stability"])
    assert pasted(command) == ["train", "hydra.mode=RUN", "experiment=stability"]
    settings |= {"overrides": {"hydra": ["hydra.mode=RUN"]}, "mode": RunMode.RUN}
    assert typed_command("train", OmegaConf.create(settings), ["experiment=stability"]) == command


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (["objective=gan,wgan", "a='b c'"], ["train", "-m", "objective=gan,wgan", "a='b c'"]),
        (["experiment=stability", "seed=0,1"], ["train", "-m", "experiment=stability", "seed=0,1"]),
        (["dataset=ring8"], ["train", "-m", "dataset=ring8"]),
    ],
)
def test_the_command_of_a_sweep_sweeps(tmp_path: Path, task: list[str], expected: list[str]) -> None:
    overrides = {"hydra": ["hydra.mode=MULTIRUN"], "task": task}
    hydra = {"overrides": overrides, "sweeper": {"_target_": "x.BasicSweeper"}}
    (tmp_path / "multirun.yaml").write_text(OmegaConf.to_yaml({"hydra": hydra}))
    assert pasted(command_of_sweep(tmp_path)) == expected


@pytest.mark.parametrize("name", FOLDERS)
def test_a_command_that_prepare_prints_prepares(tmp_path: Path, name: bytes) -> None:
    root = tmp_path / os.fsdecode(name)
    root.mkdir()
    Image.new("L", (8, 8), 90).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(root / "a.png")
    dataset = ImageFolder(root=str(root), size=8, channels=1)
    pack = dataset.prepare()
    pack.unlink()
    called = gan_lab(*pasted(dataset.prepare_command))
    assert (called.status, called.err) == (0, "")
    assert pack.is_file()


def test_commands_of_a_run_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root, run = tmp_path / os.fsdecode(FOLDERS[2]), tmp_path / "it's (mine) = é"
    root.mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(root / "a.png")
    small = ["architecture.generator.width=8", "architecture.critic.width=8", "train.batch_size=8"]
    task = ["dataset=image_folder", "dataset.size=16", override("dataset.root", str(root)), *small]
    task += ["device=cpu", "train.iterations=2", "train.execution=eager"]
    called = gan_lab("train", *task, override("hydra.run.dir", str(run)))
    assert (called.status, called.err) == (0, "")
    assert pasted(load_record(run).command) == ["train", override("hydra.run.dir", str(run)), *task]
    (board,) = [line.partition("gan-lab ")[2] for line in called.out.splitlines() if "gan-lab board" in line]
    shown = pasted(f"gan-lab {board}")
    assert shown[0] == "board"
    assert Path(shown[1]).samefile(run)
    assert gan_lab("resume", str(run), "train.iterations=3").status == 0
    assert pasted(load_record(run).history[-1].command) == ["resume", str(run), "train.iterations=3"]
    assert load_record(run).iteration == 3
