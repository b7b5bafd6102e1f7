"""What somebody sees of a sweep: a line of each job when it has ended, then one table."""

import io
import logging
import re
from pathlib import Path

import pytest

from gan_lab.cli.terminal import job_console
from support.command_line import gan_lab
from support.configs import TOY


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_sweep_says_a_line_of_each_job_and_ends_in_a_table() -> None:
    called = gan_lab(
        "train", "-m", *TOY, "device=cpu", "train.iterations=2", "objective=wgan,gan", "seed=0,1"
    )
    assert called.status == 0, called.err
    lines = called.out.splitlines()
    jobs = [line for line in lines if line.startswith("#")]
    assert [line.partition(" ")[0] for line in jobs] == ["#0", "#1", "#2", "#3"]
    assert re.search(r"objective=wgan seed=0: completed, \w+, W estimate ", jobs[0])
    assert re.search(r"objective=gan seed=1: completed, \w+, JSD estimate ", jobs[3])
    table = lines[lines.index("") + 1 :]
    assert [row.split()[:5] for row in table[:5]] == [
        ["objective", "dataset", "seed", "status", "verdict"],
        ["gan", "ring8", "0", "completed", "unmeasured"],
        ["gan", "ring8", "1", "completed", "unmeasured"],
        ["wgan", "ring8", "0", "completed", "unmeasured"],
        ["wgan", "ring8", "1", "completed", "unmeasured"],
    ]
    assert table[-1].startswith("  compare them  gan-lab report ")
    assert len(lines) == 1 + len(jobs) + 1 + len(table)  # the first says how many there are
    assert not any("Trains" in line for line in lines)
    (log, *_) = Path("outputs/sweeps").glob("*/*_seed0_*/train.log")
    assert "Trains" in log.read_text()


def test_several_seeds_of_a_job_have_a_line_each() -> None:
    typed = ["train", "-m", *TOY, "device=cpu", "train.iterations=1,2", "train.seeds=2"]
    called = gan_lab(*typed)
    assert called.status == 0, called.err
    jobs = [line for line in called.out.splitlines() if line.startswith("#")]
    again = [line for line in gan_lab(*typed).out.splitlines() if line.startswith("#")]
    assert [line.replace(": completed before, ", ": completed, ") for line in again] == jobs
    assert all(": completed before, " in line for line in again)
    assert [(line[:2], line.partition("seed=")[2][0]) for line in jobs] == [
        ("#0", "0"),
        ("#0", "1"),
        ("#1", "0"),
        ("#1", "1"),
    ]


def test_a_long_job_says_how_much_longer_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_lab.training.pace._MEASURED_S", 0.0)
    monkeypatch.setattr("gan_lab.training.pace._SHORT_S", 0.0)
    called = gan_lab("train", "-m", *TOY, "device=cpu", "train.iterations=3", "seed=0,1")
    assert called.status == 0, called.err
    said = [line for line in called.out.splitlines() if "more:" in line]
    assert len(said) == 2
    for number, line in enumerate(said):
        assert re.match(rf"#{number} .* seed={number}: About \d+ \w+ more: \d+ critic steps to go", line), (
            line
        )
    assert "Trains" not in called.out


def test_what_was_typed_for_a_job_is_printed_without_control_characters() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    try:
        with job_console("#0 dataset.root='\x1b[2J'"):
            logging.getLogger("gan_lab.training.pace").warning("About 6 minutes more.")
    finally:
        logging.getLogger().removeHandler(handler)
    assert written.getvalue() == "#0 dataset.root='\\x1b[2J': About 6 minutes more.\n"


def test_what_is_logged_after_a_job_is_not_of_it() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    logged = logging.LogRecord("gan_lab.training.pace", logging.INFO, "", 0, "About an hour more.", (), None)
    other = logging.LogRecord("gan_lab.training.launch", logging.INFO, "", 0, "Trains wgan.", (), None)
    try:
        with job_console("#0 seed=0"):
            for record in (logged, other):
                handler.handle(record)
        for record in (logged, other):
            handler.handle(record)
    finally:
        logging.getLogger().removeHandler(handler)
    assert written.getvalue().splitlines() == [
        "#0 seed=0: About an hour more.",
        "About an hour more.",
        "Trains wgan.",
    ]
