"""The loop that everybody writes: modules, a DataLoader, ``.backward()``, ``torch.optim``, ``.item()``."""

import copy
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from gan_lab.constraints.base import Constraint
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.game.setup import Setup
from gan_lab.numerics.streams import make_rng
from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.base import UpdateRule
from gan_lab.optimizers.rmsprop import RMSprop
from gan_lab.types import Batch

_NUMBERS, _MOST_SAMPLES = 1 << 26, 1 << 16


class Textbook:
    """WGAN or WGAN-GP as in most repositories, with the networks, rates and batches of a setup.

    Args:
        setup: what is trained; its networks are copied.
        samples: real data (n, *D).
        loader: whether batches come from a DataLoader, or else are rows of ``samples`` on the device.
    """

    def __init__(self, setup: Setup, samples: Tensor, *, loader: bool = True) -> None:
        self.device, game = setup.device, setup.game
        self.generator = copy.deepcopy(setup.generator).to(self.device)
        self.critic = copy.deepcopy(setup.critic).to(self.device)
        self.average = copy.deepcopy(self.generator) if game.ema is not None else None
        self.of_generator = make_optimizer(game.generator_optimizer, self.generator)
        self.of_critic = make_optimizer(game.critic_optimizer, self.critic)
        self.clip, self.penalty_weight = strengths(game.constraint)
        self.n_critic, self.ema, self.averaged = game.n_critic, game.ema, 0
        self.batch_size, self.latent_dim = setup.train.batch_size, setup.batch_shape.latent_dim
        reals = self._load(samples) if loader else self._pick(samples.to(self.device))
        self._reals: Iterator[Tensor] = reals
        self.losses = (math.nan, math.nan)

    def iterate(self) -> None:
        """Play one iteration on batches of its own."""
        for _ in range(self.n_critic):
            real = next(self._reals).to(self.device)
            epsilon = torch.rand(len(real), device=self.device)
            critic_loss = self.critic_step(real, self._latent(), epsilon)
        generator_loss = self.generator_step(self._latent())
        self.losses = critic_loss.item(), generator_loss.item()  # for the progress line

    def play(self, batch: Batch) -> None:
        """Play one iteration on batches that are given."""
        for k in range(self.n_critic):
            self.critic_step(batch.real[k], batch.latent[k], batch.noise[k])
        self.generator_step(batch.latent[-1])

    def critic_step(self, real: Tensor, latent: Tensor, epsilon: Tensor) -> Tensor:
        """Take one step of the critic and return its loss (); real (B, *D), latent (B, Z), epsilon (B,)."""
        with torch.no_grad():
            fake = self.generator(latent)
        loss: Tensor = self.critic(fake).mean() - self.critic(real).mean()
        if self.penalty_weight:
            loss = loss + self.penalty_weight * gradient_penalty(self.critic, real, fake, epsilon)
        self.of_critic.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.of_critic.step()
        if self.clip:
            for parameter in self.critic.parameters():
                parameter.data.clamp_(-self.clip, self.clip)
        return loss

    def generator_step(self, latent: Tensor) -> Tensor:
        """Take one step of the generator and return its loss (); latent (B, Z)."""
        loss: Tensor = -self.critic(self.generator(latent)).mean()
        self.of_generator.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.of_generator.step()
        if self.average is not None and self.ema is not None:
            self.averaged += 1
            weight = (1 - self.ema) / (1 - self.ema**self.averaged)
            with torch.no_grad():
                moved = zip(self.average.parameters(), self.generator.parameters(), strict=True)
                for average, parameter in moved:
                    average.lerp_(parameter, weight)
        return loss

    def tensors(self) -> list[Tensor]:
        """Return what stays in memory between iterations, without the real data."""
        networks = [self.generator, self.critic, *([self.average] if self.average is not None else [])]
        values = [value for network in networks for value in network.parameters()]
        states = [*self.of_generator.state.values(), *self.of_critic.state.values()]
        kept = [value for state in states for value in state.values()]
        return [*values, *(value.grad for value in values if value.grad is not None), *kept]

    def _latent(self) -> Tensor:
        return torch.randn(self.batch_size, self.latent_dim, device=self.device)

    def _load(self, samples: Tensor) -> Iterator[Tensor]:
        loader = DataLoader(TensorDataset(samples), self.batch_size, shuffle=True, drop_last=True)
        while True:
            for (real,) in loader:
                yield real

    def _pick(self, samples: Tensor) -> Iterator[Tensor]:
        while True:
            yield samples[torch.randint(len(samples), (self.batch_size,), device=self.device)]


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    """Return the penalty of WGAN-GP, (), as most repositories write it; epsilon is (B,)."""
    epsilon = epsilon.view(-1, *[1] * (real.ndim - 1))
    between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
    scores = critic(between)
    (gradient,) = torch.autograd.grad(scores, between, torch.ones_like(scores), create_graph=True)
    penalty: Tensor = ((gradient.view(len(real), -1).norm(2, dim=1) - 1) ** 2).mean()
    return penalty


def make_optimizer(rule: UpdateRule, network: nn.Module) -> torch.optim.Optimizer:
    """Return torch's optimizer of the same rule and rates."""
    if isinstance(rule, Adam):
        return torch.optim.Adam(network.parameters(), rule.lr, (rule.beta1, rule.beta2), rule.eps)
    assert isinstance(rule, RMSprop), f"the textbook loop has no {rule}"
    return torch.optim.RMSprop(network.parameters(), rule.lr, rule.alpha, rule.eps)


def strengths(constraint: Constraint) -> tuple[float | None, float | None]:
    """Return the bound of clipping and the weight of the gradient penalty, None for what there is not."""
    if isinstance(constraint, WeightClip):
        return constraint.bound, None
    assert isinstance(constraint, GradientPenalty), f"the textbook loop has no {constraint}"
    return None, constraint.weight


def draw_samples(setup: Setup) -> Tensor:
    """Return real data (n, *D) on the CPU for a DataLoader: up to 65,536 samples, or 256 MiB of them."""
    shape = setup.dataset.data_shape
    n = max(setup.train.batch_size, min(_MOST_SAMPLES, _NUMBERS // math.prod(shape)))
    device = torch.device("cpu")
    return setup.dataset.open(device)(n, make_rng(setup.seed, "textbook", device))
