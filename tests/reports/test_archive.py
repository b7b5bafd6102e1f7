"""From a sweep to an archive and back: the same numbers, in the same bytes, and several as one."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas
import pytest
import yaml

from gan_lab.config.errors import UserError
from gan_lab.diagnosis.diagnose import ALL_WELL, diagnose
from gan_lab.reports.archive.archive import write_archive
from gan_lab.reports.archive.places import typed_without_places
from gan_lab.reports.archive.thinning import MOST_ROWS, thin_table
from gan_lab.reports.claims.bands import at_common_rows, bands_of, centred_median, filtered
from gan_lab.reports.observing import findings_in, observe
from gan_lab.reports.sweep.loading import load_sources, load_sweep
from gan_lab.reports.sweep.model import estimate_tag
from gan_lab.runs.archived import read_archived
from gan_lab.runs.sources import open_sources
from gan_lab.tags.names import JSD, RAW, median_tag
from support.archives import LONG, TABLES, archive_of, report_of, write_long_run, write_long_sweep
from support.report_runs import table, write_run, write_sweep


@pytest.fixture(scope="module", name="sweep")
def _sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_long_sweep(tmp_path_factory.mktemp("archive") / "sweep")


@pytest.fixture(scope="module", name="packed")
def _packed(sweep: Path) -> Path:
    return archive_of(sweep)


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as file:
        return file.namelist()


def read_in(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as file:
        return file.read(name)


def csv_of(frame: pandas.DataFrame) -> bytes:
    return frame.to_csv(lineterminator="\n").encode()


# a round trip


def test_a_report_of_the_archive_says_what_one_of_the_folder_says(
    sweep: Path, packed: Path, tmp_path: Path
) -> None:
    of_folder, ours = report_of(tmp_path / "folder", sweep)
    of_archive, theirs = report_of(tmp_path / "archive", packed)
    assert [run.every for run in of_archive.runs] == [2] * 6
    assert max(len(run.numbers) for run in of_archive.runs) <= MOST_ROWS < LONG
    for name in TABLES:
        assert theirs[name] == ours[name], name
    assert of_archive.faults == of_folder.faults == ()
    assert (
        "an archive keeps all that was measured of samples, and at least one in 2 of" in theirs["report.html"]
    )
    assert "an archive keeps" not in ours["report.html"]
    # there is nothing to lead to
    assert 'href="./' in ours["report.html"]
    assert 'href="./' not in theirs["report.html"]
    assert {p.name for p in (tmp_path / "archive" / "figures").iterdir()} == {
        p.name for p in (tmp_path / "folder" / "figures").iterdir()
    }


def test_medians_are_those_of_all_rows(sweep: Path, packed: Path) -> None:
    whole = load_sweep(sweep).runs
    with open_sources([packed]) as sources:
        for run, full in zip(load_sources(sources).runs, whole, strict=True):
            tag = estimate_tag(run)
            for centred in (True, False):
                expected = filtered(full, tag, centred=centred)[run.numbers.index]
                assert filtered(run, tag, centred=centred).tolist() == pytest.approx(
                    expected.tolist(), nan_ok=True
                )
            # of the rows that are left they would be others
            assert not np.allclose(
                centred_median(run.numbers[tag]), filtered(run, tag, centred=True), rtol=0.01
            )
            # another column has no medians of all rows
            other = next(name for name in run.numbers if name.startswith("health/"))
            assert filtered(run, other, centred=True).equals(centred_median(run.numbers[other]))


def test_what_was_seen_in_all_rows_is_kept(tmp_path: Path) -> None:
    # the median of the last tenth decides: 1 of all its rows, 0 of those that are left
    even = np.where(np.arange(1, LONG + 1) % 2 == 0, 0.0, 1.0)
    even[-240:-101] = 1.0
    even[-101:] = np.where(np.arange(101) < 70, 0.0, 1.0)
    numbers = table(LONG, health__at_clip_fraction=even)
    run = write_run(tmp_path / "sweep" / "run", numbers=numbers, config={"train.iterations": LONG})
    packed = archive_of(tmp_path / "sweep", every=1000)
    with open_sources([packed]) as sources:
        (thin,) = load_sources(sources).runs
        assert thin.archived is not None
        assert [each.name for each in thin.archived.findings] == ["weights_at_bound"]
        assert findings_in(thin.record) == thin.archived.findings
        assert diagnose(observe(thin.record)) != thin.archived.findings
    _, ours = report_of(tmp_path / "folder", run.parent)
    _, theirs = report_of(tmp_path / "archive", packed)
    assert theirs["runs.csv"] == ours["runs.csv"]
    assert "weights_at_bound" in theirs["runs.csv"]


def test_short_runs_are_kept_to_the_byte(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "sweep", seeds=1)
    packed = archive_of(sweep)
    for name in ("metrics.csv", "run.json", "config.yaml"):
        below = f"wgan_mlp_toy_ring8_0123abcd/seed0/{name}"
        assert read_in(packed, below) == (sweep / below).read_bytes()
    assert not [name for name in names_in(packed) if name.endswith("medians.csv")]


# what is in it


def test_an_archive_holds_what_a_report_reads_and_nothing_else(tmp_path: Path) -> None:
    run = write_long_run(tmp_path / "sweep" / "run", 0)
    for name in ("checkpoints/a.pt", "events.out.tfevents.1", "train.log", ".hydra/hydra.yaml"):
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_text("x")
    (run / "timing.csv").write_text("iteration,perf/iterations_per_second\n")
    (run / "evaluation").mkdir()
    (run / "evaluation" / "iteration2400_seed0_n256.csv").write_text("tag,value\n")
    packed = archive_of(tmp_path / "sweep")
    files = ["archived.json", "config.yaml", "evaluation/iteration2400_seed0_n256.csv", "medians.csv"]
    files += ["metrics.csv", "run.json", "samples/002400.png", "samples/real.png", "timing.csv"]
    assert names_in(packed) == ["archive.json", *(f"run/{name}" for name in files)]


def test_the_same_runs_give_the_same_bytes_wherever_they_lie(
    sweep: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(sweep, tmp_path / "elsewhere" / "of_another_name")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "of_another_name")
    monkeypatch.chdir(tmp_path / "elsewhere")
    folders = [Path("of_another_name"), tmp_path / "link", Path("of_another_name/../of_another_name")]
    for number, folder in enumerate(folders):
        target = tmp_path / f"{number}.zip"
        write_archive([folder], target)
        assert target.read_bytes() == packed.read_bytes()


def test_no_place_is_told_but_in_the_record(tmp_path: Path) -> None:
    config = {"dataset.root": "/home/alice/data/digits", "dataset.lists": ["~/x/y", "plain"]}
    run = write_run(tmp_path / "sweep" / "run", config=config)
    multirun = {
        "hydra": {
            "overrides": {
                "hydra": ["hydra.searchpath=[file:///home/alice/conf]"],
                "task": ["dataset.root=/home/alice/digits", "seed=0,1"],
            },
            "sweeper": {
                "_target_": "hydra._internal.BasicSweeper",
                "params": {"seed": "0,1", "dataset.root": "/home/alice/a"},
                "max_batch_size": None,
            },
            "runtime": {"cwd": "/home/alice/secret"},
        }
    }
    (tmp_path / "sweep" / "multirun.yaml").write_text(yaml.safe_dump(multirun))
    packed = archive_of(tmp_path / "sweep")
    kept = yaml.safe_load(read_in(packed, "run/config.yaml"))
    assert kept["dataset"]["root"] == ".../digits"
    assert kept["dataset"]["lists"] == [".../y", "plain"]
    whole = yaml.safe_load((run / "config.yaml").read_text())
    assert {**kept, "dataset": None} == {**whole, "dataset": None}
    with zipfile.ZipFile(packed) as file:
        for name in file.namelist():
            if not name.endswith("run.json"):
                content = file.read(name)
                assert b"alice" not in content, name
                assert str(tmp_path).encode() not in content, name
    typed = yaml.safe_load(read_in(packed, "multirun.yaml"))["hydra"]
    assert typed["overrides"]["hydra"] == ["hydra.searchpath=[.../conf]"]
    assert typed["overrides"]["task"] == ["dataset.root=.../digits", "seed=0,1"]
    assert typed["sweeper"]["params"] == {"seed": "0,1", "dataset.root": ".../a"}
    with open_sources([packed]) as sources:
        assert any("seed=1: the job left no run" in fault for fault in load_sources(sources).faults)


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("dataset.root=~/digits,/data/faces", "dataset.root=.../digits,.../faces"),
        ("dataset.root='/home/alice/my, digits'", "dataset.root='.../my, digits'"),
        ('x=["/home/alice/a",plain, /home/alice/b c]', 'x=[".../a",plain, .../b c]'),
        ("x={root:/home/alice/a,share:1/2}", "x={root:.../a,share:1/2}"),
        ("tracker.uri=http://host:5000/runs", "tracker.uri=http://host:5000/runs"),
        ("experiment=stability", "experiment=stability"),
        ("x=a/b,c:d/e", "x=a/b,c:d/e"),
        ("~tracker", "~tracker"),
    ],
)
def test_a_typed_path_is_kept_as_its_last_name(word: str, kept: str) -> None:
    part = {"hydra": {"overrides": {"task": [word]}, "sweeper": {"params": None}}}
    assert typed_without_places(part)["hydra"]["overrides"]["task"] == [kept]


def test_runs_by_name_are_called_as_seen_from_what_they_share(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "sweep", seeds=2)
    one, other = (
        sweep / "gan_mlp_toy_ring8_0123abcd" / "seed1",
        sweep / "wgan_mlp_toy_ring8_0123abcd" / "seed0",
    )
    write_archive([one, other], tmp_path / "two.zip")
    runs = {name.rpartition("/")[0] for name in names_in(tmp_path / "two.zip")} - {""}
    assert runs == {"gan_mlp_toy_ring8_0123abcd/seed1", "wgan_mlp_toy_ring8_0123abcd/seed0"}
    write_archive([one], tmp_path / "one.zip")
    assert "seed1/run.json" in names_in(tmp_path / "one.zip")


def test_a_damaged_run_is_left_out_and_a_damaged_table_is_kept_as_it_is(tmp_path: Path) -> None:
    sweep = write_long_sweep(tmp_path / "sweep", range(2))
    (sweep / "gan_mlp_0123" / "seed0" / "run.json").write_text("{")
    cut = sweep / "wgan_mlp_0123" / "seed1" / "metrics.csv"
    cut.write_bytes(cut.read_bytes()[:-30])
    packed = write_archive([sweep], tmp_path / "x.zip")
    (sentence,) = packed.left_out
    assert "seed0 is left out of the archive" in sentence
    assert read_in(tmp_path / "x.zip", "wgan_mlp_0123/seed1/metrics.csv") == cut.read_bytes()
    with open_sources([tmp_path / "x.zip"]) as sources:
        faults = {sources.name_of(run.record.path): run.fault for run in load_sources(sources).runs}
    assert faults.pop("wgan_mlp_0123/seed1") == f"metrics.csv is cut off in line {LONG + 1}."
    assert list(faults.values()) == [None, None]


def test_an_archive_is_never_overwritten_and_one_that_fails_leaves_nothing(
    sweep: Path, packed: Path, tmp_path: Path
) -> None:
    before = packed.read_bytes()
    with pytest.raises(UserError, match=r"sweep\.zip is there already; choose another name with --to"):
        archive_of(sweep)
    assert packed.read_bytes() == before
    (tmp_path / "dangling.zip").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="is there already"):
        write_archive([sweep], tmp_path / "dangling.zip")
    (tmp_path / "bad" / "run\\a").mkdir(parents=True)
    shutil.copytree(sweep / "gan_mlp_0123" / "seed0", tmp_path / "bad" / "run\\a", dirs_exist_ok=True)
    with pytest.raises(UserError, match="has backslashes or control characters; rename the folder"):
        archive_of(tmp_path / "bad")
    with pytest.raises(UserError, match="missing is not a folder"):
        write_archive([sweep], tmp_path / "missing" / "x.zip")
    assert sorted(os.listdir(tmp_path)) == ["bad", "dangling.zip"]


def test_what_an_archive_held_is_archived_again_as_it_was(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as file:
        file.extractall(tmp_path / "unpacked")
    again = archive_of(tmp_path / "unpacked", every=7)
    assert again.read_bytes() == packed.read_bytes()
    # and a folder like any other is reported alike
    _, ours = report_of(tmp_path / "a", packed)
    _, theirs = report_of(tmp_path / "b", tmp_path / "unpacked")
    assert [ours[name] for name in TABLES] == [theirs[name] for name in TABLES]


# which rows


def test_rows_with_something_measured_now_and_then_stay_and_the_ends(tmp_path: Path) -> None:
    slopes = np.where(np.arange(1, 5001) % 333 == 0, 1.0, np.nan)
    numbers = table(5000, every=77, health__critic_slope=slopes, health__cosine=1.0)
    thinned = thin_table(csv_of(numbers), 100)
    kept = pandas.read_csv(pandas.io.common.BytesIO(thinned.data), index_col="iteration")
    expected = {1, *range(77, 5001, 77), *range(333, 5001, 333), *range(100, 5001, 100), *range(4900, 5001)}
    assert set(kept.index) == expected
    assert (thinned.every, thinned.rows, thinned.kept) == (100, 5000, len(expected))
    # each as it was, to the byte
    lines = csv_of(numbers).splitlines()
    assert thinned.data.splitlines() == [lines[0], *(lines[row] for row in sorted(expected))]


def test_distances_of_samples_stay_however_often_they_were_measured() -> None:
    every = thin_table(csv_of(table(5000, every=1)), None)
    assert (every.every, every.kept) == (1, 5000)
    often = thin_table(csv_of(table(6000, every=2)), None)
    assert 3000 < often.kept <= 3000 + 51 + 201
    # an estimate that is rounding at most iterations is none of them
    numbers = table(5000)
    numbers.loc[numbers.index % 5 != 0, RAW] = np.nan
    assert thin_table(csv_of(numbers), None).kept <= MOST_ROWS


@pytest.mark.parametrize("length", [1999, 2000, 2001, 2500, 10_000, 50_000])
def test_by_itself_it_leaves_about_two_thousand_rows(length: int) -> None:
    thinned = thin_table(csv_of(table(length, every=500)), None)
    assert thinned.rows == length
    assert (thinned.every == 1) == (length <= MOST_ROWS)
    assert 1000 <= thinned.kept <= MOST_ROWS + 1
    assert bool(thinned.medians) == (thinned.every > 1)


@pytest.mark.parametrize(
    "text", ["", "x", "iteration,distance/critic_raw\n", "iteration,distance/critic_raw\n1,"]
)
def test_what_is_no_table_stays_as_it_is(text: str) -> None:
    assert thin_table(text.encode(), 2).data == text.encode()


# several as one


def part(whole: Path, folder: Path, *names: str) -> Path:
    for name in names:
        shutil.copytree(whole / name, folder / name)
    return folder


def test_seeds_of_several_places_are_one_sweep(sweep: Path, tmp_path: Path) -> None:
    here = part(sweep, tmp_path / "here", "gan_mlp_0123/seed0", "wgan_mlp_0123/seed0", "wgan_mlp_0123/seed1")
    there = part(sweep, tmp_path / "there", "gan_mlp_0123/seed1", "gan_mlp_0123/seed2")
    rest = part(sweep, tmp_path / "rest", "wgan_mlp_0123/seed2")
    merged, theirs = report_of(tmp_path / "merged", archive_of(here), archive_of(there, every=5), rest)
    _, ours = report_of(tmp_path / "whole", sweep)
    assert (len(merged.cells), len(merged.runs), merged.twice, merged.faults) == (2, 6, 0, ())
    for name in set(TABLES) - {"runs.csv"}:
        assert theirs[name] == ours[name], name
    whole, found = (
        pandas.read_csv(tmp_path / folder / "runs.csv").drop(columns="run") for folder in ("whole", "merged")
    )
    assert found.equals(whole)
    assert [merged.sources.name_of(run.record.path) for run in merged.runs] == [
        "here.zip/gan_mlp_0123/seed0",
        "there.zip/gan_mlp_0123/seed1",
        "there.zip/gan_mlp_0123/seed2",
        "here.zip/wgan_mlp_0123/seed0",
        "here.zip/wgan_mlp_0123/seed1",
        "rest/wgan_mlp_0123/seed2",
    ]


def test_a_mean_over_seeds_is_of_all_that_still_run(sweep: Path, tmp_path: Path) -> None:
    here = archive_of(part(sweep, tmp_path / "here", "gan_mlp_0123/seed0"), every=4)
    there = archive_of(part(sweep, tmp_path / "there", "gan_mlp_0123/seed1"), every=6)
    rest = part(sweep, tmp_path / "rest", "gan_mlp_0123/seed2")
    with open_sources([here, there, rest]) as sources:
        runs = load_sources(sources).runs
        bands = bands_of(runs, ["distance/w1_exact"])
    assert set(bands) == {JSD, median_tag(JSD), "distance/w1_exact"}
    for band in bands.values():
        assert set(band.n_seeds) == {3}
    assert set(range(12, LONG, 12)) <= set(bands[JSD].iterations)
    # one that ended is asked for no rows
    long = pandas.Series(1.0, index=range(1, LONG + 500))
    assert at_common_rows(runs[:1], long).index[-1] == LONG + 499


def test_a_run_that_stands_twice_counts_once(sweep: Path, tmp_path: Path) -> None:
    thin, less = archive_of(part(sweep, tmp_path / "a", "wgan_mlp_0123/seed0")), tmp_path / "b"
    part(sweep, less, "wgan_mlp_0123/seed0", "wgan_mlp_0123/seed1")
    for given in ([thin, less], [less, thin]):
        with open_sources(given) as sources:
            merged = load_sources(sources)
        assert (len(merged.runs), merged.twice, merged.faults) == (2, 1, ())
        assert [run.fault for run in merged.runs] == [None, None]
        assert [run.every for run in merged.runs] == [1, 1]  # the one that has all rows


def test_runs_of_one_seed_with_other_numbers_are_refused_and_named(sweep: Path, tmp_path: Path) -> None:
    thin, other = archive_of(part(sweep, tmp_path / "a", "wgan_mlp_0123/seed0")), tmp_path / "b"
    part(sweep, other, "wgan_mlp_0123/seed0")
    path = other / "wgan_mlp_0123" / "seed0" / "metrics.csv"
    numbers = pandas.read_csv(path)
    numbers.loc[49, "distance/w1_exact"] = 7.0
    numbers.to_csv(path, index=False)
    with open_sources([thin, other]) as sources, pytest.raises(UserError) as refused:
        load_sources(sources)
    text = str(refused.value)
    assert text.startswith("A run stands in two places with other numbers: b/wgan_mlp_0123/seed0 and ")
    assert "a.zip/wgan_mlp_0123/seed0 (distance/w1_exact at iteration 50: 7 and " in text


def test_a_run_gives_way_to_one_that_got_further(sweep: Path, tmp_path: Path) -> None:
    begun, whole = tmp_path / "begun", part(sweep, tmp_path / "whole", "wgan_mlp_0123/seed0")
    for seed in (0, 1):
        numbers = table(120)
        config = {"train.iterations": LONG}
        write_run(begun / f"seed{seed}", numbers=numbers, seed=seed, config=config, status="interrupted")
    with open_sources([archive_of(begun), whole]) as sources:
        merged = load_sources(sources)
    assert [(run.record.seed, run.record.status) for run in merged.runs] == [
        (0, "completed"),
        (1, "interrupted"),
    ]
    assert merged.faults == (
        f"begun.zip/seed0: interrupted at iteration 120 of {LONG:,}; whole/wgan_mlp_0123/seed0 of the same "
        "settings and seed counts in its place.",
    )
    further = tmp_path / "further"  # which has a fault, too, and does not count
    write_run(further / "seed1", numbers=table(240), seed=1, config=config, status="interrupted")
    with open_sources([begun, further]) as sources:
        faults = load_sources(sources).faults
    assert any("further/seed1 of the same settings and seed stands in its place." in each for each in faults)


def test_a_job_that_another_place_has_run_is_not_missed(tmp_path: Path) -> None:
    sweeper = {"_target_": "hydra._internal.BasicSweeper", "params": None}
    hydra = {"overrides": {"hydra": [], "task": ["objective=gan,wgan,wgan_gp"]}, "sweeper": sweeper}
    archives = []
    for objective in ("gan", "wgan"):
        folder = tmp_path / f"of_{objective}"
        command = f"gan-lab train objective={objective}"
        write_run(folder / objective, choices={"objective": objective}, command=command)
        (folder / "multirun.yaml").write_text(yaml.safe_dump({"hydra": hydra}))
        archives.append(archive_of(folder))
    with open_sources(archives) as sources:
        assert load_sources(sources).faults == (
            "objective=wgan_gp: the job left no run; it was refused, or never began.",
        )


# what anybody may have written


def repack(path: Path, target: Path, changes: dict[str, bytes | None]) -> Path:
    """Write an archive with other contents of some files; None leaves one out."""
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(target, "w") as made:
        for name in {**dict.fromkeys(file.namelist()), **dict.fromkeys(changes)}:
            content = changes.get(name, b"") if name in changes else file.read(name)
            if content is not None:
                made.writestr(name, content)
    return target


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is a zip file, but no archive of gan-lab: it has no archive.json"),
        (b"{", "is damaged: its archive.json says nothing"),
        (b"[]", "is damaged: its archive.json says nothing"),
        (b"{}", "is damaged: its archive.json says nothing"),
        (b'{"format": 0}', "is damaged: its archive.json says nothing"),
        (b'{"format": true}', "is damaged: its archive.json says nothing"),
        (b"[" * 100_000, "is damaged: its archive.json says nothing"),
        (b'{"format": 2}', "is of format 2, which a later version of gan-lab has written"),
        (b'{"format": 9' + b"9" * 3000 + b"}", "is "),
    ],
)
def test_what_says_no_known_format_is_refused(
    packed: Path, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = repack(packed, tmp_path / "x.zip", {"archive.json": content})
    with pytest.raises(UserError) as refused, open_sources([path]):
        pass
    assert str(refused.value).startswith(f"{path} {words}")
    assert str(tmp_path) in str(refused.value)
    assert "gan-lab-" not in str(refused.value)  # where it was unpacked


NOTES = [
    b"{",
    b"[]",
    b'{"format": 1, "every": 0}',
    b'{"format": 1, "every": "x"}',
    b'{"format": 1, "unknown": 1}',
    b'{"format": 7}',
    b'{"format": 1, "findings": 5}',
    b'{"format": 1, "findings": [5]}',
    b'{"format": 1, "every": 2, "rows": 1, "kept": 3}',
    b'{"format": 1, "findings": [{"name": "x", "severity": "bad", "sentence": "y"}]}',
    json.dumps({"format": 1, "every": 2, "rows": LONG, "kept": 0}).encode(),
]


@pytest.mark.parametrize("content", NOTES, ids=lambda content: content[:40].decode())
def test_a_note_that_says_nothing_is_the_fault_of_its_run(
    packed: Path, tmp_path: Path, content: bytes
) -> None:
    changes: dict[str, bytes | None] = {"gan_mlp_0123/seed1/archived.json": content}
    with open_sources([repack(packed, tmp_path / "x.zip", changes)]) as sources:
        runs = load_sources(sources).runs
    assert [run.fault is not None for run in runs] == [False, True, False, False, False, False]
    assert "\n" not in (runs[1].fault or "")
    assert "gan-lab-" not in (runs[1].fault or "")


@pytest.mark.parametrize(
    "content", [None, b"", b"iteration,centred,running\n", b"\x00", b"iteration,centred\n1,2\n"]
)
def test_medians_that_are_none_are_the_fault_of_their_run(
    packed: Path, tmp_path: Path, content: bytes | None
) -> None:
    changes = {"gan_mlp_0123/seed1/medians.csv": content}
    with open_sources([repack(packed, tmp_path / "x.zip", changes)]) as sources:
        faults = [run.fault for run in load_sources(sources).runs]
    assert "medians.csv" in (faults.pop(1) or "")
    assert faults == [None] * 5


def test_findings_of_strangers_are_shown_and_obeyed_by_no_terminal(packed: Path, tmp_path: Path) -> None:
    name = "gan_mlp_0123/seed1/archived.json"
    note = json.loads(read_in(packed, name))
    assert [each["name"] for each in note["findings"]] == [ALL_WELL]
    note["findings"][0]["sentence"] = "\x1b[2J"
    changes: dict[str, bytes | None] = {name: json.dumps(note).encode()}
    with open_sources([repack(packed, tmp_path / "x.zip", changes)]) as sources:
        (source,) = sources.parts
        archived = read_archived(source.folder / "gan_mlp_0123" / "seed1")
    assert archived is not None
    assert archived.findings[0].sentence == "\\x1b[2J"


def test_nothing_is_left_of_where_archives_were_unpacked(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_sources([packed]) as sources:
        assert sources.parts[0].folder.is_relative_to(tmp_path)
        assert oct(sources.parts[0].folder.parent.stat().st_mode)[-3:] == "700"
    assert list(tmp_path.iterdir()) == []
