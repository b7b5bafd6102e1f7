"""The least-squares objective (Mao et al., 2017, arXiv 1611.04076)."""

from dataclasses import dataclass

from torch import Tensor

from gan_lab.config.checks import PositiveFloat
from gan_lab.objectives.base import Objective


@dataclass(frozen=True)
class LeastSquares(Objective):
    """Regress scores on labels: 1 for real (the paper's b), 0 for generated (a); the generator aims at b (c).

    The paper's factors of one half are kept (its equation 9).

    Attributes:
        label_distance: d = b - a; the labels lie about 1/2, at (1 - d) / 2 and (1 + d) / 2. The optimal score
            is 1/2 + (d/2) tanh(log(p/q) / 2), where P is close to Q 1/2 + (d/4) log(p/q): with 4 that of a
            GAN and 1/2, so that a bound on the critic's slope holds either critic as tightly.
    """

    estimate_tag = "f_divergence"

    label_distance: PositiveFloat = 1.0

    @property
    def real_label(self) -> float:
        """The paper's b, which is its c as well."""
        return (1 + self.label_distance) / 2

    @property
    def fake_label(self) -> float:
        """The paper's a."""
        return (1 - self.label_distance) / 2

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E (V(x) - b)^2 / 2 + E (V(G(z)) - a)^2 / 2.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).

        Returns:
            The loss (), d^2 / 4 for a critic that knows nothing and scores 1/2.
        """
        to_real, to_fake = (real - self.real_label).square(), (fake - self.fake_label).square()
        return (to_real.mean() + to_fake.mean()) / 2

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return E (V(G(z)) - b)^2 / 2, from scores (B,), (B,), as a scalar ()."""
        del real
        return (fake - self.real_label).square().mean() / 2

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 2 - 8 L / d^2 with L the critic's loss: a lower bound on the triangular discrimination.

        The optimal score (b p + a q) / (p + q) leaves L = (d^2 / 2) int p q / (p + q), and the triangular
        discrimination (Vincze-Le Cam divergence) is int (p - q)^2 / (p + q) = 2 - 4 int p q / (p + q),
        from 0 to 2. Theorem 1 of the paper instead studies labels b - c = 1, b - a = 2, for which the
        generator, not the critic, meets a Pearson divergence.

        A bound in the mean over batches, for a critic that scores each sample by itself. Where a score hangs
        on the rest of the batch, as with batch normalisation, it is one on the divergence of whole batches.

        Args:
            real: scores of real samples (B,).
            fake: scores of generated samples (B,).
        """
        return 2 - 8 * self.critic_loss(real, fake) / self.label_distance**2

    def threshold(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return 1/2, halfway between the labels."""
        del fake
        return real.new_zeros(()) + 0.5
