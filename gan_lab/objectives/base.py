"""What every objective offers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from gan_lab.config.checks import Settings


@dataclass(frozen=True)
class Objective(Settings, ABC):
    """The game that critic and generator play, as pure functions of raw critic scores.

    Both sides see both scores, so that relativistic losses need no flag. All scores are ``(B,)``,
    all results ``()``; every loss is minimised.

    Attributes:
        estimate_tag: the TensorBoard tag of ``estimate`` below ``distance/``: ``jsd`` for the
            Jensen-Shannon divergence in nats, ``f_divergence`` for another f-divergence in its own
            unit, None where the estimate is the score gap itself, which is always logged as
            ``distance/critic_raw``.
        needs_slope: whether the objective means something only where the critic's slope is bounded.
    """

    estimate_tag: ClassVar[Literal["jsd", "f_divergence"] | None] = None
    needs_slope: ClassVar[bool] = False

    @abstractmethod
    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the critic minimises, from scores (B,), (B,)."""

    @abstractmethod
    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the generator minimises, from scores (B,), (B,)."""

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the divergence that these scores (B,), (B,) estimate; its unit is in the subclass.

        The gap between the mean scores, unless the objective says otherwise.
        """
        return real.mean() - fake.mean()

    @property
    def estimate_at_equality(self) -> float:
        """What ``estimate`` is worth at its best between equal distributions: 0, as of any distance.

        It is also what the best constant critic proves, below which a critic is worse than none.
        """
        return 0.0

    def threshold(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the score above which a sample counts as real, from scores (B,), (B,).

        Zero, unless the objective says otherwise.
        """
        del fake
        return real.new_zeros(())
