import math
import re

import numpy as np
import pytest

from gan_lab.config.errors import BadValueError
from gan_lab.diagnosis.samples import Ends
from gan_lab.reports.claims.thresholds import agreement_by_threshold, success_by_threshold
from gan_lab.reports.observing import findings_in, observe
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.loading import load_sweep
from gan_lab.reports.sweep.verdicts import choose_quality, grade
from gan_lab.runs.reading import read_run
from gan_lab.tags.names import MODE_KL, floor_tag
from support.report_runs import falling, table, write_run, write_sweep

IMAGES = {
    "quality/frechet_features": falling(),
    "quality/frechet_features_floor": 0.1,
    "quality/high_quality_share": None,
    "quality/high_quality_share_floor": None,
}
# WGAN-GP on MNIST after 250 iterations: visibly different, blurred digits of all classes
BLURRED = IMAGES | {
    "quality/frechet_features": falling(start=2000, end=449),
    "quality/frechet_features_floor": 9.0,
    "quality/modes_hit": 10.0,
    "quality/modes_hit_floor": 10.0,
    "quality/mode_kl": 0.28,
    "quality/precision": 0.92,
    "quality/precision_floor": 0.877,
    "quality/recall": 0.0,
    "quality/coverage": 0.03,
}
GREY = {"quality/frechet_features": falling(start=10, end=9.0), "quality/precision": 0.08}
NO_SHARES = {f"quality/{name}": None for name in ("high_quality_share", "modes_hit", "recall", "coverage")}


def verdict(tmp_path, columns, rule=None, **record):
    numbers = table(**{name.replace("/", "__"): values for name, values in columns.items()})
    write_run(tmp_path / "run", numbers=numbers, **record)
    (run,) = load_sweep(tmp_path, rule).runs
    return run.verdict


def moving(level):
    """A curve (500,) around a level that it leaves by a tenth."""
    return level * (1 + 0.1 * np.sin(np.arange(500)))


@pytest.mark.parametrize(
    ("columns", "outcome", "words"),
    [
        ({}, "success", "quality/high_quality_share ended at 0.95; real samples have 0.98"),
        ({"quality/modes_hit": 4.0}, "success", "high_quality_share"),
        ({"quality/modes_hit": 3.0}, "collapsed", "modes_hit ended at 3, below 50% of the 8"),
        ({"quality/recall": 0.07}, "collapsed", "recall ended at 0.07, below 10% of the 0.8"),
        ({"quality/mode_kl": 0.7}, "collapsed", "mode_kl ended at 0.7: the modes are hit as unevenly as if"),
        ({"quality/mode_kl": 0.69}, "success", "high_quality_share"),
        (
            {"quality/modes_hit": 3.0, "quality/high_quality_share": 0.48},
            "poor",
            "high_quality_share ended at 0.48, below 0.49; real samples have 0.98. quality/modes_hit ended",
        ),
        ({"quality/high_quality_share": 0.48}, "poor", "high_quality_share ended at 0.48, below 0.49"),
        ({"quality/high_quality_share": 0.5}, "success", "0.5"),
        (IMAGES, "success", "quality/coverage ended at 0.8; real samples have 0.9"),
        (BLURRED, "poor", "coverage ended at 0.03, below 0.09"),
        (BLURRED | {"quality/coverage": 0.5}, "poor", "recall ended at 0, below 10%"),
        (BLURRED | {"quality/modes_hit": 4.0}, "collapsed", "modes_hit ended at 4"),
        (BLURRED | {"quality/mode_kl": np.log(10)}, "collapsed", "10.0% of them by weight, below 50%"),
        (BLURRED | {"quality/modes_hit": 1.0, "quality/precision": 0.0}, "poor", "modes_hit ended at 1"),
        (BLURRED | GREY, "untrained", "frechet_features ended at 9.1, after 9.9 at iteration "),
        (BLURRED | GREY | {"quality/frechet_features": falling(start=10, end=8.5)}, "poor", "coverage"),
        (BLURRED | GREY | {"quality/precision": 0.1}, "poor", "coverage"),
        (IMAGES | {"quality/coverage": 0.08}, "poor", "coverage ended at 0.08, below 0.09"),
        (NO_SHARES, "success", "distance/w1_exact"),
        (NO_SHARES | {"distance/w1_exact": moving(0.4)}, "poor", "above 0.3; real samples have 0.1"),
        (NO_SHARES | {"distance/w1_exact": moving(0.25)}, "success", "distance/w1_exact"),
        (NO_SHARES | {"distance/w1_exact": 2.0}, "frozen", "distance/w1_exact moved by 0 around 2"),
        ({"distance/w1_exact": 2.0}, "success", "high_quality_share"),  # it has arrived
        ({"distance/w1_exact": 2.0, "quality/modes_hit": 0.0}, "frozen", "modes_hit ended at 0"),
        ({"distance/w1_exact": None, **NO_SHARES}, "unmeasured", "No quality of samples was measured."),
        ({"quality/high_quality_share_floor": 0.0}, "unmeasured", "was not measured"),
    ],
)
def test_the_rule(tmp_path, columns, outcome, words):
    found = verdict(tmp_path, columns)
    said = found.reason.replace(" (median of its last 3)", "")
    assert (found.outcome, words in said) == (outcome, True), found


