"""Sentences of the distances lab where the usual one is false: equal sides, extremes, what went wrong."""

import math
import re

import pandas
import pytest

from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.errors import UserError
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.distances.line import Discrete, Gaussian, LineMixture
from gan_lab.distances.plane import PlaneGaussian
from gan_lab.lectures.base import LectureExperiment
from gan_lab.lectures.comparisons.hierarchy import Hierarchy
from gan_lab.lectures.comparisons.parallel_lines import ParallelLinesExperiment, say_parallel_lines
from gan_lab.lectures.comparisons.two_gaussians import TwoGaussians, say_two_gaussians
from gan_lab.lectures.comparisons.two_sample import TwoSample
from gan_lab.lectures.comparisons.uniform_shift import UniformShift
from gan_lab.lectures.critics.dual_network import say_brackets
from gan_lab.lectures.critics.lipschitz import say_slopes
from gan_lab.lectures.drawing import slide_style
from gan_lab.lectures.fgan.fgan_table import say_fits
from gan_lab.lectures.fgan.mode_covering import ModeCovering
from gan_lab.lectures.fgan.variational_bound import VariationalBound, course_of, say_bounds
from gan_lab.lectures.frozen.noisy_gradient import say_noisy
from gan_lab.lectures.frozen.vanishing_gradient import say_vanishing
from gan_lab.lectures.likelihood.maximum_likelihood import MaximumLikelihood
from gan_lab.lectures.transport.convex_potentials import ConvexNetwork
from gan_lab.lectures.transport.ground_metric import _sentence as say_metrics
from gan_lab.lectures.transport.transport_1d import Transport1D, say_transport
from gan_lab.lectures.transport.w2_potential import W2Potential
from gan_lab.lectures.words import to_within
from gan_lab.objectives.power_divergences import TotalVariation
from gan_lab.optimizers.adam import Adam


def sentence(experiment: LectureExperiment) -> str:
    with slide_style():
        return experiment.run().sentence


def test_parallel_lines_that_are_one_are_not_said_to_be_apart() -> None:
    assert sentence(ParallelLinesExperiment((0.0,), 8)) == "At θ = 0 the largest of all distances is 0."
    apart = sentence(ParallelLinesExperiment((-2.0, 0.5), 8))
    assert "At the 2 θ that are not 0, W1 is |θ|, 0.5 to 2" in apart
    assert (
        "JSD is 0.6931 (log 2) at all of them, so that its gradient is 0; KL is infinite both ways at 2 of"
        in apart
    )
    assert "θ = 0" not in apart


def test_parallel_lines_say_what_their_rows_show_and_not_what_is_usual() -> None:
    rows = {"theta": [1e-12, 1.0], "w1": [1e-12, 1.0], "w1_of_samples": [1.2e-12, 1.0], "jsd": [0.0, 0.6931]}
    rows |= {"tv": [0.0, 1.0], "kl": [0.0, math.inf], "reverse_kl": [0.0, math.inf]}
    said = say_parallel_lines(pandas.DataFrame(rows), 8)
    assert "agrees to 0.2 of it; JSD is 0.0000 to 0.6931; KL is infinite both ways at 1 of them." in said


def test_numbers_that_are_equal_are_not_said_to_agree_to_zero() -> None:
    assert "agrees exactly; JSD is 0.6931" in sentence(ParallelLinesExperiment((0.5,), 8))
    assert "between 1 point on each segment" in sentence(ParallelLinesExperiment((0.5,), 1))
    assert to_within(2.2e-16, " of it") == "to 2e-16 of it"
    row = {"primal": 1.0, "dual": 1.0, "line": 1.0, "exact": 1.0, "violation": 0.0, "steepest": 1.0}
    said = say_transport(pandas.DataFrame([row, row]))
    assert "Mass travels only where the prices meet the cost. No slope" in said


def test_uniforms_at_their_place_are_said_to_be_equal() -> None:
    said = sentence(UniformShift((0.0,), 2.0))
    assert "at 0 the largest of all distances is 0;" in said
    assert "from a shift of 2 on, where the supports part, TV is 1 and JSD 0.6931" in said
    assert "KL is infinite both ways at 1 of the 1 shifts" in sentence(UniformShift((1e-9,), 1e-9)).replace(
        "at 121 of the 121", "at 1 of the 1"
    )


def test_two_gaussians_that_are_equal_have_no_critic_of_slope_1() -> None:
    normal = Gaussian(0.0, 1.0)
    said = sentence(TwoGaussians(normal, normal, GradientPenalty(10.0), 8, 1, 0.01, 4, 16, 64, 0))
    assert said.endswith("(exact 0): real and fake are equal, and what differs from 0 is error.")
    assert "(an exact potential's 0)" in said


