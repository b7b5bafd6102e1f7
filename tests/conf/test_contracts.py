"""Every option that a file in conf/ offers: found by listing the folder, held to what its group promises."""

import dataclasses
import functools
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.config.build import build
from gan_lab.config.checks import Settings
from gan_lab.config.errors import UserError
from gan_lab.config.groups import own_groups
from gan_lab.config.options import config_folder, describe_option
from gan_lab.constraints.base import Constraint
from gan_lab.datasets.base import Dataset
from gan_lab.game.batches import BatchSource
from gan_lab.game.execution import make_execution
from gan_lab.game.setup import Setup, build_setup
from gan_lab.numerics.trees import member_of, stack
from gan_lab.objectives.base import Objective
from gan_lab.optimizers.base import UpdateRule
from gan_lab.tracking.writers.base import ExperimentTracker
from gan_lab.types import Batch, State
from support.configs import compose_config
from support.described_classes import assert_every_setting_is_there, nodes_with_a_target
from support.games import assert_same_play
from support.rounding import EPS

FILES = sorted(path.relative_to(config_folder()) for path in config_folder().rglob("*.yaml"))
OPTIONS = [str(path.with_suffix("")) for path in FILES if path.parts[0] in own_groups().shown]

KINDS: dict[str, type[Settings]] = {
    "tracker": ExperimentTracker,
    "objective": Objective,
    "constraint": Constraint,
    "dataset": Dataset,
    "optimizer": UpdateRule,
    "architecture/generator": GeneratorArchitecture,
    "architecture/critic": CriticArchitecture,
}

# what an option needs beside it, because it is nothing by itself
NEEDS = {
    "constraint/compose": ["+constraint@constraint.parts.gp=gp"],
    "tracker/several": ["+tracker@tracker.parts.mlflow=mlflow"],
}

BATCH, N_CRITIC = 4, 1


def names_in(group: str) -> list[str]:
    return [option for option in OPTIONS if option.rpartition("/")[0] == group]


def overrides_for(option: str) -> list[str]:
    group, _, name = option.rpartition("/")
    return [f"{group}={name}", *NEEDS.get(option, [])]


@functools.cache
def composed(option: str) -> dict[str, Any]:
    """What `gan-lab train GROUP=OPTION` composes; not to be changed."""
    return compose_config(*overrides_for(option))


def node_of(option: str) -> Any:
    """The node that an option fills."""
    node: Any = composed(option)
    for key in option.split("/")[:-1]:
        node = node[key]
    return node


def test_no_group_is_empty_or_unknown() -> None:
    groups = {option.rpartition("/")[0] for option in OPTIONS}
    bundles = {"default_constraint", "panel", "experiment"}
    assert {*KINDS, "architecture"} <= groups <= {*KINDS, "architecture", *bundles}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_says_in_a_line_what_it_is(option: str) -> None:
    text = describe_option(config_folder() / f"{option}.yaml")
    assert text.endswith((".", "?"))
    assert 10 < len(text) <= 100


@pytest.mark.parametrize("option", OPTIONS)
def test_the_keys_of_an_option_are_the_fields_of_its_class(option: str) -> None:
    nodes = list(nodes_with_a_target(composed(option)))
    assert len(nodes) >= 6  # objective, constraint, dataset, optimizer, generator, critic
    for node in nodes:
        assert_every_setting_is_there(node)


@pytest.mark.parametrize("option", [option for group in KINDS for option in names_in(group)])
def test_an_option_builds(option: str) -> None:
    kind = KINDS[option.rpartition("/")[0]]
    built = build(node_of(option), kind, option)
    assert isinstance(built, kind)
    assert dataclasses.is_dataclass(built)
    with pytest.raises(dataclasses.FrozenInstanceError):
        built.anything = 1


@pytest.mark.parametrize("option", names_in("architecture"))
def test_an_architecture_is_a_pair_of_networks_and_a_latent_dimension(option: str) -> None:
    node = node_of(option)
    assert set(node) == {"generator", "critic", "latent_dim"}
    build(node["generator"], GeneratorArchitecture, "architecture.generator")
    build(node["critic"], CriticArchitecture, "architecture.critic")


@pytest.fixture(name="objective", params=names_in("objective"))
def _objective(request: pytest.FixtureRequest) -> Objective:
    return build(node_of(request.param), Objective, "objective")


