"""How far a critic is from its optimum, and whether it is overfitted: by more steps and other draws."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import functional_call

from gan_lab.game.batches import BatchSource
from gan_lab.game.iteration import make_critic_step
from gan_lab.game.networks import critic_of, generator_weights
from gan_lab.game.setup import Setup
from gan_lab.numerics.derivatives import use_autograd
from gan_lab.numerics.draws import normal, uniform
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.base import Objective
from gan_lab.tags.names import HELD_OUT, HELD_OUT_ACCURACY, HELD_OUT_FURTHER, SEEN_ACCURACY
from gan_lab.types import State

FURTHER_STEPS = 20
"""Critic steps that the copy takes, to tell it from a critic that follows: four iterations' worth of five."""

TAGS = (HELD_OUT, HELD_OUT_FURTHER, SEEN_ACCURACY, HELD_OUT_ACCURACY)


class _Drawn(NamedTuple):
    """Real samples (n, *D), and latents (n, Z) for as many generated ones."""

    real: Tensor
    latent: Tensor


class CriticChecks:
    """Measures the critic of states on samples that it was not trained on.

    They are drawn on streams of their own, and what is trained on is a copy: nothing of a run changes.

    Args:
        setup: what is trained.
        source: what the run's iterations consume.
    """

    def __init__(self, setup: Setup, source: BatchSource) -> None:
        self._setup, self._source = setup, source
        # whole batches, because a critic with batch normalisation scores a sample by its batch
        batches = max(1, setup.metrics.samples // setup.batch_shape.batch_size)
        self._held_out = [self._draw(f"critic checks/held out {k}") for k in range(batches)]

    def measure(self, state: State, iteration: int) -> dict[str, float]:
        """Return what is known of the critic of a state, by tag; without what is not finite.

        ``health/held_out_estimate`` is the objective's estimate, or of an objective without one the score
        gap, as a mean over held-out batches; ``health/held_out_estimate_further`` that of a copy of the
        critic which was trained for 20 more steps against the same generator.
        ``health/critic_accuracy_seen`` is the accuracy on the batch of the last critic step, with the
        generator of now; ``health/critic_accuracy_held_out`` that on held-out batches.

        Args:
            state: after an iteration.
            iteration: its number, counted from 1.
        """
        with use_autograd():
            further = self._train_on(state, iteration)
        held_out = [self._scores(state, drawn) for drawn in self._held_out]
        beyond = [self._scores(further, drawn) for drawn in self._held_out]
        seen = self._scores(state, self._last_batch(iteration))
        objective = self._setup.game.objective
        numbers = {
            HELD_OUT: _mean([_value(objective, *scores) for scores in held_out]),
            HELD_OUT_FURTHER: _mean([_value(objective, *scores) for scores in beyond]),
            SEEN_ACCURACY: _accuracy(objective, *seen),
            HELD_OUT_ACCURACY: _mean([_accuracy(objective, *scores) for scores in held_out]),
        }
        return {tag: float(number) for tag, number in numbers.items() if bool(number.isfinite())}

    def _train_on(self, state: State, iteration: int) -> State:
        step, shape = make_critic_step(self._setup.game), self._setup.batch_shape
        device = self._setup.device
        noise_rng = make_rng(self._setup.seed, f"critic checks/noise {iteration}", device)
        for k in range(FURTHER_STEPS):
            drawn = self._draw(f"critic checks/steps {iteration} {k}")
            noise = uniform((shape.batch_size, *shape.noise_shape), noise_rng)
            state, _ = step(state, drawn.real, self._generate(state, drawn), noise, _no_labels(drawn))
        return state

    def _draw(self, stream: str) -> _Drawn:
        shape, device = self._setup.batch_shape, self._setup.device
        rng = make_rng(self._setup.seed, stream, device)
        real = self._source.sampler(shape.batch_size, rng)
        return _Drawn(real, normal((shape.batch_size, shape.latent_dim), rng))

    def _last_batch(self, iteration: int) -> _Drawn:
        """Return what the last critic step of an iteration was made of; it is drawn again."""
        index, row = divmod(iteration - 1, self._source.block_length)
        block = self._source.block(index)
        return _Drawn(block.real[row, -2], block.latent[row, -2])

    def _generate(self, state: State, drawn: _Drawn) -> Tensor:
        with torch.no_grad():
            weights = generator_weights(self._setup.game, state)
            made: Tensor = functional_call(self._setup.game.generator, weights, (drawn.latent,))
            return made

    def _scores(self, state: State, drawn: _Drawn) -> tuple[Tensor, Tensor]:
        fake = self._generate(state, drawn)
        with torch.no_grad():
            score = critic_of(self._setup.game, state)
            return score(drawn.real).double(), score(fake).double()


def _value(objective: Objective, real: Tensor, fake: Tensor) -> Tensor:
    """Return what scores (B,), (B,) say of the distance, ()."""
    return real.mean() - fake.mean() if objective.estimate_tag is None else objective.estimate(real, fake)


def _accuracy(objective: Objective, real: Tensor, fake: Tensor) -> Tensor:
    """Return the share of scores (B,), (B,) on the right side of the objective's threshold, ()."""
    threshold = objective.threshold(real, fake)
    right = torch.sign(real - threshold).mean() + torch.sign(threshold - fake).mean()
    return (right + 2) / 4


def _mean(values: list[Tensor]) -> Tensor:
    return torch.stack(values).mean()


def _no_labels(drawn: _Drawn) -> Tensor:
    return torch.zeros(0, dtype=torch.int64, device=drawn.real.device)