def test_two_gaussians_say_by_how_much_an_estimate_is_off_whatever_the_constraint() -> None:
    costs = {"cost": ["gan_minimax", "gan", "wgan"], "estimate": [0.6, 0.6, 2.0], "exact": [0.6, 0.6, 2.5]}
    table = pandas.DataFrame(
        {**costs, "gradient_at_fakes": [0.1, 1.0, 0.8], "exact_gradient": [0.1, 1.0, 1.0]}
    )
    assert say_two_gaussians(table, 9.0).endswith("a W1 of 2 (exact 2.5), 0.8 times the exact one.")
    table[["estimate", "exact"]] *= 1e-6
    assert "a W1 of 2e-06 (exact 2.5e-06), 0.8 times" in say_two_gaussians(table, 9e-6)


def test_likelihood_of_a_small_unit_has_digits_in_it() -> None:
    tiny = LineMixture((0.5, 0.5), (-2e-6, 2e-6), (6e-7, 6e-7))
    said = sentence(MaximumLikelihood(tiny, (400,), 3, 0))
    assert re.search(r"scale 2\.\d+e-06 \(\d\.\d+e-06 to \d\.\d+e-06\) for n = 400", said)


def test_likelihood_of_modes_far_apart_is_greatest_at_their_moments() -> None:
    """A search by descent, which float64 leaves blind there, ended at mean 1e+15 and scale 1.426e+15."""
    apart = LineMixture((0.5, 0.5), (-1e15, 1e15), (0.6, 0.6))
    said = sentence(MaximumLikelihood(apart, (20,), 2, 0))
    assert "KL(p, q) is least at mean 0 and scale 1e+15, KL(q, p) at another" in said


def test_modes_that_no_search_can_see_beside_each_other_are_refused() -> None:
    apart = LineMixture((0.5, 0.5), (-1e10, 1e10), (1e-10, 1e-10))
    with pytest.raises(UserError, match="target must have components near enough for float64 to see"):
        sentence(MaximumLikelihood(apart, (20,), 2, 0))


def brackets(**columns: list[object]) -> pandas.DataFrame:
    usual: dict[str, list[object]] = {
        "pair": ["a", "a"],
        "constraint": ["clip", "gp"],
        "raw": [0.5, 1.2],
        "certified": [0.4, 0.9],
        "exact": [1.0, 1.0],
    }
    return pandas.DataFrame(usual | columns)


def test_brackets_rank_as_they_do() -> None:
    said = say_brackets(brackets())
    assert "a: 0.9 of 1 by gp." in said
    assert "Raw estimates are 0.5 to 1.2 times the exact distance." in said
    assert "They order the constraints as certified ones do on 1 of 1 pair." in said
    assert "None of 2 certified ones exceeds the exact." in said
    assert "do on 0 of 1 pair." in say_brackets(brackets(raw=[3.0, 1.2]))


def test_what_proves_nothing_and_what_exceeds_is_said_to() -> None:
    assert "a: nothing of 1." in say_brackets(brackets(certified=[-0.3, 0.0]))
    assert "1 of 2 certified ones exceeds" in say_brackets(brackets(certified=[0.1, 1.1]))
    equal = say_brackets(brackets(exact=[0.0, 0.0], certified=[0.0, 0.0]))
    assert "nothing of 0." in equal
    assert "times the exact" not in equal
    one = say_brackets(brackets().iloc[:1])
    assert "order the constraints" not in one
    unresolved = say_brackets(brackets(certified=[math.nan, 0.2]))
    assert "0.2 of 1 by gp" in unresolved


def test_one_clipped_critic_is_no_spread_of_bounds() -> None:
    rows = {"critic": ["clip 0.1", "gp"], "layers": [3, 3], "clip_bound": [2.0, math.nan]}
    table = pandas.DataFrame({**rows, "slope_found": [2.5, 9.0], "first_layer": [0.5, 1.0]})
    said = say_slopes(table)
    assert said.count("clip 0.1 of 3 layers") == 1
    assert "1 of 1 clipped critic is found steeper." in said
    assert "none of 1 clipped critic is" in say_slopes(table.assign(slope_found=1.0))


def fits(**columns: list[float]) -> str:
    usual = {"mean": [0.0, 0.0], "learned_mean": [0.0, 0.0], "scale": [1.0, 1.0], "learned_scale": [1.0, 1.0]}
    table = pandas.DataFrame(
        {**usual, "least_divergence": [0.0, 0.0], "learned_bound": [-0.01, 0.0], **columns}
    )
    matrix = pandas.DataFrame([[0.0, 0.0], [0.0, 0.0]])
    return say_fits(table, matrix, matrix)


