"""Comparisons at equal time: of the iterations that each run had done by then."""

import dataclasses
from pathlib import Path

import pandas
import pytest

from gan_lab.numerics.statistics import t_mean
from gan_lab.reports.archive.one_run import pack_run
from gan_lab.reports.claims.equal_time import equal_time, pace_of
from gan_lab.reports.page.claim_tables import claim_frames, claim_tables
from gan_lab.reports.sweep.loading import load_sources, load_sweep
from gan_lab.runs.reading import load_record, read_run
from gan_lab.runs.record import ExecutionRecord
from gan_lab.runs.sources import open_sources
from support.archives import archive_of
from support.report_runs import falling, table, write_run

HEADER = "iteration,perf/iterations_per_second,perf/data_wait_fraction,perf/logging_fraction\n"


def write(
    root: Path, objective: str, seed: int, timing: str, *, end: float = 0.12, together: int = 1
) -> Path:
    folder = root / f"{objective}_{seed}"
    numbers = table(distance__w1_exact=falling(end=end))
    execution = ExecutionRecord("eager", seeds=together)
    write_run(folder, numbers=numbers, choices={"objective": objective}, seed=seed, execution=execution)
    (folder / "timing.csv").write_text(HEADER + timing)
    return folder


def test_the_slower_cell_is_taken_where_it_was_when_the_quicker_one_ended(tmp_path: Path) -> None:
    for seed in (0, 1):
        write(tmp_path, "gan", seed, "250,50,0,0\n500,50,0,0\n")  # 10 seconds in all
        # 250 iterations in 5 seconds of which a fifth goes into measuring; the others take 21 seconds
        write(tmp_path, "wgan", seed, "250,50,0.1,0.2\n500,11.904761904761905,0,0\n", end=0.12 + 0.01 * seed)
    found = equal_time(load_sweep(tmp_path)).set_index("label")
    assert found.loc["gan", "seconds"] == pytest.approx(20)
    assert found.loc["wgan", "seconds"] == pytest.approx(50)
    assert found.loc["gan", "iterations"] == 500
    # after 4 seconds 250 are done, and in the 6 that are left 6/21 of the other 250
    assert found.loc["wgan", "iterations"] == pytest.approx(250 + 250 * 6 / 21)
    by_then = [falling(end=0.12 + 0.01 * seed)[299] for seed in (0, 1)]  # measured every 50
    assert tuple(found.loc["wgan", ["quality", "low", "high"]]) == pytest.approx(tuple(t_mean(by_then)))
    assert found.loc["wgan", "at_end"] == pytest.approx(0.125)
    assert found.loc["gan", "quality"] == found.loc["gan", "at_end"] == pytest.approx(0.12)


def test_the_quickest_cell_is_through_when_the_last_of_its_runs_is(tmp_path: Path) -> None:
    for seed, pace in ((0, 50), (1, 25)):
        write(tmp_path, "gan", seed, f"500,{pace},0,0\n")  # 10 and 20 seconds
        write(tmp_path, "wgan", seed, "500,12.5,0,0\n")
    found = equal_time(load_sweep(tmp_path)).set_index("label")
    assert found.loc["gan", "iterations"] == 500
    assert found.loc["gan", "quality"] == pytest.approx(0.12)
    assert found.loc["wgan", "iterations"] == pytest.approx(250)


def test_of_seeds_that_were_trained_together_each_has_its_share(tmp_path: Path) -> None:
    write(tmp_path, "wgan", 0, "500,50,0,0\n", together=4)
    (run,) = load_sweep(tmp_path).runs
    pace = pace_of(run)
    assert pace is not None
    assert pace.seconds.tolist() == [2.5]


@pytest.mark.parametrize(("stacked", "seconds"), [(False, 10), (True, 7.5)])
def test_where_a_seed_diverged_those_that_take_turns_share_the_time_without_it(
    stacked: bool, seconds: float, tmp_path: Path
) -> None:
    """A stack stays as high as it was: its other seeds are no quicker than before."""
    write(tmp_path, "gan", 0, "500,50,0,0\n")
    for seed in (0, 1):
        # 5 seconds, and after that 2.5
        folder = write(tmp_path / "group", "wgan", seed, "250,50,0,0\n500,100,0,0\n")
        execution = ExecutionRecord("eager", seeds=2, stacked=stacked, slot=seed)
        dataclasses.replace(load_record(folder), execution=execution).write()
    # it was played up to iteration 250, where numbers are looked at
    dataclasses.replace(load_record(folder), status="diverged", iteration=180).write()
    found = equal_time(load_sweep(tmp_path)).set_index("label")
    assert found.loc["wgan", "n"] == 1
    assert found.loc["wgan", "seconds"] == pytest.approx(seconds)


