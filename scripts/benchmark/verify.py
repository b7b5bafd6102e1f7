"""That both loops do the same work: from the same parameters and batches they arrive at the same ones."""

import dataclasses
from typing import Any, NamedTuple

import torch
from torch import Tensor

from benchmark.textbook import Textbook
from gan_lab.config.modes import Mode
from gan_lab.game.batches import BatchSource, Prefetcher
from gan_lab.game.execution import make_execution
from gan_lab.game.setup import Setup
from gan_lab.numerics.trees import tensors_of
from gan_lab.types import State

TOLERANCE, RELATIVE_TOLERANCE = 1e-5, 2e-2
_EPS = 1e-4


class Agreement(NamedTuple):
    """How two iterations from the same start compare, over the parameters of both networks.

    Attributes:
        largest: the largest difference of a parameter between the results.
        difference: the root mean square of these differences.
        movement: the root mean square of what an iteration moved the parameters by.
    """

    largest: float
    difference: float
    movement: float

    @property
    def holds(self) -> bool:
        """Whether both iterations are the same but for rounding.

        It is the root mean square that counts: in a large network some unit lies so near the kink of its
        ReLU that rounding decides on which side, and so on whole gradients.
        """
        return self.difference <= min(TOLERANCE, RELATIVE_TOLERANCE * self.movement)


def compare(setup: Setup, mode: Mode = "eager", backend: str = "inductor") -> Agreement:
    """Play one iteration of the textbook's and one of ours.

    The optimizers get a larger eps, 1e-4. From a standing start both divide a gradient by its own size, so
    that where it vanishes a rounding error decides on the sign of a whole step.
    """
    setup = _with_eps(setup)
    sampler = setup.dataset.open(setup.device)
    source = BatchSource(sampler, setup.batch_shape, setup.seed, setup.device)
    batch = Prefetcher([source], setup.device, ahead=False).batch(0)
    textbook = Textbook(setup, batch.real[0], loader=False)
    textbook.play(batch)
    start = setup.init_state()
    after, _ = make_execution(setup.game, mode, backend=backend).iteration(start, batch)
    networks = (textbook.generator, textbook.critic, textbook.average)
    theirs = [value for network in networks if network is not None for value in network.parameters()]
    difference = torch.cat([value.detach().flatten() for value in theirs]) - _flatten(after)
    movement = _flatten(after) - _flatten(start)
    largest = difference.abs().max().item()
    return Agreement(
        largest, difference.square().mean().sqrt().item(), movement.square().mean().sqrt().item()
    )


def _flatten(state: State) -> Tensor:
    return torch.cat(
        [value.flatten() for value in tensors_of((state.generator, state.critic, state.average))]
    )


def _with_eps(setup: Setup) -> Setup:
    game = setup.game
    generator_optimizer: Any = game.generator_optimizer  # all of them have an eps, their base class has not
    critic_optimizer: Any = game.critic_optimizer
    game = dataclasses.replace(
        game,
        generator_optimizer=dataclasses.replace(generator_optimizer, eps=_EPS),
        critic_optimizer=dataclasses.replace(critic_optimizer, eps=_EPS),
    )
    return dataclasses.replace(setup, game=game)