def test_a_target_that_is_one_gaussian_has_one_best_under_all() -> None:
    said = fits()
    assert said.startswith("Best under some of 2 divergences: one and the same Gaussian.")
    assert "within 0.01 (unit of f) of the least divergence" in said
    assert "nan" not in said
    apart = fits(mean=[0.0, 0.2], least_divergence=[0.5, 0.2], learned_bound=[0.49, 0.2])
    assert "2 different Gaussians" in apart
    assert "within 2.0 % of the least" in apart
    tiny = fits(learned_mean=[5e-7, 0.0], scale=[1e-6, 1e-6], learned_scale=[1e-6, 1.2e-6])
    assert "means lie within 5e-07 and the scales within 2e-07 of the exact ones" in tiny


def test_a_gradient_that_ends_larger_is_not_said_to_fall() -> None:
    table = pandas.DataFrame(
        {"iteration": [5, 30], "first_norm": [1.0, 1.0], "largest_norm": [50.0, 1.0], "last_norm": [4.0, 0.1]}
    ).assign(orders_of_magnitude=[1.1, 1.0], last_bound=[math.inf, 0.05])
    said = say_vanishing(table, 100)
    assert "falls at 1 of 2 stages, from 1 to 4 at iteration 5; from 1 to 0.1 at iteration 30. " in said
    assert "It ends 1.1, 1.0 orders of magnitude below its largest." in said
    assert "at most 0.05 at iteration 30; 0 of 1 are below." in said
    gone = say_vanishing(table.assign(orders_of_magnitude=[math.inf, 1.0]), 1)
    assert gone.startswith("Within 1 step of the fresh")
    assert "It ends all, 1.0 orders of magnitude below its largest." in gone


def test_a_gradient_that_shrinks_is_not_said_to_grow() -> None:
    tails = {"tail_share": [0.1], "cauchy_tail_share": [0.06], "white_noise_tail_share": [0.06]}
    table = pandas.DataFrame({"growth": [0.5], "variance_growth": [0.2], **tails})
    said = say_noisy(table, 1, 10.0)
    assert said.startswith("Within 1 step of a fresh discriminator")
    assert "grows at 0 of 1 stage, to 0.5 times its first size" in said
    assert "its variance between batches at 0, to 0.2 times" in said


def bounds(course: list[str], **columns: list[float]) -> pandas.DataFrame:
    usual = {"exact": [1.0, 1.0], "least": [0.0, 0.0], "share": [0.9, -0.1], "least_gap": [0.1, 0.2]}
    return pandas.DataFrame({"name": ["KL", "TV"], **usual, **columns, "course": course})


def test_a_bound_that_fell_or_never_left_is_not_said_to_have_risen() -> None:
    fell = say_bounds(bounds(["rose", "fell"]), 100)
    assert "After 100 steps 1 of 2 bounds has risen, to 90.0% (KL) of their divergence." in fell
    assert "That of TV has fallen from 80.0% of it to -10.0%." in fell
    far = say_bounds(bounds(["rose", "fell"]).assign(share=[0.9, -5.3e15]), 100)
    assert "That of TV has fallen from 80.0% of it to -5.3e+15 times it." in far
    stayed = say_bounds(bounds(["rose", "stayed"]), 100)
    assert "What a constant T is worth, f(1), was never exceeded by TV." in stayed
    equal = say_bounds(bounds(["rose", "stayed"], exact=[0.0, 0.0]), 100)
    assert equal == "Nothing is to be reached, as P and Q are equal: KL, TV."


def test_the_course_of_a_bound_is_what_became_of_it() -> None:
    assert course_of([-math.inf, 0.1, 0.6], exact=1.0, least=0.0) == "rose"
    assert course_of([0.0, 0.6, 0.595], exact=1.0, least=0.0) == "rose"
    assert course_of([0.0, 0.6, 0.5], exact=1.0, least=0.0) == "fell"
    assert course_of([-0.2, -1e-9, -1e-9], exact=0.4, least=0.0) == "stayed"
    # a constant T is worth -log 4 to the GAN divergence: more than that is needed
    assert course_of([-2.0, -1.386295, -1.386295], exact=-1.1, least=-math.log(4)) == "stayed"
    assert course_of([-2.0, -1.3], exact=-1.1, least=-math.log(4)) == "rose"
    assert course_of([0.0, 400.0, -math.inf], exact=math.inf, least=0.0) == "fell"


