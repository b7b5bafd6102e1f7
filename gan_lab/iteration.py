"""The game itself: n_critic critic steps, then one generator step, as one pure function.

This is the only file that knows that critic and generator alternate. Networks are templates without
parameters of their own; everything that training changes is in :class:`~gan_lab.types.State`, everything
random in :class:`~gan_lab.types.Batch`. The functions made here run as they are eagerly, under
``torch.compile(fullgraph=True)`` and under ``torch.vmap`` over stacked states.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from gan_lab.constraints.base import Constraint
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
    """

    generator: nn.Module
    critic: nn.Module
    objective: Objective
    constraint: Constraint
    generator_optimizer: UpdateRule
    critic_optimizer: UpdateRule
    n_critic: int
    ema: float | None = None


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
    critic_step, generator_step = make_critic_step(game), make_generator_step(game)

    def iteration(state: State, batch: Batch) -> tuple[State, Measurements]:
        for k in range(game.n_critic):
            state, of_critic = critic_step(state, batch.real[k], batch.latent[k], batch.noise[k])
        state, of_generator = generator_step(state, batch.real[-1], batch.latent[-1])
        return state, of_critic | of_generator

    return iteration


def make_critic_step(
    game: Game,
) -> Callable[[State, Tensor, Tensor, Tensor], tuple[State, Measurements]]:
    """Return ``critic_step(state, real, latent, noise) -> (state, measurements)``.

    ``real`` is (B, *D), ``latent`` (B, Z), ``noise`` (B, *noise_shape).
    """

    def critic_step(state: State, real: Tensor, latent: Tensor, noise: Tensor) -> tuple[State, Measurements]:
        fake = functional_call(game.generator, state.generator, (latent,))  # (B, *D)

        def loss(params: Params) -> tuple[Tensor, tuple[Tensor, Tensor, dict[str, Tensor]]]:
            weights, constraint_state = game.constraint.reparameterize(params, state.constraint)
            score = bind(game.critic, weights)
            objective_loss = game.objective.critic_loss(score(real), score(fake))
            penalty = game.constraint.penalty(score, real, fake, noise)
            return objective_loss + penalty, (objective_loss, penalty, constraint_state)

        gradients, (_, (objective_loss, penalty, constraint_state)) = grad_and_value(loss, has_aux=True)(
            state.critic
        )
        gradient = flatten(gradients)
        step, optimizer_state = game.critic_optimizer.update(gradient, state.critic_optimizer)
        critic = game.constraint.project(add(state.critic, step))
        measurements = {
            "loss/critic": objective_loss,
            "health/critic_gradient_norm": torch.linalg.vector_norm(gradient),
            # negative: momentum carries the step against the gradient (WGAN, section 4.2)
            "health/step_gradient_cosine": cosine(step, -gradient),
            **game.constraint.measure(critic),
        }
        if game.constraint.has_penalty:
            measurements["loss/penalty"] = penalty
        state = state._replace(critic=critic, critic_optimizer=optimizer_state, constraint=constraint_state)
        return state, measurements

    return critic_step


def make_generator_step(game: Game) -> Callable[[State, Tensor, Tensor], tuple[State, Measurements]]:
    """Return ``generator_step(state, real, latent) -> (state, measurements)``.

    ``real`` is (B, *D), ``latent`` (B, Z). The divergence is estimated here, on fresh draws: on the
    batch that the critic has just been fitted to, the estimate would be biased upwards.
    """

    def generator_step(state: State, real: Tensor, latent: Tensor) -> tuple[State, Measurements]:
        weights, _ = game.constraint.reparameterize(state.critic, state.constraint)
        score = bind(game.critic, weights)
        real_score = score(real)

        def loss(params: Params) -> tuple[Tensor, Tensor]:
            fake_score = score(functional_call(game.generator, params, (latent,)))
            return game.objective.generator_loss(real_score, fake_score), fake_score

        gradients, (generator_loss, fake_score) = grad_and_value(loss, has_aux=True)(state.generator)
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


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine () of the angle between two vectors (P,), however short; 0 where one is zero."""
    # entries are brought near 1 first: vanishing gradients are the case to be seen, and their norms underflow
    tiny = torch.finfo(a.dtype).tiny
    return F.cosine_similarity(a / a.abs().amax().clamp(min=tiny), b / b.abs().amax().clamp(min=tiny), dim=0)


def bind(module: nn.Module, params: Params) -> Score:
    """Return ``module`` as a function of its input alone, with ``params`` in place of its own."""
    return partial(functional_call, module, params)


def flatten(params: Params) -> Tensor:
    """Return all parameters as one vector (P,): an elementwise optimizer needs no loop over layers."""
    return torch.cat([value.reshape(-1) for value in params.values()])


def add(params: Params, step: Tensor) -> Params:
    """Return the parameters plus a flat step (P,)."""
    pieces = torch.split(step, [value.numel() for value in params.values()])
    return {
        name: value + piece.view(value.shape)
        for (name, value), piece in zip(params.items(), pieces, strict=True)
    }


def move_average(average: Params, params: Params, decay: float | None) -> Params:
    """Return the exponential moving average one iteration later; empty stays empty."""
    if decay is None:
        return average
    return {name: torch.lerp(params[name], value, decay) for name, value in average.items()}
