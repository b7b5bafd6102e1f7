import os
from pathlib import Path

import pytest

from gan_lab.cli.run_table import format_table
from gan_lab.runs.reading import find_runs
from gan_lab.runs.record import RunRecord

ROOT = Path("/runs")


def a_record(name, **fields):
    return RunRecord(ROOT / name, **{"status": "completed", "iterations": 100, **fields})


def test_the_table_is_aligned():
    records = [
        a_record(
            "wgan/0",
            iteration=100,
            seed=0,
            duration_s=3723.6,
            bounds={"distance/critic_raw": "nothing", "distance/jsd": "batches"},
            final={"loss/critic": 1.0, "distance/jsd": 0.123456, "distance/critic_median": -1234567.0},
        ),
        a_record("b", status="diverged", iteration=7, seed=12, message="NaN.", final={"distance/jsd": "nan"}),
        RunRecord(Path("/other"), "failed", message="Damaged."),
    ]
    assert format_table(records, ROOT) == (
        "status      iteration  seed  duration  distance/jsd  distance/critic_median  bounds   run\n"
        "completed     100/100     0   1:02:04        0.1235              -1.235e+06  batches  wgan/0\n"
        "diverged        7/100    12   0:00:00           nan                       -  -        b\n"
        "unreadable          -     -         -             -                       -  -        /other\n"
        "b: NaN.\n"
        "/other: Damaged."
    )


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"distance/critic_raw": "nothing", "distance/jsd": "samples"}, "samples"),
        ({"distance/f_divergence": "batches", "distance/critic_raw": "everywhere"}, "batches"),
        ({"distance/critic_raw": "everywhere"}, "samples"),
        ({"distance/critic_raw": "batches"}, "batches"),
        ({"distance/critic_raw": "between"}, "nothing"),
        ({"distance/critic_raw": "local"}, "nothing"),
        ({"distance/critic_raw": "nothing"}, "nothing"),
        ({}, "-"),
    ],
)
def test_what_the_estimate_bounds_is_shown(bounds, said):
    header, line = format_table([a_record("a", bounds=bounds)], ROOT).splitlines()
    assert line[header.index("bounds") :].split()[0] == said


@pytest.mark.parametrize("iterations", [10, 10**5, 10**9])
def test_a_line_fits_a_terminal(iterations):
    final = {
        "distance/f_divergence": -1.234e-05,
        "distance/critic_median": -1.234e-05,
        "loss/critic": -1.2e-05,
    }
    record = a_record("r", iterations=iterations, iteration=iterations, seed=0, final=final)
    lines = format_table([record], ROOT).splitlines()
    assert max(map(len, lines)) <= 100
    assert "distance/f_divergence" in lines[0]


def test_a_record_that_cannot_be_read_is_no_failed_run(tmp_path):
    for name, content in (("damaged", "{"), ("failed", None), ("pipe", None)):
        (tmp_path / name).mkdir()
        if content:
            (tmp_path / name / "run.json").write_text(content)
    os.mkfifo(tmp_path / "pipe" / "run.json")
    begun = {"iterations": 5, "started": "2026-01-01T00:00:00+00:00"}
    RunRecord(tmp_path / "failed", "failed", **begun).write()
    lines = format_table(find_runs(tmp_path), tmp_path).splitlines()
    rows = {line.split()[-1]: line.split()[:2] for line in lines[1:4]}
    assert rows == {"damaged": ["unreadable", "-"], "pipe": ["unreadable", "-"], "failed": ["failed", "0/5"]}
    assert f"{tmp_path / 'pipe' / 'run.json'} is a pipe, where gan-lab keeps files of its own" in lines[-1]


def test_distances_come_before_other_numbers_and_there_are_three():
    tags = ["a/first", "distance/z", "distance/jsd", "distance/w1_exact", "distance/a"]
    header = format_table([a_record("a", final=dict.fromkeys(tags, 1.0))], ROOT).splitlines()[0]
    assert header.split()[4:-2] == ["distance/jsd", "distance/w1_exact", "distance/a"]


def test_no_runs_are_said_to_be_none():
    assert format_table([], ROOT) == "There are no runs in /runs."


def test_the_root_itself_can_be_a_run():
    assert format_table([a_record("")], ROOT).splitlines()[1].endswith("  .")
