"""`gan_lab.train` is `gan-lab train`: the same folders, the same numbers, the same refusals."""

import logging
from pathlib import Path
from typing import Any

import pytest

import gan_lab
from gan_lab.config.errors import UserError
from support.command_line import gan_lab as command
from support.configs import FEW, TOY

SMALL = [*TOY, *FEW, "device=cpu", "objective=gan", "train.iterations=3"]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def one(overrides: list[str]) -> gan_lab.LoadedRun:
    run = gan_lab.train(overrides, quiet=True)
    assert isinstance(run, gan_lab.LoadedRun)
    return run


def several(overrides: list[str]) -> list[gan_lab.LoadedRun]:
    runs = gan_lab.train(overrides, quiet=True)
    assert isinstance(runs, list)
    return runs


def test_a_run_is_that_of_the_command_line() -> None:
    run = one([*SMALL, "hydra.run.dir=python"])
    assert command("train", *SMALL, "hydra.run.dir=shell").status == 0
    assert run.path == Path("python").absolute()
    assert (run.path / "metrics.csv").read_bytes() == Path("shell/metrics.csv").read_bytes()
    other = gan_lab.load("shell")
    assert run.record.config_hash == other.record.config_hash
    # the command that it records is the one that does the same
    assert run.record.command == other.record.command.replace("dir=shell", "dir=python")
    names = [{path.name.partition(".tfevents")[0] for path in each.path.iterdir()} for each in (run, other)]
    assert names[0] == names[1]


def test_without_a_folder_it_makes_a_new_one_each_time() -> None:
    first, second = one(SMALL), one(SMALL)
    assert first.path != second.path
    assert {first.path.parent, second.path.parent} == {Path("outputs/runs").absolute()}


def test_the_same_call_goes_on_or_returns_what_is_finished() -> None:
    first = one([*SMALL, "hydra.run.dir=run"])
    again = one([*SMALL, "hydra.run.dir=run"])
    assert again.record.updated == first.record.updated


def test_several_seeds_are_a_list() -> None:
    runs = several([*SMALL, "train.seeds=[11,2]"])
    assert [run.record.seed for run in runs] == [11, 2]
    assert len({run.path.parent for run in runs}) == 1


def test_a_sweep_is_a_list() -> None:
    small = [word for word in SMALL if word != "objective=gan"]
    runs = several(["-m", *small, "objective=gan,lsgan"])
    assert sorted(run.record.choices["objective"] for run in runs) == ["gan", "lsgan"]
    assert [run.path for run in several(["-m", *small, "objective=gan,lsgan"])] == [run.path for run in runs]


def test_quiet_prints_nothing_and_logs_into_the_folder(capfd: pytest.CaptureFixture[str]) -> None:
    run = one(SMALL)
    several(["-m", *SMALL, "seed=0,1"])
    assert capfd.readouterr() == ("", "")
    assert "completed at iteration 3" in (run.path / "train.log").read_text()
    assert isinstance(gan_lab.train(SMALL), gan_lab.LoadedRun)
    assert "completed at iteration 3" in capfd.readouterr().out


def test_the_log_of_the_process_stays_as_it_was() -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    one(SMALL)
    assert (root.handlers, root.level) == (before, level)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ("dataset=ring8", r'^overrides must be a list of texts, such as \["objective=wgan", "data'),
        ([1], "^overrides must be a list of texts"),
        (5, "^overrides must be a list of texts, .*; got 5.$"),
        (None, "^overrides must be a list of texts, .*; got None.$"),
        (
            [*SMALL, "train.iterations=-1"],
            "^train.iterations must be a whole number greater than 0",
        ),
        (["objective=nope"], "^objective must be one of .*; got 'nope'.$"),
        (["train.itrations=3"], r"^train.itrations is no setting\. Did you mean train.iterations\?"),
        (["dataset=5"], "."),
        (["--bogus"], "^unrecognized arguments: --bogus; "),
        (["--cfg", "job"], "^overrides must say what to train; with these nothing was.$"),
        (
            ["-m", *SMALL, "train.batch_size=8,-8"],
            r"^.*train.batch_size=-8.*: train.batch_size must be",
        ),
    ],
)
def test_what_is_typed_wrongly_is_refused_in_a_sentence(overrides: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        gan_lab.train(overrides, quiet=True)
