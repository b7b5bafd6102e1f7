"""The Wasserstein objective (Arjovsky et al., 2017, arXiv 1701.07875)."""

from dataclasses import dataclass

from torch import Tensor

from gan_lab.objectives.base import Objective


@dataclass(frozen=True)
class Wasserstein(Objective):
    """Let the critic widen the gap between its mean scores of real and of generated samples.

    Meaningful only with a constraint that bounds the critic's Lipschitz constant; docs/constraints.md says
    which do, beside which normalisation of the critic.
    """

    needs_slope = True

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E V(G(z)) - E V(x).

        Algorithm 1 ascends the opposite; the released code swaps the roles of real and fake instead,
        so that its scores are high for generated samples. Here real is high.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).
        """
        return fake.mean() - real.mean()

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return -E V(G(z)), from scores (B,), (B,), as a scalar ()."""
        del real
        return -fake.mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E V(x) - E V(G(z)): W1 up to the unknown Lipschitz constant of the critic.

        By Kantorovich-Rubinstein duality (equation 2 of the paper) the gap is at most K W1 for a
        K-Lipschitz critic, in the units of the data. Gaps of two critics cannot be compared. Where no K
        exists, the gap has no scale; where the critic mixes the samples of a batch, K and W1 are of batches.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).
        """
        return real.mean() - fake.mean()

    def threshold(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the midpoint of the mean scores: a constant added to the critic changes nothing else."""
        return (real.mean() + fake.mean()) / 2
