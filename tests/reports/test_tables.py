import numpy as np
import pandas
import pytest
from scipy.stats import ttest_1samp

from gan_lab.reports.page.tables import csv_text, runs_table, summary_table
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.loading import load_sweep
from support.report_runs import falling, table, write_run, write_sweep


@pytest.fixture
def sweep(tmp_path):
    root = write_sweep(tmp_path / "sweep", seeds=2)
    diverged = {"status": "diverged", "message": "NaN, at 121.", "seed": 2}
    write_run(root / "gan_2", numbers=table(120), choices={"objective": "gan"}, **diverged)
    write_run(root / "gan_3", numbers=table(120), choices={"objective": "gan"}, status="interrupted", seed=3)
    return load_sweep(root)


def test_every_run_has_a_row(sweep):
    rows = runs_table(sweep)
    assert list(rows["objective"]) == ["gan"] * 4 + ["wgan"] * 2
    assert list(rows["seed"]) == [0, 1, 2, 3, 0, 1]
    assert list(rows["status"][:4]) == ["completed", "completed", "diverged", "interrupted"]
    assert list(rows["verdict"][:4]) == ["success", "success", "diverged", "unmeasured"]
    assert rows["run"][2] == "gan_2"
    assert rows["message"][2] == "NaN, at 121."
    assert rows["fault"][3] == "interrupted at iteration 120 of 500."
    assert "draw" not in rows
    assert "quality/density" not in rows


def test_a_row_holds_the_ends(sweep):
    row = runs_table(sweep).iloc[4]
    assert row["estimate"] == pytest.approx(np.median(0.1 * falling()[-101:]), abs=1e-12)
    assert (row["estimate_tag"], row["quality_tag"]) == ("distance/critic_raw", "distance/w1_exact")
    assert row["quality"] == sweep.runs[4].numbers["distance/w1_exact"].dropna().tail(3).median()
    assert (row["quality_floor"], row["quality/modes_hit"], row["quality/recall_floor"]) == (0.1, 8, 0.8)


def test_every_cell_has_a_row_with_means_of_what_counts(sweep):
    gan, wgan = summary_table(sweep).to_dict("records")
    assert (gan["cell"], gan["objective"], gan["n"], gan["successes"], gan["diverged"]) == (
        "gan",
        "gan",
        3,
        2,
        1,
    )
    assert (gan["unmeasured"], gan["n_mean"], gan["n_correlation"]) == (1, 2, 2)
    ends = runs_table(sweep)["quality"][4:]
    low, high = ttest_1samp(ends, 0).confidence_interval(0.95)
    found = (wgan["quality_mean"], wgan["quality_mean_low"], wgan["quality_mean_high"])
    assert found == pytest.approx((ends.mean(), low, high), abs=1e-12)
    assert wgan["quality_floor"] == pytest.approx(0.1, abs=1e-12)


def test_a_diverged_run_of_two_measurements_has_no_correlation(sweep):
    assert runs_table(sweep)["spearman"].isna().tolist() == [False, False, True, True, False, False]


def test_csv_is_the_same_to_the_byte(sweep):
    again = load_sweep(sweep.sources.parts[0].folder)
    for make in (runs_table, summary_table):
        assert csv_text(make(sweep)) == csv_text(make(again))
    assert str(sweep.sources.parts[0].folder) not in csv_text(runs_table(sweep))


def test_csv_has_six_digits_and_no_word_for_nothing(tmp_path):
    given = pandas.DataFrame({"a": [1 / 3, np.nan, 1e-9], "n": [1, 2, 3], "t": ["x, y", "", "z"]})
    assert csv_text(given) == 'a,n,t\n0.333333,1,"x, y"\n,2,\n1e-09,3,z\n'


def test_ends_are_of_as_many_measurements_as_the_rule_says(tmp_path):
    distance = np.linspace(2, 1, 500)
    write_run(tmp_path / "run", numbers=table(distance__w1_exact=distance))
    for measurements, expected in ((1, distance[499]), (3, distance[449])):
        sweep = load_sweep(tmp_path, FailureRule(end_measurements=measurements))
        assert runs_table(sweep)["quality"].item() == pytest.approx(expected, abs=1e-12)
        assert summary_table(sweep)["quality_mean"].item() == pytest.approx(expected, abs=1e-12)


def test_each_mean_has_the_count_of_its_own_runs(tmp_path):
    for seed in range(3):
        numbers = table(distance__w1_exact=None) if seed else table()
        write_run(tmp_path / str(seed), numbers=numbers, seed=seed)
    (row,) = summary_table(load_sweep(tmp_path)).to_dict("records")
    assert (row["n_estimate"], row["n_mean"]) == (3, 1)
