"""The alternative cost -E log D: its gradient grows as the discriminator improves, and its noise with it."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame
from scipy.stats import cauchy, norm
from torch import Tensor

from gan_lab.config.checks import PositiveFloat, Rule
from gan_lab.config.phrases import counted
from gan_lab.lectures.base import Findings
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.frozen.frozen_generators import (
    Duel,
    FrozenGenerator,
    FrozenGeneratorExperiment,
    Observe,
)
from gan_lab.lectures.frozen.generator_gradients import (
    Several,
    batch_gradients,
    gradients_under_white_noise,
    measure_gradient,
    tail_shares,
)
from gan_lab.lectures.frozen.stage_figures import draw_stages, stage_look, two_gaussians
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.gan import GAN
from gan_lab.plotting.style import BLACK, GREY
from gan_lab.types import Score

# of two, one is the median itself and no distance from it
Draws = Annotated[int, Rule("a whole number, 3 or greater", lambda v: v >= 3)]

_THRESHOLDS = np.geomspace(1, 100, 25).tolist()


@dataclass(frozen=True)
class NoisyGradient(FrozenGeneratorExperiment):
    """The generator's gradient under the alternative cost, while a fresh discriminator is trained.

    Figure 3 of Arjovsky and Bottou, "Towards Principled Methods for Training Generative Adversarial
    Networks", 2017, arXiv 1701.04862: the norm grows, and the variance with it. Two kinds of noise are told
    apart: between batches of latents against one discriminator, and between one look at the discriminator
    and the next, on the same latents.

    Theorem 2.6 says more: if D - D* and its gradient are independent white noise, each coordinate of the
    gradient is Cauchy distributed, of infinite variance. Gradients under such noise, drawn here, are. But it
    is not how a trained discriminator errs: the gradient of -log D by a sample is (D - 1) ∇V, with V the raw
    score, and no quotient of independent numbers. Over batches of latents, far fewer coordinates are far out.

    Attributes:
        gradient_batches: batches of latents that the gradient is taken on, the same at every look.
        tail_draws: batches, and draws of white noise, that the tails are measured on after the last step.
        tail_threshold: the table states the share of coordinates further than so many median distances from
            their median.
    """

    missing: ClassVar = {
        "change": "looked at once only, or the gradient is 0",
        "noise": "the gradient is 0",
    }

    gradient_batches: Several
    tail_draws: Draws
    tail_threshold: PositiveFloat

    def run(self) -> Findings:
        """Freeze the generators, train the discriminators and differentiate the alternative cost."""
        curves, duels = self.play_duels(self._watch)
        tails = self._tails(duels)
        table = DataFrame([_row(curve) for _, curve in curves.groupby("iteration")])
        at_threshold = tails[tails["median_distances"] == self.tail_threshold].iloc[0]
        table["tail_share"] = [at_threshold[str(duel.generator.iteration)] for duel in duels]
        table["white_noise_tail_share"] = at_threshold["white_noise"]
        table["cauchy_tail_share"] = at_threshold["cauchy"]
        figure = new_slide()
        self._draw(figure, curves, tails)
        details = {"curves": curves, "tails": tails, "two_gaussians": two_gaussians(self.shifts)}
        return Findings(table, figure, say_noisy(table, self.steps, self.tail_threshold), details)

    def _watch(self, generator: FrozenGenerator, real: Tensor) -> Observe:
        del real
        batches = self._latents(generator, "gradients", self.gradient_batches)
        before: list[Tensor] = []

        def observe(score: Score) -> dict[str, float]:
            size = measure_gradient(generator, GAN(), score, batches)
            change = float(torch.linalg.vector_norm(size.mean - before[-1])) if before else math.nan
            before[:] = [size.mean]
            return {
                "norm": size.norm,
                "smallest": size.smallest,
                "largest": size.largest,
                "variance": size.variance,
                "noise": size.noise,
                "change": change / size.norm if size.norm > 0 else math.nan,
            }

        return observe

    def _tails(self, duels: list[Duel]) -> DataFrame:
        """Return the share of coordinates beyond each threshold, a column for each kind of gradient."""
        thresholds = sorted({*_THRESHOLDS, self.tail_threshold})
        shares = {"median_distances": thresholds}
        for generator, discriminator in duels:
            batches = self._latents(generator, "tails", self.tail_draws)
            gradients = batch_gradients(generator, GAN(), discriminator.score, batches)
            shares[str(generator.iteration)] = tail_shares(gradients, thresholds)
        last, rng = duels[-1].generator, make_rng(self.seed, "white noise")
        latents = last.latents(self.batch_size, rng)
        gradients = gradients_under_white_noise(last, latents, self.tail_draws, rng)
        shares["white_noise"] = tail_shares(gradients, thresholds)
        shares["cauchy"] = [2 * float(cauchy.sf(s)) for s in thresholds]
        shares["normal"] = [2 * float(norm.sf(s * norm.ppf(0.75))) for s in thresholds]
        return DataFrame(shares)

    def _latents(self, generator: FrozenGenerator, stream: str, n: int) -> list[Tensor]:
        rng = make_rng(self.seed, stream)
        return [generator.latents(self.batch_size, rng) for _ in range(n)]

    def _draw(self, figure: Figure, curves: DataFrame, tails: DataFrame) -> None:
        left, right = figure.subplots(1, 2, width_ratios=[1.4, 1])
        draw_stages(left, curves, "norm", band=("smallest", "largest"))
        left.set_ylabel("gradient norm, −E log D")
        _draw_tails(right, tails)


def say_noisy(table: DataFrame, steps: int, threshold: float) -> str:
    """Return by what the gradient and its variance grew, or fell, and how heavy its tails are.

    Args:
        table: a run's table, a row for each stage.
        steps: of each fresh discriminator.
        threshold: median distances beyond which the tails are counted.
    """
    last, stages = table.iloc[-1], counted(len(table), "stage")
    growth = ", ".join(f"{value:.3g}" for value in table["growth"])
    variance = ", ".join(f"{value:.2g}" for value in table["variance_growth"])
    grew, wider = int((table["growth"] > 1).sum()), int((table["variance_growth"] > 1).sum())
    within = counted(steps, "step")
    return (
        f"Within {within} of a fresh discriminator the gradient of -E log D grows at {grew} of "
        f"{stages}, to {growth} times its first size (stages in order), and its variance between batches at "
        f"{wider}, to {variance} times. At the last stage a share of {last['tail_share']:.2g} of its "
        f"coordinates is further than {threshold:g} median distances from the median; Cauchy's distribution, "
        f"as in theorem 2.6, has {last['cauchy_tail_share']:.3f}, and the theorem's white noise on D, drawn, "
        f"{last['white_noise_tail_share']:.3f}."
    )


def _row(curve: DataFrame) -> dict[str, float]:
    first, last = curve.iloc[0], curve.iloc[-1]
    return {
        "iteration": last["iteration"],
        "first_norm": first["norm"],
        "last_norm": last["norm"],
        "growth": last["norm"] / first["norm"],
        "first_variance": first["variance"],
        "last_variance": last["variance"],
        "variance_growth": last["variance"] / first["variance"],
        "last_noise": last["noise"],
        "last_change": last["change"],
    }


def _draw_tails(axes: Axes, tails: DataFrame) -> None:
    kinds = [name for name in tails.columns if name.isdecimal()]
    distances = tails["median_distances"]
    axes.plot(distances, tails["cauchy"], color=BLACK, linestyle="-", label="Cauchy")
    axes.plot(distances, tails["normal"], color=GREY, linestyle=":", label="normal")
    axes.plot(distances[::3], tails["white_noise"][::3], "x", color=BLACK, label="white noise on D")
    for k, name in enumerate(kinds):
        seen = tails[name] > 0
        axes.plot(distances[seen], tails[name][seen], **stage_look(k), label=f"{int(name):,}", markevery=3)
    axes.set(xscale="log", yscale="log", ylim=(1e-6, 1.5))
    axes.set(xlabel="median distances", ylabel="share of coordinates beyond")
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
