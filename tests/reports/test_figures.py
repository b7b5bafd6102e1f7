"""Figures hold the numbers that they are to show, and are the same bytes from the same runs."""

import io
import math
from dataclasses import replace

import numpy as np
import pandas
import pytest
from matplotlib.figure import Figure
from PIL import Image
from scipy import stats

from gan_lab.plotting import surface
from gan_lab.plotting.style import NamedFigure, colour_of, encode_figure, marker_of, styled
from gan_lab.reports.claims.claims import success_rates
from gan_lab.reports.claims.correlations import correlations
from gan_lab.reports.claims.thresholds import success_by_threshold
from gan_lab.reports.figures import Numbers, draw_figures
from gan_lab.reports.figures.curves import curves_of, stride, thin
from gan_lab.reports.figures.estimates import draw_estimates, estimate_figures
from gan_lab.reports.figures.layout import numeric_axis, setting_of
from gan_lab.reports.figures.modes import modes_figure
from gan_lab.reports.figures.rates import correlation_figure, rate_figure, threshold_figure
from gan_lab.reports.figures.sample_images import (
    PICTURE_OF_POINTS,
    PLANE,
    choose_evenly,
    read_picture,
    without_axes,
)
from gan_lab.reports.figures.samples import sample_figure
from gan_lab.reports.figures.settings import layer_figure, setting_figure, ticks_of
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.loading import load_sweep
from gan_lab.reports.sweep.model import Outcome, Verdict
from gan_lab.tags.names import MEDIAN_WINDOW, RAW
from support.report_runs import table, write_run
from support.report_sweeps import draw_grid, make_sweep

PANELS = [{"panel": panel, "objective": name} for panel in ("dcgan", "mlp") for name in ("gan", "wgan")]


def lines_of(axes) -> dict[str, tuple[list[float], list[float]]]:
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()}


def texts_of(figure: Figure) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in [axes.title, *axes.texts])


def test_a_band_is_students_interval_of_the_medians(tmp_path):
    rng = np.random.default_rng(0)
    tables = [table(iterations=300, distance__critic_raw=rng.normal(size=300)) for _ in range(3)]
    band = curves_of(make_sweep(tmp_path, [{"objective": "wgan"}], tables).runs, RAW, median=True)
    for iteration in (1, 50, 300):
        # the 101 values around it, or what there is of them; iteration 1 stands at place 0
        values = [np.median(t[RAW].to_numpy()[max(0, iteration - 51) : iteration + 50]) for t in tables]
        low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
        assert band.mean[iteration] == pytest.approx(np.mean(values), abs=1e-12)
        assert (band.low[iteration], band.high[iteration]) == pytest.approx((low, high), abs=1e-12)
    assert MEDIAN_WINDOW == 101


def test_a_band_goes_on_with_the_seeds_that_still_run_and_names_what_it_leaves_out(tmp_path):
    tables = [
        table(iterations=n, distance__critic_raw=value) for n, value in ((100, 1.0), (40, 3.0), (100, 9.0))
    ]
    sweep = make_sweep(tmp_path, [{"objective": "wgan"}], tables, fault="half-written.")
    band = curves_of(sweep.runs, RAW)
    assert (band.mean[40], band.mean[41]) == (2.0, 1.0)
    assert math.isfinite(band.low[40])
    assert math.isnan(band.low[41])
    assert band.left_out == ("seed2: half-written.",)


def test_long_names_leave_every_figure_room(tmp_path, recwarn):
    """Runs that have little in common differ in many settings, and their names are long."""
    numbers = table(health__critic_slope=1.0, layers__0=0.1, layers__1=0.2)
    for number in range(8):
        settings = {
            f"model.{name}_setting_that_no_other_of_these_runs_has": number >> k & 1
            for k, name in enumerate("abc")
        }
        write_run(tmp_path / f"run{number}", numbers=numbers, config=settings)
    rule, sweep = FailureRule(), load_sweep(tmp_path)
    assert max(len(cell.label) for cell in sweep.cells) > 100
    thresholds = success_by_threshold(sweep, rule=rule)
    figures = draw_figures(sweep, Numbers(correlations(sweep), success_rates(sweep), thresholds), rule)
    assert {figure.name for figure in figures} >= {"success_rates", "settings", "layers", "correlations"}
    for named in figures:
        with styled():
            named.figure.draw_without_rendering()
        window = named.figure.bbox
        shown = [axes for axes in named.figure.axes if axes.axison]
        assert min(axes.get_window_extent().width for axes in shown) > 0.15 * window.width, named.name
        boxes = [axes.get_tightbbox() for axes in shown]
        assert min(box.x0 for box in boxes) > window.x0 - 2, named.name
        assert max(box.x1 for box in boxes) < window.x1 + 2, named.name
    assert [str(each.message) for each in recwarn] == []


