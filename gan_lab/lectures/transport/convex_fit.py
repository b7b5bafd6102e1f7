"""A pair of convex potentials trained against each other: W2² and its optimal maps, from samples alone."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from gan_lab.config.checks import NonNegativeInt, PositiveInt, Settings
from gan_lab.lectures.transport.convex_potentials import ConvexNetwork, conjugate
from gan_lab.numerics.derivatives import use_autograd, value_and_gradients
from gan_lab.numerics.streams import make_rng
from gan_lab.numerics.trees import add, flatten
from gan_lab.optimizers.base import UpdateRule
from gan_lab.optimizers.linear_decay import LinearDecay
from gan_lab.types import OptimizerState, Params, Sampler


@dataclass(frozen=True)
class PotentialPair:
    """Potentials f on the source and g on the target, whose gradients carry one onto the other.

    Attributes:
        network: what f and g have in common.
        source: parameters of f.
        target: parameters of g.
    """

    network: ConvexNetwork
    source: Params
    target: Params

    def forward(self, points: Tensor) -> Tensor:
        """Return ∇f: where points (B, d) of the source are carried to."""
        with use_autograd():
            return self.network.gradient(self.source, points).detach()

    def backward(self, points: Tensor) -> Tensor:
        """Return ∇g: where points (B, d) of the target came from."""
        with use_autograd():
            return self.network.gradient(self.target, points).detach()

    def dual_terms(self, points: Tensor) -> Tensor:
        """Return ⟨y, ∇g(y)⟩ - f(∇g(y)) (B,) at points y: f*(y) where g is the conjugate of f, else less."""
        origins = self.backward(points)
        return (points * origins).sum(dim=1) - self.network.value(self.source, origins)

    def conjugate(self, points: Tensor) -> Tensor:
        """Return f*(y) (B,) at points y, computed and not learned."""
        with use_autograd():
            return conjugate(self.network, self.source, points).detach()

    def double(self) -> "PotentialPair":
        """Return the pair in float64."""
        return PotentialPair(self.network, *map(_double, (self.source, self.target)))


Look = Callable[[int, PotentialPair], None]


@dataclass(frozen=True)
class PotentialFit(Settings):
    """How a pair of potentials is trained.

    Attributes:
        network: what f and g have in common.
        optimizer: of either; its rate falls to 0 along a line.
        steps: of f.
        inner_steps: of g before each.
        batch_size: fresh points in each.
        seed: of parameters and points.
    """

    network: ConvexNetwork
    optimizer: UpdateRule
    steps: PositiveInt
    inner_steps: PositiveInt
    batch_size: PositiveInt
    seed: NonNegativeInt


def fit_potentials(
    fit: PotentialFit, source: Sampler, target: Sampler, dimension: int, look: Look
) -> PotentialPair:
    """Minimise over f and maximise over g, both convex: E f(x) + E [⟨y, ∇g(y)⟩ - f(∇g(y))].

    The maximum over g is E f*(y), which makes this the dual of ½ W2²: W2² / 2 = E ‖x‖² / 2 + E ‖y‖² / 2 -
    min_f E [f(x) + f*(y)].

    Args:
        fit: network, rule and numbers.
        source: draws x, (n, d).
        target: draws y, (n, d).
        dimension: d.
        look: called with the number of steps taken and the pair, before the first step and after each.

    Returns:
        The pair after the last step.

    Reference:
        Makkuva et al., "Optimal transport mapping via input convex neural networks", 2020, theorem 3.3 and
        algorithm 1. The dual over convex f: Taghvaei and Jalali, "2-Wasserstein Approximation via Restricted
        Convex Potentials", 2019.
    """
    initial, points = make_rng(fit.seed, "potentials"), make_rng(fit.seed, "points")
    pair = PotentialPair(
        fit.network, fit.network.init(dimension, initial), fit.network.init(dimension, initial)
    )
    rules = LinearDecay(fit.optimizer, fit.steps), LinearDecay(fit.optimizer, fit.steps * fit.inner_steps)
    states = rules[0].init(flatten(pair.source)), rules[1].init(flatten(pair.target))
    look(0, pair)
    for step in range(fit.steps):
        of_source, of_target = states
        for _ in range(fit.inner_steps):
            pair, of_target = _improve_target(pair, target(fit.batch_size, points), rules[1], of_target)
        x, y = source(fit.batch_size, points), target(fit.batch_size, points)
        pair, of_source = _improve_source(pair, x, y, rules[0], of_source)
        states = of_source, of_target
        look(step + 1, pair)
    return pair


def _improve_target(
    pair: PotentialPair, y: Tensor, rule: UpdateRule, state: OptimizerState
) -> tuple[PotentialPair, OptimizerState]:
    """Let g take a step up."""

    def loss(params: Params) -> tuple[Tensor, tuple[()]]:
        origins = pair.network.gradient(params, y)
        return (pair.network.value(pair.source, origins) - (y * origins).sum(dim=1)).mean(), ()

    with use_autograd():
        gradients, _, _ = value_and_gradients(loss, pair.target)
    step, state = rule.update(flatten(gradients), state)
    return PotentialPair(pair.network, pair.source, add(pair.target, step)), state


def _improve_source(
    pair: PotentialPair, x: Tensor, y: Tensor, rule: UpdateRule, state: OptimizerState
) -> tuple[PotentialPair, OptimizerState]:
    """Let f take a step down; as for g, nothing depends on the other's parameters."""
    origins = pair.backward(y)

    def loss(params: Params) -> tuple[Tensor, tuple[()]]:
        return (pair.network.value(params, x) - pair.network.value(params, origins)).mean(), ()

    with use_autograd():
        gradients, _, _ = value_and_gradients(loss, pair.source)
    step, state = rule.update(flatten(gradients), state)
    return PotentialPair(pair.network, add(pair.source, step), pair.target), state


def _double(params: Params) -> Params:
    return {name: value.double() for name, value in params.items()}
