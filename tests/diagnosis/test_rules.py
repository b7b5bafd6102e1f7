"""Each rule on both sides of its line, on tables made by hand."""

import math

import numpy as np
import pytest

from gan_lab.diagnosis.diagnose import ALL_WELL, RULES, UNMEASURED, diagnose, last_line
from support.observations import GAN, WGAN, WGAN_GP, found, observed, said

SLOPE, GENERATOR, RAW = "health/critic_slope", "health/generator_gradient_norm", "distance/critic_raw"
F_DIVERGENCE = "distance/f_divergence"
HELD_OUT = "health/held_out_estimate"
LOGGED = range(50, 1001, 50)
SPECTRAL = {
    "objective._target_": WGAN["objective._target_"],
    "constraint._target_": "gan_lab.constraints.spectral_norm.SpectralNorm",
}
DRAGAN = SPECTRAL | {"constraint._target_": "gan_lab.constraints.dragan.DRAGAN"}


def slopes(late, early=None):
    """Slopes at each log; the last three differ from the others where ``early`` is given."""
    early = late if early is None else early
    return {at: late if at > 850 else early for at in LOGGED}


def alive(slope, early=None, gradient=1.0):
    return {SLOPE: slopes(slope, early), GENERATOR: gradient, RAW: 0.5}


def rounded(count):
    """An estimate within what rounding may move it by in so many of the last iterations."""
    return np.r_[np.ones(1000 - count), np.full(count, np.nan)]


# The critic


@pytest.mark.parametrize(
    ("columns", "settings", "dead"),
    [
        (alive(0.00099), WGAN, True),  # a tenth of the bound, which one weight has
        (alive(0.00101), WGAN, False),
        (alive(0.00101), WGAN | {"constraint.bound": 0.1}, True),
        (alive(0.099), WGAN_GP, True),
        (alive(0.101), WGAN_GP, False),
        (alive(0.00099), GAN, False),  # an optimal discriminator of equal distributions is flat
        (
            alive(0.09, early=1.0, gradient=np.r_[1.0, np.full(999, 0.09)]),
            WGAN | {"constraint.bound": 0.1},
            True,
        ),
        (
            alive(0.09, early=1.0, gradient=np.r_[1.0, np.full(999, 0.11)]),
            WGAN | {"constraint.bound": 0.1},
            False,
        ),
        (
            alive(0.11, early=1.0, gradient=np.r_[1.0, np.full(999, 0.09)]),
            WGAN | {"constraint.bound": 0.1},
            False,
        ),
        (alive(1.2, early=30.0, gradient=np.r_[50.0, np.ones(999)]), WGAN_GP, False),  # it has settled
        # scores far from 0, whose difference rounding takes, are no sign of death in a critic with a slope
        (alive(1.0) | {RAW: rounded(101)}, WGAN_GP, False),
        (alive(0.00099) | {RAW: rounded(51)}, SPECTRAL, True),
        (alive(0.00099) | {RAW: rounded(50)}, SPECTRAL, False),
        (alive(0.00101) | {RAW: rounded(101)}, SPECTRAL, False),
        (alive(1.05, early=30.0, gradient=np.r_[50.0, np.ones(999)]), DRAGAN, False),  # which asks for 1
    ],
)
def test_a_dead_critic(columns, settings, dead):
    assert ("critic_dead" in said(columns, settings)) == dead


@pytest.mark.parametrize(("count", "names"), [(50, []), (51, ["rounded_estimate"])])
def test_an_estimate_that_rounding_has_taken(count, names):
    columns = alive(1.0) | {RAW: rounded(count)}
    assert said(columns, WGAN_GP) == names
    if names:
        finding = found(names[0], columns, WGAN_GP | {"train.precision": "bf16"})
        assert finding.sentence.startswith(
            "The estimate is within what rounding may move it by in 51 of the last 101 iterations: "
        )
        assert finding.remedy == "train.precision=fp32"
        assert found(names[0], columns, WGAN_GP).remedy == ""
    assert said(columns, GAN) == []  # whose estimate is another
    assert said(columns | alive(0.0001) | {RAW: rounded(count)}, WGAN_GP) == ["critic_dead"]


def test_the_critics_share_of_the_rate_is_its_rate():
    shared = GAN | {"optimizer.lr": 0.05, "critic_lr_share": 4.0, "architecture.critic.depth": 3}
    steep = {SLOPE: slopes(0.0001)}
    assert found("gradients_vanish", steep, shared).remedy == "optimizer.lr=0.001"
    for settings in (shared | {"critic_lr_share": 2.0}, shared | {"critic_optimizer.lr": 0.05}):
        assert found("gradients_vanish", steep, settings).remedy == "objective=wgan_gp"


def test_more_critic_steps_are_no_more_than_a_warm_up_has_and_than_is_allowed():
    negative = {RAW: -1.0}
    for settings, remedy in (
        (
            {"train.n_critic": 10, "train.warmup_critic_steps": 15},
            "train.n_critic=20 train.warmup_critic_steps=20",
        ),
        ({"train.n_critic": 10, "train.warmup_critic_steps": 100}, "train.n_critic=20"),
        ({"train.n_critic": 10, "train.warmup_critic_steps": 0}, "train.n_critic=20"),
        ({"train.n_critic": 600_000}, "train.n_critic=1000000"),
    ):
        (finding,) = diagnose(observed(negative, WGAN_GP | settings))
        assert finding.remedy == remedy


