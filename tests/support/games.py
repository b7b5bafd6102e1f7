"""Small games with members of their own, and what they measured: for tests that play one in several ways."""

import csv
import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_lab.architectures.dcgan import DCGANCritic, DCGANGenerator
from gan_lab.architectures.mlp_toy import ToyCritic, ToyGenerator
from gan_lab.config.build import build
from gan_lab.config.options import config_folder, list_options
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.game.execution import Execution
from gan_lab.game.iteration import make_critic_step, make_generate, make_iteration
from gan_lab.game.networks import generator_weights, parameters
from gan_lab.game.rules import Game, init_state
from gan_lab.game.setup import build_setup, mixes_samples
from gan_lab.numerics.trees import copy_of, map_tensors, member_of, stack, tensors_of
from gan_lab.types import Batch, Measurements, State
from support.configs import compose_config
from support.rounding import EPS, without_kinks

BATCH, LATENT = 8, 6
TOY, IMAGE = (2,), (1, 16, 16)

ATOL, RTOL = 2e-5, 1e-4
"""How far two ways of computing the same float32 numbers may lie apart after a few steps.

Relative to the greatest number of a tensor: where large ones cancel, their rounding is left.
"""


class Cast(NamedTuple):
    """A game, what its members start from, and what each consumes in one iteration after the other."""

    game: Game
    states: list[State]
    batches: list[list[Batch]]  # by iteration, then by member


def names_in(group: str) -> list[str]:
    """The options of a group but for a composition, which is nothing without parts."""
    return [name for name in list_options(group, [config_folder()]) if name != "compose"]


@functools.cache
def composed(*overrides: str) -> dict[str, Any]:
    """What `gan-lab train dataset=ring8 OVERRIDES` composes; not to be changed."""
    return compose_config("dataset=ring8", *overrides)


@functools.cache
def rules_of(objective: str, constraint: str) -> Game:
    """The rules of a pair of options, with the optimizer of the objective; its networks are not used.

    They have an average of the generator, and steps whose sign no rounding decides on.
    """
    game = build_setup(composed(f"objective={objective}") | {"device": "cpu"}).game
    node = composed(f"constraint={constraint}")["constraint"]
    optimizer: Any = game.critic_optimizer  # all of them have an eps, their base class has not
    steady = dataclasses.replace(optimizer, eps=EPS)
    return dataclasses.replace(
        game,
        constraint=build(node, Constraint, "constraint"),
        n_critic=2,
        generator_optimizer=steady,
        critic_optimizer=steady,
        ema=0.9,
    )


MAIN: dict[str, Callable[[], Game]] = {
    # in the usual box of 0.01 a DCGAN's gradients are 1e-8, of which RMSprop takes little but the sign
    "wgan": lambda: dataclasses.replace(rules_of("wgan", "clip"), constraint=WeightClip(0.1)),
    "wgan_gp": lambda: rules_of("wgan_gp", "gp"),
    "spectral_norm": lambda: rules_of("gan", "spectral_norm"),
    "fgan_r1": lambda: rules_of("fgan_kl", "r1"),
}
"""The rules that are played in every way."""


