"""The f-divergences built on powers of the density ratio: chi-squared, Hellinger, alpha, total variation."""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lab.config.checks import Rule
from gan_lab.objectives.f_divergence import FDivergence

Order = Annotated[
    float,
    Rule(
        "a finite number other than 0 and 1, whose limits are fgan_reverse_kl and fgan_kl",
        lambda v: v not in (0, 1),
    ),
]


@dataclass(frozen=True)
class PearsonChiSquared(FDivergence):
    """Pearson's chi-squared, int (p - q)^2 / q, from f(u) = (u - 1)^2.

    Table 1 of the paper prints it divided by p, but its f, f* and numbers belong to q.

    The paper's conjugate t^2/4 + t is the supremum over all real u. The one here is over density ratios,
    u >= 0: it stays at -1 below t = -2 instead of rising again. The optimum 2 (p/q - 1) never goes there,
    so the divergence is the same, the bound is tighter, and a better score never costs the generator.
    """

    def generating_function(self, u: Tensor) -> Tensor:
        """Return (u - 1)^2."""
        return (u - 1).square()

    def output_activation(self, v: Tensor) -> Tensor:
        """Return v."""
        return v

    def conjugate(self, t: Tensor) -> Tensor:
        """Return max(0, t/2 + 1)^2 - 1, which is t^2/4 + t where t >= -2, for any t."""
        return (t / 2 + 1).relu().square() - 1

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return the conjugate itself: the activation is the identity."""
        return self.conjugate(v)


@dataclass(frozen=True)
class NeymanChiSquared(FDivergence):
    """Neyman's chi-squared, int (p - q)^2 / p, from f(u) = (1 - u)^2 / u.

    Table 1 of the paper prints it divided by q. It is infinite where Q has the heavier tails, as between
    a Gaussian P and a Gaussian Q of twice its variance or more. The term of real samples, 1 - exp(-v),
    exceeds float32 for scores below -88.
    """

    def generating_function(self, u: Tensor) -> Tensor:
        """Return (1 - u)^2 / u."""
        return (1 - u).square() / u

    def output_activation(self, v: Tensor) -> Tensor:
        """Return 1 - exp(-v)."""
        return -torch.expm1(-v)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return 2 - 2 sqrt(1 - t), for t < 1."""
        return 2 - 2 * (1 - t).sqrt()

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return 2 - 2 exp(-v/2)."""
        return -2 * torch.expm1(-v / 2)


@dataclass(frozen=True)
class SquaredHellinger(FDivergence):
    """The squared Hellinger distance without a factor 1/2, int (sqrt p - sqrt q)^2, from (sqrt u - 1)^2.

    At most 2. The terms exceed float32 for real scores below -88 and generated scores above 88.
    """

    def generating_function(self, u: Tensor) -> Tensor:
        """Return (sqrt u - 1)^2."""
        return (u.sqrt() - 1).square()

    def output_activation(self, v: Tensor) -> Tensor:
        """Return 1 - exp(-v)."""
        return -torch.expm1(-v)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return t / (1 - t), for t < 1."""
        return t / (1 - t)

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return exp(v) - 1."""
        return torch.expm1(v)


@dataclass(frozen=True)
class TotalVariation(FDivergence):
    """The total variation distance, (1/2) int |p - q|, from f(u) = |u - 1| / 2.

    From 0 to 1. The optimum is a step, which the bounded activation only approaches.

    The "standard GAN loss" of some slides ("Week 7"), E sigmoid(V(x)) + E[1 - sigmoid(V(G(z)))], has no
    logarithms and is not the loss of the original GAN, which is ``GAN``: at scores of half the size it is 1
    plus this bound, because sigmoid(2 v) = 1/2 + tanh(v) / 2, so its largest value is 1 + TV.
    """

    def generating_function(self, u: Tensor) -> Tensor:
        """Return |u - 1| / 2."""
        return (u - 1).abs() / 2

    def output_activation(self, v: Tensor) -> Tensor:
        """Return tanh(v) / 2."""
        return v.tanh() / 2

    def conjugate(self, t: Tensor) -> Tensor:
        """Return t, for t between -1/2 and 1/2."""
        return t

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return tanh(v) / 2: the conjugate is the identity."""
        return self.output_activation(v)


@dataclass(frozen=True)
class Alpha(FDivergence):
    """The alpha-divergence (int p^a q^(1-a) - 1) / (a (a - 1)), from (u^a - 1 - a (u - 1)) / (a (a - 1)).

    Order 2 is half of Pearson's chi-squared, -1 half of Neyman's, and 1/2 twice the squared Hellinger
    distance; 1 and 0 would be the Kullback-Leibler divergence and its reverse. The integral that the
    paper prints has p and q exchanged relative to its f.

    Below order 1 the term of a generated sample grows like exp(v a / (1 - a)) if a > 0, and above it like
    v^(a / (a - 1)): both exceed float32 soon for an order near 1.

    Attributes:
        alpha: the order a.
    """

    alpha: Order = 0.5

    @property
    def _power(self) -> float:
        """The exponent a / (a - 1) of the conjugate."""
        return self.alpha / (self.alpha - 1)

    def generating_function(self, u: Tensor) -> Tensor:
        """Return (u^a - 1 - a (u - 1)) / (a (a - 1))."""
        a = self.alpha
        return (u.pow(a) - 1 - a * (u - 1)) / (a * (a - 1))

    def output_activation(self, v: Tensor) -> Tensor:
        """Return v above order 1, and 1 / (1 - a) - log(1 + exp(-v)) below it."""
        if self.alpha > 1:
            return v
        return 1 / (1 - self.alpha) + F.logsigmoid(v)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return (b^(a / (a - 1)) - 1) / a with b = max(0, 1 + (a - 1) t); t < 1 / (1 - a) below order 1.

        The maximum acts above order 1 alone, where b < 0 has its supremum at the density ratio 0.
        """
        base = (1 + (self.alpha - 1) * t).relu()
        return (base.pow(self._power) - 1) / self.alpha

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return the composition; below order 1 its base is (1 - a) log(1 + exp(-v)), kept in logs."""
        if self.alpha > 1:
            return self.conjugate(v)
        log_base = math.log(1 - self.alpha) + log_softplus(-v)
        return torch.expm1(self._power * log_base) / self.alpha

    def threshold(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 0 above order 1, and below it the v of log(1 + exp(-v)) = 1 / (1 - a)."""
        del fake
        zero = real.new_zeros(())
        if self.alpha > 1:
            return zero
        c = 1 / (1 - self.alpha)
        # log(exp(c) - 1) without the overflow of exp(c)
        return zero - (c + math.log(-math.expm1(-c)))


def log_softplus(v: Tensor) -> Tensor:
    """Return log log(1 + exp(v)), of the same shape, without underflow for very negative v.

    Below -18, log(1 + e) = e (1 - e/2) with e = exp(v), to the last digit of float64.
    """
    is_low = v < -18
    # each branch sees only its own scores, so that the derivative of the other stays finite; a clamp
    # would lose the derivative at the seam
    low, high = torch.where(is_low, v, -18.0), torch.where(is_low, -18.0, v)
    return torch.where(is_low, low - low.exp() / 2, (-F.logsigmoid(-high)).log())