def test_a_dead_critic_of_a_perfect_generator_is_not_spoken_of():
    columns = alive(0.0001) | {"distance/w1_exact": {1000: 0.14}, "distance/floor": {1000: 0.1}}
    assert "critic_dead" not in said(columns, WGAN)
    assert "critic_dead" in said(columns | {"distance/w1_exact": {1000: 0.16}}, WGAN)


def test_what_is_said_of_a_dead_critic():
    finding = found("critic_dead", alive(0.0004) | {RAW: 5e-7}, WGAN)
    assert finding.severity == "failure"
    assert finding.sentence == (
        "The critic is dead: its largest slope is 0.0004 (median of its last 3), where one layer with a "
        "single weight at the bound has 0.01. Its estimate of 5e-07 (median of its last 101) says nothing of "
        "the distance."
    )
    assert finding.remedy == "constraint.bound=0.1"


def test_a_clip_among_several_constraints_is_found():
    several = {"constraint._target_": "gan_lab.constraints.compose.Compose"}
    several |= {
        f"constraint.parts.clip.{key.partition('.')[2]}": WGAN[key] for key in WGAN if "constraint" in key
    }
    finding = found("critic_dead", alive(0.0004), WGAN | several)
    assert finding.remedy == "constraint.parts.clip.bound=0.1"


def test_a_critic_that_was_looked_at_twice_may_be_dead_and_one_that_was_looked_at_once_may_begin():
    short = {SLOPE: {50: 1e-12, 100: 1e-12}, GENERATOR: 1e-9, RAW: 1e-12}
    assert found("critic_dead", short, WGAN, n=100).remedy == "constraint.bound=0.1"
    assert "critic_dead" not in said(short | {SLOPE: {100: 1e-12}}, WGAN, n=100)
    fell = {SLOPE: {50: 30.0, 100: 1.0}, GENERATOR: np.r_[50.0, np.ones(99)], RAW: 0.5}
    assert "critic_dead" not in said(fell, {"objective._target_": WGAN["objective._target_"]}, n=100)


@pytest.mark.parametrize("slope", [1e-9, 1e12])
def test_of_a_rate_out_of_all_proportion_the_way_out_is_a_usual_one(slope):
    sized = WGAN_GP | {"architecture.critic.depth": 3}
    for rate, begins in ((10.0, "optimizer.lr=0.001"), (0.1, "train.n_critic=")):
        findings = diagnose(observed(alive(slope), sized | {"optimizer.lr": rate}))
        assert {finding.name for finding in findings} & {"gradients_vanish", "gradients_explode"}
        assert all(finding.remedy.startswith(begins) for finding in findings)


def test_it_is_so_whatever_is_seen():
    for columns in ({RAW: -1.0}, checks(held_out_estimate=0.1, held_out_estimate_further=1.0)):
        for rate, begins in ((10.0, "optimizer.lr=0.001"), (0.1, "train.n_critic=")):
            (finding,) = diagnose(observed(columns, WGAN_GP | {"optimizer.lr": rate}))
            assert finding.remedy.startswith(begins)


def test_the_way_out_of_bad_samples_is_that_of_the_fault_that_may_have_caused_them():
    poor = images(frechet_features=700, precision=0.9, recall=0.3, coverage=0.05)
    # as many as its record has: a run may have been given more than its config says
    assert found("poor", poor, GAN | {"train.iterations": 100}).remedy == "train.iterations=4000"
    broken = poor | alive(0.0004)
    for name in ("critic_dead", "poor"):
        assert found(name, broken, WGAN | {"train.iterations": 100}).remedy == "constraint.bound=0.1"


@pytest.mark.parametrize(
    ("bound", "of", "offered"),
    [
        (1e-4, "points", "constraint.bound=0.1"),
        (0.01, "points", "constraint.bound=0.1"),
        (1e-4, "images", "constraint.bound=0.01"),
        (0.01, "images", "constraint.bound=0.1"),
        (0.1, "images", "objective=wgan_gp"),
    ],
)
def test_a_dead_critic_is_offered_a_bound_that_critics_live_by(bound, of, offered):
    # ten times 1e-4 is as dead on ring8
    target = "gan_lab.datasets.toy.Ring" if of == "points" else "gan_lab.datasets.embedded.Digits"
    settings = WGAN | {"constraint.bound": bound, "dataset._target_": target}
    assert found("critic_dead", alive(1e-12), settings).remedy == offered