def test_a_report_says_the_number_that_diagnose_says(tmp_path):
    """What was measured at the last iteration alone stands in the record, and counts in both."""
    numbers = table(iterations=120, every=100, quality__high_quality_share=0.3)
    run = write_run(
        tmp_path / "run",
        numbers=numbers,
        iterations=120,
        iteration=120,
        final={"quality/high_quality_share": 0.2},
    )
    (read,) = load_sweep(tmp_path).runs
    words = (
        "quality/high_quality_share ended at 0.25 (median of its last 2), below 0.49; real samples have 0.98."
    )
    assert words in read.verdict.reason
    assert any(words in finding.sentence for finding in findings_in(read_run(run)))


@pytest.mark.parametrize("status", ["interrupted", "diverged"])
def test_what_was_measured_before_a_run_broke_off_counts_once(tmp_path, status):
    """Its record has the last number of each tag, of whatever iteration; the table has it there already."""
    tag, later = "quality/high_quality_share", "quality/sliced_w1"
    numbers = table(iterations=120, every=100)
    final = {tag: float(numbers.loc[100, tag]), later: 0.5}
    run = write_run(tmp_path / "run", numbers=numbers, iteration=120, status=status, final=final)
    seen = observe(read_run(run))
    assert (seen.end_count(tag), len(seen.measured(tag)[0])) == (1, 1)
    assert seen.measured(later)[0].tolist() == [120]  # which gan-lab evaluate found
    (read,) = load_sweep(tmp_path).runs
    assert read.numbers[tag].notna().sum() == 1


@pytest.mark.parametrize(("spread", "outcome"), [(0.008, "frozen"), (0.0125, "poor")])
def test_a_distance_that_moves_by_a_hundredth_is_not_frozen(tmp_path, spread, outcome):
    steps = np.arange(1, 501) // 50  # one up, one down, from measurement to measurement
    distance = 2 * (1 + spread / 2 * (-1.0) ** steps)
    assert verdict(tmp_path, NO_SHARES | {"distance/w1_exact": distance}).outcome == outcome


def test_the_end_is_the_median_of_the_last_measurements(tmp_path):
    share = np.full(500, 0.9)
    share[499] = 0.0  # one of iterations 400, 450 and 500
    assert verdict(tmp_path / "a", {"quality/high_quality_share": share}).outcome == "success"
    last = FailureRule(end_measurements=1)
    assert verdict(tmp_path / "b", {"quality/high_quality_share": share}, last).outcome == "poor"
    share[449] = 0.0
    assert verdict(tmp_path / "c", {"quality/high_quality_share": share}).outcome == "poor"