def test_a_head_that_saturates_on_all_points_alike_is_said_to_have_learned_nothing() -> None:
    bound = VariationalBound(
        target=Gaussian(0.0, 1.0),
        model=Gaussian(0.0, 4.0),
        divergences={"total_variation": TotalVariation()},
        shown="total_variation",
        critic=ToyCritic(width=8, depth=1),
        optimizer=Adam(lr=1e-9),
        batch_size=64,
        steps=2,
        look_every=1,
        table_steps=(),
        seed=0,
    )
    with slide_style():
        found = bound.run()
    # the critic that this seed starts with is worth less than a constant
    assert found.table["course"].iloc[0] == "stayed"
    assert found.sentence == "What a constant T is worth, f(1), was never exceeded by TV."


def test_a_flat_bottom_has_no_best_gaussian() -> None:
    far = LineMixture((0.5, 0.5), (-20.0, 20.0), (1.0, 1.0))
    with slide_style():
        found = ModeCovering(far, ("total_variation", "kl")).run()
    table = found.table
    flat = table[(table["divergence"] == "total_variation") & (table["minimum"] == "global")]
    assert flat["value"].to_list() == pytest.approx([0.5] * len(flat), abs=1e-9)
    assert not flat["unique"].any()
    assert table[table["divergence"] == "kl"]["unique"].all()
    assert (
        "Under TV no Gaussian is the best: the bottom is flat, and what is shown is one of many."
        in found.sentence
    )
    assert "TV covers" not in found.sentence
    titles = [axes.get_title() for axes in found.figure.axes]
    assert titles == ["TV, one of many", "KL(p, q)"]


def test_transport_of_nothing_meets_no_prices() -> None:
    here = Discrete((0.0, 1.0), (0.5, 0.5))
    said = sentence(Transport1D(here, here))
    assert "nothing is to be moved" in said
    assert "Mass travels" not in said


def test_programs_that_differ_are_not_one_number() -> None:
    row = {"primal": 1.0, "dual": 0.9, "line": 1.0, "exact": 1.0, "violation": 0.0, "steepest": 1.0}
    said = say_transport(pandas.DataFrame([row, row]))
    assert "they differ by 0.1 of W1" in said
    assert "one number" not in said
    assert "rounding" not in said


def test_what_does_not_differ_is_not_found() -> None:
    sizes = {"n_samples": (8,), "dimensions": (2,), "n_trials": 4, "n_permutations": 19}
    equal = sentence(TwoSample(**sizes, shift=0.0, scale=1.0))  # type: ignore[arg-type]
    assert equal.startswith("Where nothing differs, they reject in ")
    one = sentence(TwoSample(**sizes, shift=0.0, scale=3.0))  # type: ignore[arg-type]
    assert "mean shifted" not in one
    assert "3 times the spread" in one


def test_potentials_that_prove_nothing_say_so() -> None:
    plane = PlaneGaussian((0.0, 0.0), ((1.0, 0.0), (0.0, 1.0)))
    network = ConvexNetwork(width=4, depth=1)
    fit = W2Potential(plane, plane, network, Adam(lr=0.5), steps=1, inner_steps=1, batch_size=8)
    with slide_style():
        found = fit.run()
    certified = found.table.iloc[-1]["certified"]
    assert certified <= 1e-9
    assert "and prove nothing; the closed form is 0. Their" in found.sentence


def test_potentials_of_a_small_unit_have_digits_in_it() -> None:
    narrow = PlaneGaussian((0.0, 0.0), ((1e-8, 0.0), (0.0, 1e-8)))
    moved = PlaneGaussian((3e-4, 4e-4), ((1e-8, 0.0), (0.0, 1e-8)))
    network = ConvexNetwork(width=4, depth=1)
    said = sentence(W2Potential(narrow, moved, network, Adam(lr=0.5), steps=1, inner_steps=1, batch_size=8))
    assert "the closed form is 2.5e-07. Their" in said
    assert "0.0000 " not in said


def test_a_critic_that_certifies_nothing_certifies_no_negative_part() -> None:
    rows = [
        {"metric": metric, "compared_with": name, "w1": 1.0, "times_floor": times}
        for metric in ("pixels", "blurred", "features")
        for name, times in zip(("same digit", "shifted", "other digit", "noise"), (1, 2, 3, 4), strict=True)
    ]
    shares = dict.fromkeys(("pixels_critic", "blurred_critic", "features_critic"), 0.0)
    said = say_metrics(pandas.DataFrame(rows).assign(**shares))
    assert said.count("a person's order") == 3
    assert "certifies on average 0% (pixels), 0% (blurred), 0% (features) of W1" in said


def test_a_coarse_hierarchy_says_no_more_than_it_saw() -> None:
    said = sentence(Hierarchy((2, 3), (0.49,), (2.0,)))
    assert said.startswith("At n = 3, equally spaced points are 0.0833 from the uniform in W1 and 1 in TV")
    assert "A coin of bias 0.49 reaches 0.8" in said
