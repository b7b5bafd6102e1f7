"""A Gaussian trained as an f-GAN on the line: two parameters against a critic, by the lab's own iteration."""

from dataclasses import dataclass

import torch
from torch import nn

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.constraints.base import Constraint
from gan_lab.distances.line import Gaussian, LineMixture
from gan_lab.distances.variational import make_bound
from gan_lab.game.batches import BatchShape, BatchSource
from gan_lab.game.execution import make_execution
from gan_lab.game.networks import bind, parameters
from gan_lab.game.rules import Game, init_state
from gan_lab.lectures.fgan.variational_critic import sampler_of
from gan_lab.numerics.streams import build_with, make_rng
from gan_lab.objectives.f_divergence import FDivergence
from gan_lab.optimizers.base import UpdateRule
from gan_lab.types import Batch, State

CPU = torch.device("cpu")


@dataclass(frozen=True)
class LearnedGaussian:
    """What an f-GAN has learned.

    Attributes:
        gaussian: what its generator draws from.
        bound: E_P[g_f(V)] - E_Q[f*(g_f(V))] of its critic, by quadrature: at most the divergence of the two.
    """

    gaussian: Gaussian
    bound: float


@dataclass(frozen=True)
class FGANTraining:
    """How an f-GAN is trained: one step of the critic, one of the generator (f-GAN, algorithm 1).

    Attributes:
        critic: architecture of V.
        generator: architecture of G, which must be affine in one latent.
        optimizer: of both.
        steps: iterations.
        batch_size: samples of either side in a step.
        seed: of initial parameters and draws.
    """

    critic: CriticArchitecture
    generator: GeneratorArchitecture
    optimizer: UpdateRule
    steps: int
    batch_size: int
    seed: int

    def fit(self, target: LineMixture, objective: FDivergence) -> LearnedGaussian:
        """Train on fresh samples of a target."""
        game, state = self._start(objective)
        shape = BatchShape(self.batch_size, game.n_critic, 1, (1,), ())
        source = BatchSource(sampler_of(target), shape, self.seed, CPU)
        iteration = make_execution(game, "eager").iteration
        for begun in range(0, self.steps, source.block_length):
            block = source.block(begun // source.block_length)
            for row in range(min(source.block_length, self.steps - begun)):
                state, _ = iteration(state, Batch(*(values[row] for values in block)))
        bias, weight = (float(state.generator[name].squeeze()) for name in ("bias", "weight"))
        gaussian = Gaussian(bias, abs(weight))
        bound = make_bound(target, gaussian)(objective, bind(game, state.critic))
        return LearnedGaussian(gaussian, bound)

    def _start(self, objective: FDivergence) -> tuple[Game, State]:
        generator, critic = self._networks()
        game = Game(
            generator=generator,
            critic=critic,
            objective=objective,
            constraint=Constraint(),
            generator_optimizer=self.optimizer,
            critic_optimizer=self.optimizer,
            n_critic=1,
            generator_mixes=False,
            critic_mixes=False,
        )
        rng = make_rng(self.seed, "constraint")
        return game, init_state(game, parameters(generator), parameters(critic), rng)

    def _networks(self) -> tuple[nn.Module, nn.Module]:
        return build_with(
            self.seed, "critic", lambda: (self.generator.build(1, (1,)), self.critic.build((1,)))
        )
