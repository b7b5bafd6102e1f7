"""The variational bound shared by all f-divergences (f-GAN; Nowozin et al., 2016, arXiv 1606.00709)."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from gan_lab.objectives.base import Objective


@dataclass(frozen=True)
class FDivergence(Objective):
    """Estimate D_f(P, Q) = int q f(p/q) from below, for a convex f on the non-negative numbers.

    The critic's raw score v becomes the variational function t = g_f(v), where the *output activation*
    g_f maps the real line into the domain of the *conjugate* f*(t) = sup_u (u t - f(u)), u >= 0. Every
    g_f is increasing, so a high score means real. With P real and Q generated (sections 2.2 to 2.4):

        D_f(P, Q) >= E_P[g_f(V)] - E_Q[f*(g_f(V))], tight where g_f(V) = f'(p/q),

    of a critic that scores each sample by itself; of one that mixes a batch, P and Q are those of batches.

    A subclass gives f, g_f, f* and the composition f*(g_f(v)), simplified by hand so that it neither
    overflows early nor cancels. Its docstring names the divergence that f generates, which is not always
    the one that Table 1 of the paper prints beside it. ``threshold`` is the score v at which
    g_f(v) = f'(1), the optimum where p = q (section 2.4): zero, unless the subclass says otherwise.

    Attributes:
        generator_cost: ``minimax`` makes the generator minimise the bound itself, -E_Q[f*(g_f(V))];
            ``non_saturating`` makes it maximise E_Q[g_f(V)] (section 3.2 of the paper). A config
            calls it ``generator_loss``, which here is a method.
    """

    estimate_tag = "f_divergence"

    generator_cost: Literal["non_saturating", "minimax"] = field(
        default="non_saturating", metadata={"key": "generator_loss"}
    )

    @abstractmethod
    def generating_function(self, u: Tensor) -> Tensor:
        """Return f(u) for density ratios u > 0, of any shape."""

    @abstractmethod
    def output_activation(self, v: Tensor) -> Tensor:
        """Return g_f(v) for raw scores v, of any shape: the term of each real sample."""

    @abstractmethod
    def conjugate(self, t: Tensor) -> Tensor:
        """Return f*(t) for t inside the domain of f*, of any shape."""

    @abstractmethod
    def conjugate_of_activation(self, v: Tensor) -> Tensor:
        """Return f*(g_f(v)) for raw scores v, of any shape: the term of each generated sample."""

    @property
    def estimate_at_equality(self) -> float:
        """The divergence of equal distributions, f(1): 0 for most f, -log 4 for that of the GAN game."""
        return float(self.generating_function(torch.ones((), dtype=torch.float64)))

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the bound, negated, from scores (B,), (B,), as a scalar ()."""
        return -self.estimate(real, fake)

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the cost that ``generator_cost`` names, from scores (B,), (B,), as a scalar ()."""
        del real
        if self.generator_cost == "minimax":
            return -self.conjugate_of_activation(fake).mean()
        return -self.output_activation(fake).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E_P[g_f(V)] - E_Q[f*(g_f(V))]: a lower bound on D_f(P, Q), in the unit of f.

        A bound in the mean over batches, for a critic that scores each sample by itself. Where a score hangs
        on the rest of the batch, as with batch normalisation, it is one on the divergence of whole batches.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).
        """
        return self.output_activation(real).mean() - self.conjugate_of_activation(fake).mean()