@pytest.mark.parametrize(("slope", "cramped"), [(0.0022, True), (0.0099, True), (0.0101, False)])
def test_poor_samples_of_a_critic_that_its_box_leaves_no_slope_need_a_larger_box(slope, cramped):
    # wgan on ring8 with the published bound, seen after 1,000 iterations: slope 0.0022, an estimate of 8e-05
    poor = images(frechet_features=700, precision=0.9, recall=0.3, coverage=0.05)
    finding = found("poor", poor | {SLOPE: slope, RAW: 8e-5}, WGAN | {"train.iterations": 1000})
    assert finding.remedy == ("constraint.bound=0.1" if cramped else "train.iterations=4000")
    told = "below the 0.01 of one layer with a single weight at the clipping bound."
    assert (told in finding.sentence) == cramped


def test_a_large_box_is_not_made_larger_and_no_box_is_not_spoken_of():
    poor = images(frechet_features=700, precision=0.9, recall=0.3, coverage=0.05) | {SLOPE: 0.05}
    for settings in (WGAN | {"constraint.bound": 0.1}, GAN):
        finding = found("poor", poor, settings | {"train.iterations": 1000})
        assert finding.remedy == "train.iterations=4000"
        assert "clipping" not in finding.sentence


def test_a_failure_without_a_fault_of_its_own_still_has_a_way_out_where_it_is_said_first():
    grey = images(frechet_features=1900, precision=0.0, recall=0, coverage=0)
    steep = WGAN_GP | {"architecture.critic.depth": 3, "optimizer.lr": 10.0, "train.iterations": 100}
    first, second, *_ = diagnose(observed(grey | alive(1e12), steep))
    assert (first.name, second.name) == ("untrained", "gradients_explode")
    assert first.remedy == second.remedy == "optimizer.lr=0.001"


def test_advice_to_stop_earlier_is_no_way_out_of_poor_samples():
    settings = GAN | {"train.iterations": 4000}
    poor = images(frechet_features=700, precision=0.9, recall=0.3, coverage=0.05)
    still = {"quality/frechet_features": dict.fromkeys(range(500, 4001, 500), 700.0)}
    findings = {each.name: each for each in diagnose(observed(poor | still, settings, n=4000))}
    assert findings["nothing_moves"].remedy
    assert findings["poor"].remedy == "train.iterations=16000"


COSINE = "health/step_gradient_cosine"


@pytest.mark.parametrize(("uphill", "names"), [(20, []), (21, ["momentum_against_gradient"])])
def test_momentum_against_the_gradient(uphill, names):
    cosines = np.r_[np.full(1000 - uphill, 0.3), np.full(uphill, -0.1)]
    # of the last 101 iterations, a fifth
    assert said({COSINE: cosines}, GAN | {"optimizer.beta1": 0.9}) == names


@pytest.mark.parametrize(("steps", "names"), [(9, []), (10, ["momentum_against_gradient"])])
def test_a_few_steps_say_nothing_of_momentum(steps, names):
    assert said({COSINE: dict.fromkeys(range(1001 - steps, 1001), -0.5), SLOPE: slopes(1.0)}) == names


def test_the_way_out_of_momentum_is_the_critics_own_optimizer():
    settings = GAN | {"optimizer.beta1": 0.5, "critic_optimizer.beta1": 0.9}
    finding = found("momentum_against_gradient", {COSINE: -0.2}, settings)
    assert finding.remedy == "critic_optimizer.beta1=0"
    assert "100% of its last steps go uphill" in finding.sentence
    assert "a median of -0.20, with critic_optimizer.beta1=0.9." in finding.sentence


@pytest.mark.parametrize(("share", "names"), [(0.89, []), (0.9, ["weights_at_bound"])])
def test_weights_at_the_bound(share, names):
    assert said({"health/at_clip_fraction": share}, WGAN) == names


@pytest.mark.parametrize(
    ("depth", "slope", "names"),
    [
        (3, 0.0011, []),  # four layers that halve would leave 1/16: a thousandth is asked for
        (3, 0.0009, ["gradients_vanish"]),
        (11, 2.0**-12 * 1.01, []),
        (11, 2.0**-12 * 0.99, ["gradients_vanish"]),
        (3, 1001, []),  # the best critic of a divergence may be as steep
        (None, 1e-9, []),  # without knowing how many layers there are
    ],
)
def test_gradients_through_layers(depth, slope, names):
    assert said({SLOPE: slopes(slope)}, GAN | {"architecture.critic.depth": depth}) == names


@pytest.mark.parametrize(
    ("depth", "slope", "names"),
    [
        (3, 999, []),
        (3, 1001, ["gradients_explode"]),
        (11, 4095, []),
        (11, 4097, ["gradients_explode"]),
    ],
)
def test_slopes_of_a_wasserstein_critic_that_explode(depth, slope, names):
    free = {"objective._target_": WGAN["objective._target_"], "architecture.critic.depth": depth}
    assert said({SLOPE: slopes(slope)}, free) == names


@pytest.mark.parametrize(
    ("norm", "settings", "names"),
    [
        (1.1e-8, {}, []),
        (0.9e-8, {}, ["gradients_vanish"]),
        (0.9e-8, {"optimizer.eps": 1e-10}, []),
        (0.9e-4, {"optimizer.eps": 1e-4}, ["gradients_vanish"]),
        (0.9e-4, {"optimizer.eps": 1e-4, "critic_optimizer.eps": 1e-8}, []),
    ],
)
def test_a_layer_whose_gradient_is_below_eps(norm, settings, names):
    layers = {f"layers/{k}": {900: value} for k, value in enumerate((0.1, norm, 0.2))}
    assert said(layers | {SLOPE: slopes(1.0)}, GAN | settings) == names


