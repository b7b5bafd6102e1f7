"""TensorBoard's server and its pages show what runs have written: scripts/tensorboard_proof.py."""

import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from support.configs import TOY, Train

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import tensorboard_proof
from proof.devtools import Browser, find_browser
from proof.pages import Finding
from proof.server import Server

from gan_lab.runs.reading import find_runs
from gan_lab.runs.record import RunRecord

MEASURED = [*TOY, "metrics.every=4", "metrics.samples=32", "train.iterations=8", "train.execution=eager"]


@pytest.fixture
def sweep(train: Train, tmp_path: Path) -> Path:
    """Runs whose settings have different names: two seeds of a job, one run alone, one that diverged."""
    train("sweep/gp", "objective=wgan_gp", "train.seeds=2", *MEASURED)
    train("sweep/clip", "objective=wgan", *MEASURED)
    train("sweep/nan", "objective=gan", "optimizer.lr=1e30", *MEASURED)
    return tmp_path / "sweep"


def runs_in(root: Path) -> dict[str, RunRecord]:
    return {run.path.relative_to(root).as_posix(): run for run in find_runs(root)}


def test_the_server_has_every_run(sweep: Path) -> None:
    runs = runs_in(sweep)
    assert {name: run.status for name, run in runs.items()} == {
        "gp/seed0": "completed",
        "gp/seed1": "completed",
        "clip": "completed",
        "nan": "diverged",
    }
    with Server(sweep) as server:
        server.settle(set(runs))
        found = list(tensorboard_proof.check_http(server, runs, with_bands=False))
        assert [finding for finding in found if not finding.good] == []
        # a report's bands that are not shown are missed
        found = list(tensorboard_proof.check_http(server, runs, with_bands=True))
        assert [finding.what for finding in found if not finding.good] == ["0 charts with bands"]
        rows = {row["sessions"][0]["name"]: row for row in server.sessions()}
        keys = {info["name"]: info for info in server.experiment()["hparamInfos"]}
    assert rows.keys() == runs.keys()
    # what only one of the objectives has is listed, and shown in its rows alone
    assert {"constraint.bound", "constraint.weight", "optimizer.lr"} <= keys.keys()
    assert {name for name, row in rows.items() if "constraint.bound" in row["hparams"]} == {"clip"}
    assert {name for name, row in rows.items() if "constraint.weight" in row["hparams"]} == {
        "gp/seed0",
        "gp/seed1",
    }
    assert [rows[f"gp/seed{k}"]["hparams"]["seed"] for k in range(2)] == [0, 1]
    for name, run in runs.items():
        values = {value["name"]["tag"]: value.get("value") for value in rows[name]["metricValues"]}
        shown = {tag: number for tag, number in run.numbers.items() if tag in values}
        assert {tag: values[tag] for tag in shown} == pytest.approx(shown, rel=1e-6)
        assert run.status == "diverged" or {"quality/modes_hit", "distance/w1_exact"} <= shown.keys()
        for tag in shown:
            group, _, rest = tag.partition("/")
            if group == "quality" and not rest.endswith("_floor"):
                assert values[f"final/{rest}"] == pytest.approx(shown[tag], rel=1e-6)


class NoServer:
    """A server that is not there, of no runs."""

    def __init__(self, root: Path) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | types.TracebackType | None) -> None:
        pass

    def settle(self, runs: set[str]) -> None:
        pass


@pytest.mark.parametrize(
    ("options", "good", "status"),
    [([], True, 0), (["--require"], True, 1), ([], False, 1)],
)
def test_without_a_browser_it_says_so(
    options: list[str],
    good: bool,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def check(server: object, runs: object, with_bands: object) -> Iterator[Finding]:
        yield Finding("scalars", good)

    monkeypatch.setattr(tensorboard_proof, "find_browser", lambda: None)
    monkeypatch.setattr(tensorboard_proof, "Server", NoServer)
    monkeypatch.setattr(tensorboard_proof, "check_http", check)
    monkeypatch.setattr(sys, "argv", ["proof", str(tmp_path), "-o", str(tmp_path / "out"), *options])
    assert tensorboard_proof.main() == status
    assert capsys.readouterr().out.splitlines() == [
        "HTTP",
        f"  {'ok     ' if good else 'MISSING'} scalars",
        "skipped: no chromium",
    ]


needs_browser = pytest.mark.skipif(find_browser() is None, reason="no chromium")


@needs_browser
def test_a_browser_answers_and_ends(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<p id=host></p><script>host.attachShadow({mode: 'open'}).innerHTML = '<b>x</b>'</script>"
    )
    program = find_browser()
    assert program is not None
    with Browser(program, 200, 100) as browser:
        browser.open(page.as_uri())
        assert browser.wait("all('b').length", 30) == 1
        assert browser.evaluate("all('b').map(e => e.textContent)") == ["x"]
        assert browser.wait("false", 0.1) is False
        assert browser.picture().startswith(b"\x89PNG")


@pytest.mark.slow
@needs_browser
def test_the_pages_have_content(sweep: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "scripts/tensorboard_proof.py",
        str(sweep),
        "-o",
        str(tmp_path / "out"),
        "--require",
    ]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSING" not in done.stdout
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {
        "timeseries",
        "images",
        "hparams",
        "text",
        "histograms",
        "custom_scalars",
    }