def scores(seed: int, *size: int) -> Tensor:
    """Scores between 0.1 and 0.9, where no loss is flat: hinge and least squares have their corners at 1."""
    return 0.1 + 0.8 * torch.rand(*size, generator=torch.Generator().manual_seed(seed))


def functions_of(objective: Objective) -> dict[str, Any]:
    names = ("critic_loss", "generator_loss", "estimate", "threshold")
    return {name: getattr(objective, name) for name in names}


def test_an_objective_gives_finite_scalars(objective: Objective) -> None:
    for spread in (1.0, 20.0):
        real, fake = spread * (scores(0, 32) - 0.5), spread * (scores(1, 32) - 0.5)
        for name, function in functions_of(objective).items():
            value = function(real, fake)
            assert value.shape == (), name
            assert bool(torch.isfinite(value)), name


def test_an_objective_pulls_scores_apart_and_then_fakes_up(objective: Objective) -> None:
    """Any real score up or fake score down lowers the critic's loss, any fake score up the generator's."""
    real, fake = scores(0, 16), scores(1, 16)
    by_real, by_fake = torch.func.grad(objective.critic_loss, argnums=(0, 1))(real, fake)
    assert bool((by_real < 0).all())
    assert bool((by_fake > 0).all())
    assert bool((torch.func.grad(objective.generator_loss, argnums=1)(real, fake) < 0).all())


def test_an_objective_takes_the_mean_over_the_batch(objective: Objective) -> None:
    real, fake = scores(0, 8), scores(1, 8)
    for name, function in functions_of(objective).items():
        twice = function(torch.cat([real, real]), torch.cat([fake, fake]))
        torch.testing.assert_close(twice, function(real, fake), atol=1e-6, rtol=0, msg=name)


def test_an_objective_runs_under_vmap_and_compiled(objective: Objective) -> None:
    real, fake = scores(0, 3, 8), scores(1, 3, 8)
    torch.compiler.reset()
    for name, function in functions_of(objective).items():
        lone = torch.stack([function(r, f) for r, f in zip(real, fake, strict=True)])
        torch.testing.assert_close(torch.vmap(function)(real, fake), lone, atol=1e-6, rtol=0, msg=name)
        compiled = torch.compile(function, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(real[0], fake[0]), lone[0], atol=1e-6, rtol=0, msg=name)


def small_setup(*overrides: str) -> Setup:
    # with a larger eps, no rounding decides on the sign of a step
    config = compose_config("device=cpu", "critic_norm=none", f"optimizer.eps={EPS}", *overrides)
    config["train"] |= {"batch_size": BATCH, "n_critic": N_CRITIC, "warmup_critic_steps": 0}
    for network in ("generator", "critic"):
        config["architecture"][network] |= {"width": 8, "depth": 1}
    return build_setup(config)


def first_step(setup: Setup, seed: int) -> tuple[State, Batch]:
    """The initial state, moved a little where the seed differs, and a batch of that seed."""
    sampler = setup.dataset.open(setup.device)
    block = BatchSource(sampler, setup.batch_shape, seed, setup.device).block(0)
    batch = Batch(*(values[0] for values in block))
    state = setup.init_state()
    scaled = {name: value * (1 + 0.1 * seed) for name, value in state.generator.items()}
    return state._replace(generator=scaled), batch


@pytest.mark.parametrize("option", names_in("constraint"))
def test_a_constraint_plays_an_iteration_in_every_way(option: str) -> None:
    overrides = overrides_for(option)
    try:
        setup = small_setup("objective=wgan", "dataset=ring8", *overrides)
    except UserError:  # it is for images
        setup = small_setup("objective=wgan", "dataset=digits", "architecture=mlp_mlp", *overrides)
    eager = make_execution(setup.game, "eager").iteration
    members = [first_step(setup, seed) for seed in (0, 1)]
    lone = [eager(state, batch) for state, batch in members]
    assert all(bool(torch.isfinite(value)) for _, measurements in lone for value in measurements.values())

    compiled = make_execution(setup.game, "compiled", backend="eager").iteration
    assert_same_play([[compiled(*members[0])]], [[lone[0]]], batch=BATCH)

    together = make_execution(setup.game, "eager", stacked=True).iteration(*stack(members))
    for k, expected in enumerate(lone):
        assert_same_play([[member_of(together, k)]], [[expected]], batch=BATCH)
