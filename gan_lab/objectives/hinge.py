"""The hinge objective (Lim and Ye, 2017, arXiv 1705.02894; Miyato et al., 2018, arXiv 1802.05957)."""

from dataclasses import dataclass

from torch import Tensor

from gan_lab.objectives.base import Objective


@dataclass(frozen=True)
class Hinge(Objective):
    """Push real scores above 1 and generated scores below -1, and no further."""

    estimate_tag = "f_divergence"

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E max(0, 1 - V(x)) + E max(0, 1 + V(G(z))): equation 16 of Miyato et al., negated.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).

        Returns:
            The loss (), 2 for a critic that knows nothing and scores 0.
        """
        return (1 - real).relu().mean() + (1 + fake).relu().mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return -E V(G(z)) (equation 17 of Miyato et al.), from scores (B,), (B,), as a scalar ()."""
        del real
        return -fake.mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 1 - L/2 with L the critic's loss: a lower bound on the total variation distance.

        The optimal score sign(p - q) leaves L = 2 int min(p, q) = 2 (1 - TV), where
        TV = sup_A |P(A) - Q(A)| = (1/2) int |p - q|, from 0 to 1.

        A bound in the mean over batches, for a critic that scores each sample by itself. Where a score hangs
        on the rest of the batch, as with batch normalisation, it is one on the divergence of whole batches.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).
        """
        return 1 - self.critic_loss(real, fake) / 2