@functools.cache
def make_networks(shape: tuple[int, ...], norm: str, seed: int) -> tuple[nn.Module, nn.Module]:
    """Initialised networks; not to be changed. ``norm`` is of a critic of images.

    Those of images are smooth: of so many units one would lie at its kink. The toy's keep their ReLU.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if shape == TOY:
            return ToyGenerator(width=8, depth=1).build(LATENT, shape), ToyCritic(width=8, depth=1).build(
                shape
            )
        networks = DCGANGenerator(width=8).build(LATENT, shape), DCGANCritic(width=8, norm=norm).build(shape)
        return without_kinks(networks[0]), without_kinks(networks[1])


def make_cast(
    rules: Game,
    shape: tuple[int, ...] = TOY,
    *,
    norm: str = "layer",
    members: int = 1,
    iterations: int = 2,
    device: str = "cpu",
) -> Cast:
    """Return what it takes to play by some rules, as members of different seeds would.

    Raises:
        UserError: if the constraint cannot be used on data of that shape.
    """
    networks = [make_networks(shape, norm, seed) for seed in range(members)]
    generator, critic = networks[0]
    game = dataclasses.replace(
        rules,
        generator=generator,
        critic=critic,
        generator_mixes=mixes_samples(generator, (LATENT,)),
        critic_mixes=mixes_samples(critic, shape),
    )
    states = [
        init_state(game, parameters(one), parameters(other), torch.Generator().manual_seed(seed))
        for seed, (one, other) in enumerate(networks)
    ]
    batches = [
        [make_batch(game, shape, seed=iteration * members + member) for member in range(members)]
        for iteration in range(iterations)
    ]
    return moved(Cast(game, states, batches), device)


def make_batch(game: Game, shape: tuple[int, ...], seed: int = 1) -> Batch:
    """Return what one iteration consumes."""
    rng = torch.Generator().manual_seed(seed)
    noise = game.constraint.noise_shape(shape)
    return Batch(
        real=torch.rand(game.n_critic + 1, BATCH, *shape, generator=rng) * 2 - 1,
        latent=torch.randn(game.n_critic + 1, BATCH, LATENT, generator=rng),
        noise=torch.rand(game.n_critic + 1, BATCH, *noise, generator=rng),
        label=torch.zeros(game.n_critic + 1, 0, dtype=torch.int64),
    )


def moved(cast: Cast, device: str) -> Cast:
    """Return a cast on a device; the networks are templates and stay where they are."""

    def move(tree: Any) -> Any:
        return map_tensors(lambda tensor: tensor.to(device), tree)

    states = [move(state) for state in cast.states]
    return Cast(cast.game, states, [[move(batch) for batch in row] for row in cast.batches])


def plainly(game: Game) -> Execution:
    """Return the reference: the iteration as the functions of game/iteration.py are, called one by one."""
    generate, step = make_generate(game), make_critic_step(game)

    def critic_step(state: State, *inputs: torch.Tensor) -> State:
        real, latent, noise, label = inputs
        (fake,) = generate(generator_weights(game, state), latent[None], label[None])
        return step(state, real, fake, noise, label)[0]

    return Execution(make_iteration(game), critic_step)


Played = list[tuple[State, Measurements]]
"""What each iteration returned, with memory of its own."""


def play(execution: Execution, state: State, batches: Sequence[Batch], stacked: bool = False) -> Played:
    """Play an iteration on each batch; before each but the first comes a critic step, as in a warm-up."""
    played: Played = []
    for number, batch in enumerate(batches):
        if number:
            inputs = (values[:, 0] if stacked else values[0] for values in batch)
            state = execution.critic_step(state, *inputs)
        state, measurements = execution.iteration(state, batch)
        played.append(copy_of((state, measurements)))
    return played


def play_alone(execution: Execution, cast: Cast) -> list[Played]:
    """Play the members one after another."""
    rows = zip(*cast.batches, strict=True)
    return [play(execution, state, batches) for state, batches in zip(cast.states, rows, strict=True)]


def play_stacked(execution: Execution, cast: Cast) -> list[Played]:
    """Play the members in one call."""
    together = play(execution, stack(cast.states), [stack(row) for row in cast.batches], stacked=True)
    return [[member_of(result, k) for result in together] for k in range(len(cast.states))]


def tolerance_of(name: str, values: Tensor, batch: int = BATCH) -> float:
    """How far rounding may carry a tensor; of a share of the samples, one of them."""
    counted = 0.5 / batch if name.endswith("health/critic_accuracy") else 0.0
    largest = float(values.double().abs().max()) if values.numel() else 0.0
    return max(ATOL + RTOL * largest if values.numel() else 0.0, counted)


def by_name(state: State, measured: Measurements) -> dict[str, Tensor]:
    """The tensors of a state and what was measured beside it, each under its part and its name."""
    parts = {**state._asdict(), "measurements": measured}
    iteration = parts.pop("iteration")
    named = {f"{part} {name}": value for part, values in parts.items() for name, value in values.items()}
    return {"iteration": iteration, **named}


def assert_same_play(
    found: Sequence[Played], expected: Sequence[Played], *, batch: int = BATCH, check_device: bool = True
) -> None:
    """The same members, iterations and tensors, but for rounding."""
    for one, other in zip(found, expected, strict=True):
        for k, (result, same) in enumerate(zip(one, other, strict=True), start=1):
            tensors, others = by_name(*result), by_name(*same)
            assert tensors.keys() == others.keys()
            for name, value in others.items():
                torch.testing.assert_close(
                    tensors[name],
                    value,
                    atol=tolerance_of(name, value, batch),
                    rtol=0,
                    check_device=check_device,
                    msg=lambda text, at=f"{name}, iteration {k}": f"{at}: {text}",
                )


def course_of(played: Played) -> dict[str, NDArray[np.float64]]:
    """All numbers of what was played, by name, along iterations."""
    rows = [by_name(state, measured) for state, measured in played]
    return {name: np.stack([row[name].double().cpu().numpy() for row in rows]) for name in rows[0]}


def recorded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Stand in for a CUDA graph: each call reads the same memory and overwrites the result before it."""
    inputs: Any = None
    result: Any = None

    def replay(*args: Any) -> Any:
        nonlocal inputs, result
        if inputs is None:
            inputs, result = copy_of(args), copy_of(function(*args))
        for memory, value in zip(tensors_of(inputs), tensors_of(args), strict=True):
            memory.copy_(value)
        for memory, value in zip(tensors_of(result), tensors_of(function(*inputs)), strict=True):
            memory.copy_(value)
        return result

    return replay


def read_metrics(run_dir: Path) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a run's metrics.csv; NaN where something was not measured."""
    with (run_dir / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {tag: np.array([float(row[tag] or "nan") for row in rows]) for tag in rows[0]}
