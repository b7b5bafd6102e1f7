"""``gan-lab archive`` as it is typed, and the commands that read what it writes."""

import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from support.archives import TABLES, write_long_sweep
from support.command_line import gan_lab
from support.report_runs import table, write_run, write_sweep


@pytest.fixture(name="sweep")
def _sweep(tmp_path: Path) -> Path:
    return write_sweep(tmp_path / "sweep", seeds=2)


@pytest.fixture(name="packed")
def _packed(sweep: Path) -> Path:
    assert gan_lab("archive", str(sweep)).status == 0
    return sweep.with_name("sweep.zip")


def refusal(*arguments: str) -> str:
    """Return the one line with which a command is refused."""
    called = gan_lab(*arguments)
    assert called.status == 2
    assert called.out == ""
    (line,) = called.err.splitlines()
    return line.removeprefix("gan-lab: ")


def test_a_sweep_is_archived_beside_its_folder_and_a_sentence_says_what_is_in_it(tmp_path: Path) -> None:
    sweep = write_long_sweep(tmp_path / "sweep", range(1))
    called = gan_lab("archive", str(sweep))
    size = (tmp_path / "sweep.zip").stat().st_size
    assert called.out == (
        f"2 runs with 2,502 of 4,800 rows of numbers and 4 pictures, {size / 1000:.1f} kB, to be reported "
        f"and not resumed (no checkpoints): {tmp_path / 'sweep.zip'}\n"
    )
    assert (called.status, called.err) == (0, "")
    whole = gan_lab("archive", str(sweep), "--every", "1", "--to", str(tmp_path / "all.zip"))
    assert "all 4,800 rows" in whole.out
    assert (tmp_path / "all.zip").stat().st_size > size


def test_the_folder_where_one_is_may_be_named(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sweep)
    assert gan_lab("archive", ".").out.rstrip().endswith(str(sweep.with_name("sweep.zip")))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "archive needs SWEEP_DIR; gan-lab archive --help lists what there is."),
        (["S", "--every", "0"], "--every must be a whole number greater than 0; got '0'."),
        (["S", "--every", "x"], "--every must be a whole number greater than 0; got 'x'."),
        (["S", "--to", "x.tar"], "--to must be a name that ends in .zip; got 'x.tar'."),
        (
            ["S", "S/gan_mlp_toy_ring8_0123abcd"],
            "archive needs --to FILE.zip where it is given several folders.",
        ),
        (["S", "--to", "none/x.zip"], "none is not a folder; choose another place with --to."),
        (["none"], "none does not exist."),
        (["empty"], "There are no runs in empty."),
        (["a.txt"], "a.txt is no folder of runs; gan-lab report takes several archives."),
        (["S", "--to", "there.zip"], "there.zip is there already; choose another name with --to."),
    ],
)
def test_what_is_wrong_is_refused_in_a_line(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], line: str
) -> None:
    monkeypatch.chdir(sweep.parent)
    Path("empty").mkdir()
    Path("a.txt").touch()
    Path("there.zip").write_text("mine")
    typed = [each.replace("S", "sweep", 1) if each[:1] == "S" else each for each in arguments]
    assert refusal("archive", *typed) == line
    assert sorted(os.listdir()) == ["a.txt", "empty", "sweep", "there.zip"]
    assert Path("there.zip").read_text() == "mine"


def test_a_run_that_cannot_be_read_is_named_and_the_others_archived(sweep: Path) -> None:
    (sweep / "gan_mlp_toy_ring8_0123abcd" / "seed1" / "run.json").write_text("{")
    called = gan_lab("archive", str(sweep))
    assert called.status == 0
    assert called.out.startswith("3 runs with all 1,500 rows")
    (line,) = called.err.splitlines()
    assert "seed1 is left out of the archive: " in line


def table_of(sweep: Path, *asked: str) -> str:
    """What `gan-lab runs` shows of a folder, without where it is."""
    table, _, _ = gan_lab("runs", str(sweep), *asked).out.rpartition("Names are below ")
    return table


def test_runs_lists_an_archive_as_it_lists_a_folder(sweep: Path, packed: Path) -> None:
    for asked in ((), ("--where", "objective=gan", "--sort", "seed", "--descending")):
        # what judges a run that is not judged is named by its own place
        expected = re.sub(re.escape(str(sweep)) + r"\b", str(packed), table_of(sweep, *asked))
        assert gan_lab("runs", str(packed), *asked).out == expected
    of_archive, of_folder = (json.loads(gan_lab("runs", str(p), "--json").out) for p in (packed, sweep))
    for each in of_folder:
        each["path"] = each["path"].replace(str(sweep), str(packed))
    assert of_archive == of_folder


def test_diagnose_says_the_same_of_an_archive(sweep: Path, packed: Path) -> None:
    for more in ([], ["--json"]):
        of_archive, of_folder = (gan_lab("diagnose", str(path), *more).out for path in (packed, sweep))
        assert of_archive == of_folder.replace(f"{sweep}/", f"{packed}/")