def test_under_a_penalty_the_optimizer_gets_more_than_these_gradients():
    columns = {"layers/0": {900: 1e-10}, SLOPE: slopes(1.0)}
    assert said(columns, GAN) == ["gradients_vanish"]
    assert said(columns | {"loss/penalty": 0.1}, GAN) == []


def test_the_eps_that_swallows_a_gradient_is_the_optimizers():
    columns = {"layers/0": {900: 5e-5}, SLOPE: slopes(1.0)}
    sentence = found("gradients_vanish", columns, GAN | {"optimizer.eps": 1e-4}).sentence
    assert "layers/0 ended at 5e-05, below the 0.0001 that its optimizer adds" in sentence


@pytest.mark.parametrize(
    ("jsd", "names"), [(0.89 * math.log(2), []), (0.91 * math.log(2), ["discriminator_saturated"])]
)
def test_a_saturated_discriminator(jsd, names):
    assert said({"distance/jsd": jsd}, GAN) == names


def test_nine_tenths_of_log_2_is_being_right_with_a_probability_of_93_percent():
    p = 2**-0.1
    assert math.log(2) + (math.log(p) + math.log(p)) / 2 == pytest.approx(0.9 * math.log(2), abs=1e-12)
    assert p == pytest.approx(0.93, abs=0.005)


@pytest.mark.parametrize(("below", "names"), [(67, []), (68, ["estimate_negative"])])
def test_an_estimate_below_0(below, names):
    from scipy.stats import binom

    assert binom.sf(67, 101, 0.5) == pytest.approx(0.0003, abs=0.0001)  # what the docstring says
    values = np.r_[np.full(899, 1.0), np.full(101 - below, 1.0), np.full(below, -0.1)]
    assert said({RAW: values}, WGAN_GP) == names


def test_a_hundred_iterations_do_not_show_what_is_below_0():
    assert said({RAW: -1.0}, WGAN_GP, n=100) == []
    assert said({RAW: -1.0}, WGAN_GP, n=101) == ["estimate_negative"]


LOG_4 = math.log(4)


@pytest.mark.parametrize(("shift", "names"), [(0.0, []), (0.1, []), (-0.1, ["estimate_negative"])])
def test_a_divergence_that_is_negative_between_equal_distributions(shift, names):
    # 2 JSD - log 4, whose estimate is as low as -log 4 where the generator is perfect
    columns = {F_DIVERGENCE: np.r_[np.full(899, -0.5), np.full(101, shift - LOG_4)], RAW: 0.5}
    assert said(columns, GAN, estimate_at_equality=-LOG_4) == names
    if names != []:
        text = found(names[0], columns, GAN, estimate_at_equality=-LOG_4).sentence
        assert "is below the -1.39 of equal distributions in 100%" in text
        assert "a median of -1.49" in text


@pytest.mark.parametrize(("here", "names"), [(0.34, []), (0.33, ["critic_not_near_optimum"])])
def test_what_a_critic_sees_is_counted_from_equal_distributions(here, names):
    columns = checks(held_out_estimate=here - LOG_4, held_out_estimate_further=1 - LOG_4)
    assert said(columns, GAN, estimate_at_equality=-LOG_4) == names


def test_a_run_from_before_this_was_recorded_is_judged_by_its_objective():
    target = "gan_lab.objectives.relative_entropies.GANDivergence"
    columns = {F_DIVERGENCE: -LOG_4 + 0.01, RAW: 0.5}
    assert said(columns, {"objective._target_": target}) == []
    assert said(columns, GAN) == ["estimate_negative"]


def test_only_score_gaps_below_0_are_said_to_rank_generated_samples_higher():
    of_gap = found("estimate_negative", {RAW: -1.0}, WGAN_GP).sentence
    of_divergence = found("estimate_negative", {F_DIVERGENCE: -1.0, RAW: 0.3}, GAN).sentence
    assert "ranks generated samples above real ones" in of_gap
    assert "ranks" not in of_divergence
    assert "the critic is worse than one that scores all samples alike can be" in of_divergence


def test_an_estimate_just_below_0_is_one_that_has_arrived():
    assert said({RAW: np.r_[np.ones(899), np.full(101, -0.049)]}, WGAN_GP) == []
    assert said({RAW: np.r_[np.ones(899), np.full(101, -0.051)]}, WGAN_GP) == ["estimate_negative"]


