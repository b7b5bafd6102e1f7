"""A sweep with one run that somebody broke: the report is written, and that run is listed with its reason."""

import csv
import io
import json
import os
import random
from pathlib import Path

import pandas
import pytest

from gan_lab.reports.page.tables import csv_text
from gan_lab.reports.report import write_report
from gan_lab.reports.sweep.deviations import Composed
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.loading import load_sweep
from gan_lab.reports.sweep.sweep_command import command_of_sweep, jobs_of
from gan_lab.runs.sources import folder_source
from support.report_runs import write_run, write_sweep

HEADER = "iteration,distance/critic_raw,distance/w1_exact\n"
TABLES = {
    "quotes": HEADER + '1,"2",3\n',
    "an open quote": HEADER + '1,"2,3\n' * 3,
    "binary": "\x00\x01\x02" * 100,
    "no utf-8": "\udcff\udcfe",
    "an infinite iteration": HEADER + "inf,1,1\n",
    "an iteration beyond": HEADER + "1e300,1,1\n",
    "half an iteration": HEADER + "1.5,1,1\n",
    "a number of 5000 digits": HEADER + f"{'9' * 5000},1,1\n",
    "an infinite estimate": HEADER + "1,inf,1\n2,-inf,1\n",
    "an overflow": HEADER + "1,1e999,1\n",
    "escapes": HEADER + "1,\x1b[2J,1\n",
    "columns twice": "iteration,iteration,distance/critic_raw,distance/critic_raw\n1,1,1,1\n",
    "a formula": "iteration,distance/critic_raw,=cmd|'/c calc'!A0\n1,1,1\n",
    "only a header": HEADER,
    "nothing": "",
    "complex": HEADER + "1,1j,1\n",
    "truths": HEADER + "True,False,True\n",
    "dates": HEADER + "2020-01-01,1,1\n",
}


@pytest.fixture(name="sweep")
def _sweep(tmp_path: Path) -> Path:
    return write_sweep(tmp_path / "sweep", seeds=2)


def broken(sweep: Path) -> Path:
    return sweep / "wgan_mlp_toy_ring8_0123abcd" / "seed1"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_none_is_the_fault_of_its_run_alone(sweep: Path, name: str) -> None:
    (broken(sweep) / "metrics.csv").write_bytes(TABLES[name].encode(errors="surrogateescape"))
    loaded = load_sweep(sweep)
    assert len(loaded.runs) == 4
    (run,) = [run for run in loaded.runs if run.record.path == broken(sweep)]
    assert run.fault is not None
    assert run.fault.startswith("metrics.csv ")
    assert "\n" not in run.fault
    assert [other.fault for other in loaded.runs if other is not run] == [None] * 3


def test_an_infinite_quality_counts_as_not_measured(sweep: Path) -> None:
    table = broken(sweep) / "metrics.csv"
    frame = pandas.read_csv(table)
    frame.loc[49, "distance/w1_exact"] = float("inf")
    frame.to_csv(table, index=False)
    (run,) = [run for run in load_sweep(sweep).runs if run.record.path == broken(sweep)]
    assert run.fault is None
    assert run.numbers["distance/w1_exact"].notna().sum() == 9


def test_a_pipe_for_a_table_makes_nobody_wait(sweep: Path) -> None:
    for name in ("metrics.csv", "config.yaml", "run.json"):
        (broken(sweep) / name).unlink()
        os.mkfifo(broken(sweep) / name)
        assert any(f"{name} is a pipe" in fault for fault in load_sweep(sweep).faults)
        (broken(sweep) / name).unlink()


MULTIRUNS = [
    "",
    "[",
    "hydra: 5",
    "hydra: {overrides: {hydra: [], task: []}, sweeper: {_target_: x.BasicSweeper, params: [1]}}",
    "hydra: {overrides: {hydra: [], task: 5}, sweeper: {}}",
    "hydra: {overrides: {hydra: [{a: b}], task: [null, 5, [a]]}, sweeper: {_target_: x.BasicSweeper}}",
    "hydra: {overrides: {hydra: [], task: ["
    + ", ".join(f'"k{k}={",".join(map(str, range(100)))}"' for k in range(9))
    + "]}, sweeper: {_target_: x.BasicSweeper}}",
    "a: &a [x]\nhydra: *a",
    "hydra: !!python/object/apply:os.system [touch executed]",
    "\x1b",
    "\x00" * 10,
]


