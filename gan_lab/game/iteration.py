"""The game itself: n_critic critic steps, then one generator step, as one pure function.

This is the only file that knows that critic and generator alternate. Networks are templates without
parameters of their own; everything that training changes is in :class:`~gan_lab.types.State`, everything
random in :class:`~gan_lab.types.Batch`. The functions made here run as they are eagerly, under
``torch.compile(fullgraph=True)`` and under ``torch.vmap`` over stacked states.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gan_lab.constraints.base import Constraint
from gan_lab.numerics.derivatives import value_and_gradients
from gan_lab.numerics.flat import add, cosine, flatten, move_average
from gan_lab.objectives.base import Objective
from gan_lab.optimizers.base import UpdateRule
from gan_lab.types import Batch, Measurements, Params, Score, State


@dataclass(frozen=True)
class Game:
    """What alternates, and the rules it alternates by.

    Attributes:
        generator: template, latents (B, Z) to samples (B, *D); its parameters are never read.
        critic: template, samples (B, *D) to scores (B,); its parameters are never read.
        n_critic: critic steps per iteration.
        ema: decay of the generator's moving average, None for no average.
        generator_mixes: whether a sample depends on the other latents of its batch, as batch normalisation
            makes it; False lets one pass make the samples of several batches.
        critic_mixes: whether a score depends on the other samples of its batch; False lets one pass score
            real and generated samples.
        dtype: of what the networks compute; parameters, scores and all that is made of them stay float32.
        channels_last: whether images and convolutions are laid out with the channels of a pixel side by
            side; that changes the time they take and nothing else.
    """

    generator: nn.Module
    critic: nn.Module
    objective: Objective
    constraint: Constraint
    generator_optimizer: UpdateRule
    critic_optimizer: UpdateRule
    n_critic: int
    ema: float | None = None
    generator_mixes: bool = True
    critic_mixes: bool = True
    dtype: torch.dtype = torch.float32
    channels_last: bool = False


def init_state(game: Game, generator: Params, critic: Params, rng: torch.Generator) -> State:
    """Return the state before the first iteration.

    Args:
        game: the rules.
        generator: initial generator parameters.
        critic: initial critic parameters.
        rng: where the constraint draws its initial state from.
    """
    return State(
        generator=generator,
        critic=critic,
        generator_optimizer=game.generator_optimizer.init(flatten(generator)),
        critic_optimizer=game.critic_optimizer.init(flatten(critic)),
        constraint=game.constraint.init(critic, rng),
        average={} if game.ema is None else {name: value.clone() for name, value in generator.items()},
    )


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


class CriticStep(NamedTuple):
    """What is known of a critic step once it is taken."""

    objective_loss: Tensor  # ()
    penalty: Tensor  # ()
    gradient: Tensor  # (P,)
    step: Tensor  # (P,), before the constraint's projection


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


def measure_critic_step(game: Game, state: State, step: CriticStep) -> Measurements:
    """Return what a critic step tells, as scalars (); ``state`` is the one after it."""
    measurements = {
        "loss/critic": step.objective_loss,
        "health/critic_gradient_norm": torch.linalg.vector_norm(step.gradient),
        # negative: momentum carries the step against the gradient (WGAN, section 4.2)
        "health/step_gradient_cosine": -cosine(step.step, step.gradient),
        **game.constraint.measure(state.critic),
    }
    if game.constraint.has_penalty:
        measurements["loss/penalty"] = step.penalty
    return measurements


def measure_scores(objective: Objective, real: Tensor, fake: Tensor) -> Measurements:
    """Return what scores (B,), (B,) say of the distance and of the critic, as scalars ().

    ``distance/critic_raw`` is the same for every objective: mean real minus mean fake score.
    ``health/critic_accuracy`` is the share of samples on the right side of the objective's threshold.
    """
    threshold = objective.threshold(real, fake)
    accuracy = ((real > threshold).float().mean() + (fake < threshold).float().mean()) / 2
    measurements = {"distance/critic_raw": real.mean() - fake.mean(), "health/critic_accuracy": accuracy}
    if objective.measures is not None:
        measurements[f"distance/{objective.measures}"] = objective.estimate(real, fake)
    return measurements


def bind(game: Game, params: Params) -> Score:
    """Return the critic as a function of its input alone, with ``params`` in place of its own."""
    return make_network(game, game.critic, params)


def score_both(game: Game, score: Score, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores (B,), (B,) of real and generated samples (B, *D).

    In one pass, which spares half the calls, unless batch normalisation ties the samples of a batch together.
    """
    if game.critic_mixes:
        return score(real), score(fake)
    of_real, of_fake = score(torch.cat([real, fake])).chunk(2)
    return of_real, of_fake


def make_network(game: Game, network: nn.Module, params: Params) -> Callable[[Tensor], Tensor]:
    """Return a network as a function of its input alone, with ``params`` in place of its own.

    It computes in the game's type and layout, on copies of the parameters whose gradients arrive at the
    originals, and returns float32.
    """
    computed = {name: _convert(game, value) for name, value in params.items()}

    def run(inputs: Tensor) -> Tensor:
        outputs: Tensor = functional_call(network, computed, (_convert(game, inputs),))
        return outputs.float()

    return run


def _convert(game: Game, values: Tensor) -> Tensor:
    if game.channels_last and values.ndim == 4:
        return values.to(game.dtype, memory_format=torch.channels_last)
    return values.to(game.dtype)