def checks(**values):
    return {f"health/{name}": dict.fromkeys((800, 900, 1000), value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("here", "further", "names"),
    [
        (0.34, 1.0, []),
        (0.33, 1.0, ["critic_not_near_optimum"]),
        (-1.0, -0.5, ["critic_not_near_optimum"]),  # both worse than none
        (0.01, 0.2, []),  # half of next to nothing, after 1.0
    ],
)
def test_a_critic_far_from_its_optimum(here, further, names):
    columns = checks(held_out_estimate=here, held_out_estimate_further=further)
    columns["health/held_out_estimate_further"][100] = 1.0
    assert said(columns, WGAN_GP | {"train.n_critic": 5}) == names


NOT_NEAR = "critic_not_near_optimum"


@pytest.mark.parametrize(("early", "names"), [(6, []), (5, [NOT_NEAR])])
def test_how_far_a_generator_came_before_the_first_measurement_counts(early, names):
    """For how many iterations the estimate is 1 of which a copy of the critic sees 0.2 at the end."""
    columns = checks(held_out_estimate=0.01, held_out_estimate_further=0.2)
    columns[F_DIVERGENCE] = np.r_[np.ones(early), np.zeros(1000 - early)]
    assert said(checks(held_out_estimate=0.01, held_out_estimate_further=0.2), GAN) == [NOT_NEAR]
    assert said(columns, GAN) == names


def test_that_is_counted_from_equal_distributions_too():
    columns = checks(held_out_estimate=0.01 - LOG_4, held_out_estimate_further=0.2 - LOG_4)
    assert said(columns | {F_DIVERGENCE: 0.0 - LOG_4}, GAN, estimate_at_equality=-LOG_4) == [NOT_NEAR]


@pytest.mark.parametrize(("estimate", "names"), [(1.0, []), (0.1, [NOT_NEAR])])
def test_a_run_of_five_iterations_is_judged_likewise(estimate, names):
    columns = {HELD_OUT: {5: 0.01}, f"{HELD_OUT}_further": {5: 0.2}, F_DIVERGENCE: estimate}
    assert said(columns, GAN, n=5) == names


@pytest.mark.parametrize(
    ("seen", "held_out", "batch", "names"),
    [
        (0.9, 0.71, 64, []),
        (0.9, 0.69, 64, ["overfitted_critic"]),
        (0.74, 0.4, 64, []),  # it has little to lose
        (0.76, 0.52, 8, []),  # a loss of 0.24 is chance of 16 scores: 1 / sqrt(16) = 0.25
        (0.76, 0.5, 8, ["overfitted_critic"]),
    ],
)
def test_an_overfitted_critic(seen, held_out, batch, names):
    columns = checks(critic_accuracy_seen=seen, critic_accuracy_held_out=held_out)
    assert said(columns, GAN | {"train.batch_size": batch}) == names


# Samples


def images(**values):
    """Labelled images at the end of a run that got nearer; values instead of those of good ones."""
    ends = {"frechet_features": 20.0, "modes_hit": 10.0, "mode_kl": 0.02, "precision": 0.8}
    ends |= {"recall": 0.7, "coverage": 0.8} | values
    floors = {"frechet_features": 9.0, "modes_hit": 10.0, "mode_kl": 0.01, "precision": 0.88}
    floors |= {"recall": 0.9, "coverage": 0.95, "confident_share": 0.96}
    columns = {f"quality/{name}": {1000: value} for name, value in ends.items()}
    columns["quality/frechet_features"][100] = 2000.0
    return columns | {f"quality/{name}_floor": {100: value, 1000: value} for name, value in floors.items()}


THOUSAND = {"modes_hit": 657.0, "mode_kl": 0.5285}  # of 1,024 real stacked digits


@pytest.mark.parametrize(
    ("kl", "names"),
    [
        (0.86, []),  # 72% of the perplexity of real ones
        (0.5285 + 0.99 * math.log(2), []),
        (0.5285 + 1.01 * math.log(2), ["mode_collapse"]),
    ],
)
def test_that_samples_are_few_beside_modes_is_no_unevenness_of_the_generator(kl, names):
    columns = images(modes_hit=519.0, mode_kl=kl)
    for name, value in THOUSAND.items():
        columns[f"quality/{name}_floor"] = {1000: value}
    assert said(columns) == names
    if names:
        sentence = found(names[0], columns).sentence
        assert (
            "mode_kl ended at 1.23, that of real samples is 0.528: the modes are hit as unevenly as"
            in sentence
        )
        assert "as if there were 49.7% of those that real samples hit, below 50%." in sentence


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, None),
        # WGAN-GP on MNIST after 250 iterations: blurred digits of all classes
        (
            {"frechet_features": 449, "mode_kl": 0.28, "precision": 0.95, "recall": 0, "coverage": 0.03},
            "poor",
        ),
        ({"modes_hit": 1, "mode_kl": math.log(10), "recall": 0, "coverage": 0.006}, "mode_collapse"),
        ({"modes_hit": 8, "mode_kl": 0.75, "precision": 0.5}, "mode_collapse"),
        ({"modes_hit": 4, "mode_kl": 1.2, "recall": 0, "confident_share": 0.73}, "mode_collapse"),
        # blurred images that a classifier puts into few classes, and is not sure of
        ({"modes_hit": 4, "mode_kl": 1.2, "recall": 0, "confident_share": 0.71}, "poor"),
        ({"confident_share": 0.1}, None),  # it tells collapsed from poor, nothing else
        ({"modes_hit": 1, "mode_kl": math.log(10), "precision": 0.0, "coverage": 0.0}, "poor"),
        ({"frechet_features": 1900, "precision": 0.0, "recall": 0, "coverage": 0}, "untrained"),
    ],
)
def test_what_samples_of_images_are(values, name):
    assert said(images(**values)) == ([name] if name else [])


