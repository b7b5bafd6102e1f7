"""``gan-lab diagnose``: what is wrong with runs in words, whatever state they are in."""

import json
from pathlib import Path

import pytest

from support.command_line import gan_lab
from support.report_runs import table, write_run

DEAD = {"health__critic_slope": 0.0001, "health__generator_gradient_norm": 0.01}
CONFIG = {
    "objective": {"_target_": "gan_lab.objectives.wasserstein.Wasserstein"},
    "constraint": {"_target_": "gan_lab.constraints.clip.WeightClip", "bound": 0.01},
}
POOR = {"quality__high_quality_share": 0.1}


@pytest.fixture(name="sweep")
def _sweep(tmp_path: Path) -> Path:
    bad = {"distance__w1_exact": 2.0 - 0.001 * 1.0} | POOR
    write_run(tmp_path / "a_well")
    write_run(tmp_path / "b_poor", numbers=table(**POOR), seed=1)
    write_run(tmp_path / "c_dead", numbers=table(**DEAD, **bad), config=CONFIG, seed=2)
    return tmp_path


def test_one_run_in_words(sweep: Path) -> None:
    called = gan_lab("diagnose", str(sweep / "c_dead"))
    assert called.status == 0
    lines = called.out.splitlines()
    assert lines[0] == f"{sweep / 'c_dead'}: completed at iteration 500 of 500"
    assert lines[1] == "  failure: critic_dead"
    assert lines[2].startswith(
        "    The critic is dead: its largest slope is 0.0001 (median of its last 3), where one layer"
    )
    assert lines[3] == "    way out: constraint.bound=0.1"


def test_a_sweep_begins_with_a_table_the_worst_first(sweep: Path) -> None:
    lines = gan_lab("diagnose", str(sweep)).out.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["verdict", "severity", "runs"],
        ["critic_dead", "failure", "1"],
        ["poor", "warning", "1"],
        ["all_well", "none", "1"],
    ]
    runs = [line.split(":")[0] for line in lines if line.startswith(str(sweep))]
    assert runs == [str(sweep / name) for name in ("c_dead", "b_poor", "a_well")]


def test_for_programs(sweep: Path) -> None:
    called = gan_lab("diagnose", str(sweep / "a_well"), str(sweep), "--json")
    first, *_, last = found = json.loads(called.out)
    assert len(found) == 3  # a run that is named twice is one
    assert set(first) == {"run", "status", "seed", "iteration", "verdicts"}
    assert first["verdicts"][0]["name"] == "critic_dead"
    assert set(first["verdicts"][0]) == {"name", "severity", "sentence", "remedy", "command"}
    assert [verdict["name"] for verdict in last["verdicts"]] == ["all_well"]


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_damaged_runs_are_told_of(tmp_path: Path, flag: list[str]) -> None:
    write_run(tmp_path / "well")
    for name, file, content in [
        ("record", "run.json", b"{"),
        ("table", "metrics.csv", b"\xff\x00,,\n"),
        ("config", "config.yaml", b"[1, {"),
        ("mapping", "config.yaml", b"constraint: {_target_: [1], bound: {a: .nan}}\ntrain: 5\n1: {2: 3}\n"),
        ("cut", "metrics.csv", b"iteration,distance/critic_raw\n1,0.5\n2,"),
    ]:
        write_run(tmp_path / name)
        (tmp_path / name / file).write_bytes(content)
    (tmp_path / "gone" / "run.json").parent.mkdir()
    write_run(tmp_path / "gone" / "run")
    (tmp_path / "gone" / "run" / "metrics.csv").unlink()
    called = gan_lab("diagnose", str(tmp_path), *flag)
    assert (called.status, called.err) == (0, "")
    assert "unreadable" in called.out
    assert "Nothing was measured" in called.out


def test_records_of_earlier_versions_are_read(tmp_path: Path) -> None:
    path = write_run(tmp_path / "old") / "run.json"
    record = json.loads(path.read_text())
    del record["verdicts"]
    path.write_text(json.dumps(record))
    assert "\n  all_well\n" in gan_lab("diagnose", str(tmp_path / "old")).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "RUN_DIR"),
        (["nowhere"], "nowhere does not exist."),
        (["."], "There are no runs in"),
    ],
)
def test_bad_input_gets_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    called = gan_lab("diagnose", *arguments)
    assert called.status == 2
    assert message in called.err
    assert "Traceback" not in called.err


def test_a_hostile_record_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    write_run(tmp_path / "run", status="diverged", message="\x1b[2J gone")
    assert "\x1b" not in gan_lab("diagnose", str(tmp_path / "run")).out


def test_an_interrupted_run_is_told_how_to_go_on_unless_it_is_from_an_archive(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a run", status="interrupted")
    assert gan_lab("diagnose", str(folder)).out.endswith(f"\n  go on: gan-lab resume '{folder}'\n")
    assert gan_lab("archive", str(folder), "--to", str(tmp_path / "run.zip")).status == 0
    told = gan_lab("diagnose", str(tmp_path / "run.zip"))
    assert (told.status, "interrupted" in told.out, "go on" in told.out) == (0, True, False)
    write_run(tmp_path / "b")
    assert "go on" not in gan_lab("diagnose", str(tmp_path / "b")).out