def test_many_cells_leave_the_figure_of_layers_room(tmp_path, recwarn):
    settings = [{"optimizer.lr": f"{k}e-5"} for k in range(1, 31)]
    named = layer_figure(make_sweep(tmp_path, settings, [table(layers__0=0.1, layers__1=0.2)]))
    with styled():
        named.figure.draw_without_rendering()
    assert [str(each.message) for each in recwarn] == []


def test_what_was_not_measured_has_no_panel_and_no_words(tmp_path):
    bare = {name.replace("/", "__"): None for name in table() if "critic_" not in name}
    sweep = make_sweep(tmp_path, [{"objective": "gan"}], [table(**bare)])
    (bare_figure,) = estimate_figures(sweep)
    assert len(bare_figure.figure.subfigs[0].axes) == 1
    for word in ("Below", "At the bottom", "mean over the seeds"):
        assert word not in bare_figure.caption
    (whole,) = estimate_figures(make_sweep(tmp_path / "whole", [{"objective": "gan"}], [table(), table()]))
    assert len(whole.figure.subfigs[0].axes) == 2
    assert "Below" in whole.caption
    assert "mean over the seeds" in whole.caption


def test_a_correlation_of_one_run_has_no_interval(tmp_path):
    sweep = make_sweep(tmp_path, [{"objective": "gan"}])
    drawn = correlation_figure(sweep, correlations(sweep))
    assert "+1.00  n = 1" in texts_of(drawn.figure)
    assert "nan" not in texts_of(drawn.figure)


def test_cells_with_little_in_common_leave_no_gaps_between_their_pictures(tmp_path):
    settings = [{"objective": name, "dataset": f"d{k}"} for k, name in enumerate(("gan", "wgan", "hinge"))]
    sweep = make_sweep(tmp_path, settings)
    for run in sweep.runs:
        draw_grid(run.record.samples_path / "000500.png", 40)
    places = sample_figure(sweep).figure.axes
    assert len(places) == 4  # two rows of two, the last of which is free
    assert sum(bool(axes.get_title()) for axes in places) == 3


def test_thinned_lines_keep_their_peaks_and_their_ends():
    values = pandas.Series(np.zeros(10_000), index=range(1, 10_001))
    values[7_777], values[42] = 5.0, -3.0
    thinned = thin(values, points=100)
    assert len(thinned) <= 100
    assert (thinned[7_777], thinned[42]) == (5.0, -3.0)
    assert list(stride(values, points=10).index[[0, -1]]) == [1, 10_000]


def test_panels_show_estimate_saturation_quality_and_floor(tmp_path):
    tables = [table(estimate="jsd", distance__jsd=value) for value in (0.2, 0.4)]
    sweep = make_sweep(tmp_path, [{"objective": "gan"}], tables)
    estimate, quality = draw_estimates(sweep, list(sweep.cells)).axes
    lines = list(estimate.get_lines())
    # two raw, two filtered, their mean, log 2
    assert [line.get_ydata()[-1] for line in lines] == pytest.approx([0.2, 0.4, 0.2, 0.4, 0.3, math.log(2)])
    assert estimate.get_ylim()[0] < 0 < math.log(2) < estimate.get_ylim()[1]
    (band,) = estimate.collections
    half = stats.t.ppf(0.975, 1) * 0.1  # s = 0.1 sqrt(2), over sqrt(2)
    assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(0.3 + half, abs=1e-9)
    *_, mean, floor = quality.get_lines()
    assert list(mean.get_xdata()) == list(range(50, 501, 50))
    assert list(mean.get_ydata()) == pytest.approx(list(tables[0]["distance/w1_exact"].dropna()))
    assert list(floor.get_ydata()) == [0.1, 0.1]