def test_the_reason_why_few_kinds_are_no_collapse_is_said():
    few = {"modes_hit": 4, "mode_kl": 1.2, "recall": 0}
    for values, told in (
        ({"confident_share": 0.70}, "quality/confident_share ended at 0.7, below 75% of the 0.96 of real"),
        ({"precision": 0.4, "confident_share": 0.9}, "quality/precision ended at 0.4, below 50% of the 0.88"),
    ):
        sentence = found("poor", images(**few, **values)).sentence
        assert "quality/modes_hit ended at 4, below 50%" in sentence
        assert told in sentence
    assert "confident" not in found("mode_collapse", images(**few, confident_share=0.9)).sentence


def test_where_nobody_knows_which_samples_are_good_a_distance_that_stands_still_is_no_failure():
    """hinge on photos, seen: first measured at iteration 500 of 1,500, when it may have learned already."""
    patches = {"quality/patches": {100: 90.0, 500: 88.0, 1000: 85.0}}
    patches |= {"quality/patches_floor": {100: 26.0, 500: 26.0, 1000: 26.0}}
    assert said(patches) == ["poor"]
    good = {"quality/precision": {1000: 0.01}, "quality/precision_floor": {1000: 0.9}}
    assert said(patches | good) == ["untrained"]


@pytest.mark.parametrize("status", ["interrupted", "running", "failed"])
def test_a_run_that_has_not_ended_is_not_sent_to_begin_a_longer_one(status):
    settings = GAN | {"optimizer.lr": 1e-3}
    poor = images(frechet_features=700, precision=0.9, recall=0.3, coverage=0.05)
    grey = images(frechet_features=1900, precision=0.0, recall=0, coverage=0)
    for columns, name in ((poor, "poor"), (grey, "untrained")):
        assert found(name, columns, settings, status=status).remedy == ""
        assert found(name, columns, settings).remedy == "train.iterations=4000"


def test_what_was_measured_once_had_no_first_value_to_be_untrained_by():
    grey = images(frechet_features=1900, precision=0.0, recall=0, coverage=0)
    del grey["quality/frechet_features"][100]
    assert said(grey) == ["poor"]


@pytest.mark.parametrize(("first", "name"), [(300, "untrained"), (334, "poor"), (500, "poor")])
def test_what_was_first_measured_late_says_nothing_of_what_was_learned(first, name):
    grey = images(frechet_features=1900, precision=0.0, recall=0, coverage=0)
    grey["quality/frechet_features"][first] = grey["quality/frechet_features"].pop(100)
    finding = found(name, grey)
    if name == "untrained":
        assert "ended at 1.95e+03 (median of its last 2), after 2e+03 at iteration 300." in finding.sentence


def on_modes(w1, high_quality=0.9, modes_hit=6.0, kl=0.3):
    floors = {
        "distance/floor": 0.05,
        "quality/mode_kl_floor": 0.02,
        "quality/high_quality_share_floor": 0.99,
        "quality/modes_hit_floor": 8.0,
    }
    ends = {
        "distance/w1_exact": w1,
        "quality/high_quality_share": high_quality,
        "quality/modes_hit": modes_hit,
        "quality/mode_kl": kl,
    }
    return {tag: {1000: value} for tag, value in (floors | ends).items()}


@pytest.mark.parametrize(
    ("columns", "verdict"),
    [
        (on_modes(0.149), None),  # three times the floor
        (on_modes(0.151), "mode_imbalance"),
        (on_modes(0.151, modes_hit=8.0), "mode_imbalance"),
        (on_modes(0.151, kl=0.02), "mode_imbalance"),
        (on_modes(0.151, modes_hit=8.0, kl=0.02 - 1.01 * math.log(0.95)), "mode_imbalance"),
        (on_modes(0.151, modes_hit=8.0, kl=0.02 - 0.99 * math.log(0.95)), None),
        # as many points beside the modes as the line allows, and each mode hit as often as others
        (on_modes(0.151, high_quality=0.5, modes_hit=8.0, kl=0.0), None),
        (on_modes(0.151, high_quality=0.4), "poor"),
        (on_modes(0.5, modes_hit=3.0), "mode_collapse"),
    ],
)
def test_points_on_modes_that_are_hit_unevenly(columns, verdict):
    assert said(columns) == ([verdict] if verdict else [])


def test_the_modes_that_are_missing_are_counted():
    assert found("mode_imbalance", on_modes(0.3)).sentence == (
        "The modes are not hit evenly: 6 of 8 are hit, and quality/mode_kl ended at 0.3. So "
        "distance/w1_exact ended at 0.3, 6.0 times the 0.05 of real samples, although 90% of the points lie "
        "on modes."
    )


def test_a_perplexity_of_half_of_the_modes_is_a_kl_of_log_2():
    half = np.array([0.25] * 4 + [0] * 4)
    kl = float((half[:4] * np.log(half[:4] * 8)).sum())
    assert math.exp(-kl) == pytest.approx(0.5, abs=1e-12)


