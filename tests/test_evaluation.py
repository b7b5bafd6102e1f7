"""`gan-lab evaluate` as a user types it."""

import csv
from pathlib import Path

import pytest
from command_line import gan_lab
from conftest import TOY, Train

from gan_lab.evaluation import Line, format_lines


@pytest.fixture
def run(train: Train) -> Path:
    return train("run", *TOY, "train.iterations=2")


def test_a_run_is_measured_beside_real_samples(run: Path) -> None:
    called = gan_lab("evaluate", str(run), "--samples", "64", "--device", "cpu")
    assert (called.status, called.err) == (0, "")
    lines = called.out.splitlines()
    assert lines[0] == f"{run}: iteration 2, 64 samples on either side, seed 0"
    assert lines[1].split() == ["metric", "value", "real", "against", "real", "p-value"]
    shown = [line.split()[0] for line in lines[2:] if line]
    assert {
        "distance/certified",
        "distance/w1_exact",
        "quality/modes_hit",
        "test/MMD²",
        "test/classifier",
    } <= set(shown)
    (path,) = (run / "evaluation").iterdir()
    assert path.name == "iteration2_seed0_n64.csv"
    with path.open(newline="") as file:
        table = {row["metric"]: row for row in csv.DictReader(file)}
    assert table.keys() == set(shown) - {"test/energy"} | {"test/energy distance"}
    # an untrained generator is told from the ring by every test
    assert all(float(row["p_value"]) < 0.01 for name, row in table.items() if name.startswith("test/"))
    assert all(row["samples"] == "64" for row in table.values())
    assert float(table["distance/certified"]["value"]) <= float(table["distance/w1_exact"]["value"])


def test_the_same_request_writes_the_same_file(run: Path) -> None:
    for _ in range(2):
        assert gan_lab("evaluate", str(run), "--samples", "40", "--device", "cpu").status == 0
    (path,) = (run / "evaluation").iterdir()
    before = path.read_bytes()
    assert gan_lab("evaluate", str(run), "--samples", "40", "--seed", "1", "--device", "cpu").status == 0
    assert len(list((run / "evaluation").iterdir())) == 2
    assert path.read_bytes() == before


def test_what_cannot_be_measured_is_named_and_the_rest_is_measured(run: Path, train: Train) -> None:
    other = train("other", *TOY, "train.iterations=2")
    for checkpoint in (other / "checkpoints").iterdir():
        checkpoint.unlink()
    called = gan_lab("evaluate", str(run.parent), "--samples", "40", "--device", "cpu")
    assert called.status == 2
    assert called.err.startswith(f"gan-lab: {other}: ")
    assert len(called.err.splitlines()) == 1
    assert (run / "evaluation").is_dir()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--samples", "7"], "metrics.samples must be at least 8 for this dataset; got 7."),
        (["--inception", "missing.pth"], "missing.pth"),
    ],
)
def test_a_bad_request_is_refused_in_a_sentence(
    run: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = gan_lab("evaluate", str(run), "--device", "cpu", *arguments)
    assert called.status == 2
    assert message in called.err or "torch-fidelity" in called.err
    assert len(called.err.splitlines()) == 1
    assert not (run / "evaluation").exists()


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    called = gan_lab("evaluate", str(tmp_path))
    assert (called.status, called.err) == (2, f"gan-lab: There are no runs in {tmp_path}.\n")


def test_columns_are_aligned() -> None:
    table = format_lines([Line("a/long_name", 1.5, 0.25), Line("b", -3.0, None, 0.01)])
    assert table.splitlines() == [
        "metric       value  real against real  p-value",
        "a/long_name    1.5               0.25",
        "b               -3                        0.01",
    ]
