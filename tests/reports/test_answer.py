"""The sentences that a report begins with: each number is computed, each word follows from numbers."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from gan_lab.reports.claims.correlations import correlations
from gan_lab.reports.page.answer import answer
from gan_lab.reports.page.claim_tables import claim_frames
from gan_lab.reports.page.page import _summary
from gan_lab.reports.page.tables import summary_table
from gan_lab.reports.sweep.loading import load_sweep
from support.report_runs import table, write_run


def write(root: Path, objective: str, seed: int, poor: bool = False, **choices: str) -> None:
    numbers = table(quality__high_quality_share=0.1) if poor else table()
    name = "_".join([objective, *choices.values(), str(seed)])
    write_run(root / name, numbers=numbers, seed=seed, choices={"objective": objective, **choices})


def told(root: Path) -> tuple[str, ...]:
    sweep = load_sweep(root)
    return answer(sweep, claim_frames(sweep))


def test_who_succeeds_whether_the_estimate_tells_and_what_differs(tmp_path: Path) -> None:
    for seed in range(6):
        write(tmp_path, "gan", seed, poor=seed > 0)
        write(tmp_path, "wgan", seed)
    success, _, following, difference = told(tmp_path)
    assert success.startswith(
        "7 of 12 runs that could be judged succeed: most in wgan: 6 of 6 (95% from 0.61 to"
    )
    assert "fewest in gan: 1 of 6 (95% from 0.03 to 0.56)." in success
    assert following.startswith("Along training the critic's estimate and exact Wasserstein distance")
    # five of five pairs that differ: p = 2 / 2**5
    assert difference.startswith(
        "On the same seeds wgan succeeds more often than gan: a difference of rates of 0.83"
    )
    assert difference.endswith("6 pairs, p = 0.062 after Holm's correction).")


def test_how_near_samples_came_is_said_beside_real_ones(tmp_path: Path) -> None:
    for seed, end in enumerate((0.2, 0.4)):
        write_run(tmp_path / f"a{seed}", numbers=table(distance__w1_exact=end), seed=seed)
    assert told(tmp_path)[1] == (
        "In exact Wasserstein distance (data units) samples ended at 0.3 (wgan, 2 runs; two sets of real "
        "samples: 0.1); a mean over seeds."
    )
    # nearer in floors, though not in numbers; of a run that diverged nothing is told
    far = table(distance__w1_exact=0.5, distance__floor=0.4)
    write_run(tmp_path / "b", numbers=far, choices={"objective": "gan"})
    write_run(tmp_path / "c", status="diverged", numbers=far, choices={"objective": "lsgan"})
    _, distances, *_ = told(tmp_path)
    assert distances == (
        "In exact Wasserstein distance (data units) samples ended at 0.5 (gan, 1 run; two sets of real "
        "samples: 0.4) where they are nearest by the ratio to real samples, and at 0.3 (wgan, 2 runs; two "
        "sets of real samples: 0.1) where they are farthest; a mean over seeds; runs that diverged are left "
        "out."
    )


def test_that_a_run_diverged_is_said_beside_the_only_one_that_did_not(tmp_path: Path) -> None:
    write_run(tmp_path / "a", numbers=table())
    write_run(tmp_path / "b", numbers=table(), seed=1, status="diverged")
    assert told(tmp_path)[1].endswith(
        "(wgan, 1 run; two sets of real samples: 0.1); runs that diverged are left out."
    )


def test_distances_and_ratios_are_not_mixed(tmp_path: Path) -> None:
    # 0.9 is nine times what real samples have; of 2 nobody knows how many times it is that
    write_run(tmp_path / "a", numbers=table(distance__w1_exact=0.9), choices={"objective": "gan"})
    without = table(distance__w1_exact=2.0).drop(columns="distance/floor")
    write_run(tmp_path / "b", numbers=without, choices={"objective": "wgan"})
    _, distances, *_ = told(tmp_path)
    assert distances == (
        "In exact Wasserstein distance (data units) samples ended at 0.9 (gan, 1 run; two sets of real "
        "samples: 0.1) where they are nearest, and at 2 (wgan, 1 run) where they are farthest."
    )


def test_nothing_is_a_multiple_of_a_floor_of_zero(tmp_path: Path) -> None:
    for objective, end in (("gan", 0.3), ("wgan", 0.2)):
        numbers = table(distance__w1_exact=end, distance__floor=0.0)
        write_run(tmp_path / objective, numbers=numbers, choices={"objective": objective})
    _, distances, *_ = told(tmp_path)
    assert distances == (
        "In exact Wasserstein distance (data units) samples ended at 0.2 (wgan, 1 run; two sets of real "
        "samples: 0) where they are nearest, and at 0.3 (gan, 1 run; two sets of real samples: 0) where they "
        "are farthest."
    )


def test_the_floor_is_the_mean_over_the_seeds_too(tmp_path: Path) -> None:
    for seed, floor in enumerate((0.1, 0.3)):
        write_run(tmp_path / str(seed), numbers=table(distance__floor=floor), seed=seed)
    assert "2 runs; two sets of real samples: 0.2); a mean over seeds" in told(tmp_path)[1]


def test_cells_as_near_as_one_another_are_told_once(tmp_path: Path) -> None:
    write(tmp_path, "gan", 0)
    write(tmp_path, "wgan", 0)
    _, distances, *_ = told(tmp_path)
    assert "nearest" not in distances
    assert distances.endswith("(gan, 1 run; two sets of real samples: 0.1) and as near in 1 more cell.")
    write_run(tmp_path / "far", numbers=table(distance__w1_exact=1.0), choices={"objective": "hinge"})
    *_, distances = told(tmp_path)[:2]
    assert "real samples: 0.1) and as near in 1 more cell where they are nearest by" in distances


@pytest.mark.parametrize(("first", "second"), [("gan", "wgan"), ("wgan", "gan")])
def test_the_interval_is_of_the_difference_as_it_is_told(first: str, second: str, tmp_path: Path) -> None:
    for seed in range(6):
        write(tmp_path, first, seed, poor=seed > 0)
        write(tmp_path, second, seed)
    *_, difference = told(tmp_path)
    low, high = difference.partition("(95% from ")[-1].partition(";")[0].split(" to ")
    assert float(low) < 0.83 < float(high)
    assert f"{second} succeeds more often than {first}" in difference


def test_fewer_than_five_pairs_are_not_tested(tmp_path: Path) -> None:
    for seed in range(4):
        write(tmp_path, "gan", seed, poor=True)
        write(tmp_path, "wgan", seed)
    *_, difference = told(tmp_path)
    assert difference == (
        "No two settings are tested against each other: there are 4 pairs of judged runs on the same seeds, "
        "and a test needs 5."
    )


def test_settings_that_do_as_well_are_not_told_apart(tmp_path: Path) -> None:
    for seed in range(5):
        for objective in ("gan", "wgan"):
            write(tmp_path, objective, seed)
    success, _, _, difference = told(tmp_path)
    assert success == "10 of 10 runs that could be judged succeed: in every cell 100%."
    assert "succeeds as often as" in difference
    assert "more often" not in difference


def test_cells_that_are_alike_are_counted(tmp_path: Path) -> None:
    for objective, poor in (("gan", True), ("wgan", False), ("wgan_gp", False), ("hinge", False)):
        write(tmp_path, objective, 0, poor=poor)
    success, *_ = told(tmp_path)
    assert "and 2 more cells alike, fewest in gan: 0 of 1" in success


def test_one_run_is_told_without_comparing(tmp_path: Path) -> None:
    write(tmp_path, "wgan", 0)
    success, _, following, difference = told(tmp_path)
    assert success.startswith("1 of 1 run that could be judged succeeds: ")
    assert "at most" not in following
    assert difference == "There is one run, and nothing to compare it with."


def test_why_nothing_is_compared_is_said(tmp_path: Path) -> None:
    for seed in range(2):
        write(tmp_path / "alike", "wgan", seed)
    assert told(tmp_path / "alike")[3] == "All runs have the same settings, and there is nothing to compare."
    write(tmp_path / "apart", "wgan", 0, dataset="ring8")
    write(tmp_path / "apart", "gan", 0, dataset="grid25")
    assert told(tmp_path / "apart")[-1] == (
        "No two settings are compared: no two cells differ in the objective and agree in all else that "
        "varies here (dataset)."
    )
    for seed, objective in enumerate(("gan", "wgan")):
        write(tmp_path / "other_seeds", objective, seed)
    assert told(tmp_path / "other_seeds")[-1] == (
        "No two settings are tested against each other: there is no pair of runs on the same seed of "
        "which both were judged."
    )


def test_a_correlation_of_single_runs_is_not_told_as_if_it_were_of_many(tmp_path: Path) -> None:
    rising = table(distance__w1_exact=np.linspace(0.5, 2, 500))
    for objective, numbers in (("gan", rising), ("wgan", table())):
        write_run(tmp_path / objective, numbers=numbers, choices={"objective": objective})
    _, _, following, _ = told(tmp_path)
    begin = "Along training the critic's estimate and exact Wasserstein distance (data units) have a rank "
    assert following == (
        f"{begin}correlation of -1.00 to 1.00 in the only run of each of 2 cells: one run of a setting "
        "does not say what another would have."
    )
    write_run(tmp_path / "again", choices={"objective": "wgan"}, seed=1)
    _, _, following, _ = told(tmp_path)
    assert following == (
        f"{begin}correlation of 1.00 (wgan, 2 runs from 1.00 to 1.00; of changes between measurements "
        "1.00, with the samples of another run 1.00); it is -1.00 in the only run of gan, of which one run "
        "says little."
    )


def test_each_of_three_correlations_is_told_as_what_it_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for seed in range(2):
        # the filter leaves a staircase as it is at the middle of its steps
        drift, *noise = (np.repeat(each, 150) for each in (np.linspace(9, 1, 10), *rng.normal(size=(2, 10))))
        columns = {"distance__critic_raw": drift + noise[0], "distance__w1_exact": drift + noise[1]}
        write_run(tmp_path / str(seed), numbers=table(1500, 75, **columns), seed=seed)
    (row,) = correlations(load_sweep(tmp_path)).to_dict("records")
    spearman, changes, across = (f"{row[name]:.2f}" for name in ("spearman", "changes", "across_runs"))
    assert len({spearman, changes, across}) == 3
    following = told(tmp_path)[2]
    runs = f"2 runs from {row['lowest']:.2f} to {row['highest']:.2f}"
    assert f"have a rank correlation of {spearman} (wgan, {runs}; of changes" in following
    assert following.endswith(
        f"; of changes between measurements {changes}, with the samples of another run {across})."
    )


def test_that_a_run_diverged_which_does_not_count_is_not_said(tmp_path: Path) -> None:
    write_run(tmp_path / "a", numbers=table())
    write_run(tmp_path / "b", numbers=table(), status="diverged", started="2026-01-02T00:00:00+00:00")
    sweep = load_sweep(tmp_path)
    assert [run.fault is None for run in sweep.runs] == [True, False]
    assert "diverged" not in told(tmp_path)[1]


def test_without_quality_nothing_is_claimed(tmp_path: Path) -> None:
    bare: dict[str, Any] = {name.replace("/", "__"): None for name in table() if "critic_" not in name}
    write_run(tmp_path / "run", numbers=table(**bare))
    success, ends, seen = told(tmp_path)
    assert success.startswith("No quality of samples was measured, so nobody can say which runs succeed")
    assert success.endswith(
        ": gan-lab evaluate SWEEP_DIR, followed by gan-lab report SWEEP_DIR, measures it without more "
        "training, and runs that are trained with metrics.every=100 measure it along the way."
    )
    end = table()["distance/critic_raw"].tail(101).median()
    assert ends.startswith(f"The critic's estimate ended at {end:.3g} (wgan, critic's score gap, 1 run): ")
    assert seen == (
        "In the critic's numbers of the run gan-lab diagnose sees no sign of trouble; of samples they say "
        "nothing."
    )


def test_without_quality_cells_are_told_each_with_what_it_estimates_and_what_is_seen(tmp_path: Path) -> None:
    bare: dict[str, Any] = {name.replace("/", "__"): None for name in table() if "critic_" not in name}
    for objective, value in (("gan", 0.3), ("wgan", None)):
        for seed in range(2):
            jsd = {"estimate": "jsd", "distance__jsd": value + 0.02 * seed} if value else {}
            numbers = table(**bare, **jsd)
            record = {"choices": {"objective": objective}, "status": "completed" if seed else "diverged"}
            write_run(tmp_path / f"{objective}{seed}", numbers=numbers, seed=seed, **record)
    _, ends, seen = told(tmp_path)
    # of seed 1: seed 0 diverged, and counts in no mean
    assert "ended at 0.32 (gan, Jensen-Shannon estimate, 1 run); " in ends
    assert "(wgan, critic's score gap, 1 run)" in ends
    assert ends.endswith("Those of different objectives, constraints or architectures do not compare.")
    said = "gan-lab diagnose sees signs of trouble in 2 of 4 runs"
    assert seen == f"{said}, most often divergence (2 runs)."


def test_runs_of_which_nothing_was_measured_are_told_apart(tmp_path: Path) -> None:
    bare: dict[str, Any] = {name.replace("/", "__"): None for name in table() if "critic_" not in name}
    nothing = pandas.DataFrame(index=pandas.RangeIndex(1, 501, name="iteration"))
    write_run(tmp_path / "0", numbers=nothing, seed=0)
    *_, seen = told(tmp_path)
    assert seen == "Of 1 run nothing was measured."
    for seed in (1, 2):
        write_run(tmp_path / str(seed), numbers=table(**bare), seed=seed)
    *_, seen = told(tmp_path)
    assert seen == (
        "In the critic's numbers of any of the 2 runs gan-lab diagnose sees no sign of trouble; of samples "
        "they say nothing. Of 1 run nothing was measured."
    )


def test_where_estimates_ended_is_the_mean_of_the_table_of_cells(tmp_path: Path) -> None:
    bare: dict[str, Any] = {name.replace("/", "__"): None for name in table() if "critic_" not in name}
    for seed, missing in enumerate((40, 60, 0)):
        jsd = np.full(500, 0.3 + 0.02 * seed)
        jsd[500 - missing :] = np.nan  # all of it rounding: of most of the last 101, nothing is known
        numbers = table(**bare, estimate="jsd", distance__jsd=jsd)
        write_run(tmp_path / str(seed), numbers=numbers, seed=seed, choices={"objective": "gan"})
    _, ends, _ = told(tmp_path)
    (row,) = summary_table(load_sweep(tmp_path)).to_dict("records")
    assert "ended at 0.32 (gan, Jensen-Shannon estimate, 2 runs): " in ends
    assert row["estimate_mean"] == pytest.approx(0.32, rel=1e-12)


def test_a_constant_estimate_follows_nothing(tmp_path: Path) -> None:
    write_run(tmp_path / "run", numbers=table(estimate="jsd", distance__jsd=math.log(2)))
    _, _, following, _ = told(tmp_path)
    assert following.startswith("Of no run was there a rank correlation")


def test_correlations_that_are_exactly_alike_are_told_of_all_their_cells(tmp_path: Path) -> None:
    for objective in ("gan", "wgan"):
        for seed in range(2):
            write(tmp_path, objective, seed)
    _, _, following, _ = told(tmp_path)
    assert following.endswith("a rank correlation of 1.00 in each of 2 cells.")


def test_cells_without_a_judged_run_are_counted(tmp_path: Path) -> None:
    for objective in ("gan", "wgan"):
        for seed in range(2):
            write(tmp_path, objective, seed)
    write_run(tmp_path / "failed", choices={"objective": "lsgan"}, status="failed")
    success, *_ = told(tmp_path)
    assert success == (
        "4 of 4 runs that could be judged succeed: in each of 2 cells 100%; in 1 of 3 cells no run could be "
        "judged."
    )


def test_that_no_distance_is_common_to_all_runs_is_not_told_as_if_nothing_was_measured(
    tmp_path: Path,
) -> None:
    write_run(tmp_path / "ring")
    patches = table(distance__w1_exact=None, quality__patches=1.0, quality__patches_floor=0.1)
    write_run(tmp_path / "photos", numbers=patches, choices={"dataset": "photos"})
    why = "No one distance of samples was measured in all runs that count"
    assert told(tmp_path)[0] == f"{why}, so nobody can say which runs succeed."
    assert [run.verdict.reason for run in load_sweep(tmp_path).runs] == [f"{why}."] * 2


def test_what_was_measured_in_runs_that_are_left_out_is_not_denied(tmp_path: Path) -> None:
    for seed in range(2):
        write_run(tmp_path / str(seed), seed=seed, status="interrupted")
    assert told(tmp_path)[0] == (
        "No quality of samples was measured in a run that counts, only in runs that are left out, so nobody "
        "can say which runs succeed."
    )


@pytest.mark.parametrize(("runs", "has_interval"), [(4, False), (5, True)])
def test_a_bootstrap_of_few_runs_is_not_told_as_an_interval(
    runs: int, has_interval: bool, tmp_path: Path
) -> None:
    for seed in range(runs):
        write(tmp_path, "wgan", seed)
    following = told(tmp_path)[2]
    interval, span = f"(wgan, 95% from 1.00 to 1.00, {runs} runs;", f"(wgan, {runs} runs from 1.00 to 1.00;"
    assert ((interval in following), (span in following)) == (has_interval, not has_interval)


def test_that_a_p_value_is_pooled_is_said(tmp_path: Path) -> None:
    for seed in range(6):
        for architecture in ("dcgan", "mlp"):
            write(tmp_path, "gan", seed, poor=True, architecture=architecture)
            write(tmp_path, "wgan", seed, architecture=architecture)
    assert told(tmp_path)[3].endswith(
        " after Holm's correction; pooled, as if pairs that share a seed were independent)."
    )


def test_runs_of_drawn_architectures_are_not_said_to_have_the_same_settings(tmp_path: Path) -> None:
    for draw in range(2):
        write_run(
            tmp_path / str(draw),
            seed=draw,
            choices={"draw": str(draw)},
            config={"architecture": {"critic": {"depth": 4 + draw}}},
        )
    assert told(tmp_path)[3] == (
        "All runs have the same settings but for their seed and drawn architecture, and there is nothing to "
        "compare."
    )
    assert "; runs of a cell differ in their seed and drawn architecture." in _summary(load_sweep(tmp_path))


def test_runs_that_were_resumed_for_longer_are_not_said_to_have_the_same_settings(tmp_path: Path) -> None:
    for seed, iterations in enumerate((500, 4000)):
        write_run(tmp_path / str(seed), numbers=table(iterations), seed=seed, iterations=iterations)
    assert told(tmp_path)[3].startswith(
        "All runs have the same settings but for their seed and number of iterations, and"
    )
