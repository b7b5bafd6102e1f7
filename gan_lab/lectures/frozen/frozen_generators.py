"""Generators frozen at stages of their training, and fresh discriminators trained against them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, NamedTuple

import torch
from pandas import DataFrame
from torch import Tensor

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.config.checks import NonNegativeInt, PositiveInt, Rule
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.constraints.base import Constraint
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.labelled import LabelledDataset
from gan_lab.datasets.resident import to_unit_range
from gan_lab.game.batches import BatchShape, BatchSource
from gan_lab.game.execution import make_execution
from gan_lab.game.networks import make_network, mixes_samples, parameters
from gan_lab.game.rules import Game, init_state
from gan_lab.lectures.base import LectureExperiment
from gan_lab.lectures.critics.critic_fit import FittedCritic, Look, fit_critic
from gan_lab.numerics.derivatives import use_autograd, value_and_gradients
from gan_lab.numerics.streams import build_with, make_rng
from gan_lab.numerics.trees import flatten
from gan_lab.objectives.gan import GAN
from gan_lab.optimizers.base import UpdateRule
from gan_lab.types import Batch, Params, Sampler, Score

Stages = Annotated[
    tuple[PositiveInt, ...],
    Rule("a list of whole numbers greater than 0, each greater than the one before", lambda v: _rises(v)),
]

Observe = Callable[[Score], dict[str, float]]
"""What is measured of a discriminator as it stands, by name."""

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class FrozenGenerator:
    """A generator as it stood after some iterations.

    Attributes:
        iteration: how many.
        game: the rules it was trained by; its generator is the template.
        params: what stands still.
        latent_dim: Z.
    """

    iteration: int
    game: Game
    params: Params
    latent_dim: int

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Return generated samples (n, *D) of fresh latents."""
        return self.samples(self.latents(n, rng))

    def samples(self, latents: Tensor) -> Tensor:
        """Return the samples (n, *D) of latents (n, Z)."""
        with torch.no_grad():
            return make_network(self.game, self.game.generator, self.params)(latents)

    def latents(self, n: int, rng: torch.Generator) -> Tensor:
        """Return standard normal latents (n, Z)."""
        return torch.randn(n, self.latent_dim, generator=rng)

    def gradient(self, cost: Callable[[Tensor], Tensor], latents: Tensor) -> Tensor:
        """Return the gradient (P,) by the generator's parameters of a cost of its samples.

        Args:
            cost: samples (n, *D) to a number ().
            latents: (n, Z).
        """

        def loss(params: Params) -> tuple[Tensor, dict[str, Tensor]]:
            return cost(make_network(self.game, self.game.generator, params)(latents)), {}

        with use_autograd():
            gradients, _, _ = value_and_gradients(loss, self.params)
        return flatten(gradients)


class Duel(NamedTuple):
    """A frozen generator, and the discriminator that was trained from scratch against it."""

    generator: FrozenGenerator
    discriminator: FittedCritic


