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
from gan_lab.game.networks import bind, make_network, score_both
from gan_lab.game.rules import Game
from gan_lab.numerics.derivatives import value_and_gradients
from gan_lab.numerics.trees import add, flatten, move_average
from gan_lab.types import Batch, Measurements, Params, State


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
        fakes = generate(state.generator, batch.latent[:-1])
        for k in range(game.n_critic):
            state, step = critic_step(state, batch.real[k], fakes[k], batch.noise[k])
        of_critic = measure_critic_step(game, state, step)
        state, of_generator = generator_step(state, batch.real[-1], batch.latent[-1])
        return state, of_critic | of_generator

    return iteration


def make_generate(game: Game) -> Callable[[Params, Tensor], Sequence[Tensor]]:
    """Return ``generate(params, latents)``: latents (N, B, Z) to N batches of samples (B, *D).

    The generator stands still while the critic takes its steps, so that one pass makes the samples of all of
    them, unless batch normalisation ties the samples of a batch together.
    """

    def generate(params: Params, latents: Tensor) -> Sequence[Tensor]:
        network = make_network(game, game.generator, params)
        if game.generator_mixes:
            return [network(batch) for batch in latents.unbind()]
        samples = network(latents.flatten(0, 1))
        return torch.split(samples, latents.shape[1])

    return generate


def make_critic_step(game: Game) -> Callable[[State, Tensor, Tensor, Tensor], tuple[State, CriticStep]]:
    """Return ``critic_step(state, real, fake, noise) -> (state, what was done)``.

    ``real`` and ``fake`` are (B, *D), ``noise`` (B, *noise_shape).
    """

    def critic_step(state: State, real: Tensor, fake: Tensor, noise: Tensor) -> tuple[State, CriticStep]:
        def loss(params: Params) -> tuple[Tensor, tuple[Tensor, Tensor, dict[str, Tensor]]]:
            weights, constraint_state = game.constraint.reparameterize(params, state.constraint)
            score = bind(game, weights)
            objective_loss = game.objective.critic_loss(*score_both(game, score, real, fake))
            penalty = game.constraint.penalty(score, real, fake, noise)
            return objective_loss + penalty, (objective_loss, penalty, constraint_state)

        gradients, _, (objective_loss, penalty, constraint_state) = value_and_gradients(loss, state.critic)
        gradient = flatten(gradients)
        step, optimizer_state = game.critic_optimizer.update(gradient, state.critic_optimizer)
        critic = game.constraint.project(add(state.critic, step))
        state = state._replace(critic=critic, critic_optimizer=optimizer_state, constraint=constraint_state)
        return state, CriticStep(objective_loss, penalty, gradient, step)

    return critic_step


def make_generator_step(game: Game) -> Callable[[State, Tensor, Tensor], tuple[State, Measurements]]:
    """Return ``generator_step(state, real, latent) -> (state, measurements)``.

    ``real`` is (B, *D), ``latent`` (B, Z). The divergence is estimated here, on fresh draws: on the
    batch that the critic has just been fitted to, the estimate would be biased upwards.
    """

    def generator_step(state: State, real: Tensor, latent: Tensor) -> tuple[State, Measurements]:
        weights, _ = game.constraint.reparameterize(state.critic, state.constraint)
        score = bind(game, weights)
        real_score = score(real)

        def loss(params: Params) -> tuple[Tensor, Tensor]:
            fake_score = score(make_network(game, game.generator, params)(latent))
            return game.objective.generator_loss(real_score, fake_score), fake_score

        gradients, generator_loss, fake_score = value_and_gradients(loss, state.generator)
        gradient = flatten(gradients)
        step, optimizer_state = game.generator_optimizer.update(gradient, state.generator_optimizer)
        generator = add(state.generator, step)
        measurements = {
            "loss/generator": generator_loss,
            "health/generator_gradient_norm": torch.linalg.vector_norm(gradient),
            **measure_scores(game.objective, real_score, fake_score),
        }
        state = state._replace(
            generator=generator,
            generator_optimizer=optimizer_state,
            average=move_average(state.average, generator, game.ema),
        )
        return state, measurements

    return generator_step
