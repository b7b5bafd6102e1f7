"""Generators frozen at stages of their training, and the fresh discriminators that are trained against them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.checks import BadValueError, NonNegativeInt, PositiveInt, Rule, UserError
from gan_lab.constraints.base import Constraint
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.labelled import LabelledDataset
from gan_lab.datasets.resident import to_unit_range
from gan_lab.derivatives import on_the_tape, value_and_gradients
from gan_lab.draws import BatchShape, Draws, make_rng
from gan_lab.execution import make_execution
from gan_lab.experiment import parameters
from gan_lab.flat import flatten
from gan_lab.iteration import Game, init_state, make_network
from gan_lab.lectures.base import LectureExperiment
from gan_lab.lectures.critic_fit import FittedCritic, Look, fit_critic
from gan_lab.objectives.base import Objective
from gan_lab.objectives.gan import GAN
from gan_lab.optimizers.base import UpdateRule
from gan_lab.probing import mixes_samples
from gan_lab.types import Batch, Params, Sampler, Score

Stages = Annotated[
    tuple[PositiveInt, ...],
    Rule("a list of whole numbers greater than 0, each greater than the one before", lambda v: _rises(v)),
]

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
        """Return generated samples (n, *D)."""
        with torch.no_grad():
            return make_network(self.game, self.game.generator, self.params)(self.latents(n, rng))

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

        with on_the_tape():
            gradients, _, _ = value_and_gradients(loss, self.params)
        return flatten(gradients)


@dataclass(frozen=True)
class FrozenGeneratorExperiment(LectureExperiment):
    """What figures 1 to 3 of "Towards Principled Methods" share.

    A GAN is trained by the lab's own iteration, the generator on -E log D, and its generator kept at several
    stages. Against each of these, which no longer moves, a discriminator is trained from scratch, on the game's
    own cross-entropy and without a constraint.

    The paper trains a DCGAN for 1, 10 and 25 epochs, on images that its text does not name here; these are
    small networks on digits, so that all of it takes less than a minute.

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
    seed: NonNegativeInt

    def frozen_generators(self, real: Sampler) -> Iterator[FrozenGenerator]:
        """Train the GAN, and yield its generator at every stage.

        Args:
            real: samples that it is trained on.
        """
        game, generator, critic = self._game()
        state = init_state(game, generator, critic, make_rng(self.seed, "constraint"))
        shape = BatchShape(self.batch_size, 1, self.latent_dim, self.dataset.data_shape, (0,))
        draws, iteration = Draws(real, shape, self.seed, _CPU), make_execution(game, "eager").iteration
        for k in range(max(self.stages)):
            number, row = divmod(k, draws.block_length)
            if row == 0:
                block = draws.block(number)
            state, _ = iteration(state, Batch(*(part[row] for part in block)))
            if k + 1 in self.stages:
                yield FrozenGenerator(k + 1, game, state.generator, self.latent_dim)

    def fit_discriminator(self, generator: FrozenGenerator, real: Sampler, look: Look) -> FittedCritic:
        """Train a fresh discriminator against a generator that stands still.

        Args:
            generator: of the samples to be scored low.
            real: of the samples to be scored high.
            look: what to measure, before the first step and after every ``look_every`` of them.
        """
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

    def split_data(self) -> tuple[Sampler, Tensor]:
        """Return a sampler of the real data to train on, and real data (held_out, *D) that it never draws.

        Raises:
            UserError: if there is too little of it, or it cannot be told apart.
        """
        rng = make_rng(self.seed, "held out")
        if not isinstance(self.dataset, LabelledDataset):
            if len(self.dataset.data_shape) != 1:
                raise UserError("dataset must be images with labels, such as Digits, or vectors, such as Ring.")
            sampler = self.dataset.open(_CPU)  # of a distribution with a density: no point is drawn twice
            return sampler, sampler(self.held_out, rng)
        images, _ = self.dataset.labelled()
        if self.dataset.channel_wise:
            raise UserError("dataset must be images of one digit each: those of stacked digits share digits.")
        if self.held_out > len(images) // 2:
            rule = f"at most half of the {len(images)} images of the dataset"
            raise BadValueError("held_out", rule, self.held_out)
        points = to_unit_range(images)[torch.randperm(len(images), generator=rng)]
        training = points[self.held_out :]

        def sample(n: int, rng: torch.Generator) -> Tensor:
            return training[torch.randint(len(training), (n,), generator=rng)]

        return sample, points[: self.held_out]

    def _game(self) -> tuple[Game, Params, Params]:
        """Return the rules, and where generator and discriminator start."""
        shape = self.dataset.data_shape
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(make_rng(self.seed, "generator").initial_seed())
            generator = self.generator.build(self.latent_dim, shape)
            torch.manual_seed(make_rng(self.seed, "critic").initial_seed())
            critic = self.discriminator.build(shape)
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


def cost_of(objective: Objective, score: Score) -> Callable[[Tensor], Tensor]:
    """Return the generator's cost as a function of its samples (n, *D), with the discriminator held fixed."""

    def cost(samples: Tensor) -> Tensor:
        scores = score(samples)
        # neither of the costs of the standard GAN depends on real samples
        return objective.generator_loss(scores, scores)

    return cost


def _rises(values: tuple[int, ...]) -> bool:
    return len(values) > 0 and all(a < b for a, b in zip(values, values[1:], strict=False))
