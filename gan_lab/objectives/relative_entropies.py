"""The f-divergences built on u log u: Kullback-Leibler and its symmetrised and mixed relatives."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lab.objectives.f_divergence import FDivergence

LOG_2 = math.log(2)
# From the starting points below, five steps reach float64; the sixth brings the derivative there, too.
NEWTON_STEPS = 6


@dataclass(frozen=True)
class KullbackLeibler(FDivergence):
    """KL(P|Q) = int p log(p/q), from f(u) = u log u.

    The term of generated samples, exp(v - 1), exceeds float32 for scores above 89.
    """

    def generating_function(self, u: Tensor) -> Tensor:
        """Return u log u."""
        return torch.xlogy(u, u)

    def output_activation(self, v: Tensor) -> Tensor:
        """Return v."""
        return v

    def conjugate(self, t: Tensor) -> Tensor:
        """Return exp(t - 1), for any t."""
        return (t - 1).exp()

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return exp(v - 1)."""
        return (v - 1).exp()

    def threshold(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 1, because f'(1) = 1."""
        del fake
        return real.new_ones(())


@dataclass(frozen=True)
class ReverseKullbackLeibler(FDivergence):
    """KL(Q|P) = int q log(q/p), from f(u) = -log u.

    The term of real samples, -exp(-v), exceeds float32 for scores below -88. Some tables print the
    activation as -exp(v), which would make low scores mean real.
    """

    def generating_function(self, u: Tensor) -> Tensor:
        """Return -log u."""
        return -u.log()

    def output_activation(self, v: Tensor) -> Tensor:
        """Return -exp(-v)."""
        return -(-v).exp()

    def conjugate(self, t: Tensor) -> Tensor:
        """Return -1 - log(-t), for t < 0."""
        return -1 - (-t).log()

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return v - 1."""
        return v - 1


@dataclass(frozen=True)
class Jeffrey(FDivergence):
    """KL(P|Q) + KL(Q|P) = int (p - q) log(p/q), from f(u) = (u - 1) log u.

    The conjugate of a generated score grows like exp(v - 1), which exceeds float32 for scores above 89.
    """

    def generating_function(self, u: Tensor) -> Tensor:
        """Return (u - 1) log u."""
        return (u - 1) * u.log()

    def output_activation(self, v: Tensor) -> Tensor:
        """Return v."""
        return v

    def conjugate(self, t: Tensor) -> Tensor:
        """Return w + 1/w + t - 2 with w = W(exp(1 - t)), Lambert's function, for any t.

        The exponential overflows long before w does, so x = log w is found from exp(x) + x = 1 - t, by
        which the conjugate is exp(-x) - 1 - x.
        """
        x = log_lambert_w_of_exp(1 - t)
        return torch.expm1(-x) - x

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return the conjugate itself: the activation is the identity."""
        return self.conjugate(v)


@dataclass(frozen=True)
class JensenShannon(FDivergence):
    """2 JSD(P, Q) = KL(P|M) + KL(Q|M), M = (P + Q) / 2, from f(u) = u log u - (u + 1) log((u + 1) / 2).

    At most 2 log 2. Table 1 of the paper prints a factor 1/2 that its f does not have.
    """

    def generating_function(self, u: Tensor) -> Tensor:
        """Return u log u - (u + 1) log((u + 1) / 2)."""
        return torch.xlogy(u, u) - (u + 1) * (u.log1p() - LOG_2)

    def output_activation(self, v: Tensor) -> Tensor:
        """Return log 2 - log(1 + exp(-v))."""
        return LOG_2 + F.logsigmoid(v)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return -log(2 - exp(t)), for t < log 2."""
        return -(2 - t.exp()).log()

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return log(1 + exp(v)) - log 2."""
        return -F.logsigmoid(-v) - LOG_2


@dataclass(frozen=True)
class GANDivergence(FDivergence):
    """2 JSD(P, Q) - log 4, from f(u) = u log u - (u + 1) log(u + 1).

    The value of the original GAN game. Here f(1) = -log 4 rather than 0, so equal distributions
    give -log 4 = -1.386.
    """

    def generating_function(self, u: Tensor) -> Tensor:
        """Return u log u - (u + 1) log(u + 1)."""
        return torch.xlogy(u, u) - (u + 1) * u.log1p()

    def output_activation(self, v: Tensor) -> Tensor:
        """Return -log(1 + exp(-v))."""
        return F.logsigmoid(v)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return -log(1 - exp(t)), for t < 0."""
        return -(-torch.expm1(t)).log()

    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return log(1 + exp(v))."""
        return -F.logsigmoid(-v)


def log_lambert_w_of_exp(y: Tensor) -> Tensor:
    """Return log W(exp(y)): the x that solves exp(x) + x = y, for any y.

    Newton's method on a convex increasing function, begun to the right of its root, where it descends
    without overshooting. A fixed number of steps keeps it pure; differentiating through them gives
    dx/dy = 1 / (1 + exp(x)).

    Args:
        y: any shape.

    Returns:
        The solution, of the same shape.
    """
    # clamped so that the unused branch has a finite derivative, too
    x = torch.where(y > 1, y.clamp(min=1).log(), y)
    for _ in range(NEWTON_STEPS):
        exp_x = x.exp()
        x = x - (exp_x + x - y) / (exp_x + 1)
    return x
