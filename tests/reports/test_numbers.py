"""Numbers in reports: by size and never as text, different ones apart, and bounds on their own side."""

import math

import numpy as np
import pytest

from gan_lab.numerics.statistics import bootstrap_mean
from gan_lab.reports.claims.claims import comparisons, success_rates
from gan_lab.reports.claims.correlations import correlation_of, correlations
from gan_lab.reports.figures.samples import sample_figure
from gan_lab.reports.page.claim_tables import claim_frames, claim_tables
from gan_lab.reports.page.tables import summary_table
from gan_lab.reports.sweep.cells import by_size, number_text, order_cells, text_of
from gan_lab.reports.sweep.deviations import Composed, find_deviations
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.loading import load_sweep
from support.report_runs import CHOICES, CONFIG, falling, table, write_run
from support.report_sweeps import draw_grid, make_sweep

# as text these are in another order; 9 < 10 and 1e-05 < 0.5 only as numbers
RISING = [1e-05, 0.5, 2.0, 9.0, 10.0, 100.0]


@pytest.mark.parametrize(
    "pair",
    [(0.123, 0.124), (0.1234567, 0.1234568), (1 / 3, 0.333333), (1e-9, 1.0000001e-9), (1e16, 1e16 + 2)],
)
def test_different_numbers_are_different_texts_that_are_read_back(pair):
    assert len({text_of(number) for number in pair}) == 2
    assert all(math.isclose(float(number_text(number)), number, rel_tol=0, abs_tol=0) for number in pair)


def test_the_same_number_is_one_text_however_it_is_written():
    assert {text_of(value) for value in (1, 1.0)} == {"1"}
    assert {text_of(value) for value in (5e-5, 0.00005)} == {"5e-05"}
    assert [text_of(value) for value in (math.nan, math.inf, -0.25)] == ["nan", "inf", "-0.25"]


@pytest.mark.parametrize("pair", [(0.123, 0.124), (0.1234567, 0.1234568)])
def test_runs_of_different_settings_are_different_cells(tmp_path, pair):
    for bound in pair:
        for seed in range(2):
            write_run(tmp_path / f"{bound}_{seed}", config={"constraint.bound": bound}, seed=seed)
    sweep = load_sweep(tmp_path)
    assert [len(sweep.runs_of(cell)) for cell in sweep.cells] == [2, 2]
    assert [run.fault for run in sweep.runs] == [None] * 4


def test_cells_and_their_comparisons_are_ordered_by_size(tmp_path):
    for bound in RISING[::-1]:
        write_run(tmp_path / str(bound), config={"constraint.bound": bound})
    sweep = load_sweep(tmp_path)
    texts = list(map(text_of, RISING))
    assert [cell.settings["constraint.bound"] for cell in sweep.cells] == texts
    assert list(success_rates(sweep)["label"]) == [f"bound={text}" for text in texts]
    firsts = comparisons(sweep)["first"].drop_duplicates()
    assert list(firsts) == texts[:-1]
    assert order_cells(sweep.cells[::-1]) == list(sweep.cells)


def test_texts_are_ordered_by_size_numbers_first():
    assert sorted(["b", "10", "9", "-1", "1e-05", "a", "nan"], key=by_size) == [
        "-1",
        "1e-05",
        "9",
        "10",
        "a",
        "b",
        "nan",
    ]


def test_deviations_are_ordered_by_size_and_tell_close_numbers_apart(tmp_path):
    for rate in (0.1234567, 10.0, 9.0, 0.1234568):
        write_run(tmp_path / str(rate), config={"optimizer.lr": rate})
    paper = Composed(CONFIG | {"optimizer": {"lr": 0.1234567}}, CHOICES, {})
    rows = find_deviations(load_sweep(tmp_path), lambda overrides: paper).rows
    assert [row.here for row in rows if row.key == "optimizer.lr"] == ["0.1234568", "9", "10"]


def test_the_seeds_of_a_figure_are_ordered_by_size(tmp_path):
    sweep = make_sweep(tmp_path, [{"objective": name} for name in ("gan", "wgan")])
    runs = []
    for run, seed in zip(sweep.runs, (10, 9), strict=True):
        draw_grid(run.record.path / "samples" / "000500.png", 40)
        runs.append(
            run.__class__(
                **{**vars(run), "record": run.record.__class__(**{**vars(run.record), "seed": seed})}
            )
        )
    figure = sample_figure(sweep.__class__(**{**vars(sweep), "runs": tuple(runs)}))
    assert figure is not None
    assert "picture of seed 9, 10 of" in figure.caption