@dataclass(frozen=True)
class FrozenGeneratorExperiment(LectureExperiment):
    """What figures 1 to 3 of "Towards Principled Methods" share.

    A GAN is trained by the lab's own iteration, the generator on -E log D, and its generator kept at several
    stages. Against each of these, which no longer moves, a discriminator is trained from scratch, on the
    game's own cross-entropy and without a constraint. The paper takes a DCGAN after 1, 10 and 25 epochs; here
    perceptrons and small digits are the default, so that one seed takes less than a minute.

    Attributes:
        dataset: images with labels, of which some are held out, or vectors that are drawn afresh.
        generator: builds the generator.
        discriminator: builds the discriminator that the generator is trained against, and the fresh ones.
        optimizer: of all of them.
        latent_dim: Z.
        batch_size: samples of either kind in a step.
        stages: generator iterations after which it is frozen; each is one discriminator step and one of the
            generator.
        steps: of each fresh discriminator.
        look_every: steps between two measurements.
        held_out: samples of either kind that no discriminator is trained on, for measurements.
        shifts: distances between two unit Gaussians at which the closed form is stated beside it.
        seed: of parameters, latents, the order of the data and which of them is held out.
    """

    dataset: Dataset
    generator: GeneratorArchitecture
    discriminator: CriticArchitecture
    optimizer: UpdateRule
    latent_dim: PositiveInt
    batch_size: PositiveInt
    stages: Stages
    steps: PositiveInt
    look_every: PositiveInt
    held_out: PositiveInt
    shifts: Annotated[tuple[float, ...], Rule("a list of at least one number", len)]
    seed: NonNegativeInt

    def play_duels(self, watch: Callable[[FrozenGenerator, Tensor], Observe]) -> tuple[DataFrame, list[Duel]]:
        """Freeze the generator at every stage, and train a fresh discriminator against each.

        Args:
            watch: given a frozen generator and real data (held_out, *D) that no discriminator is trained on,
                returns what to measure of a discriminator at every look.

        Returns:
            A row for each look, with its ``iteration`` and ``step``, and how every duel ended.

        Raises:
            UserError: if the settings do not fit each other.
        """
        real, held_out = self._split_data()
        rows: list[dict[str, float]] = []
        duels = []
        for generator in self._frozen_generators(real):
            look = _note(rows, generator.iteration, watch(generator, held_out))
            duels.append(Duel(generator, self._fit_discriminator(generator, real, look)))
        return DataFrame(rows), duels

    def _frozen_generators(self, real: Sampler) -> Iterator[FrozenGenerator]:
        """Train the GAN on real samples, and yield its generator at every stage."""
        game, generator, critic = self._game()
        state = init_state(game, generator, critic, make_rng(self.seed, "constraint"))
        shape = BatchShape(self.batch_size, 1, self.latent_dim, self.dataset.data_shape, (0,))
        source, iteration = BatchSource(real, shape, self.seed, _CPU), make_execution(game, "eager").iteration
        for k in range(max(self.stages)):
            number, row = divmod(k, source.block_length)
            if row == 0:
                block = source.block(number)
            state, _ = iteration(state, Batch(*(part[row] for part in block)))
            if k + 1 in self.stages:
                yield FrozenGenerator(k + 1, game, state.generator, self.latent_dim)

    def _fit_discriminator(self, generator: FrozenGenerator, real: Sampler, look: Look) -> FittedCritic:
        """Train a discriminator from scratch against a generator that stands still."""
        return fit_critic(
            real,
            generator.sample,
            objective=GAN(),
            constraint=Constraint(),
            critic=self.discriminator,
            optimizer=self.optimizer,
            steps=self.steps,
            batch_size=self.batch_size,
            # not the seed itself: the fresh one would start as the one that the generator was trained against
            seed=make_rng(self.seed, "fresh discriminator").initial_seed(),
            look_every=self.look_every,
            look=look,
        )

    def _split_data(self) -> tuple[Sampler, Tensor]:
        """Return a sampler of the real data to train on, and real data (held_out, *D) that it never draws."""
        rng = make_rng(self.seed, "held out")
        if not isinstance(self.dataset, LabelledDataset):
            if len(self.dataset.data_shape) != 1:
                raise UserError("dataset must be images with labels, such as Digits, or vectors, as of Ring.")
            sampler = self.dataset.open(_CPU)  # of a distribution with a density: no point is drawn twice
            return sampler, sampler(self.held_out, rng)
        images, _ = self.dataset.labelled()
        if self.dataset.channel_wise:
            raise UserError("dataset must be images of one digit each: those of stacked digits share digits.")
        if self.held_out > len(images) // 2:
            rule = f"at most half of the {len(images):,} images of the dataset"
            raise BadValueError("held_out", rule, self.held_out)
        points = to_unit_range(images)[torch.randperm(len(images), generator=rng)]
        training = points[self.held_out :]

        def sample(n: int, rng: torch.Generator) -> Tensor:
            return training[torch.randint(len(training), (n,), generator=rng)]

        return sample, points[: self.held_out]

    def _game(self) -> tuple[Game, Params, Params]:
        """Return the rules, and where generator and discriminator start."""
        shape = self.dataset.data_shape
        generator = build_with(self.seed, "generator", lambda: self.generator.build(self.latent_dim, shape))
        critic = build_with(self.seed, "critic", lambda: self.discriminator.build(shape))
        game = Game(
            generator=generator,
            critic=critic,
            objective=GAN(),
            constraint=Constraint(),
            generator_optimizer=self.optimizer,
            critic_optimizer=self.optimizer,
            n_critic=1,
            generator_mixes=mixes_samples(generator, (self.latent_dim,)),
            critic_mixes=mixes_samples(critic, shape),
        )
        return game, parameters(generator), parameters(critic)


def _note(rows: list[dict[str, float]], iteration: int, observe: Observe) -> Look:
    """Return a look that appends what is observed."""

    def look(step: int, score: Score) -> None:
        rows.append({"iteration": iteration, "step": step, **observe(score)})

    return look


def _rises(values: tuple[int, ...]) -> bool:
    return len(values) > 0 and all(a < b for a, b in pairwise(values))