def test_memorised_images():
    data = [{"images": 1797, "digest": "0" * 8}]
    from gan_lab.runs.record import DataRecord

    columns = images() | {"quality/copied_share": {1000: 0.23}, "quality/copied_share_floor": {1000: 0.45}}
    about = {"data": tuple(DataRecord(**each) for each in data)}
    samples = {"metrics.samples": 1024}
    assert said(columns, samples, **about) == ["memorised"]
    assert said(columns | {"quality/copied_share": {1000: 0.22}}, samples, **about) == []
    assert said(columns, samples) == []  # of data that is drawn afresh
    # of 100 samples that `gan-lab evaluate` drew, a floor of 5% is five copies
    seldom = columns | {"quality/copied_share": {1000: 0.05}, "quality/copied_share_floor": {1000: 0.054}}
    drawn = {"evaluated": "iteration1000_seed0_n100.csv"}
    assert said(seldom, samples, **about) == ["memorised"]
    assert said(seldom, samples, **about, **drawn) == []
    assert "of some of 100 training images" in found("memorised", columns, samples, **about, **drawn).sentence
    few = {"quality/copied_share": {1000: 0.009}, "quality/copied_share_floor": {1000: 0.009}}
    assert said(columns | few, samples, **about) == []
    # a gradient penalty bounds nothing beside batch norm
    for norm, other in {"batch": "layer", "layer": "layer", "none": "none"}.items():
        finding = found("memorised", columns, samples | {"architecture.critic.norm": norm}, **about)
        assert finding.remedy == f"constraint=[gp,consistency] architecture.critic.norm={other}"
    assert found("memorised", columns, samples, **about).remedy == "constraint=[gp,consistency]"


# The run


def test_divergence_and_what_came_before():
    norm = np.r_[np.full(990, 2.0), np.full(10, 50.0)]
    columns = {"health/critic_gradient_norm": norm, "loss/critic": 1.0, RAW: -1.0}
    why = "loss/critic was not finite at iteration 1001."
    finding = found("divergence", columns, {"optimizer.lr": 0.01}, status="diverged", message=why)
    assert finding.sentence == f"{why} Before, health/critic_gradient_norm rose from 2 (its median) to 50."
    assert finding.remedy == "optimizer.lr=0.001"
    assert said(columns, status="diverged") == ["divergence"]  # the rest is wreckage
    absurd = found("divergence", columns, {"optimizer.lr": 1e30}, status="diverged", message=why)
    assert absurd.remedy == "optimizer.lr=0.001"  # 1e29 would diverge as well
    # up to ten times a usual rate, a tenth of it is one
    for rate, way_out in [(0.5, "optimizer.lr=0.05"), (1.01, "optimizer.lr=0.001")]:
        settings = {"optimizer.lr": rate}
        assert found("divergence", columns, settings, status="diverged", message=why).remedy == way_out
    # with optimizers of their own, the rate of the network that was not finite
    settings = {"optimizer.lr": 10.0, "critic_optimizer.lr": 1e-4}
    of_generator = "generator parameter 0.weight was not finite at iteration 1001."
    of_its_gradient = "health/generator_gradient_norm was not finite at iteration 1001."
    for message, way_out in (
        (of_generator, "optimizer.lr=0.001"),
        (of_its_gradient, "optimizer.lr=0.001"),
        (why, "critic_optimizer.lr=1e-05"),
    ):
        assert found("divergence", columns, settings, status="diverged", message=message).remedy == way_out
    calm = found("divergence", {RAW: 1.0}, status="diverged")
    assert "Nothing in its table had grown tenfold before" in calm.sentence


def test_what_came_before_is_looked_for_where_there_is_something_before():
    early = found("divergence", {"loss/critic": 10.0 ** np.arange(9)}, n=9, status="diverged")
    assert "It was too early for its table to tell what came before." in early.sentence
    # what is measured now and then counts by its last number
    seldom = {SLOPE: dict.fromkeys(range(50, 1000, 50), 1.0) | {1000: 5000.0}, RAW: 1.0}
    exploded = found("divergence", seldom, status="diverged")
    assert f"Before, {SLOPE} rose from 1 (its median) to 5e+03." in exploded.sentence
    long_ago = {SLOPE: seldom[SLOPE] | {900: 5000.0, 1000: 1.0}, RAW: 1.0}
    assert (
        "Nothing in its table had grown tenfold" in found("divergence", long_ago, status="diverged").sentence
    )


@pytest.mark.parametrize(("late", "names"), [(1.009, ["nothing_moves"]), (1.011, [])])
def test_advice_to_stop(late, names):
    distance = {"distance/w1_exact": dict.fromkeys(range(100, 2000, 100), 1.0) | {2000: late}}
    assert said(distance | {"distance/floor": {2000: 0.9}}, n=2000) == names


