"""The game itself: n_critic critic steps, then one generator step, as one pure function.

This is the only file that knows that critic and generator alternate. Networks are templates without
parameters of their own; everything that training changes is in :class:`~gan_lab.types.State`, everything
random in :class:`~gan_lab.types.Batch`. The functions made here run as they are eagerly, under
``torch.compile(fullgraph=True)`` and under ``torch.vmap`` over stacked states.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gan_lab.game.measurements import CriticStep, measure_critic_step, measure_scores
from gan_lab.game.networks import bind, critic_of, generator_weights, make_network, score_both
from gan_lab.game.rules import Game
from gan_lab.numerics.averages import move_average
from gan_lab.numerics.derivatives import value_and_gradients
from gan_lab.numerics.trees import add, flatten
from gan_lab.tags.names import GENERATOR_GRADIENT_NORM, GENERATOR_LOSS
from gan_lab.types import Batch, ConstraintState, Measurements, Params, State

Scores = tuple[Tensor, Tensor]
CriticLoss = tuple[Tensor, tuple[Scores, Tensor, ConstraintState]]
GeneratorLoss = tuple[Tensor, tuple[Tensor, Tensor, ConstraintState]]
"""What is differentiated, (), and what else was computed on the way."""


def make_iteration(game: Game) -> Callable[[State, Batch], tuple[State, Measurements]]:
    """Return ``iteration(state, batch) -> (state, measurements)``: WGAN, Algorithm 1, lines 2 to 11.

    The measurements are scalars () on the state's device, detached from any graph; those of the critic are
    of the last of its steps.
    """
    generate, critic_step, generator_step = (
        make_generate(game),
        make_critic_step(game),
        make_generator_step(game),
    )

    def iteration(state: State, batch: Batch) -> tuple[State, Measurements]:
        fakes = generate(generator_weights(game, state), batch.latent[:-1], batch.label[:-1])
        for k in range(game.n_critic):
            state, step = critic_step(state, batch.real[k], fakes[k], batch.noise[k], batch.label[k])
        of_critic = measure_critic_step(game, state, step)
        state, of_generator = generator_step(state, batch.real[-1], batch.latent[-1], batch.label[-1])
        return state, of_critic | of_generator

    return iteration


def make_generate(game: Game) -> Callable[[Params, Tensor, Tensor], Sequence[Tensor]]:
    """Return ``generate(weights, latents, labels)``: latents (N, B, Z) to N batches of samples (B, *D).

    The generator stands still while the critic takes its steps, so that one pass makes the samples of all of
    them, unless batch normalisation ties the samples of a batch together.
    """

    def generate(weights: Params, latents: Tensor, labels: Tensor) -> Sequence[Tensor]:
        if game.generator_mixes:
            pairs = zip(latents.unbind(), labels.unbind(), strict=True)
            return [make_network(game, game.generator, weights, label)(latent) for latent, label in pairs]
        samples = make_network(game, game.generator, weights, labels.flatten())(latents.flatten(0, 1))
        return torch.split(samples, latents.shape[1])

    return generate


def make_critic_step(
    game: Game,
) -> Callable[[State, Tensor, Tensor, Tensor, Tensor], tuple[State, CriticStep]]:
    """Return ``critic_step(state, real, fake, noise, label) -> (state, what was done)``.

    ``real`` and ``fake`` are (B, *D), ``noise`` (B, *noise_shape), ``label`` (B,), or (0,) without classes.
    """
    processes = game.processes

    def critic_step(
        state: State, real: Tensor, fake: Tensor, noise: Tensor, label: Tensor
    ) -> tuple[State, CriticStep]:
        def loss(params: Params) -> CriticLoss:
            weights, constraint_state = game.constraint.reparameterize(params, state.constraint)
            score = bind(game, weights, label)
            scores = score_both(game, score, real, fake)
            objective_loss = game.objective.critic_loss(*scores)
            penalty = game.constraint.penalty(score, real, fake, noise)
            penalty = penalty + game.constraint.weight_penalty(params)
            return objective_loss + penalty, (scores, penalty, constraint_state)

        gradients, _, (scores, penalty, constraint_state) = value_and_gradients(loss, state.critic)
        gradient = processes.mean(flatten(gradients))
        scores = processes.gathered(scores[0]), processes.gathered(scores[1])
        penalty = processes.mean(penalty)
        step, optimizer_state = game.critic_optimizer.update(gradient, state.critic_optimizer)
        critic = game.constraint.project(add(state.critic, step))
        state = state._replace(critic=critic, critic_optimizer=optimizer_state, constraint=constraint_state)
        return state, CriticStep(scores, penalty, gradient, step)

    return critic_step


def make_generator_step(
    game: Game,
) -> Callable[[State, Tensor, Tensor, Tensor], tuple[State, Measurements]]:
    """Return ``generator_step(state, real, latent, label) -> (state, measurements)``.

    ``real`` is (B, *D), ``latent`` (B, Z), ``label`` (B,), or (0,) without classes. The divergence is
    estimated here, on fresh draws: on the batch that the critic has just been fitted to, the estimate would
    be biased upwards.
    """
    processes = game.processes

    def generator_step(
        state: State, real: Tensor, latent: Tensor, label: Tensor
    ) -> tuple[State, Measurements]:
        score = critic_of(game, state, label)
        real_score = score(real)

        def loss(params: Params) -> GeneratorLoss:
            weights, constraint_state = game.generator_constraint.reparameterize(
                params, state.generator_constraint
            )
            fake_score = score(make_network(game, game.generator, weights, label)(latent))
            objective_loss = game.objective.generator_loss(real_score, fake_score)
            penalty = game.generator_constraint.weight_penalty(params)
            return objective_loss + penalty, (objective_loss, fake_score, constraint_state)

        gradients, _, (generator_loss, fake_score, constraint_state) = value_and_gradients(
            loss, state.generator
        )
        gradient = processes.mean(flatten(gradients))
        step, optimizer_state = game.generator_optimizer.update(gradient, state.generator_optimizer)
        generator = game.generator_constraint.project(add(state.generator, step))
        scores = processes.gathered(real_score), processes.gathered(fake_score)
        measurements = {
            GENERATOR_LOSS: processes.mean(generator_loss),
            GENERATOR_GRADIENT_NORM: torch.linalg.vector_norm(gradient),
            **measure_scores(game.objective, *scores, game.dtype),
        }
        average, averaging = move_average(state.average, state.averaging, generator, game.ema)
        state = state._replace(
            generator=generator,
            generator_optimizer=optimizer_state,
            generator_constraint=constraint_state,
            average=average,
            averaging=averaging,
            iteration=state.iteration + 1,
        )
        return state, measurements

    return generator_step
