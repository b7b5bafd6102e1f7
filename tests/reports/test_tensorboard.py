"""What TensorBoard reads of a sweep's aggregates, with its own reader."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from scipy import stats
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.util import tensor_util

from gan_lab.reports.claims.bands import mean_band
from gan_lab.reports.sweep.model import Cell, Quality, ReportRun, Sweep, Verdict
from gan_lab.reports.tensorboard import MAX_POINTS, write_aggregates
from gan_lab.runs.reading import read_run
from gan_lab.runs.sources import folder_source
from gan_lab.tags.names import SEED_COUNT, band_tags
from support.report_runs import table, write_run

CELLS = {name: Cell(name, name, {"objective": name}) for name in ("gan", "wgan")}
QUALITY = Quality("quality/precision", "precision")
# of three numbers a, b, c the 95% t interval is mean ± 4.302653 s / sqrt(3); quantile from a table
T_OF_3_SEEDS = 4.302653


def make_run(
    root: Path, cell: str, seed: int, numbers: pandas.DataFrame, fault: str | None = None, **record: str
) -> ReportRun:
    path = write_run(root / cell / f"seed{seed}", numbers=numbers, seed=seed, **record)
    verdict = Verdict("unmeasured", "No rule was asked.")
    return ReportRun(read_run(path), {}, CELLS[cell], numbers, fault, verdict)


def sweep_of(root: Path, *runs: ReportRun) -> Sweep:
    cells = {run.cell.key: run.cell for run in runs}
    return Sweep(folder_source(root), None, None, runs, tuple(cells.values()), (), QUALITY)


def read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    return events


def curve(events: EventAccumulator, tag: str) -> tuple[list[int], list[float]]:
    # TensorBoard's server takes every number for a tensor
    points = events.Tensors(tag)
    return [e.step for e in points], [float(tensor_util.make_ndarray(e.tensor_proto)) for e in points]


def layout_in(folder: Path) -> Layout:
    (event,) = read(folder).Tensors("custom_scalars__config__")
    return Layout.FromString(tensor_util.make_ndarray(event.tensor_proto).item())


@pytest.fixture
def three_seeds(tmp_path: Path) -> Sweep:
    """Precision 0.5, 0.6 and 0.8 of three seeds; a fourth is left out."""
    runs = [
        make_run(tmp_path, "wgan", seed, table(200, 50, quality__precision=value))
        for seed, value in enumerate((0.5, 0.6, 0.8))
    ]
    left_out = make_run(tmp_path, "wgan", 3, table(200, 50, quality__precision=99.0), "It was interrupted.")
    return sweep_of(tmp_path, *runs, left_out)


def test_means_and_bounds_are_those_of_the_seeds(three_seeds: Sweep, tmp_path: Path) -> None:
    write_aggregates(three_seeds, tmp_path / "board")
    events = read(tmp_path / "board" / "wgan")
    mean, half = 1.9 / 3, T_OF_3_SEEDS * np.sqrt((0.5**2 + 0.6**2 + 0.8**2 - 1.9**2 / 3) / 2) / np.sqrt(3)
    for tag, expected in zip(band_tags("quality/precision"), (mean, mean - half, mean + half), strict=True):
        steps, values = curve(events, tag)
        assert steps == [50, 100, 150, 200]
        np.testing.assert_allclose(values, expected, atol=1e-6)
    assert set(curve(events, SEED_COUNT)[1]) == {3.0}


def test_the_interval_says_how_it_was_made(three_seeds: Sweep, tmp_path: Path) -> None:
    write_aggregates(three_seeds, tmp_path / "board")
    events = read(tmp_path / "board" / "wgan")
    for tag in band_tags("distance/critic_raw"):
        assert "95% t interval" in events.SummaryMetadata(tag).summary_description
        assert events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"


def test_the_band_is_scipys_interval() -> None:
    rows = np.random.default_rng(0).standard_normal((5, 7))
    band = mean_band([pandas.Series(row, index=range(1, 8)) for row in rows])
    low, high = stats.t.interval(0.95, 4, loc=rows.mean(axis=0), scale=stats.sem(rows))
    np.testing.assert_allclose([band.mean, band.low, band.high], [rows.mean(axis=0), low, high], atol=1e-12)


def test_seeds_count_where_they_were_measured() -> None:
    long, short = pandas.Series({1: 1.0, 2: 2.0, 3: 3.0}), pandas.Series({1: 3.0, 2: np.nan})
    with_inf = pandas.Series({1: np.inf, 3: 5.0, 4: np.nan})
    band = mean_band([long, short, with_inf])
    assert band.iterations.tolist() == [1, 2, 3]
    assert band.n_seeds.tolist() == [2, 1, 2]
    assert band.mean.tolist() == [2.0, 2.0, 4.0]
    assert np.isnan([band.low[1], band.high[1]]).all()
    # of two numbers the deviation over sqrt(2) is half their difference
    assert band.high[0] - band.mean[0] == pytest.approx(12.7062047, abs=1e-6)


def test_the_bounds_of_a_lone_seed_are_its_value(tmp_path: Path) -> None:
    run = make_run(tmp_path, "gan", 0, table(iterations=3, distance__critic_raw=[1.0, 2.0, 4.0]))
    write_aggregates(sweep_of(tmp_path, run), tmp_path / "board")
    events = read(tmp_path / "board" / "gan")
    for tag in band_tags("distance/critic_raw"):
        assert curve(events, tag) == ([1, 2, 3], [1.0, 2.0, 4.0])


def test_the_estimate_is_the_objectives_own_with_its_median(tmp_path: Path) -> None:
    numbers = table(200, 50, estimate="jsd")
    gan = make_run(tmp_path, "gan", 0, numbers)
    wgan = make_run(tmp_path, "wgan", 0, table(200, 50))
    write_aggregates(sweep_of(tmp_path, gan, wgan), tmp_path / "board")
    events = {name: read(tmp_path / "board" / name) for name in CELLS}
    tags = {name: set(events[name].Tags()["tensors"]) for name in CELLS}
    estimates = {
        f"seeds/distance/{name}/mean" for name in ("jsd", "jsd_median", "critic_raw", "critic_median")
    }
    assert tags["gan"] & estimates == {"seeds/distance/jsd/mean", "seeds/distance/jsd_median/mean"}
    assert tags["wgan"] & estimates == {"seeds/distance/critic_raw/mean", "seeds/distance/critic_median/mean"}
    _, medians = curve(events["gan"], "seeds/distance/jsd_median/mean")
    jsd = numbers["distance/jsd"].to_numpy()
    assert medians[149] == pytest.approx(np.median(jsd[49:150]), abs=1e-6)
    assert medians[9] == pytest.approx(np.median(jsd[:10]), abs=1e-6)


def test_the_layout_has_bands_in_reading_order(tmp_path: Path) -> None:
    health = {"health__critic_slope": 1.0, "health__generator_gradient_norm": 2.0}
    runs = [make_run(tmp_path, name, 0, table(100, 50, **health)) for name in CELLS]
    write_aggregates(sweep_of(tmp_path, *runs), tmp_path / "board")
    layout = layout_in(tmp_path / "board" / "gan")
    assert layout == layout_in(tmp_path / "board" / "wgan")
    assert [category.title for category in layout.category] == ["distance", "health", "quality"]
    # the last is shown first
    assert [chart.title for chart in layout.category[0].chart][::-1][:2] == [
        "critic's score gap, median of 101",
        "exact Wasserstein distance",
    ]
    assert [chart.title for chart in layout.category[2].chart][::-1][:2] == ["precision", "precision, floor"]
    written = set(read(tmp_path / "board" / "gan").Tags()["tensors"])
    for category in layout.category:
        for chart in category.chart:
            (series,) = chart.margin.series
            assert {series.value, series.lower, series.upper} <= written


def test_long_curves_are_thinned_from_end_to_end(tmp_path: Path) -> None:
    numbers = table(2501, 1)
    write_aggregates(sweep_of(tmp_path, make_run(tmp_path, "wgan", 0, numbers)), tmp_path / "board")
    events = read(tmp_path / "board" / "wgan")
    for tag in ("distance/critic_raw", "distance/w1_exact"):
        steps, values = curve(events, band_tags(tag)[0])
        assert len(steps) == MAX_POINTS
        assert (steps[0], steps[-1]) == (1, 2501)
        assert set(np.diff(steps)) == {2, 3}
        np.testing.assert_allclose(values, numbers.loc[steps, tag], rtol=1e-6)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_runs_give_the_same_bytes(three_seeds: Sweep, tmp_path: Path) -> None:
    for name in ("a", "b", "a"):
        write_aggregates(three_seeds, tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert len(contents(tmp_path / "a")) == 1


def test_events_bear_the_time_of_the_last_update(tmp_path: Path) -> None:
    times = ("1970-01-02T00:00:00+00:00", "1970-01-03T00:00:00+00:00")
    runs = [make_run(tmp_path, "wgan", k, table(20, 10), updated=time) for k, time in enumerate(times)]
    write_aggregates(sweep_of(tmp_path, *runs), tmp_path / "board")
    assert {event.wall_time for event in read(tmp_path / "board" / "wgan").Tensors(SEED_COUNT)} == {
        2 * 86400.0
    }


def test_cells_that_are_gone_are_removed_and_nothing_else(tmp_path: Path) -> None:
    runs = [make_run(tmp_path, name, 0, table(20, 10)) for name in CELLS]
    board = tmp_path / "board"
    write_aggregates(sweep_of(tmp_path, *runs), board)
    (board / "gan" / "notes.txt").write_text("mine")
    write_aggregates(sweep_of(tmp_path, runs[1]), board)
    assert [name.split("/")[0] for name in sorted(contents(board))] == ["gan", "wgan"]
    assert "gan/notes.txt" in contents(board)


def test_a_cell_without_a_run_that_counts_is_left_out(tmp_path: Path) -> None:
    good = make_run(tmp_path, "wgan", 0, table(20, 10))
    bad = make_run(tmp_path, "gan", 0, table(20, 10), "It diverged.")
    empty = make_run(tmp_path, "gan", 1, pandas.DataFrame(index=pandas.Index([], name="iteration")))
    write_aggregates(sweep_of(tmp_path, good, bad), tmp_path / "board")
    assert [path.name for path in (tmp_path / "board").iterdir()] == ["wgan"]
    write_aggregates(sweep_of(tmp_path, good, empty), tmp_path / "board")
    assert [path.name for path in (tmp_path / "board").iterdir()] == ["wgan"]


def test_torch_is_not_imported() -> None:
    code = "import sys, gan_lab.reports.tensorboard, gan_lab.tracking.board; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
