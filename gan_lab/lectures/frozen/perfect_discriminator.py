"""A discriminator trained from scratch against a generator that stands still: it soon makes no mistake."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from pandas import DataFrame
from torch import Tensor

from gan_lab.config.checks import Probability
from gan_lab.lectures.base import Findings
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.frozen.frozen_generators import (
    Duel,
    FrozenGenerator,
    FrozenGeneratorExperiment,
    Observe,
)
from gan_lab.lectures.frozen.stage_figures import (
    are_pictures,
    draw_samples,
    draw_stages,
    draw_two_gaussians,
    first_step,
    two_gaussians,
)
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.gan import GAN
from gan_lab.types import Score

_SHOWN = 12


@dataclass(frozen=True)
class PerfectDiscriminator(FrozenGeneratorExperiment):
    """The error of a fresh discriminator falls to nothing, however long the generator has been trained.

    Figure 1 of Arjovsky and Bottou, "Towards Principled Methods for Training Generative Adversarial
    Networks", 2017, arXiv 1701.04862: samples and data lie on manifolds that hardly meet, so that a perfect
    discriminator exists (theorems 2.1 and 2.2) and is found. Here it is measured on data and samples that no
    discriminator was trained on, so that learning them by heart does not count.

    Beside it, two Gaussians, which overlap: there the least error is Phi(-t/2), and never 0.

    Attributes:
        accurate: the accuracy on held-out samples whose first step the table names.
    """

    accurate: Probability

    def run(self) -> Findings:
        """Freeze the generators, train the discriminators and measure them on held-out samples."""
        curves, duels = self.play_duels(self._watch)
        table = DataFrame([self._row(curve) for _, curve in curves.groupby("iteration")])
        figure, closed_form = new_slide(), two_gaussians(self.shifts)
        self._draw(figure, curves, duels)
        return Findings(table, figure, self._say(table), {"curves": curves, "two_gaussians": closed_form})

    def _watch(self, generator: FrozenGenerator, real: Tensor) -> Observe:
        fake = generator.sample(self.held_out, make_rng(self.seed, "held-out samples"))

        def observe(score: Score) -> dict[str, float]:
            of_real, of_fake = score(real), score(fake)
            mistakes = int((of_real <= 0).sum() + (of_fake >= 0).sum())
            return {
                "loss": float(GAN().critic_loss(of_real, of_fake)),
                "mistakes": mistakes,
                "accuracy": 1 - mistakes / (len(real) + len(fake)),
                "jsd_bound": float(GAN().estimate(of_real, of_fake)),
            }

        return observe

    def _row(self, curve: DataFrame) -> dict[str, float]:
        last = curve.iloc[-1]
        return {
            "iteration": curve["iteration"].iloc[0],
            "steps_to_accurate": first_step(curve, curve["accuracy"] > self.accurate),
            "steps_to_perfect": first_step(curve, curve["mistakes"] == 0),
            "last_mistakes": last["mistakes"],
            "last_loss": last["loss"],
            "last_jsd_bound": last["jsd_bound"],
        }

    def _say(self, table: DataFrame) -> str:
        last, n = table.iloc[-1], 2 * self.held_out
        accurate, perfect = (_when(last[name]) for name in ("steps_to_accurate", "steps_to_perfect"))
        loss, bound = table["last_loss"].max(), table["last_jsd_bound"].min()
        return (
            f"Against the generator of {int(last['iteration']):,} iterations a fresh discriminator passes "
            f"{self.accurate:.0%} accuracy on {n} held-out samples {accurate} and first makes no mistake "
            f"{perfect}. After {self.steps:,} steps its cross-entropy is {loss:.2g} nats or less at every "
            f"stage, and its lower bound on JSD {bound:.4f} or more; log 2 = 0.6931 if nothing overlaps."
        )

    def _draw(self, figure: Figure, curves: DataFrame, duels: list[Duel]) -> None:
        grid = figure.add_gridspec(2, 2, width_ratios=[1.7, 1], height_ratios=[0.12 * len(duels), 1])
        samples = [duel.generator.sample(_SHOWN, make_rng(self.seed, "shown")) for duel in duels]
        if are_pictures(samples[0]):
            draw_samples(figure.add_subplot(grid[0, 0]), samples, self.stages)
        left = figure.add_subplot(grid[1, 0] if are_pictures(samples[0]) else grid[:, 0])
        draw_stages(left, curves, "loss")
        left.set_ylabel("held-out loss (nats)")
        right = figure.add_subplot(grid[:, 1])
        draw_two_gaussians(right, self.shifts, {"error": "Φ(−t/2)"})
        right.set_ylabel("share of mistakes, Φ(−t/2)")


def _when(step: float) -> str:
    return "at no look" if np.isnan(step) else f"at step {int(step):,}"
