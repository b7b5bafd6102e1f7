"""The least-squares objective (Mao et al., 2017, arXiv 1611.04076)."""

from dataclasses import dataclass

from torch import Tensor

from gan_lab.objectives.base import Objective


@dataclass(frozen=True)
class LeastSquares(Objective):
    """Regress scores on labels: 1 for real (the paper's b), 0 for generated (a); the generator aims at 1 (c).

    The paper's factors of one half are kept (its equation 9).
    """

    estimate_tag = "f_divergence"

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E (V(x) - 1)^2 / 2 + E V(G(z))^2 / 2.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).

        Returns:
            The loss (), 1/4 for a critic that knows nothing and scores 1/2.
        """
        return ((real - 1).square().mean() + fake.square().mean()) / 2

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E (V(G(z)) - 1)^2 / 2, from scores (B,), (B,), as a scalar ()."""
        del real
        return (fake - 1).square().mean() / 2

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 2 - 8 L with L the critic's loss: a lower bound on the triangular discrimination.

        The optimal score p / (p + q) leaves L = (1/2) int p q / (p + q), and the triangular
        discrimination (Vincze-Le Cam divergence) is int (p - q)^2 / (p + q) = 2 - 4 int p q / (p + q),
        from 0 to 2. Theorem 1 of the paper instead studies labels b - c = 1, b - a = 2, for which the
        generator, not the critic, meets a Pearson divergence.

        A bound in the mean over batches, for a critic that scores each sample by itself. Where a score hangs
        on the rest of the batch, as with batch normalisation, it is one on the divergence of whole batches.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).
        """
        return 2 - 8 * self.critic_loss(real, fake)

    def threshold(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 1/2, halfway between the labels."""
        del fake
        return real.new_zeros(()) + 0.5
