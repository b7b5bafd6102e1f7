"""`gan-lab distances` as a user types it, on an experiment of the user's own."""

import json
from pathlib import Path

import pandas
import pytest
import yaml
from PIL import Image

from gan_lab.config.options import config_folder, list_options
from support.command_line import Called, gan_lab

CODE = """
from dataclasses import dataclass

import pandas

from gan_lab.config.checks import NonNegativeInt, PositiveFloat
from gan_lab.lectures.base import Animation, Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide


@dataclass(frozen=True)
class Line(LectureExperiment):
    slope: PositiveFloat = 1.0
    points: NonNegativeInt = 3

    def run(self):
        figure = new_slide()
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, self.slope])
        table = pandas.DataFrame({"x": range(self.points), "y": [self.slope * x for x in range(self.points)]})
        return Findings(table, figure, f"The slope is {self.slope:g}.", {"more": table})


@dataclass(frozen=True)
class Moving(Line):
    def animation(self):
        figure = new_slide()
        axes = figure.add_subplot()
        return Animation(figure, lambda k: axes.plot([0, k], [k, 0]), 3)
"""


@pytest.fixture(autouse=True)
def _in_a_folder_with_an_experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_lectures.py").write_text(CODE)
    (tmp_path / "conf" / "distances").mkdir(parents=True)
    for name, cls in (("line", "Line"), ("moving", "Moving")):
        lines = ["# @package _global_", f"_target_: own_lectures.{cls}", "slope: 1.0", "points: 3"]
        (tmp_path / "conf" / "distances" / f"{name}.yaml").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)


def distances(*arguments: str) -> Called:
    return gan_lab("distances", "--config-dir", "conf", "trusted=[own_lectures]", *arguments)


def test_an_experiment_leaves_a_table_a_figure_and_a_sentence(tmp_path: Path) -> None:
    called = distances("experiment=line", "slope=2")
    assert (called.status, called.err) == (0, "")
    assert "The slope is 2." in called.out
    (folder,) = (tmp_path / "outputs" / "distances").iterdir()
    assert folder.name.endswith("_line")
    assert {path.name for path in folder.iterdir()} == {
        *("table.csv", "more.csv", "figure.png", "figure.pdf", "config.yaml", "findings.json")
    }
    assert list(pandas.read_csv(folder / "table.csv")["y"]) == [0, 2, 4]
    assert yaml.safe_load((folder / "config.yaml").read_text())["slope"] == 2
    record = json.loads((folder / "findings.json").read_text())
    assert record["sentence"] == "The slope is 2."
    flags = f"--config-dir {tmp_path}/conf 'trusted=[own_lectures]'"
    assert record["command"] == f"gan-lab distances {flags} experiment=line slope=2"


def test_the_same_experiment_writes_the_same_bytes() -> None:
    for name in ("a", "b"):
        assert distances("experiment=moving", "animate=true", f"hydra.run.dir={name}").status == 0
    for name in ("table.csv", "figure.png", "figure.pdf", "animation.gif"):
        assert Path("a", name).read_bytes() == Path("b", name).read_bytes()


def test_an_animation_moves() -> None:
    assert distances("experiment=moving", "animate=true", "hydra.run.dir=a").status == 0
    with Image.open("a/animation.gif") as gif:
        assert gif.n_frames == 3  # type: ignore[attr-defined]


def test_a_sweep_ends_in_one_table(tmp_path: Path) -> None:
    called = distances("-m", "experiment=line", "slope=1,2", "points=2")
    assert (called.status, called.err) == (0, "")
    (sweep,) = (tmp_path / "outputs" / "distances").iterdir()
    joined = pandas.read_csv(sweep / "table.csv")
    assert list(joined["slope"]) == [1, 1, 2, 2]
    assert list(joined["y"]) == [0, 1, 0, 2]
    assert list(joined.columns) == ["slope", "x", "y"]


def test_nothing_is_overwritten() -> None:
    assert distances("experiment=line", "hydra.run.dir=a").status == 0
    before = Path("a/table.csv").read_bytes()
    called = distances("experiment=line", "slope=3", "hydra.run.dir=a")
    assert (called.status, called.out) == (2, "")
    assert called.err.endswith("a holds what another run found; choose another folder with hydra.run.dir.\n")
    assert Path("a/table.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["experiment=line", "slope=-1"], "slope must be a number greater than 0; got -1."),
        (["experiment=line", "animate=true"], "animate must be false for experiment=line, in which nothing"),
        (["experiment=line", "animate=2"], "animate must be true or false; got 2."),
        (["experiment=line", "slop=1"], "slop is no setting"),
        (["experiment=line", "+slop=1"], "slop is not a setting of Line; it has slope, points."),
        (["experiment=nothing"], "experiment must be one of "),
        (["experiment=line,moving"], "experiment=line,moving names several values: -m runs each of them"),
        (["experiment=line", "slope=1,2"], "slope=1,2 names several values: -m runs each of them"),
        ([], "experiment must be one of "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    called = distances(*arguments)
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"gan-lab: {sentence}")
    assert called.err.count("\n") == 1
    assert list((tmp_path / "outputs").glob("*/*")) == []


@pytest.mark.parametrize(
    ("name", "meant"), [("uniform_shft", " Did you mean uniform_shift?"), ("", ""), ("fig3", "")]
)
def test_an_unknown_experiment_is_refused_with_those_that_there_are(name: str, meant: str) -> None:
    called = gan_lab("distances", f"experiment={name}")
    assert (called.status, called.out) == (2, "")
    known = ", ".join(list_options("distances", [config_folder()]))
    assert called.err == f"gan-lab: experiment must be one of {known}; got {name!r}.{meant}\n"


def test_a_failing_job_of_a_sweep_is_named_and_the_others_run() -> None:
    called = distances("-m", "experiment=line", "slope=-1,2", "hydra.sweep.dir=sweep")
    assert called.status == 2
    assert " experiment=line slope=-1: slope must" in called.err
    assert "slope must be a number greater than 0; got -1." in called.err
    assert len(pandas.read_csv("sweep/table.csv")) == 3


def test_help_lists_every_experiment() -> None:
    called = gan_lab("distances", "--help")
    assert called.status == 0
    lines = [" ".join(line.split()) for line in called.out.splitlines()]
    for name, text in list_options("distances", [config_folder()]).items():
        assert f"{name} {' '.join(text.split())}" in lines