def test_without_quality_there_is_no_empty_panel_for_it(tmp_path):
    bare = {name.replace("/", "__"): None for name in table() if "critic_" not in name}
    sweep = make_sweep(tmp_path, [{"objective": "wgan"}], [table(**bare)], quality=None)
    (estimate,) = draw_estimates(sweep, list(sweep.cells)).axes
    assert estimate.get_xlabel() == "generator iterations"


def test_small_pictures_of_points_are_the_plane_alone(tmp_path):
    box = (surface._LEFT, surface._TOP, surface._RIGHT, surface._BOTTOM)
    assert (box, (surface._HEIGHT, surface._WIDTH)) == (PLANE, PICTURE_OF_POINTS)
    points = np.zeros((480, 540, 3), np.uint8)
    points[26:428, 62:430] = 9
    path = tmp_path / "samples" / "000100.png"
    plane = without_axes(path, points)
    assert plane.shape == (402, 368, 3)
    assert plane.min() == 9
    assert without_axes(path, points[:, 1:]).shape == (480, 539, 3)  # no picture of ours
    draw_grid(path.with_name("real.png"), shade=0)
    assert without_axes(path, points) is points


def test_an_estimate_far_below_its_bound_does_not_press_the_others_flat(tmp_path):
    sweep = make_sweep(tmp_path, [{"objective": "gan"}], [table(estimate="jsd", distance__jsd=-600.0)])
    assert draw_estimates(sweep, list(sweep.cells)).axes[0].get_ylim()[0] > -1


def test_a_diverged_run_ends_in_a_cross(tmp_path):
    sweep = make_sweep(tmp_path, [{"objective": "wgan"}], [table(iterations=120)], status="diverged")
    estimate = draw_estimates(sweep, list(sweep.cells)).axes[0]
    (cross,) = [line for line in estimate.get_lines() if line.get_marker() == "x"]
    assert list(cross.get_xdata()) == [120]


def test_there_is_a_figure_per_objective_with_a_panel_per_cell_and_one_without_a_good_run_says_so(tmp_path):
    figures = estimate_figures(make_sweep(tmp_path, PANELS, fault="cut off."))
    assert [each.name for each in figures] == ["estimate_gan", "estimate_wgan"]
    assert [place.get_suptitle() for place in figures[0].figure.subfigs] == ["dcgan", "mlp"]
    assert "no run that counts" in texts_of(figures[0].figure)
    assert "dcgan, gan, seed 0: cut off; mlp, gan" in figures[0].caption


def test_pictures_are_cut_from_the_grid_and_damaged_ones_left_out(tmp_path):
    folder = tmp_path / "samples"
    draw_grid(folder / "000100.png", shade=100)
    draw_grid(folder / "real.png", shade=0)
    pixels = read_picture(folder / "000100.png", rows=4, columns=2)
    assert pixels.shape == (69, 35, 3)  # 137 pixels, of which 4/8 and 2/8
    assert [pixels[2 + 17 * row, 2 + 17 * column, 0] for row, column in ((0, 0), (0, 1), (3, 1))] == [
        100,
        101,
        125,
    ]
    (folder / "000200.png").write_bytes((folder / "000100.png").read_bytes()[:200])
    assert read_picture(folder / "000200.png", 4, 4) is None
    (folder / "real.png").unlink()
    assert read_picture(folder / "000100.png", 4, 2).shape == (411, 411, 3)  # no images: points, shown whole


def test_chosen_pictures_are_evenly_spaced():
    pictures = dict.fromkeys(range(0, 1000, 100))
    assert list(choose_evenly(pictures, 4)) == [0, 300, 600, 900]
    assert list(choose_evenly({5: None}, 4)) == [5]


