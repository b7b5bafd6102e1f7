from pathlib import Path

from gan_lab.cli.run_table import format_table
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
            final={"loss/critic": 1.0, "distance/jsd": 0.123456, "distance/critic_median": -1234567.0},
        ),
        a_record("b", status="diverged", iteration=7, seed=12, message="NaN.", final={"distance/jsd": "nan"}),
        RunRecord(Path("/other"), "failed", message="Damaged."),
    ]
    assert format_table(records, ROOT) == (
        "status     iteration  seed  duration  distance/jsd  distance/critic_median  loss/critic  run\n"
        "completed    100/100     0   1:02:04        0.1235              -1.235e+06            1  wgan/0\n"
        "diverged       7/100    12   0:00:00           nan                       -            -  b\n"
        "failed           0/0     -   0:00:00             -                       -            -  /other\n"
        "b: NaN.\n"
        "/other: Damaged."
    )


def test_distances_come_before_other_numbers_and_there_are_three():
    tags = ["a/first", "distance/z", "distance/f_divergence", "distance/critic_median", "distance/a"]
    header = format_table([a_record("a", final=dict.fromkeys(tags, 1.0))], ROOT).splitlines()[0]
    assert header.split()[4:-1] == ["distance/f_divergence", "distance/critic_median", "distance/a"]


def test_no_runs_are_said_to_be_none():
    assert format_table([], ROOT) == "There are no runs in /runs."


def test_the_root_itself_can_be_a_run():
    assert format_table([a_record("")], ROOT).splitlines()[1].endswith("  .")
