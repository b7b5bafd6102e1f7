"""The original GAN objective (Goodfellow et al., 2014, arXiv 1406.2661)."""

import math
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from gan_lab.objectives.base import Objective


@dataclass(frozen=True)
class GAN(Objective):
    """Train the critic as a classifier: D(x) = sigmoid(V(x)) is the probability that x is real.

    Written with log-sigmoid throughout, by 1 - sigmoid(v) = sigmoid(-v), so that no score overflows. The
    "standard GAN loss" that some slides ("Week 7") print without the logarithms, E D(x) + E[1 - D(G(z))], is
    another objective: that of the total variation, ``objective=fgan_total_variation``.

    Attributes:
        generator_cost: ``minimax`` is the original cost E log(1 - D(G(z))), whose gradient vanishes
            where the critic is sure; ``non_saturating`` is the alternative -E log D(G(z)) of
            section 3 of the paper. A config calls it ``generator_loss``, which here is a method.
    """

    estimate_tag = "jsd"

    generator_cost: Literal["non_saturating", "minimax"] = field(
        default="non_saturating", metadata={"key": "generator_loss"}
    )

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return -E log D(x) - E log(1 - D(G(z))): equation 1 of the paper, negated.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).

        Returns:
            The loss (), 2 log 2 where the critic knows nothing.
        """
        return -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the cost that ``generator_cost`` names, from scores (B,), (B,), as a scalar ()."""
        del real
        if self.generator_cost == "minimax":
            return F.logsigmoid(-fake).mean()
        return -F.logsigmoid(fake).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return log 2 - L/2 with L the critic's loss: a lower bound on the Jensen-Shannon divergence.

        The divergence is JSD = (KL(P|M) + KL(Q|M)) / 2 with M = (P + Q) / 2, in nats, at most log 2.
        The bound is tight at V = log(p/q). The WGAN paper (section 4.2) plots it as L/2 + log 2,
        because its L has the opposite sign.

        A bound in the mean over batches, for a critic that scores each sample by itself. Where a score hangs
        on the rest of the batch, as with batch normalisation, it is one on the divergence of whole batches.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).

        Returns:
            The bound () in nats; negative for a critic worse than chance.
        """
        return math.log(2) - self.critic_loss(real, fake) / 2
