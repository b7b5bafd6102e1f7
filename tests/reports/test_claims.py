import math

import numpy as np
import pandas
import pytest
from scipy.signal import medfilt
from scipy.stats import spearmanr, ttest_1samp

from gan_lab.numerics.statistics import (
    Pairs,
    bootstrap_mean,
    chance_of_spearman,
    mcnemar_p,
    rate_difference,
    wilson_interval,
)
from gan_lab.reports.claims.claims import (
    comparisons,
    pooled_success_rates,
    success_rates,
)
from gan_lab.reports.claims.correlations import Course, correlation_of, correlations, course_of
from gan_lab.reports.claims.paired_runs import pair_runs
from gan_lab.reports.page.claim_tables import claim_frames, claim_tables
from gan_lab.reports.sweep.loading import load_sweep
from support.report_runs import falling, table, write_run, write_sweep


def write(root, objective, seed, numbers=None, choices=None, **record):
    chosen = {"objective": objective, **(choices or {})}
    name = "_".join([*chosen.values(), str(seed)])
    return write_run(root / name, numbers=numbers, choices=chosen, seed=seed, **record)


def poor():
    return table(quality__high_quality_share=0.1)


def test_an_estimate_that_falls_with_the_distance_correlates(tmp_path):
    found = correlations(load_sweep(write_sweep(tmp_path)))
    assert list(found["label"]) == ["gan", "wgan"]
    assert list(found["objective"]) == ["gan", "wgan"]
    assert list(found["estimate"]) == ["distance/jsd", "distance/critic_raw"]
    assert list(found["n_seeds"]) == [3, 3]
    assert (found["spearman"] > 0.95).all()
    assert (found["low"] <= found["spearman"]).all()


def test_an_estimate_that_rises_while_samples_get_better_is_negative(tmp_path):
    write(tmp_path, "gan", 0, table(estimate="jsd", distance__jsd=falling()[::-1]))
    sweep = load_sweep(tmp_path)
    assert correlation_of(sweep.runs[0], sweep) == pytest.approx(-1, abs=1e-12)


def test_a_correlation_is_that_of_the_filtered_estimate_at_the_measurements(tmp_path):
    rng = np.random.default_rng(0)
    raw, distance = rng.normal(size=500), rng.normal(3, 1, size=500)
    write(tmp_path, "wgan", 0, table(distance__critic_raw=raw, distance__w1_exact=distance))
    sweep = load_sweep(tmp_path)
    at = np.arange(49, 500, 50)
    # SciPy takes zeros beyond the ends, where there are no values
    inside = medfilt(raw, 101)
    filtered = [inside[i] if 50 <= i < 450 else np.median(raw[max(0, i - 50) : i + 51]) for i in at]
    assert correlation_of(sweep.runs[0], sweep) == pytest.approx(
        spearmanr(filtered, distance[at]).statistic, abs=1e-9
    )


def test_an_estimate_that_is_the_quality_itself_correlates_through_a_peak(tmp_path):
    peak = 3 - np.abs(np.linspace(-2, 1, 500))
    write(tmp_path, "wgan", 0, table(distance__critic_raw=peak, distance__w1_exact=peak))
    sweep = load_sweep(tmp_path)
    # a filter that lags by half its window gets 0.9 of this
    assert correlation_of(sweep.runs[0], sweep) > 0.98


def test_changes_tell_a_common_drift_from_what_ties_two_series(tmp_path):
    rng = np.random.default_rng(0)
    for seed in range(3):
        # one value a measurement: the filter leaves a staircase as it is at the middle of its steps
        noise = [np.repeat(rng.normal(size=20), 150) for _ in range(2)]
        drift = np.repeat(np.linspace(20, 5, 20), 150)
        for objective, of_estimate in [("gan", noise[0]), ("wgan", noise[1])]:
            columns = {"distance__critic_raw": drift + of_estimate, "distance__w1_exact": drift + noise[1]}
            if objective == "gan":
                columns["distance__jsd"] = columns.pop("distance__critic_raw")
            numbers = table(3000, 150, estimate="jsd" if objective == "gan" else None, **columns)
            write(tmp_path, objective, seed, numbers)
    drifting, tied = correlations(load_sweep(tmp_path)).to_dict("records")
    assert drifting["spearman"] > 0.8  # of two series that share nothing but their drift
    assert drifting["chance_low"] < drifting["changes"] < drifting["chance_high"]
    assert tied["changes"] > 0.6 > tied["chance_high"]
    assert drifting["n_changes"] == tied["n_changes"] == 3