@pytest.mark.parametrize("text", MULTIRUNS, ids=lambda text: text[:30])
def test_a_bad_multirun_yaml_ends_no_report(sweep: Path, text: str) -> None:
    (sweep / "multirun.yaml").write_text(text)
    assert jobs_of(sweep) == []
    assert isinstance(command_of_sweep(sweep), str)
    assert len(load_sweep(sweep).runs) == 4
    assert not Path("executed").exists()


def test_records_and_configs_of_any_content_end_no_report(sweep: Path) -> None:
    """What a fuzzer puts into a record or a config is read, or named as the fault of that run."""
    rng = random.Random(0)
    values = [
        None,
        True,
        -1,
        10**30,
        1e308,
        float("nan"),
        "",
        "=1+1",
        "\x1b[2J",
        "9" * 4000,
        [],
        {},
        [[1]],
        {"": 1},
    ]
    record_file, config_file = broken(sweep) / "run.json", broken(sweep) / "config.yaml"
    record, config = json.loads(record_file.read_text()), config_file.read_text()
    for key in list(record) * 4:
        record_file.write_text(json.dumps(record | {key: rng.choice(values)}))
        loaded = load_sweep(sweep)
        assert len(loaded.runs) + any("seed1" in fault for fault in loaded.faults) >= 4
    record_file.write_text(json.dumps(record))
    for line in config.splitlines() * 3:
        value = rng.choice(
            ["[" * 30, "{}", "=x", "-1e999", ".nan", "2020-01-01", "&a", "'\\e'", "null", "[[], {a: b}]"]
        )
        config_file.write_text(config.replace(line, f"{line.partition(':')[0]}: {value}", 1))
        assert len(load_sweep(sweep).runs) == 4


def test_the_report_of_a_sweep_with_a_broken_run_is_written(sweep: Path, tmp_path: Path) -> None:
    folder = broken(sweep)
    (folder / "metrics.csv").write_text(TABLES["an infinite estimate"])
    (sweep / "multirun.yaml").write_text(MULTIRUNS[3])
    formula = '=HYPERLINK("http://x","y")'
    write_run(
        sweep / "odd" / "seed0", choices={"objective": formula}, seed=0, message="@SUM(A1)", status="failed"
    )
    # in the place of what is composed: no experiment is asked for
    nothing = Composed({}, {}, {})
    found = write_report(folder_source(sweep), tmp_path / "out", FailureRule(), lambda overrides: nothing)
    assert len(found.runs) == 5
    page = (tmp_path / "out" / "report.html").read_text()
    assert "metrics.csv is damaged at line 2" in page
    for table in (tmp_path / "out").glob("*.csv"):
        cells = [cell for row in csv.reader(io.StringIO(table.read_text(), newline="")) for cell in row]
        assert [cell for cell in cells if cell[:1] in ("=", "@", "+", "\t")] == [], table
    assert "'=HYPERLINK" in (tmp_path / "out" / "runs.csv").read_text()


def test_formulas_are_texts_and_numbers_stay_numbers() -> None:
    table = pandas.DataFrame(
        {"=a": ["=1+1", "+x", "-x", "@x", "\tx", "\rx", "-1.5", "+2e3", "plain", "", None], "n": [-1.5] * 11}
    )
    rows = list(csv.reader(io.StringIO(csv_text(table), newline="")))
    assert rows[0] == ["'=a", "n"]
    texts = ["'=1+1", "'+x", "'-x", "'@x", "\\tx", "\\rx", "-1.5", "+2e3", "plain", "", ""]
    assert [row[0] for row in rows[1:]] == texts
    assert {row[1] for row in rows[1:]} == {"-1.5"}