def test_divergence_comes_first(tmp_path):
    assert verdict(tmp_path, {"quality/modes_hit": 0.0}, status="diverged").outcome == "diverged"


def test_where_nothing_was_measured_divergence_alone_makes_no_rate(tmp_path):
    columns = {"distance/w1_exact": None, **NO_SHARES}
    assert verdict(tmp_path, columns, status="diverged").outcome == "unmeasured"


def test_one_measurement_does_not_tell_that_nothing_was_learnt(tmp_path):
    numbers = table(every=450, distance__w1_exact=2.0, quality__high_quality_share=0.0)
    write_run(tmp_path / "run", numbers=numbers)
    (run,) = load_sweep(tmp_path).runs
    assert run.numbers["distance/w1_exact"].count() == 1
    assert run.verdict.outcome == "poor"


def test_standing_still_is_not_decided_by_two_measurements(tmp_path):
    numbers = table(every=200, distance__w1_exact=2.0, quality__high_quality_share=0.0)
    write_run(tmp_path / "run", numbers=numbers)
    (run,) = load_sweep(tmp_path).runs
    assert run.verdict.outcome == "poor"


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        (FailureRule(modes_share=0.3), "success"),
        (FailureRule(), "collapsed"),
        (FailureRule(high_quality_share=0.99, modes_share=0.1), "poor"),
        (FailureRule(recall_share=0.9, modes_share=0.1), "collapsed"),
    ],
)
def test_its_lines_can_be_moved(tmp_path, rule, outcome):
    assert verdict(tmp_path, {"quality/modes_hit": 3.0}, rule).outcome == outcome


def test_its_lines_are_checked():
    with pytest.raises(BadValueError, match=r"modes_share must be a number between 0 and 1; got 2\."):
        FailureRule(modes_share=2)


def test_its_text_holds_its_lines():
    rule = FailureRule(coverage_share=0.42, distance_factor=7.5, spread_share=0.6, end_measurements=9)
    text = rule.describe()
    assert "coverage below 42%" in text
    assert "above 7.5 times" in text
    assert "less than 60% as far apart" in text
    assert "last 9 measurements" in text


def test_its_text_rounds_no_line():
    text = FailureRule(modes_share=0.125, recall_share=0.004, frozen_range=0.0025).describe()
    assert "fewer than 12.5% of the modes" in text
    assert "recall is below 0.4% of theirs" in text
    assert "less than 0.25% of its mean" in text


def test_quality_is_what_all_measured_runs_have():
    points, empty = table(), table(distance__w1_exact=None)
    images = table(quality__frechet_features=1.0, quality__patches=1.0)
    plain = table(quality__patches=1.0, distance__w1_exact=None)
    assert choose_quality([images, images]).tag == "quality/frechet_features"
    assert choose_quality([images, plain, empty]).tag == "quality/patches"
    assert choose_quality([images, points]).tag == "distance/w1_exact"
    assert choose_quality([points, plain]) is None
    assert choose_quality([empty]) is None


def test_a_grade_is_the_share_of_what_real_samples_get():
    numbers = table(distance__w1_exact=0.4, quality__high_quality_share=None)
    quality = choose_quality([numbers])
    assert grade(numbers, quality, FailureRule()).share == pytest.approx(0.25, abs=1e-12)
    assert grade(table(), quality, FailureRule()).share == pytest.approx(0.95 / 0.98, abs=1e-12)


@pytest.mark.parametrize("distance", [0.1, 0.08, 0.01, 0.0])
def test_a_distance_below_its_floor_counts_as_the_floor(distance):
    # W1 rewards samples closer together than real ones
    numbers = table(distance__w1_exact=distance, quality__high_quality_share=None)
    graded = grade(numbers, choose_quality([numbers]), FailureRule())
    assert (graded.floor, graded.share) == (0.1, 1.0)
    above = table(quality__high_quality_share=0.999)
    assert grade(above, choose_quality([above]), FailureRule()).share == 1.0
    with pytest.raises(BadValueError, match=r"distance_factor must be a number, 1 or greater; got 0\.9"):
        FailureRule(distance_factor=0.9)


