"""Folders that commands are pointed at: what was there before stays, and what is refused leaves nothing."""

import os
from pathlib import Path

import pytest

from support.command_line import Called, gan_lab
from support.configs import TOY

SMALL = [
    *TOY,
    "device=cpu",
    "objective=gan",
    "train.iterations=2",
    "train.batch_size=4",
    "train.checkpoint_every=1",
]
LONE = ["train", *SMALL, "hydra.run.dir=run"]
SWEEP = ["train", "-m", *SMALL, "objective=gan,lsgan", "hydra.sweep.dir=sweep"]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def everything(folder: Path) -> dict[str, bytes | None]:
    """Paths below a folder, with what files hold; links as what they are."""
    return {
        str(path.relative_to(folder)): os.readlink(path).encode()
        if path.is_symlink()
        else (path.read_bytes() if path.is_file() else None)
        for path in folder.rglob("*")
    }


def refused(*arguments: str) -> str:
    """The sentence of a command that is refused and changes nothing."""
    before = everything(Path.cwd())
    called = gan_lab(*arguments)
    assert (called.status, called.err.count("\n")) == (2, called.err.count("gan-lab: ")), called
    assert "Traceback" not in called.out + called.err
    assert everything(Path.cwd()) == before
    return called.err.removeprefix("gan-lab: ").rstrip("\n")


def completed(called: Called) -> None:
    assert called.status == 0, called.err


def another_hydra_job(folder: Path) -> None:
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text("learning_rate: 0.1\n")
    (folder / "train.log").write_text("epoch 1\n")


def test_the_folder_of_another_hydra_job_is_refused_and_stays() -> None:
    another_hydra_job(Path("run"))
    expected = r"hydra.run.dir must be a new or empty folder, or that of a run; got "
    assert refused(*LONE).startswith(expected)
    assert refused(*LONE, "train.iterations=0").startswith(expected)
    assert refused(*LONE, "train.seeds=2").startswith(expected)


def test_an_empty_folder_of_before_outlives_a_refusal() -> None:
    Path("run").mkdir()
    assert refused(*LONE, "train.iterations=0").startswith("train.iterations must be")
    assert (
        refused(*SWEEP[:-1], "hydra.sweep.dir=run", "train.iterations=0").count("train.iterations must") == 2
    )


@pytest.mark.parametrize("command", [LONE[:-1], LONE, [*LONE[:-1], "hydra.run.dir=a/b/c"], SWEEP[:-1], SWEEP])
def test_a_refused_command_leaves_no_folder(command: list[str]) -> None:
    refused(*command, "train.iterations=0")
    assert os.listdir() == []


def test_what_is_refused_of_a_sweep_leaves_no_folder_and_the_rest_stays() -> None:
    called = gan_lab(*SWEEP[:-2], "hydra.sweep.dir=sweep", "train.iterations=2,0")
    assert called.status == 2
    assert len([path for path in Path("sweep").iterdir() if path.is_dir()]) == 1
    assert Path("sweep/multirun.yaml").is_file()


def test_hydras_record_of_a_run_is_written_once_and_by_this_job() -> None:
    Path("run").mkdir()
    completed(gan_lab(*LONE))
    record = everything(Path("run/.hydra"))
    assert set(record) == {"config.yaml", "hydra.yaml", "overrides.yaml"}
    assert b"hydra.run.dir" not in (record["overrides.yaml"] or b"")
    assert b"iterations: 2" in (record["config.yaml"] or b"")
    completed(gan_lab("resume", "run", "train.iterations=3"))
    assert everything(Path("run/.hydra")) == record
    assert "completed at iteration 2" in Path("run/train.log").read_text()


def test_a_finished_run_is_not_touched_by_the_same_command() -> None:
    completed(gan_lab(*LONE))
    before = everything(Path.cwd())
    os.chmod("run", 0o555)
    called = gan_lab(*LONE)
    os.chmod("run", 0o755)
    completed(called)
    assert "run: completed before, at iteration 2." in called.out
    assert everything(Path.cwd()) == before


def test_the_sweep_of_another_program_is_refused() -> None:
    Path("sweep").mkdir()
    Path("sweep/multirun.yaml").write_text("hydra:\n  job:\n    name: train\n")
    assert "holds the multirun.yaml of another program" in refused(*SWEEP)
    Path("elsewhere").write_text("mine")
    Path("sweep/multirun.yaml").unlink()
    Path("sweep/multirun.yaml").symlink_to("../elsewhere")
    assert "multirun.yaml is a link" in refused(*SWEEP)


def test_a_job_of_a_sweep_is_not_written_through_a_link() -> None:
    completed(gan_lab(*SWEEP))
    first, _ = sorted(path for path in Path("sweep").iterdir() if path.is_dir())
    first.rename("elsewhere")
    first.symlink_to("../elsewhere")
    (Path("elsewhere") / "run.json").unlink()
    before = everything(Path("elsewhere"))
    called = gan_lab(*SWEEP)
    assert called.status == 2
    assert f"{first.name} is a link" in called.err
    assert everything(Path("elsewhere")) == before


def test_the_users_own_link_as_the_top_folder_works() -> None:
    Path("disk").mkdir()
    Path("outputs").symlink_to("disk")
    completed(gan_lab(*LONE[:-1]))
    (run,) = Path("disk/runs").iterdir()
    completed(gan_lab("resume", f"outputs/runs/{run.name}", "train.iterations=3"))
    Path("again").symlink_to(run)
    completed(gan_lab("sample", "again", "--n", "2"))
    completed(gan_lab("runs", "again"))


def test_an_experiment_of_the_lectures_overwrites_nothing() -> None:
    Path("run").mkdir()
    Path("run/table.csv").write_text("mine")
    sentence = refused("distances", "experiment=uniform_shift", "hydra.run.dir=run")
    assert "which holds table.csv" in sentence