def test_a_damaged_run_of_an_archive_is_told_by_the_name_of_the_archive(packed: Path, tmp_path: Path) -> None:
    target = tmp_path / "other.zip"
    with zipfile.ZipFile(packed) as file, zipfile.ZipFile(target, "w") as made:
        for name in file.namelist():
            made.writestr(
                name, b"{" if name.endswith("gan_mlp_toy_ring8_0123abcd/seed0/run.json") else file.read(name)
            )
    for command in (["runs"], ["runs", "--json"], ["diagnose"], ["report", "-o", str(tmp_path / "r")]):
        called = gan_lab(command[0], str(target), *command[1:])
        assert called.status == 0
        assert "run.json is damaged" in called.out + called.err
        assert "/gan-lab-" not in called.out + called.err


def test_a_report_of_an_archive_lies_beside_it(sweep: Path, packed: Path) -> None:
    called = gan_lab("report", str(packed))
    assert called.out.rstrip().endswith(f": {sweep.parent / 'sweep_report' / 'report.html'}")
    assert gan_lab("report", str(sweep)).out.rstrip().endswith(f": {sweep / 'report' / 'report.html'}")
    for name in TABLES:
        assert (sweep.parent / "sweep_report" / name).read_bytes() == (sweep / "report" / name).read_bytes()


def test_several_are_reported_as_one(sweep: Path, packed: Path, tmp_path: Path) -> None:
    more = write_run(tmp_path / "more" / "run", choices={"objective": "lsgan"}, seed=1)
    called = gan_lab("report", str(packed), str(more.parent), str(sweep))
    assert (called.status, called.err) == (0, "gan-lab: lsgan: there is no run of seed 0.\n")
    assert called.out == (
        "5 runs in 3 cells, 0 left out of means, 4 left out that stood elsewhere, too: "
        f"{tmp_path / 'sweep_merged' / 'report.html'}\n"
    )
    page = (tmp_path / "sweep_merged" / "report.html").read_text()
    assert "4 copies of runs that stood elsewhere with the same numbers are left out." in page
    assert "sweep/gan_mlp_toy_ring8_0123abcd/seed0" in page


def test_two_that_differ_are_refused_in_a_line(sweep: Path, packed: Path, tmp_path: Path) -> None:
    run = sweep / "gan_mlp_toy_ring8_0123abcd" / "seed0"
    shutil.rmtree(run)
    write_run(run, numbers=table(estimate="jsd", distance__jsd=0.5), choices={"objective": "gan"})
    line = refusal("report", str(packed), str(sweep), "-o", str(tmp_path / "r"))
    assert line.startswith(
        "A run stands in two places with other numbers: sweep/gan_mlp_toy_ring8_0123abcd/seed0 and "
        "sweep.zip/gan_mlp_toy_ring8_0123abcd/seed0 (distance/"
    )
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("command", ["runs", "diagnose", "report"])
def test_what_is_no_archive_is_refused_in_a_line(packed: Path, tmp_path: Path, command: str) -> None:
    whole = packed.read_bytes()
    foreign = tmp_path / "foreign.zip"
    with zipfile.ZipFile(foreign, "w") as file:
        file.writestr("setup.py", "raise SystemExit('executed')")
    newer = tmp_path / "newer.zip"
    with zipfile.ZipFile(newer, "w") as file:
        file.writestr("archive.json", '{"format": 2}')
    (tmp_path / "text.zip").write_text("a text")
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.zip").touch()
    before = {*tmp_path.rglob("*")}
    found = {each: refusal(command, str(tmp_path / each)) for each in ("text.zip", "cut.zip", "empty.zip")}
    assert "is neither a folder nor an archive of gan-lab" in found["text.zip"]
    assert "is neither a folder nor an archive of gan-lab" in found["empty.zip"]
    assert "is damaged, such as cut off" in found["cut.zip"]
    assert "holds 'setup.py' which no report reads" in refusal(command, str(foreign))
    assert "is of format 2, which a later version" in refusal(command, str(newer))
    assert {*tmp_path.rglob("*")} == before


@pytest.mark.parametrize("command", ["resume", "sample", "interpolate", "export", "evaluate", "board"])
def test_an_archive_where_a_folder_should_be_says_what_reads_it(packed: Path, command: str) -> None:
    assert refusal(command, str(packed)) == (
        f"{packed} is not a folder; gan-lab runs, diagnose and report read archives, which hold no "
        "checkpoints to resume or sample from, and no events of TensorBoard."
    )


@pytest.mark.parametrize("command", ["resume", "sample", "board", "runs", "diagnose", "report", "archive"])
def test_a_run_in_an_archive_is_read_with_the_whole(packed: Path, command: str) -> None:
    # as gan-lab diagnose and gan-lab runs --json write its path
    assert refusal(command, str(packed / "wgan")) == (
        f"{packed / 'wgan'} does not exist: {packed} is a file, and gan-lab runs, diagnose and report read "
        "it whole."
    )


def test_the_command_is_listed_and_completed() -> None:
    assert (
        "\n  archive     pack the runs of a sweep into one small file that report reads\n"
        in gan_lab("--help").out
    )
    called = gan_lab("-sc", "query=bash", COMP_LINE="gan-lab arch")
    assert called.out == "archive\n"


@pytest.mark.parametrize("where", ["sweep", "packed"])
def test_a_run_is_chosen_by_the_name_that_the_table_shows(where: str, request: pytest.FixtureRequest) -> None:
    given = str(request.getfixturevalue(where))
    header, *rows = gan_lab("runs", given).out.splitlines()
    assert header.split()[-1] == "run"
    name = rows[0].split()[-1]
    called = gan_lab("runs", given, "--where", f"run={name}")
    assert called.out.splitlines()[1].split()[-1] == name