def varied(root):
    """Two objectives whose seeds differ in all that is claimed of them."""
    rng = np.random.default_rng(5)
    for objective, noise in (("gan", 1.5), ("wgan", 0.8)):
        for seed in range(5):
            distance = falling() * rng.uniform(0.8, 1.2)
            estimate = falling() + noise * rng.normal(size=10).repeat(50)
            share = rng.choice([0.2, 0.95]) if objective == "gan" else 0.95
            numbers = table(
                distance__critic_raw=estimate, distance__w1_exact=distance, quality__high_quality_share=share
            )
            write_run(
                root / f"{objective}{seed}", numbers=numbers, choices={"objective": objective}, seed=seed
            )
    return load_sweep(root)


def test_every_interval_has_its_bounds_on_their_own_side(tmp_path):
    sweep = varied(tmp_path)
    bounds = {
        "correlations": (correlations(sweep), "spearman", "low", "high"),
        "success rates": (success_rates(sweep), "rate", "low", "high"),
        "rate differences": (comparisons(sweep), "rate_difference", "low", "high"),
        "quality differences": (comparisons(sweep), "quality_difference", "quality_low", "quality_high"),
    }
    for prefix, value in (("spearman", "spearman"), ("rate", "rate"), ("quality_mean", "quality_mean")):
        bounds[f"summary, {value}"] = (summary_table(sweep), value, f"{prefix}_low", f"{prefix}_high")
    for name, (frame, value, low, high) in bounds.items():
        assert (frame[low] <= frame[value]).all(), name
        assert (frame[value] <= frame[high]).all(), name
        assert (frame[low] < frame[high]).all(), name  # an interval of some width, or the sides are not told


def test_a_correlation_and_its_bounds_are_those_of_the_seeds(tmp_path):
    sweep = varied(tmp_path)
    for cell, row in zip(sweep.cells, correlations(sweep).to_dict("records"), strict=True):
        values = [correlation_of(run, sweep) for run in sweep.runs_of(cell)]
        assert np.ptp(values) > 0.01
        assert (row["spearman"], row["low"], row["high"]) == bootstrap_mean(values)
    summary = summary_table(sweep)
    found = summary[["spearman", "spearman_low", "spearman_high"]].to_numpy()
    assert np.array_equal(found, correlations(sweep)[["spearman", "low", "high"]].to_numpy())


def test_the_page_shows_lower_bounds_before_upper_ones(tmp_path):
    sweep = varied(tmp_path)
    tables = {each.title: each for each in claim_tables(sweep, claim_frames(sweep))}
    (title,) = (title for title in tables if title.startswith("Claim 1"))
    columns = tables[title].header.index("95% from"), tables[title].header.index("to")
    for row in tables[title].rows:
        low, high = (float(row[column].text) for column in columns)
        assert low < high


@pytest.mark.parametrize(
    ("moves_until", "outcome"), [(250, "frozen"), (300, "frozen"), (351, "poor"), (500, "poor")]
)
def test_a_standstill_is_that_of_the_second_half(tmp_path, moves_until, outcome):
    """Measured at every 50th of 500: what lies before iteration 300 is of the first half."""
    iteration = np.arange(1, 501)
    distance = np.where(iteration < moves_until, 2 + 0.5 * ((iteration // 50) % 2), 2.0)
    numbers = table(distance__w1_exact=distance, quality__high_quality_share=0.1)
    write_run(tmp_path / "run", numbers=numbers)
    (run,) = load_sweep(tmp_path, FailureRule()).runs
    assert run.verdict.outcome == outcome, run.verdict.reason


def test_what_stands_still_first_and_moves_later_is_not_frozen(tmp_path):
    iteration = np.arange(1, 501)
    distance = np.where(iteration <= 250, 2.0, 2 + 0.5 * ((iteration // 50) % 2))
    write_run(tmp_path / "run", numbers=table(distance__w1_exact=distance, quality__high_quality_share=0.1))
    (run,) = load_sweep(tmp_path).runs
    assert run.verdict.outcome == "poor"
