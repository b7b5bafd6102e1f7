"""Every way to run an iteration, held to the numbers of the plain functions in game/iteration.py."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.constraints.base import Constraint
from gan_lab.datasets.toy import Ring
from gan_lab.game import execution as execution_module
from gan_lab.game.batches import BatchShape, BatchSource
from gan_lab.game.execution import Execution, make_execution
from gan_lab.game.rules import Game
from gan_lab.game.setup import build_setup
from gan_lab.numerics.precision import float32_products
from gan_lab.numerics.trees import tensors_of
from gan_lab.runs.reading import read_run
from gan_lab.training import ensemble, execution_rule
from gan_lab.types import Batch, Params
from support.configs import TOY as TOY_RUN
from support.configs import Train, compose_config
from support.games import (
    ATOL,
    IMAGE,
    MAIN,
    TOY,
    Cast,
    assert_same_play,
    course_of,
    make_cast,
    moved,
    names_in,
    plainly,
    play_alone,
    play_stacked,
    read_metrics,
    recorded,
    rules_of,
    tolerance_of,
)
from support.rounding import EPS, growth, nudged_state

NETWORKS = {"toy": (TOY, "none"), "dcgan_layer": (IMAGE, "layer"), "dcgan_batch": (IMAGE, "batch")}


def cast_for(rules: str, networks: str, n_critic: int = 2, **more: Any) -> Cast:
    shape, norm = NETWORKS[networks]
    return make_cast(dataclasses.replace(MAIN[rules](), n_critic=n_critic), shape, norm=norm, **more)


def with_rules(cast: Cast, **changes: Any) -> Cast:
    return cast._replace(game=dataclasses.replace(cast.game, **changes))


# Eagerly: the tape, several members in one call, other layouts


@pytest.mark.parametrize("constraint", names_in("constraint"))
def test_the_tape_and_stacking_change_no_number(constraint: str) -> None:
    """Every objective beside every constraint, on the toy; two seeds."""
    played = 0
    for objective in names_in("objective"):
        try:
            cast = make_cast(rules_of(objective, constraint), members=2)
        except UserError:  # it is for images
            continue
        expected = play_alone(plainly(cast.game), cast)
        for play, execution in (
            (play_alone, make_execution(cast.game, "eager")),
            (play_stacked, make_execution(cast.game, "eager", stacked=True)),
        ):
            try:
                assert_same_play(play(execution, cast), expected)
            except AssertionError as error:
                raise AssertionError(f"{objective}, {play.__name__}: {error}") from error
        played += 1
    assert played == (0 if "consistency" in constraint else len(names_in("objective")))


@pytest.mark.parametrize("networks", ["dcgan_layer", "dcgan_batch"])
@pytest.mark.parametrize("rules", [*MAIN, "consistency"])
def test_the_tape_stacking_and_channels_last_change_no_number_of_a_dcgan(rules: str, networks: str) -> None:
    shape, norm = NETWORKS[networks]
    chosen = rules_of("gan", "spectral_norm_consistency") if rules == "consistency" else MAIN[rules]()
    cast = make_cast(chosen, shape, norm=norm, members=2)
    expected = play_alone(plainly(cast.game), cast)
    for channels_last in (False, True):
        game = dataclasses.replace(cast.game, channels_last=channels_last)
        alone = play_alone(make_execution(game, "eager"), cast)
        assert_same_play(alone, expected)
        together = play_stacked(make_execution(game, "eager", stacked=True), cast)
        assert_same_play(together, expected)


@pytest.mark.parametrize("networks", NETWORKS)
@pytest.mark.parametrize("rules", MAIN)
def test_the_tolerance_is_far_above_what_rounding_reaches(rules: str, networks: str) -> None:
    """Five times nudged, which are members of one call."""
    cast = cast_for(rules, networks)
    start, batches = cast.states[0], [row[0] for row in cast.batches]
    members = [start, *(nudged_state(start, seed) for seed in range(5))]
    together = Cast(cast.game, members, [[batch] * len(members) for batch in batches])
    played = play_stacked(make_execution(cast.game, "eager", stacked=True), together)
    reference, *changed = [course_of(each) for each in played]
    for name, reach in growth(reference, changed).items():
        tensor = torch.from_numpy(reference[name])
        assert 5 * reach.max() < tolerance_of(name.partition(" ")[2], tensor), name


def test_the_tolerance_is_far_below_what_is_played() -> None:
    """What is compared above moves, differs between members, and depends on the critic step between."""
    cast = make_cast(rules_of("wgan_gp", "gp"), members=2)
    (first, second), (other, _) = play_alone(plainly(cast.game), cast)
    start = cast.states[0]
    skipping = Execution(plainly(cast.game).iteration, lambda state, *inputs: state)
    _, skipped = play_alone(skipping, cast)[0]
    for one, another in (
        (start, first[0]),
        (first[0], second[0]),
        (first[0], other[0]),
        (second[0], skipped[0]),
    ):
        gap = max((one.critic[name] - another.critic[name]).abs().max().item() for name in one.critic)
        assert gap > 10 * ATOL


# One pass for several batches


@pytest.mark.parametrize("rules", MAIN)
@pytest.mark.parametrize("networks", ["toy", "dcgan_layer"])
def test_one_pass_for_several_batches_changes_no_number(rules: str, networks: str) -> None:
    cast = cast_for(rules, networks)
    assert not cast.game.critic_mixes
    apart = with_rules(cast, generator_mixes=True, critic_mixes=True)
    expected = play_alone(make_execution(apart.game, "eager"), apart)
    assert_same_play(play_alone(make_execution(cast.game, "eager"), cast), expected)


@pytest.mark.parametrize("which", ["generator_mixes", "critic_mixes"])
def test_one_pass_would_change_what_batch_norm_computes(which: str) -> None:
    cast = cast_for("spectral_norm", "dcgan_batch")
    assert getattr(cast.game, which)
    wrong = with_rules(cast, **{which: False})
    expected = play_alone(make_execution(cast.game, "eager"), cast)
    with pytest.raises(AssertionError):
        assert_same_play(play_alone(make_execution(wrong.game, "eager"), wrong), expected)


@pytest.mark.parametrize(
    ("overrides", "generator_mixes", "critic_mixes"),
    [
        (["architecture=dcgan", "critic_norm=batch"], True, True),
        (["architecture=dcgan", "critic_norm=layer"], True, False),
        (["architecture=dcgan_nobn", "critic_norm=none"], False, False),
        (["architecture=mlp_mlp"], False, False),
        (["architecture=mlp_toy", "dataset=ring8"], False, False),
    ],
)
def test_batch_norm_keeps_batches_apart(
    overrides: list[str], generator_mixes: bool, critic_mixes: bool
) -> None:
    config = compose_config("objective=gan", "device=cpu", *overrides)
    for network in ("generator", "critic"):
        config["architecture"][network]["width"] = 8
    game = build_setup(config).game
    assert (game.generator_mixes, game.critic_mixes) == (generator_mixes, critic_mixes)


# Compiled

OFTEN = [
    ("wgan", "dcgan_batch", False),
    ("wgan_gp", "toy", False),
    ("spectral_norm", "toy", True),
    ("fgan_r1", "dcgan_layer", False),
]
SELDOM = [
    (rules, networks, stacked)
    for rules in MAIN
    for networks in NETWORKS
    for stacked in (False, True)
    if (rules, networks, stacked) not in OFTEN
]


@pytest.mark.parametrize(
    ("rules", "networks", "stacked"),
    [*OFTEN, *(pytest.param(*case, marks=pytest.mark.slow) for case in SELDOM)],
)
def test_compiling_changes_no_number_and_happens_once(rules: str, networks: str, stacked: bool) -> None:
    cast = cast_for(rules, networks, n_critic=1, members=1 + stacked)
    expected = play_alone(plainly(cast.game), cast)
    execution = make_execution(cast.game, "compiled", stacked=stacked, backend="aot_eager")
    play = play_stacked if stacked else play_alone
    assert_same_play(play(execution, cast), expected)
    with torch.compiler.set_stance("fail_on_recompile"):
        assert_same_play(play(execution, cast), expected)


@pytest.mark.slow
@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize(
    ("rules", "networks"), [("wgan_gp", "toy"), ("spectral_norm", "toy"), ("wgan", "dcgan_batch")]
)
def test_inductor_changes_no_number(rules: str, networks: str, stacked: bool) -> None:
    cast = cast_for(rules, networks, members=1 + stacked)
    expected = play_alone(plainly(cast.game), cast)
    execution = make_execution(cast.game, "compiled", stacked=stacked)
    play = play_stacked if stacked else play_alone
    assert_same_play(play(execution, cast), expected)
    with torch.compiler.set_stance("fail_on_recompile"):
        assert_same_play(play(execution, cast), expected)


def test_a_whole_run_compiles_an_iteration_and_a_critic_step_once(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With warm-ups, logs, looks and checkpoints in between."""
    compiled = []

    def backend(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Callable[..., Any]:
        compiled.append(len(inputs))
        return graph.forward

    def make(game: Game, mode: Any, **more: Any) -> Execution:
        return make_execution(game, mode, backend=backend, **more)

    monkeypatch.setattr(ensemble, "make_execution", make)
    overrides = [*TOY_RUN, "objective=wgan_gp", "train.iterations=9", "train.n_critic=1"]
    warmup = ["train.warmup_critic_steps=3", "train.warmup_every=4"]
    run = train("run", *overrides, *warmup, "train.execution=compiled")
    assert str(read_run(run).execution) == "compiled"
    assert len(compiled) == 2


# bf16

DRIFT = 0.05
"""How far bf16 may carry the estimate away from fp32's, of how far the estimate moves in 30 iterations.

The networks' own rounding carries it by 0.03 at most; updates that are lost in the rounding of parameters, by
more than 0.3.
"""


@dataclasses.dataclass(frozen=True)
class Rounding(Constraint):
    """Loses what bf16 parameters would lose of an update."""

    inner: Constraint = dataclasses.field(default_factory=Constraint)

    def noise_shape(self, data_shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.inner.noise_shape(data_shape)

    def penalty(self, score: Any, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        return self.inner.penalty(score, real, fake, noise)

    def project(self, params: Params) -> Params:
        return {name: value.bfloat16().float() for name, value in params.items()}


def ring_cast(rules: Game) -> Cast:
    """A toy cast whose data can be told from its samples, so that the estimate has somewhere to go."""
    cast = make_cast(rules)
    noise_shape = rules.constraint.noise_shape(TOY)
    shape = BatchShape(64, rules.n_critic, latent_dim=6, data_shape=TOY, noise_shape=noise_shape)
    block = BatchSource(Ring().open(torch.device("cpu")), shape, 0, torch.device("cpu")).block(0)
    return cast._replace(batches=[[Batch(*(values[k] for values in block))] for k in range(30)])


def estimates(execution: Execution, cast: Cast, stacked: bool = False) -> Tensor:
    (played,) = (play_stacked if stacked else play_alone)(execution, cast)
    return torch.stack([measurements["distance/critic_raw"] for _, measurements in played])


def drift(values: Tensor, reference: Tensor) -> float:
    """Return the mean distance between two courses of an estimate (N,), per mean distance moved."""
    return float((values - reference).abs().mean() / (reference - reference[0]).abs().mean())


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("rules", MAIN)
def test_bf16_networks_estimate_the_same(rules: str, stacked: bool) -> None:
    cast = ring_cast(MAIN[rules]())
    rounded = dataclasses.replace(cast.game, dtype=torch.bfloat16)
    reference = estimates(make_execution(cast.game, "eager"), cast)
    values = estimates(make_execution(rounded, "eager", stacked=stacked), cast, stacked)
    assert not torch.equal(values, reference)
    assert drift(values, reference) < DRIFT


@pytest.mark.parametrize("rules", MAIN)
def test_only_the_networks_compute_in_bf16(rules: str) -> None:
    cast = cast_for(rules, "toy")
    game = dataclasses.replace(cast.game, dtype=torch.bfloat16)
    for played in play_alone(make_execution(game, "eager"), cast):
        states = tuple(state._replace(iteration=torch.zeros(()), averaging={}) for state, _ in played)
        assert {tensor.dtype for tensor in tensors_of(states)} == {torch.float32}
        # scores are measured in float64, norms and cosines in the networks' own precision; some are counts
        measured = tuple(measurements for _, measurements in played)
        assert {tensor.dtype for tensor in tensors_of(measured)} <= {torch.float32, torch.float64, torch.bool}
    seen = set()
    hooks = [
        layer.register_forward_hook(lambda _, inputs, output: seen.update({inputs[0].dtype, output.dtype}))
        for network in (game.generator, game.critic)
        for layer in network.modules()
    ]
    play_alone(make_execution(game, "eager"), cast)
    for hook in hooks:
        hook.remove()
    assert seen == {torch.bfloat16}


def test_lost_updates_would_be_seen_in_the_drift() -> None:
    cast = ring_cast(rules_of("wgan_gp", "gp"))
    reference = estimates(make_execution(cast.game, "eager"), cast)
    losing = dataclasses.replace(cast.game, dtype=torch.bfloat16, constraint=Rounding(cast.game.constraint))
    assert drift(estimates(make_execution(losing, "eager"), cast), reference) > 2 * DRIFT


# As a CUDA graph


@pytest.mark.parametrize("stacked", [False, True])
def test_memory_that_is_written_again_changes_no_number(
    monkeypatch: pytest.MonkeyPatch, stacked: bool
) -> None:
    monkeypatch.setattr(execution_module, "Capture", recorded)
    cast = make_cast(MAIN["spectral_norm"](), members=1 + stacked, iterations=4)
    play = play_stacked if stacked else play_alone
    execution = make_execution(cast.game, "graph", stacked=stacked)
    assert_same_play(play(execution, cast), play_alone(plainly(cast.game), cast))


@pytest.fixture
def full_products() -> Iterator[None]:
    with float32_products("fp32"):
        yield


@pytest.mark.gpu
@pytest.mark.usefixtures("full_products")
@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("networks", NETWORKS)
@pytest.mark.parametrize("rules", MAIN)
def test_a_cuda_graph_changes_no_number(rules: str, networks: str, stacked: bool) -> None:
    """Also where iterations and critic steps, graphs of their own, take turns with one state."""
    cast = cast_for(rules, networks, members=1 + stacked, iterations=4, device="cuda")
    expected = play_alone(plainly(cast.game), cast)
    execution = make_execution(cast.game, "graph", stacked=stacked)
    play = play_stacked if stacked else play_alone
    for _ in range(2):  # recorded in the first play, replayed alone in the second
        assert_same_play(play(execution, cast), expected)


@pytest.mark.gpu
@pytest.mark.usefixtures("full_products")
def test_cuda_and_cpu_compute_the_same() -> None:
    for rules in MAIN:
        there, here = (cast_for(rules, "toy", device=device) for device in ("cuda", "cpu"))
        on_cuda = play_alone(make_execution(there.game, "graph"), there)
        on_cpu = play_alone(plainly(here.game), here)
        assert_same_play(on_cuda, on_cpu, check_device=False)


@pytest.mark.gpu
def test_bf16_as_a_cuda_graph_estimates_the_same() -> None:
    cast = ring_cast(MAIN["wgan_gp"]())
    reference = estimates(make_execution(cast.game, "eager"), cast)
    rounded = dataclasses.replace(cast.game, dtype=torch.bfloat16)
    on_cuda = moved(cast, "cuda")
    values = estimates(make_execution(rounded, "graph"), on_cuda)
    assert drift(values.cpu(), reference) < DRIFT


@pytest.mark.gpu
@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("seeds", ["null", "3"])
def test_a_run_as_a_cuda_graph_is_the_run(
    train: Train, monkeypatch: pytest.MonkeyPatch, seeds: str, together: bool
) -> None:
    """With a warm-up, and seeds that play in turn or in one call."""
    monkeypatch.setattr(
        execution_rule, "_choose_layout", lambda setup, sampler, seeds: (together and seeds > 1, "")
    )
    overrides = [*TOY_RUN, "objective=wgan_gp", "device=cuda", "train.iterations=12", f"train.seeds={seeds}"]
    overrides += ["train.warmup_critic_steps=7", "train.warmup_every=5"]
    # without these, rounding decides on whole steps and slopes
    overrides += [f"optimizer.eps={EPS}", "architecture.critic.activation=tanh"]
    eager, graph = (train(mode, *overrides, f"train.execution={mode}") for mode in ("eager", "graph"))
    folders = ["."] if seeds == "null" else ["seed0", "seed1", "seed2"]
    for folder in folders:
        execution = read_run(graph / folder).execution
        assert execution is not None
        assert execution.mode == "graph"
        expected, found = read_metrics(eager / folder), read_metrics(graph / folder)
        assert expected.keys() == found.keys()
        for tag, values in expected.items():
            np.testing.assert_allclose(found[tag], values, atol=1e-4, rtol=1e-3, err_msg=tag)