# arrived at once, closer together than real ones: two of the generator's are 0.07 apart, real ones 0.1
SHRUNKEN = NO_SHARES | {
    "distance/w1_exact": np.r_[np.full(349, 2.0), np.full(151, 0.09)],
    "distance/w1_debiased": 0.005,
    "distance/w1_debiased_scatter": 0.0016,
}


@pytest.mark.parametrize(
    ("columns", "rule", "outcome"),
    [
        (SHRUNKEN, None, "poor"),
        (SHRUNKEN | {"distance/w1_debiased": None}, None, "success"),
        (SHRUNKEN | {"distance/w1_debiased_scatter": 0.0017}, None, "success"),
        (SHRUNKEN | {"distance/w1_debiased": 0.0024, "distance/w1_debiased_scatter": 1e-4}, None, "success"),
        (SHRUNKEN, FailureRule(spread_share=0.69), "success"),
        (SHRUNKEN | {"quality/high_quality_share": 0.9}, None, "success"),
    ],
)
def test_samples_closer_together_than_real_ones_are_poor(tmp_path, columns, rule, outcome):
    found = verdict(tmp_path, columns, rule)
    assert found.outcome == outcome, found
    assert ("two of the generator's are 0.07 apart, below 75% of the 0.1" in found.reason) == (
        outcome == "poor"
    )


def graded_sweep(root):
    shares = {"gan": (0.1, 0.3, 0.9), "wgan": (0.5, 0.6, 0.7)}
    for objective, values in shares.items():
        for seed, share in enumerate(values):
            numbers = table(quality__high_quality_share=share * 0.98)
            write_run(
                root / f"{objective}{seed}", numbers=numbers, choices={"objective": objective}, seed=seed
            )
    write_run(root / "gan3", numbers=table(80), choices={"objective": "gan"}, seed=3, status="diverged")
    write_run(root / "wgan3", numbers=table(80), choices={"objective": "wgan"}, seed=3, status="interrupted")
    return load_sweep(root)


def test_success_by_threshold(tmp_path):
    found = success_by_threshold(graded_sweep(tmp_path), (0.2, 0.55, 0.8))
    assert list(found["n"]) == [4, 4, 4, 3, 3, 3]
    assert list(found["successes"]) == [2, 1, 1, 3, 2, 0]
    assert found["rate"].iloc[0] == 0.5
    assert (found["low"] < found["rate"]).iloc[:5].all()


def test_agreement_by_threshold_is_table_2_of_wgan_gp(tmp_path):
    found = agreement_by_threshold(graded_sweep(tmp_path), (0.2, 0.55, 0.8))
    counts = found[["both", "only_first", "only_second", "neither"]].to_numpy()
    assert counts.tolist() == [[2, 0, 1, 0], [1, 0, 1, 1], [0, 1, 0, 2]]
    assert list(found["n"]) == [3, 3, 3]  # the fourth pair has a half that was interrupted


def test_one_objective_alone_agrees_with_nobody(tmp_path):
    sweep = load_sweep(write_sweep(tmp_path, objectives=("wgan",)))
    assert len(agreement_by_threshold(sweep)) == 0


def test_the_rule_tells_the_unevenness_by_which_it_judges() -> None:
    formula = re.search(r"exp\(.*?\)", FailureRule().describe())
    numbers = {MODE_KL: 1.2, floor_tag(MODE_KL): 0.5}
    share = Ends(numbers.__getitem__, MODE_KL).perplexity_share()
    assert formula is not None
    values = {"exp": math.exp, "d": 1.2, "d_real": 0.5}
    assert eval(formula[0], values) == pytest.approx(share)
