"""Folders to write into that cannot be: refused by their option or key before any work is done."""

import os
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from support.command_line import gan_lab
from support.configs import TOY
from support.report_runs import write_run


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("err").write_text("mine")
    Path("lost").symlink_to("nowhere")
    write_run(tmp_path / "sweep" / "run")
    np.save("p.npy", np.zeros((64, 2), np.float32))


IN_THE_WAY = [
    ("err", "'err', which is a file."),
    ("err/below", "'err/below', and 'err' is a file."),
    ("lost", "'lost', which is a link that leads nowhere."),
    ("lost/a/b", "'lost/a/b', and 'lost' is a link that leads nowhere."),
]


@pytest.mark.parametrize(("place", "got"), IN_THE_WAY)
@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "--samples", "p.npy", "--dataset", "ring8", "--out"],
        ["sample", "sweep/run", "--out"],
        ["sample", "sweep/run", "--gif", "--out"],
        ["interpolate", "sweep/run", "--out"],
        ["export", "sweep/run", "--out"],
        ["report", "sweep", "-o"],
    ],
    ids=lambda command: f"{command[0]} {command[-2]}",
)
def test_what_is_no_folder_is_refused_before_the_work(
    command: list[str], place: str, got: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for late in ("evaluate_files", "samples", "progress_gif", "interpolation", "export"):
        monkeypatch.setitem(sys.modules, f"gan_lab.evaluation.{late}", None)  # cannot be imported
    monkeypatch.setitem(sys.modules, "gan_lab.reports.report", None)
    called = gan_lab(*command, place)
    assert (called.status, called.out) == (2, "")
    assert called.err == f"gan-lab: --out must be a folder; got {got}\n"
    assert Path("err").read_text() == "mine"


@pytest.mark.parametrize(
    ("command", "usual"),
    [
        (["sample", "sweep/run"], "sweep/run/generated"),
        (["sample", "sweep/run", "--gif"], "sweep/run/generated"),
        (["interpolate", "sweep/run"], "sweep/run/generated"),
        (["export", "sweep/run"], "sweep/run/exported"),
        (["report", "sweep"], "sweep/report"),
    ],
    ids=lambda value: "",
)
def test_the_usual_folder_that_is_none_is_refused_with_the_way_elsewhere(
    command: list[str], usual: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for late in ("samples", "progress_gif", "interpolation", "export"):
        monkeypatch.setitem(sys.modules, f"gan_lab.evaluation.{late}", None)  # cannot be imported
    monkeypatch.setitem(sys.modules, "gan_lab.reports.report", None)
    Path(usual).write_text("mine")
    called = gan_lab(*command)
    assert (called.status, called.out) == (2, "")
    assert called.err == (
        f"gan-lab: what is written into must be a folder; got '{usual}', which is a file. Move it away, or "
        "choose another folder by --out.\n"
    )
    assert Path(usual).read_text() == "mine"


def test_a_port_that_is_in_use_opens_no_board(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: opened.append(path))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        for options in (
            ["--port", port],
            [f"--port={port}", "--host", "127.0.0.1"],
            ["--port", port, "--bind_all"],
        ):
            called = gan_lab("board", "sweep", *options)
            assert (called.status, called.out, opened) == (2, "", [])
            assert called.err == (
                f"gan-lab: --port must be one that is free; got {port}, which another program uses.\n"
            )
    gan_lab("board", "sweep", "--port", port)
    assert len(opened) == 1


@pytest.mark.parametrize(("place", "got"), IN_THE_WAY)
@pytest.mark.parametrize(
    "command",
    [
        ["train", *TOY, "hydra.run.dir="],
        ["train", "-m", *TOY, "seed=1,2", "hydra.sweep.dir="],
        ["distances", "experiment=uniform_shift", "hydra.run.dir="],
    ],
    ids=lambda command: f"{command[0]} {command[-1]}",
)
def test_a_folder_of_hydras_that_cannot_be_is_named_by_its_key(
    command: list[str], place: str, got: str
) -> None:
    before = sorted(os.listdir())
    called = gan_lab(*command[:-1], command[-1] + place)
    assert (called.status, called.out) == (2, "")
    assert called.err == f"gan-lab: {command[-1][:-1]} must be a folder; got {got}\n"
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(("place", "got"), [(f"s/{place}", got) for place, got in IN_THE_WAY[:2]])
@pytest.mark.parametrize("end", ["", "/${hydra.job.num}"], ids=["plain", "of the job"])
def test_the_folder_of_a_job_that_is_none_is_refused_by_its_key(place: str, got: str, end: str) -> None:
    Path("s").mkdir()
    Path("s/err").write_text("mine")
    subdir = f"{place.removeprefix('s/')}{end}"
    called = gan_lab(
        "train", "-m", *TOY, "objective=gan,wgan", "hydra.sweep.dir=s", f"hydra.sweep.subdir={subdir}"
    )
    assert called.status == 2
    (line,) = called.err.splitlines()
    assert line.startswith(f"gan-lab: hydra.sweep.subdir must be a folder; got 's/{subdir.partition('$')[0]}")
    assert line.endswith("'s/err' is a file." if end or "below" in place else "which is a file.")
    assert end or (called.out == "" and os.listdir("s") == ["err"])


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (["train", *TOY], "hydra.run.dir"),
        (["train", "-m", *TOY, "seed=1,2"], "hydra.sweep.dir"),
        (["train", "-m", *TOY, "seed=1,2", "hydra.sweep.dir=s"], "hydra.sweep.subdir"),
        (["distances", "experiment=uniform_shift"], "hydra.run.dir"),
    ],
    ids=["run", "sweep", "job", "lecture"],
)
def test_a_name_that_no_folder_has_is_refused_by_its_key(command: list[str], key: str) -> None:
    called = gan_lab(*command, f"{key}={'n' * 300}")
    assert called.status == 2
    (line,) = called.err.splitlines()
    assert line.startswith(f"gan-lab: {key} must be a folder; got '")
    assert line.endswith("n' (File name too long).")
    assert not Path("s").exists()