def test_a_drift_that_slows_down_is_in_changes_and_across_runs_as_well(tmp_path):
    rng = np.random.default_rng(0)
    for seed in range(6):
        noise = [np.repeat(rng.normal(size=20) / 50, 150) for _ in range(2)]
        drift = np.repeat(1 + np.exp(-np.arange(20) / 4), 150)
        for objective, of_estimate in [("gan", noise[0]), ("wgan", noise[1])]:
            columns = {"distance__critic_raw": drift + of_estimate, "distance__w1_exact": drift + noise[1]}
            write(tmp_path, objective, seed, table(3000, 150, **columns))
    drifting, tied = correlations(load_sweep(tmp_path)).to_dict("records")
    # two series that share nothing but their drift: by chance it is not, but another run has as much
    assert drifting["changes"] > 0.4 > drifting["chance_high"]
    assert abs(drifting["changes"] - drifting["across_runs"]) < 0.15
    assert tied["changes"] > tied["across_runs"] + 0.2


def test_across_runs_takes_the_measurements_that_both_have(tmp_path):
    write(tmp_path, "wgan", 0, table())
    sweep = load_sweep(tmp_path)
    alone = correlations(sweep).to_dict("records")[0]
    assert math.isnan(alone["across_runs"])
    early = course_of(sweep.runs[0], sweep)
    late = Course(early.iterations[2:], -early.estimate[2:], -early.quality[2:])
    both = early.with_samples_of(late)
    assert list(both.iterations) == list(late.iterations)
    assert both.correlation == pytest.approx(-1)