def test_a_share_of_the_time_is_between_none_and_all(tmp_path: Path) -> None:
    write(tmp_path, "wgan", 0, "250,50,0,1.5\n500,50,0,-1\n")
    (run,) = load_sweep(tmp_path).runs
    pace = pace_of(run)
    assert pace is not None
    assert pace.seconds.tolist() == [0, 5]


def test_iterations_of_a_row_without_a_pace_have_that_of_the_next(tmp_path: Path) -> None:
    write(tmp_path, "wgan", 0, "250,0,0,0\n500,50,0,0\n")
    (run,) = load_sweep(tmp_path).runs
    pace = pace_of(run)
    assert pace is not None
    assert (pace.iterations.tolist(), pace.seconds.tolist()) == ([500], [10])


def test_a_cell_that_was_not_measured_by_then_has_no_quality(tmp_path: Path) -> None:
    write(tmp_path, "gan", 0, "500,1000,0,0\n")
    write(tmp_path, "wgan", 0, "500,50,0,0\n")
    found = equal_time(load_sweep(tmp_path)).set_index("label")
    assert found.loc["wgan", "iterations"] == pytest.approx(25)
    assert pandas.isna(found.loc["wgan", "quality"])


def test_a_cell_of_which_one_run_was_not_measured_by_then_has_none_either(tmp_path: Path) -> None:
    write(tmp_path, "gan", 0, "500,100,0,0\n")  # 5 seconds
    for seed, pace in ((0, 50), (1, 5)):
        write(tmp_path, "wgan", seed, f"500,{pace},0,0\n")  # 250 iterations by then, and 25
    sweep = load_sweep(tmp_path)
    found = equal_time(sweep).set_index("label")
    assert found.loc["wgan", "iterations"] == pytest.approx((250 + 25) / 2)
    assert found.loc["wgan", "seconds"] == pytest.approx((20 + 200) / 2)
    assert pandas.isna(found.loc["wgan", "quality"])
    (table_of_it,) = (
        each for each in claim_tables(sweep, claim_frames(sweep)) if each.title == "At equal time"
    )
    assert "A cell of which a run had not been measured by then has none" in table_of_it.note


def test_runs_that_diverged_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    for objective in ("gan", "wgan"):
        write(tmp_path, objective, 0, "500,50,0,0\n")
    folder = write(tmp_path, "wgan", 1, "500,50,0,0\n", end=0.5)
    dataclasses.replace(load_record(folder), status="diverged").write()
    sweep = load_sweep(tmp_path)
    found = equal_time(sweep).set_index("label")
    assert found.loc["wgan", "n"] == 1
    assert found.loc["wgan", "at_end"] == pytest.approx(0.12)
    (table_of_it,) = (
        each for each in claim_tables(sweep, claim_frames(sweep)) if each.title == "At equal time"
    )
    assert "runs that diverged are left out" in table_of_it.note


@pytest.mark.parametrize(
    "timing",
    [
        "",
        "500,0,0,0\n",
        "500,fast,0,0\n",
        "250,50,0,0\n",
        "500,1e-320,0,0\n",
        "500,50,0,0\n250,1,0,0\n=cmd,1",
    ],
)
def test_what_says_no_pace_is_left_out(timing: str, tmp_path: Path) -> None:
    write(tmp_path, "gan", 0, "500,50,0,0\n")
    write(tmp_path, "wgan", 0, timing)
    sweep = load_sweep(tmp_path)
    found = equal_time(sweep)
    assert found.empty == (timing[:6] != "500,50")
    titles = [each.title for each in claim_tables(sweep, claim_frames(sweep))]
    assert ("At equal time" in titles) == (not found.empty)


def test_an_archive_keeps_the_clock(tmp_path: Path) -> None:
    folder = write(tmp_path, "wgan", 0, "500,50,0,0\n")
    files, _ = pack_run(read_run(folder), None)
    assert files["timing.csv"] == (folder / "timing.csv").read_bytes()


def test_a_report_of_an_archive_compares_at_equal_time_as_one_of_the_folder_does(tmp_path: Path) -> None:
    for objective, pace in (("gan", 50), ("wgan", 25)):
        write(tmp_path / "sweep", objective, 0, f"500,{pace},0,0\n")
    with open_sources([archive_of(tmp_path / "sweep")]) as sources:
        found = equal_time(load_sources(sources))
    assert len(found) == 2
    pandas.testing.assert_frame_equal(found, equal_time(load_sweep(tmp_path / "sweep")))