def test_samples_stand_in_a_table_of_settings_and_objectives(tmp_path):
    sweep = make_sweep(tmp_path, PANELS)
    for shade, run in enumerate(sweep.runs):
        draw_grid(run.record.samples_path / "000500.png", shade=20 * shade)
        draw_grid(run.record.samples_path / "real.png", shade=0)
    axes = sample_figure(sweep).figure.axes
    names = [each.get_title().splitlines() for each in axes]
    assert [first for first, _ in names] == ["gan, dcgan", "wgan, dcgan", "gan, mlp", "wgan, mlp"]
    assert {second for _, second in names} == {"1 of 1 succeed"}
    assert [each.images[0].get_array()[1, 1, 0] for each in axes] == [0, 20, 40, 60]
    assert sample_figure(make_sweep(tmp_path / "bare", PANELS)) is None


def test_that_a_seed_diverged_stands_above_its_own_picture(tmp_path):
    for objective, status in (("gan", "diverged"), ("wgan", "completed")):
        run = write_run(tmp_path / objective, choices={"objective": objective}, status=status, iteration=1356)
        draw_grid(run / "samples" / "000500.png", shade=100)
    axes = sample_figure(load_sweep(tmp_path)).figure.axes
    assert axes[0].get_title() == "gan\n0 of 1 succeed; diverged at 1,356"
    assert "diverged" not in axes[1].get_title()
    assert not [text for each in axes for text in each.texts]


def test_a_run_that_nobody_can_judge_is_not_said_to_have_failed(tmp_path):
    sweep = make_sweep(tmp_path, PANELS[:1], [table(), table()])
    draw_grid(sweep.runs[0].record.samples_path / "000500.png", shade=20)
    good, *_ = sweep.runs
    unknown = replace(good, verdict=Verdict("unmeasured", "Nobody knows."))
    for runs, said in (((good, unknown), "1 of 1 succeed"), ((unknown, unknown), "not judged")):
        (axes,) = sample_figure(replace(sweep, runs=runs)).figure.axes
        assert axes.get_title().splitlines()[-1] == said


def rates(sweep, **counts: int) -> pandas.DataFrame:
    kinds: list[Outcome] = ["diverged", "collapsed", "frozen", "poor", "untrained", "unmeasured"]
    row = {"n": 5, "successes": 3, "rate": 0.6, "low": 0.2, "high": 0.9} | dict.fromkeys(kinds, 0) | counts
    return pandas.DataFrame([{"cell": cell.key} | row for cell in sweep.cells])


def test_success_rates_stand_with_their_intervals_and_failures(tmp_path):
    sweep = make_sweep(tmp_path, PANELS)
    figure = rate_figure(sweep, rates(sweep, diverged=2)).figure
    axes = figure.axes[0]
    bars = [line for line in axes.get_lines() if len(line.get_xdata()) == 2 and line.get_xdata()[0] == 0.2]
    assert [list(line.get_xdata()) for line in bars] == [[0.2, 0.9]] * 4
    assert [line.get_color() for line in bars] == [colour_of("gan"), colour_of("wgan")] * 2
    assert [tick.get_text() for tick in axes.get_yticklabels()][:2] == ["dcgan, gan", "dcgan, wgan"]
    assert texts_of(figure).count("3/5   2 diverged") == 4
    assert rate_figure(sweep, rates(sweep).assign(n=0)) is None


def test_success_by_threshold_draws_each_cell_and_the_rules_line(tmp_path):
    sweep = make_sweep(tmp_path, PANELS)
    frame = pandas.DataFrame(
        [[c.key, t, 5, rate] for c in sweep.cells for t, rate in ((0.1, 1.0), (0.5, 0.4))],
        columns=["cell", "threshold", "n", "rate"],
    )
    dcgan, mlp = threshold_figure(sweep, frame, FailureRule(high_quality_share=0.3)).figure.axes
    assert (dcgan.get_title(), mlp.get_title()) == ("dcgan", "mlp")
    assert {line.get_drawstyle() for line in dcgan.get_lines()[:2]} == {"steps-post"}
    assert lines_of(dcgan)["gan"] == ([0.1, 0.5], [1.0, 0.4])
    assert [list(line.get_xdata()) for line in mlp.get_lines()][-1] == [0.3, 0.3]
    assert threshold_figure(sweep, frame.assign(n=0), FailureRule()) is None