def test_advice_to_stop_says_since_when():
    distance = {at: 2.0 if at < 900 else 1.0 for at in range(100, 2001, 100)}
    columns = {"distance/w1_exact": distance, "distance/floor": {2000: 0.9}}
    finding = found("nothing_moves", columns, n=2000)
    assert "for 1,100 iterations" in finding.sentence
    assert "since iteration 900" in finding.sentence
    distance[1000] = 2.0
    assert said(columns, n=2000) == []  # 900 iterations


# All of them


def test_no_number_no_verdict():
    (finding,) = diagnose(observed({}))
    assert finding.name == UNMEASURED
    assert finding.sentence == "Nothing was measured, and nothing can be said."


def test_all_is_well_with_numbers():
    columns = {SLOPE: slopes(1.02), "health/critic_accuracy": 0.6, "distance/critic_median": 0.25}
    columns |= {"distance/w1_exact": {1000: 0.2}, "distance/floor": {1000: 0.1}}
    (finding,) = diagnose(observed(columns, WGAN_GP))
    assert finding.name == ALL_WELL
    assert finding.sentence == (
        "There is no sign of trouble: the critic's slope is 1.02 (median of its last 3), its accuracy 0.60 "
        "(mean of its last 101), distance/critic_median 0.25, distance/w1_exact 0.2, of real samples 0.1."
    )
    columns["distance/w1_exact"] = {600: 0.2, 800: 0.11, 1000: 0.12}
    columns |= {"quality/modes_hit": {800: 7.0, 1000: 8.0}, "quality/modes_hit_floor": 8.0}
    (finding,) = diagnose(observed(columns, WGAN_GP))
    assert "distance/w1_exact 0.12 (median of its last 3), of real samples 0.1, modes hit" in finding.sentence
    (finding,) = diagnose(observed({"health/critic_accuracy": 0.6}, WGAN_GP))
    assert finding.name == UNMEASURED  # a critic without a fault says nothing of samples
    assert finding.sentence == (
        "Whether the samples are any good was not measured: gan-lab evaluate does, and metrics.every=100 "
        "while it is trained. In the critic there is no sign of trouble: the critic's accuracy is 0.60 (mean "
        "of its last 101)."
    )


def test_a_distance_beside_no_floor_is_no_measure_of_samples():
    columns = {"quality/frechet_features": {500: 950.0, 1000: 900.0}, "quality/coverage": {1000: 0.01}}
    columns |= {"quality/modes_hit": {1000: 9.0}, "health/critic_accuracy": 0.6}
    (finding,) = diagnose(observed(columns, GAN))
    assert finding.name == UNMEASURED
    assert "nan" not in finding.sentence


@pytest.mark.parametrize(
    ("every", "n", "why", "calm"),
    [
        (
            0,
            1000,
            "was not measured: gan-lab evaluate does, and metrics.every=100",
            "In the critic there is no",
        ),
        (
            500,
            30,
            "is first measured at iteration 500; gan-lab evaluate does",
            "Of its critic 30 iterations say",
        ),
        (500, 1, "is first measured at iteration 500", "Of its critic 1 iteration says little: "),
        (
            500,
            1000,
            "is not known: beside real ones they gave no number.",
            "In the critic there is no sign of",
        ),
    ],
)
def test_what_nobody_measured_is_said_with_the_reason(every, n, why, calm):
    (finding,) = diagnose(observed({"health/critic_accuracy": 0.6}, WGAN_GP | {"metrics.every": every}, n=n))
    assert finding.name == UNMEASURED
    assert finding.sentence.startswith(f"Whether the samples are any good {why}")
    assert calm in finding.sentence


def test_the_worst_comes_first_and_the_last_line_counts_the_others():
    columns = alive(0.0001) | {COSINE: -0.5, "health/at_clip_fraction": 0.95}
    findings = diagnose(observed(columns, WGAN))
    assert [finding.name for finding in findings] == [
        "critic_dead",
        "momentum_against_gradient",
        "weights_at_bound",
    ]
    assert last_line(findings).endswith(" (and 2 more: momentum_against_gradient, weights_at_bound)")


def test_names_are_unique_and_every_rule_is_told_of():
    assert len({rule.name for rule in RULES}) == len(RULES) == 17
    assert all(
        text and text[-1] == "."
        for rule in RULES
        for text in (rule.symptom, rule.shows, rule.cause, rule.cure)
    )


def test_a_slope_that_explodes_is_not_dead_however_steep_it_was_before():
    free = {"objective._target_": WGAN["objective._target_"]}
    fell = {GENERATOR: np.r_[np.full(850, 4e14), np.full(150, 3e10)], RAW: 0.5}
    assert "critic_dead" not in said({SLOPE: slopes(1001, early=4e11)} | fell, free)
    assert "critic_dead" in said({SLOPE: slopes(999, early=4e11)} | fell, free)


@pytest.mark.parametrize(("rate", "remedy"), [(1e-7, "1e-04"), (5e-5, "0.0005"), (1e-4, "0.001")])
def test_the_way_out_of_a_tiny_rate_is_a_usual_one(rate, remedy):
    grey = images(frechet_features=1900, precision=0.0, recall=0, coverage=0)
    finding = found("untrained", grey, GAN | {"optimizer.lr": rate})
    assert float(finding.remedy.partition("=")[2]) == float(remedy)