def test_samples_of_another_run_stand_beside_the_estimate_of_the_same_iterations():
    early = Course(np.array([1, 2, 3, 4]), np.array([5.0, 6.0, 7.0, 8.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    late = Course(np.array([3, 4, 5]), np.array([50.0, 60.0, 70.0]), np.array([10.0, 20.0, 30.0]))
    for course, other, expected in [(early, late, ([7, 8], [10, 20])), (late, early, ([50, 60], [3, 4]))]:
        both = course.with_samples_of(other)
        assert both.iterations.tolist() == [3, 4]
        assert (both.estimate.tolist(), both.quality.tolist()) == expected


def test_across_runs_takes_the_samples_of_the_next_run_and_for_the_last_one_of_the_first(tmp_path):
    rng = np.random.default_rng(0)
    drawn = [[rng.normal(size=8) for _ in range(2)] for _ in range(3)]
    for seed, pair in enumerate(drawn):
        # the filter leaves a staircase as it is at the middle of its steps
        estimate, quality = (np.repeat(values, 150) for values in pair)
        write(
            tmp_path, "wgan", seed, table(1200, 75, distance__critic_raw=estimate, distance__w1_exact=quality)
        )
    sweep = load_sweep(tmp_path)
    courses = [course_of(run, sweep) for run in sweep.runs]
    expected = [
        spearmanr(np.diff(courses[one].estimate), np.diff(courses[other].quality)).statistic
        for one, other in [(0, 1), (1, 2), (2, 0)]
    ]
    (row,) = correlations(sweep).to_dict("records")
    assert row["across_runs"] == pytest.approx(np.mean(expected), abs=1e-12)
    # and what stands beside it is of changes, too
    changes = [(np.diff(course.estimate), np.diff(course.quality)) for course in courses]
    of_changes = bootstrap_mean([spearmanr(*pair).statistic for pair in changes])
    assert tuple(row[name] for name in ("changes", "changes_low", "changes_high")) == pytest.approx(
        of_changes
    )
    assert (row["chance_low"], row["chance_high"]) == chance_of_spearman(changes)


def test_a_constant_estimate_is_named_and_not_averaged(tmp_path):
    write(tmp_path, "gan", 0, table(estimate="jsd"))
    write(tmp_path, "gan", 4, table(estimate="jsd", distance__jsd=math.log(2)))
    write(tmp_path, "gan", 5, table(60, estimate="jsd"), status="interrupted")
    (row,) = correlations(load_sweep(tmp_path)).to_dict("records")
    assert (row["n_seeds"], row["undefined"], row["undefined_runs"], row["left_out"]) == (1, 1, "seed 4", 1)
    assert row["spearman"] == pytest.approx(1, abs=1e-12)
    assert math.isnan(row["low"])


def test_success_rates_count_every_run_once(tmp_path):
    write(tmp_path, "gan", 0)
    write(tmp_path, "gan", 1, poor())
    write(tmp_path, "gan", 2, table(80), status="diverged")
    write(tmp_path, "gan", 3, table(quality__modes_hit=1.0))
    write(tmp_path, "gan", 4, table(80), status="interrupted")
    write(tmp_path, "wgan", 0)
    gan, wgan = success_rates(load_sweep(tmp_path)).to_dict("records")
    counts = {
        name: gan[name]
        for name in ("n", "successes", "diverged", "collapsed", "frozen", "poor", "untrained", "unmeasured")
    }
    assert list(counts.values()) == [4, 1, 1, 1, 0, 1, 0, 1]
    assert (gan["rate"], gan["low"], gan["high"]) == wilson_interval(1, 4)
    assert (wgan["n"], wgan["rate"]) == (1, 1.0)


def grid(root):
    """Two objectives on two architectures: gan fails on mlp with seeds 0 and 1."""
    for architecture in ("dcgan", "mlp"):
        for seed in range(3):
            fails = architecture == "mlp" and seed < 2
            write(root, "gan", seed, poor() if fails else None, {"architecture": architecture})
            better = table(distance__w1_exact=0.5 * falling())
            write(root, "wgan", seed, better, {"architecture": architecture})
    return load_sweep(root)


def test_comparisons_are_on_the_same_seeds_and_settings(tmp_path):
    found = comparisons(grid(tmp_path))
    assert list(found["setting"]) == ["dcgan", "mlp", "all"]
    assert (found[["first", "second", "axis"]] == ["gan", "wgan", "objective"]).all(axis=None)
    assert found[["both", "only_first", "only_second", "neither"]].to_numpy().tolist() == [
        [3, 0, 0, 0],
        [1, 0, 2, 0],
        [4, 0, 2, 0],
    ]
    pooled = found.iloc[2]
    assert (pooled["rate_first"], pooled["rate_second"]) == (4 / 6, 1)
    assert tuple(pooled[["rate_difference", "low", "high"]]) == rate_difference(Pairs(4, 0, 2, 0))
    assert pooled["p_mcnemar"] == mcnemar_p(Pairs(4, 0, 2, 0)) == 0.5
    # three pairs of either setting are not tested, six pooled ones are
    assert [math.isnan(p) for p in found["p_mcnemar"]] == [True, True, False]
    assert [math.isnan(p) for p in found["p_holm"]] == [True, True, False]
    assert found["p_holm"].iloc[2] == 0.5
    assert found["cohens_h"].iloc[0] == 0


def test_rates_are_of_all_pairs_whoever_of_both_succeeds(tmp_path):
    fails = {"gan": (0, 1, 2), "wgan": (2, 3)}  # of six seeds: both, only the one, only the other, neither
    for objective, seeds in fails.items():
        for seed in range(6):
            write(tmp_path, objective, seed, poor() if seed in seeds else None)
    (row,) = comparisons(load_sweep(tmp_path)).to_dict("records")
    assert [row[name] for name in ("both", "only_first", "only_second", "neither")] == [2, 1, 2, 1]
    assert (row["rate_first"], row["rate_second"]) == (3 / 6, 4 / 6)
    assert row["rate_difference"] == pytest.approx(-1 / 6, abs=1e-12)


def test_the_effect_on_quality_is_that_of_the_ends(tmp_path):
    found = comparisons(grid(tmp_path))
    end = np.median(falling()[[399, 449, 499]])
    assert list(found["n_quality"]) == [3, 3, 6]
    assert list(found["quality_difference"]) == pytest.approx([0.5 * end] * 3, abs=1e-9)
    assert list(found["quality_dominance"]) == [1, 1, 1]
    assert found["quality_low"].iloc[0] == pytest.approx(0.5 * end, abs=1e-9)


def test_the_interval_of_a_quality_difference_is_students(tmp_path):
    ends = {"gan": (0.5, 0.6, 0.9), "wgan": (0.4, 0.45, 0.95)}
    for objective, values in ends.items():
        for seed, value in enumerate(values):
            write(tmp_path, objective, seed, table(distance__w1_exact=value))
    (row,) = comparisons(load_sweep(tmp_path)).to_dict("records")
    differences = np.subtract(*ends.values())
    low, high = ttest_1samp(differences, 0).confidence_interval(0.95)
    found = (row["quality_difference"], row["quality_low"], row["quality_high"])
    assert found == pytest.approx((differences.mean(), low, high), abs=1e-12)
    assert row["quality_dominance"] == pytest.approx(1 / 3, abs=1e-12)


@pytest.mark.parametrize("order", [("gan", "wgan"), ("wgan", "gan")])
def test_pairs_without_a_judgement_are_counted_and_left_out(tmp_path, order):
    whole, other = order
    for seed in range(4):
        write(tmp_path, whole, seed)
    write(tmp_path, other, 0)
    write(tmp_path, other, 1, table(80), status="interrupted")
    write(tmp_path, other, 2, table(80), status="diverged")
    (row,) = comparisons(load_sweep(tmp_path)).to_dict("records")
    assert (row["n"], row["left_out"], row["n_quality"]) == (2, 2, 1)
    assert (row["both"], row[f"only_{'first' if row['first'] == whole else 'second'}"]) == (1, 1)


def test_qualities_of_several_datasets_have_no_mean(tmp_path):
    for dataset in ("ring8", "grid25"):
        for objective in ("gan", "wgan"):
            write(tmp_path, objective, 0, choices={"dataset": dataset})
    found = comparisons(load_sweep(tmp_path))
    assert list(found["n_quality"]) == [1, 1, 0]
    assert math.isnan(found["quality_difference"].iloc[2])


def test_without_objectives_the_first_setting_is_compared(tmp_path):
    for bound in (0.1, 0.01, 1.0):
        write_run(tmp_path / str(bound), config={"constraint.bound": bound})
    found = comparisons(load_sweep(tmp_path))
    assert found[["axis", "first", "second"]].to_numpy().tolist() == [
        ["constraint.bound", *pair] for pair in (("0.01", "0.1"), ("0.01", "1"), ("0.1", "1"))
    ]


def test_without_objectives_every_setting_is_compared_and_named(tmp_path):
    for bound in (0.1, 0.01):
        for lr in (1e-3, 1e-4):
            write_run(tmp_path / f"{bound}{lr}", config={"constraint.bound": bound, "optimizer.lr": lr})
    sweep = load_sweep(tmp_path)
    frames = claim_frames(sweep)
    rows = frames["comparisons"][["axis", "setting"]].to_numpy().tolist()
    assert ["constraint.bound", "lr=0.001"] in rows
    assert ["optimizer.lr", "bound=0.01"] in rows
    assert len(rows) == 6
    assert list(frames["pooled_success_rates"]["axis"]) == ["constraint.bound"] * 2 + ["optimizer.lr"] * 2
    titles = {table.title: table for table in claim_tables(sweep, frames)}
    shown = [row[0].text for row in titles["Claim 2, all settings together"].rows]
    assert shown == ["bound=0.01", "bound=0.1", "lr=0.0001", "lr=0.001"]


def test_a_sweep_of_seeds_alone_compares_nothing(tmp_path):
    sweep = load_sweep(write_sweep(tmp_path, objectives=("wgan",)))
    assert len(comparisons(sweep)) == len(pooled_success_rates(sweep)) == 0
    assert "p_holm" in comparisons(sweep)


def test_architectures_that_do_not_match_are_not_compared(tmp_path):
    write(tmp_path, "gan", 0, choices={"architecture": "dcgan"})
    write(tmp_path, "wgan", 0, choices={"architecture": "mlp"})
    assert list(pair_runs(load_sweep(tmp_path))) == []


def test_drawn_architectures_are_paired_by_their_draw(tmp_path):
    for draw in range(3):
        for objective in ("gan", "wgan_gp"):
            numbers = poor() if objective == "gan" and draw else None
            chosen = {"draw": str(draw)}
            write(tmp_path, objective, draw, numbers, chosen, config={"architecture": {"depth": draw}})
    sweep = load_sweep(tmp_path)
    (row,) = comparisons(sweep).to_dict("records")
    assert (row["n"], row["both"], row["only_second"]) == (3, 1, 2)


def test_pooled_rates_are_over_all_other_settings(tmp_path):
    found = pooled_success_rates(grid(tmp_path))
    assert list(found["cell"]) == ["gan", "wgan"]
    assert list(found["n"]) == [6, 6]
    assert list(found["successes"]) == [4, 6]


def test_nothing_measured_gives_rows_without_numbers(tmp_path):
    bare = table(
        **{name.replace("/", "__"): None for name in table() if not name.startswith("distance/critic")}
    )
    for objective in ("gan", "wgan"):
        write(tmp_path, objective, 0, bare)
    sweep = load_sweep(tmp_path)
    assert sweep.quality is None
    assert list(success_rates(sweep)["unmeasured"]) == [1, 1]
    assert list(correlations(sweep)["undefined"]) == [1, 1]
    assert isinstance(comparisons(sweep), pandas.DataFrame)
    assert list(comparisons(sweep)["left_out"]) == [1]


def test_for_how_many_tests_p_values_are_corrected_is_said(tmp_path):
    for seed in range(6):
        for architecture in ("dcgan", "mlp"):
            for objective in ("gan", "wgan"):
                numbers = poor() if objective == "gan" else None
                write(tmp_path, objective, seed, numbers, {"architecture": architecture})
    sweep = load_sweep(tmp_path)
    (note,) = [each.note for each in claim_tables(sweep, claim_frames(sweep)) if "same seeds" in each.title]
    assert note.endswith(
        "Holm's correction is for 2 tests in single settings, and apart from these for 1 test over all "
        "settings together (all), which take pairs that share a seed as independent."
    )