def test_a_forest_plot_shows_correlations_with_intervals(tmp_path):
    sweep = make_sweep(tmp_path, PANELS[:2])
    frame = pandas.DataFrame(
        {
            "cell": [c.key for c in sweep.cells],
            "spearman": [0.9, math.nan],
            "low": 0.7,
            "high": 1.0,
            "n_seeds": 5,
            "undefined": [0, 5],
        }
    )
    axes = correlation_figure(sweep, frame).figure.axes[0]
    assert [list(line.get_xdata()) for line in axes.get_lines()] == [[0, 0], [0.7, 1.0], [0.9]]
    assert [text.get_text() for text in axes.texts] == ["+0.90  [+0.70, +1.00]  n = 5", "undefined (5 runs)"]


def test_of_few_runs_a_correlation_has_their_range_and_no_interval(tmp_path):
    """Resampled, two runs at 1 give an interval from 1 to 1, which 95% of nothing lies in."""
    sweep = make_sweep(tmp_path, PANELS[:1])
    row = {"cell": sweep.cells[0].key, "spearman": 0.9, "low": 0.89, "high": 0.91, "undefined": 0}
    frame = pandas.DataFrame([row | {"n_seeds": 4, "lowest": 0.6, "highest": 1.0}])
    drawn = correlation_figure(sweep, frame)
    axes = drawn.figure.axes[0]
    assert list(axes.get_lines()[1].get_xdata()) == [0.6, 1.0]
    assert [text.get_text() for text in axes.texts] == ["+0.90  +0.60 to +1.00  n = 4"]
    assert "of fewer than 5 seeds" in drawn.caption


def test_a_numeric_setting_is_an_axis_logarithmic_over_decades(tmp_path):
    bounds = [{"constraint.bound": value} for value in ("0.001", "0.01", "1")]
    numbers = table(
        health__at_clip_fraction=0.25,
        health__step_gradient_cosine=np.where(np.arange(500) < 125, -0.5, 0.5),
    )
    sweep = make_sweep(tmp_path, bounds, [numbers])
    assert numeric_axis(sweep).is_log
    quality, clipped, lowest, uphill = setting_figure(sweep).figure.axes[:4]
    assert quality.get_xscale() == "log"
    for axes, value in ((quality, numbers["distance/w1_exact"].dropna().tail(3).median()), (clipped, 0.25),
                        (lowest, -0.5), (uphill, 0.25)):  # fmt: skip
        dots = axes.get_lines()[0]
        assert list(dots.get_xdata()) == [0.001, 0.01, 1.0]
        assert list(dots.get_ydata()) == pytest.approx([value] * 3)
    assert setting_of(sweep.cells[0]) == "bound=0.001"


def test_zeros_do_not_keep_an_axis_of_decades_linear(tmp_path):
    norms = [table(health__generator_gradient_norm=value) for value in (0.0, 1e-9, 1.0)]
    sweep = make_sweep(tmp_path, [{"constraint.bound": "1"}, {"constraint.bound": "2"}], norms)
    _, norm, *_ = setting_figure(sweep).figure.axes
    assert (norm.get_ylabel().splitlines()[0], norm.get_yscale()) == ("generator's gradient norm", "log")


def test_a_line_of_nothing_leaves_the_others_their_room(tmp_path):
    """As of a run that diverged before anything was measured."""
    cells = [{"objective": name, "optimizer.lr": rate} for name, rate in (("gan", "0.1"), ("wgan", "1"))]
    sweep = make_sweep(tmp_path, cells, [table(health__at_clip_fraction=0.25)])
    first, second = sweep.runs
    second = replace(second, numbers=table(health__at_clip_fraction=np.nan))
    figure = setting_figure(replace(sweep, runs=(first, second))).figure
    figure.draw_without_rendering()
    assert min(axes.get_tightbbox().y0 for axes in figure.axes if axes.axison) > 0


