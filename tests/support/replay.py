"""Two iterations of the textbook in float64, in plain autograd: nothing of gan_lab but the names of its tags.

Networks are tanh networks of one hidden layer, written out; what the lab logs of them is computed here again
from the definitions in docs/tags.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Weights = dict[str, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


def gap(real: Tensor, fake: Tensor) -> Tensor:
    return real.mean() - fake.mean()


@dataclass(frozen=True)
class Rules:
    """An objective as its paper prints it: scores of real and generated samples to a number.

    Attributes:
        critic: what the critic minimises.
        generator: what the generator minimises, of generated scores.
        threshold: above which a score counts as real.
        estimate: the tag of what it estimates, and the estimate.
    """

    critic: Loss
    generator: Callable[[Tensor], Tensor]
    threshold: Callable[[Tensor, Tensor], float | Tensor] = lambda real, fake: 0.0
    estimate: tuple[str, Loss] | None = None


def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    ones = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
    return ones + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    return torch.clamp(1 - real, min=0).mean() + torch.clamp(1 + fake, min=0).mean()


def squares(real: Tensor, fake: Tensor) -> Tensor:
    return 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()


RULES = {
    "wgan": Rules(lambda r, f: -gap(r, f), lambda f: -f.mean(), lambda r, f: (r.mean() + f.mean()) / 2),
    "gan": Rules(
        cross_entropy,
        lambda f: F.binary_cross_entropy_with_logits(f, torch.ones_like(f)),
        estimate=("distance/jsd", lambda r, f: math.log(2) - cross_entropy(r, f) / 2),
    ),
    "gan_minimax": Rules(
        cross_entropy,
        lambda f: torch.log(1 - torch.sigmoid(f)).mean(),
        estimate=("distance/jsd", lambda r, f: math.log(2) - cross_entropy(r, f) / 2),
    ),
    # T = v, f*(t) = exp(t - 1)
    "fgan_kl": Rules(
        lambda r, f: torch.exp(f - 1).mean() - r.mean(),
        lambda f: -f.mean(),
        lambda r, f: 1.0,
        ("distance/f_divergence", lambda r, f: r.mean() - torch.exp(f - 1).mean()),
    ),
    # T = v, f*(t) = t²/4 + t
    "fgan_pearson": Rules(
        lambda r, f: (f**2 / 4 + f).mean() - r.mean(),
        lambda f: -f.mean(),
        estimate=("distance/f_divergence", lambda r, f: r.mean() - (f**2 / 4 + f).mean()),
    ),
    "lsgan": Rules(
        squares,
        lambda f: 0.5 * ((f - 1) ** 2).mean(),
        lambda r, f: 0.5,
        ("distance/f_divergence", lambda r, f: 2 - 8 * squares(r, f)),
    ),
    "hinge": Rules(
        hinge,
        lambda f: -f.mean(),
        estimate=("distance/f_divergence", lambda r, f: 1 - hinge(r, f) / 2),
    ),
}


def run(weights: Weights, inputs: Tensor) -> Tensor:
    hidden = torch.tanh(inputs @ weights["0.weight"].T + weights["0.bias"])
    return hidden @ weights["2.weight"].T + weights["2.bias"]


def modules(latent_dim: int, width: int, seed: int) -> tuple[nn.Module, nn.Module]:
    """The same networks as torch builds them: generator to the plane, critic of it."""
    torch.manual_seed(seed)
    generator = nn.Sequential(nn.Linear(latent_dim, width), nn.Tanh(), nn.Linear(width, 2))
    critic = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 1), nn.Flatten(0))
    return generator, critic


def slopes(weights: Weights, points: Tensor, *, differentiable: bool = False) -> Tensor:
    """The gradient norm of the score at each point."""
    points = points.detach().requires_grad_()
    (by_point,) = torch.autograd.grad(run(weights, points).sum(), points, create_graph=differentiable)
    return (by_point**2).sum(dim=1).sqrt()


def flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


@dataclass
class Replay:
    """Plays with weights of its own.

    Attributes:
        rules: the objective.
        generator: weights, which change.
        critic: likewise.
        make_optimizer: parameters to one of torch's.
        box: where the critic's weights are clipped to; None for no clipping.
        penalty_weight: of WGAN-GP's penalty; 0 for none.
        vectors: u of each of the critic's matrices, which are divided by their norms; empty for no such norm.
    """

    rules: Rules
    generator: Weights
    critic: Weights
    make_optimizer: Callable[[list[Tensor]], torch.optim.Optimizer]
    box: float | None = None
    penalty_weight: float = 0.0
    vectors: Weights = field(default_factory=dict)

    def __post_init__(self) -> None:
        for weights in (self.generator, self.critic):
            for name, value in weights.items():
                weights[name] = value.double().requires_grad_()
        self.vectors = {name: value.double() for name, value in self.vectors.items()}
        self.of_generator = self.make_optimizer(list(self.generator.values()))
        self.of_critic = self.make_optimizer(list(self.critic.values()))

    def used(self) -> tuple[Weights, Weights]:
        """The critic's weights as it scores with them, and u after one power iteration."""
        weights, vectors = dict(self.critic), {}
        for name, u in self.vectors.items():
            matrix = self.critic[name]
            with torch.no_grad():
                v = matrix.T @ u / (matrix.T @ u).norm()
                vectors[name] = matrix @ v / (matrix @ v).norm()
            weights[name] = matrix / (vectors[name] @ matrix @ v)
        return weights, vectors

    def critic_step(self, real: Tensor, latent: Tensor, noise: Tensor) -> dict[str, float]:
        """Take a step and return what is to be logged of it."""
        fake = run(self.generator, latent).detach()
        weights, self.vectors = self.used()
        loss = self.rules.critic(run(weights, real)[:, 0], run(weights, fake)[:, 0])
        told = {"loss/critic": loss.item()}
        total = loss
        if self.penalty_weight:
            mix = noise[:, None]
            norms = slopes(weights, mix * real + (1 - mix) * fake, differentiable=True)
            penalty = self.penalty_weight * ((norms - 1) ** 2).mean()
            told["loss/penalty"], total = penalty.item(), loss + penalty
        parameters = list(self.critic.values())
        gradient, before = flat(list(torch.autograd.grad(total, parameters))), flat(parameters)
        step = self._step(self.of_critic, parameters, gradient) - before
        told["health/critic_gradient_norm"] = gradient.norm().item()
        told["health/step_gradient_cosine"] = -(step @ gradient / step.norm() / gradient.norm()).item()
        if self.box is not None:
            with torch.no_grad():
                for parameter in parameters:
                    parameter.clamp_(-self.box, self.box)
            edge = flat(parameters).abs() >= self.box * (1 - 1e-6)
            told["health/at_clip_fraction"] = edge.double().mean().item()
        return told

    def generator_step(self, real: Tensor, latent: Tensor) -> dict[str, float]:
        """Take a step and return what is to be logged of it and of the scores on its fresh draws."""
        weights, _ = self.used()
        on_real, on_fake = run(weights, real)[:, 0], run(weights, run(self.generator, latent))[:, 0]
        loss = self.rules.generator(on_fake)
        threshold = self.rules.threshold(on_real, on_fake)
        right = [(on_real > threshold).double().mean().item(), (on_fake < threshold).double().mean().item()]
        parameters = list(self.generator.values())
        gradient = flat(list(torch.autograd.grad(loss, parameters)))
        self._step(self.of_generator, parameters, gradient)
        told = {
            "loss/generator": loss.item(),
            "health/generator_gradient_norm": gradient.norm().item(),
            "distance/critic_raw": gap(on_real, on_fake).item(),
            "health/critic_accuracy": sum(right) / 2,
        }
        if self.rules.estimate is not None:
            tag, estimate = self.rules.estimate
            told[tag] = estimate(on_real, on_fake).item()
        return told

    def _step(self, optimizer: torch.optim.Optimizer, parameters: list[Tensor], gradient: Tensor) -> Tensor:
        sizes = [parameter.numel() for parameter in parameters]
        for parameter, part in zip(parameters, gradient.split(sizes), strict=True):
            parameter.grad = part.view(parameter.shape).clone()
        optimizer.step()
        return flat(parameters)
