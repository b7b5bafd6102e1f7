"""``gan-lab report`` from run folders to a folder of files."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gan_lab.cli import main as cli
from gan_lab.cli.compose import compose
from support.report_runs import table, write_run, write_sweep

FIGURES = {"success_rates", "success_by_threshold", "modes", "correlations", "estimate_gan", "estimate_wgan"}


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["gan-lab", "report", *arguments])
    return cli.main()


def files_in(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good runs, one that diverged, one that was interrupted, one half-written and one without a record."""
    root = write_sweep(tmp_path_factory.mktemp("sweeps") / "sweep", seeds=2)
    job = root / "gan_mlp_toy_ring8_0123abcd"
    lost = {"objective": "gan"}
    numbers = table(iterations=120, estimate="jsd")
    write_run(job / "seed2", numbers=numbers, choices=lost, seed=2, status="diverged", message="NaN at 121.")
    write_run(job / "seed3", numbers=numbers, choices=lost, seed=3, status="interrupted")
    half = write_run(job / "seed4", numbers=table(estimate="jsd"), choices=lost, seed=4) / "metrics.csv"
    half.write_bytes(half.read_bytes()[:5000])
    (write_run(job / "seed5", choices=lost, seed=5) / "run.json").write_text("{")
    return root


def test_a_report_names_every_run_and_leaves_no_fault_unsaid(sweep, tmp_path, monkeypatch, capsys):
    assert run(str(sweep), "-o", str(tmp_path / "r"), monkeypatch=monkeypatch) == 0
    said = capsys.readouterr()
    assert "7 runs in 2 cells, 2 left out of means" in said.out
    assert "seed5" in said.err
    page = (tmp_path / "r" / "report.html").read_text()
    for seed in range(6):
        assert f"gan_mlp_toy_ring8_0123abcd/seed{seed}" in page
    assert "NaN at 121." in page
    assert "interrupted at iteration 120 of 500." in page
    assert "metrics.csv is cut off" in page
    with (tmp_path / "r" / "runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows].count("diverged") == 1
    assert sum(bool(row["fault"]) for row in rows) == 2


def test_the_same_runs_give_the_same_bytes(sweep, tmp_path, monkeypatch):
    moved = tmp_path / "elsewhere" / "sweep"
    shutil.copytree(sweep, moved)
    assert run(str(moved), monkeypatch=monkeypatch) == 0
    first = files_in(moved / "report")
    # in a process of its own, where nothing is left of the first; and over the first
    again = [sys.executable, "-m", "gan_lab", "report", str(moved)]
    subprocess.run(again, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert files_in(moved / "report") == first
    assert {f"figures/{name}.{end}" for name in FIGURES for end in ("png", "pdf")} <= first.keys()
    assert {
        "report.html",
        "runs.csv",
        "summary.csv",
        "claims.csv",
        "thresholds.csv",
        "agreement.csv",
    } <= first.keys()
    assert any(name.startswith("tensorboard/gan/events") for name in first)


def test_no_torch_is_needed(sweep, tmp_path):
    code = (
        "import sys; from gan_lab.cli import main; sys.argv = sys.argv[1:]; status = main.main(); "
        "sys.exit(status or ('torch' in sys.modules) * 9)"
    )
    command = [sys.executable, "-c", code, "gan-lab", "report", str(sweep), "-o", str(tmp_path / "r")]
    assert subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def test_the_rule_is_the_users(sweep, tmp_path, monkeypatch, capsys):
    arguments = [str(sweep), "-o", str(tmp_path / "r"), "--high-quality-share", "0.99"]
    assert run(*arguments, monkeypatch=monkeypatch) == 0
    assert "quality below 99% of" in (tmp_path / "r" / "report.html").read_text()
    capsys.readouterr()
    assert run(str(sweep), "--modes-share", "2", monkeypatch=monkeypatch) == 2
    assert capsys.readouterr().err.startswith("gan-lab: --modes-share must be")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--recall-share", "abc"], "--recall-share must be a number between 0 and 1; got 'abc'."),
        (["--recall-share", "-1"], "--recall-share must be a number between 0 and 1; got '-1'."),
        (
            ["--end-measurements", "1.5"],
            "--end-measurements must be a whole number greater than 0; got '1.5'.",
        ),
        (["--distance-factor", "nan"], "--distance-factor must be a number, 1 or greater; got 'nan'."),
        (
            ["--bogus", "3"],
            "report: unrecognized arguments: --bogus 3; gan-lab report --help lists what there is.",
        ),
        (["-o"], "-o/--out: expected one argument."),
    ],
)
def test_a_wrong_argument_is_refused_in_a_line(sweep, monkeypatch, capsys, arguments, line):
    assert run(str(sweep), *arguments, monkeypatch=monkeypatch) == 2
    assert capsys.readouterr().err == f"gan-lab: {line}\n"


def test_a_missing_folder_is_asked_for_in_a_line(monkeypatch, capsys):
    assert run(monkeypatch=monkeypatch) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "report needs SWEEP_DIR; " in line


@pytest.mark.parametrize("content", ["notes.txt", "run.json"])
def test_a_folder_of_somebody_else_is_refused_in_a_line(sweep, tmp_path, monkeypatch, capsys, content):
    (tmp_path / content).write_text("mine")
    assert run(str(sweep), "-o", str(tmp_path), monkeypatch=monkeypatch) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"gan-lab: {tmp_path} holds {content}, which no report has written; choose another folder with -o."
    ]
    assert files_in(tmp_path) == {content: b"mine"}


def test_a_sweep_without_runs_is_refused_in_a_line(tmp_path, monkeypatch, capsys):
    for folder, words in ((tmp_path, "holds no runs"), (tmp_path / "none", "does not exist")):
        assert run(str(folder), monkeypatch=monkeypatch) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert words in line
    assert list(tmp_path.iterdir()) == []


def test_an_experiment_at_the_papers_scale_is_composed():
    composed = compose(["experiment=stability", "scale=paper", "objective=wgan", "panel=mlp"])
    assert composed.swept["dataset"] == "lsun_bedroom"
    assert (composed.swept["objective"], composed.swept["panel"]) == (None, None)
    assert composed.values == {
        "panel": ("dcgan", "dcgan_nobn", "mlp"),
        "objective": ("gan", "gan_minimax", "wgan", "wgan_gp"),
    }
    assert composed.config["train"]["iterations"] == 100_000
    assert composed.config["architecture"]["generator"]["width"] == 512
    assert composed.choices["panel"] == "mlp"


def test_nothing_is_written_outside_the_folder_whatever_a_record_says(tmp_path, monkeypatch):
    write_run(tmp_path / "sweep" / "run", choices={"objective": "x/../../../../escaped"})
    write_run(tmp_path / "sweep" / "other", choices={"objective": "wgan"})
    before = set(files_in(tmp_path))
    assert run(str(tmp_path / "sweep"), "-o", str(tmp_path / "r" / "s"), monkeypatch=monkeypatch) == 0
    written = set(files_in(tmp_path)) - before
    assert {name for name in written if not name.startswith("r/s/")} == set()
    assert any("escaped" in name for name in written)