def test_words_and_single_values_are_no_numeric_axis(tmp_path):
    assert numeric_axis(make_sweep(tmp_path / "words", PANELS)) is None
    assert setting_figure(make_sweep(tmp_path / "none", [{}])) is None
    few = make_sweep(tmp_path / "few", [{"train.n_critic": n} for n in ("1", "2", "10")])
    assert not numeric_axis(few).is_log


def test_layers_are_drawn_from_the_input(tmp_path):
    sweep = make_sweep(tmp_path, [{"b": "1"}, {"b": "2"}], [table(layers__first=1e-6, layers__last=1e-2)])
    axes = layer_figure(sweep).figure.axes[0]
    assert axes.get_yscale() == "log"
    assert lines_of(axes)["1"] == ([1, 2], pytest.approx([1e-6, 1e-2]))
    assert layer_figure(make_sweep(tmp_path / "bare", PANELS)) is None


def test_a_cell_of_zeros_has_its_markers_on_the_bottom_and_says_so(tmp_path):
    sweep = make_sweep(tmp_path, [{"b": "1"}], [table(layers__first=0.0, layers__last=0.0)])
    axes = layer_figure(sweep).figure.axes[0]
    assert "1 (all zero)" in lines_of(axes)
    (zeros,) = [line for line in axes.get_lines() if line.get_markerfacecolor() == "white"]
    assert (list(zeros.get_xdata()), list(zeros.get_ydata())) == ([1, 2], [0, 0])
    assert [text.get_text() for text in axes.texts] == ["open: 0"]


def test_values_that_a_search_has_drawn_keep_labels_apart(tmp_path):
    drawn = [f"{value:.6g}" for value in np.geomspace(1e-5, 1e-2, 40)]
    sweep = make_sweep(tmp_path, [{"optimizer.lr": value} for value in drawn])
    axis = numeric_axis(sweep)
    assert axis.is_log
    ticks = ticks_of(axis)
    assert 4 <= len(ticks) <= 6
    assert min(np.diff(np.log10(ticks))) > 0.4
    assert setting_figure(sweep).figure.axes[0].get_xlabel() == "learning rate\n(optimizer.lr)"


def test_a_share_is_shown_on_its_whole_range_and_noise_does_not_fill_an_axis(tmp_path):
    numbers = table(health__at_clip_fraction=0.0, health__critic_slope=1.0)
    sweep = make_sweep(tmp_path, [{"constraint.bound": "1"}, {"constraint.bound": "2"}], [numbers])
    quality, share, slope, *_ = setting_figure(sweep).figure.axes
    assert share.get_ylim() == (0, 1)
    assert quality.get_ylim()[0] == slope.get_ylim()[0] == 0


def test_modes_are_dots_per_seed_with_their_mean(tmp_path):
    tables = [table(quality__modes_hit=hit) for hit in (4.0, 8.0)]
    hit, share = modes_figure(make_sweep(tmp_path, [{"objective": "gan"}], tables)).figure.axes
    dots, mean, real = hit.get_lines()
    assert (list(dots.get_xdata()), list(mean.get_xdata()), real.get_xdata()[0]) == ([4, 8], [6], 8)
    assert list(share.get_lines()[1].get_xdata()) == pytest.approx([0.95])
    images = make_sweep(tmp_path / "images", PANELS, [table(quality__high_quality_share=None)])
    assert modes_figure(images) is None


def test_every_objective_has_a_look_of_its_own():
    known = ["gan", "gan_minimax", "wgan", "wgan_gp", "lsgan", "hinge"]
    assert len({colour_of(name) for name in known}) == len(known)
    assert (colour_of("plugged"), marker_of("plugged")) == (colour_of("plugged"), marker_of("plugged"))


def test_a_users_own_settings_change_nothing_and_are_kept(monkeypatch):
    import matplotlib

    def drawn() -> tuple[bytes, bytes]:
        with styled():
            figure = Figure()
            figure.add_subplot().plot([1, 2], [3, 4], label="a")
            return encode_figure(NamedFigure("a", "", "", figure))

    before = drawn()
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 25.0)
    assert drawn() == before
    assert matplotlib.rcParams["font.size"] == 25.0
    assert b"CreationDate" not in before[1]
    assert Image.open(io.BytesIO(before[0])).mode == "P"
