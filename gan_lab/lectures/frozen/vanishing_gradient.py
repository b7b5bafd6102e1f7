"""The original cost E log(1 - D): the better the discriminator, the less its generator is told."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from pandas import DataFrame
from torch import Tensor

from gan_lab.config.phrases import counted, verb
from gan_lab.lectures.base import Findings
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.frozen.frozen_generators import FrozenGenerator, FrozenGeneratorExperiment, Observe
from gan_lab.lectures.frozen.generator_gradients import (
    Several,
    distance_from_perfect,
    jacobian_norm,
    measure_gradient,
)
from gan_lab.lectures.frozen.stage_figures import draw_stages, draw_two_gaussians, two_gaussians
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.gan import GAN
from gan_lab.types import Score


@dataclass(frozen=True)
class VanishingGradient(FrozenGeneratorExperiment):
    """The norm of the generator's gradient under the original cost, while a fresh discriminator is trained.

    Figure 2 of Arjovsky and Bottou, "Towards Principled Methods for Training Generative Adversarial
    Networks", 2017, arXiv 1701.04862: it decays by orders of magnitude, at every stage. Theorem 2.4 bounds
    what is left: a discriminator within ε < 1 of the perfect one, in the norm sup |D - D*| + sup ‖∇D - ∇D*‖,
    leaves a gradient below M ε / (1 - ε), where M² is the expected squared norm of the generator's Jacobian.
    Both are measured here, on the samples that the gradient is taken at.

    Beside it the closed form for two Gaussians at distance t: t E[D*], which vanishes at both ends, against
    the gradient of the alternative cost, t E[1 - D*].

    Attributes:
        gradient_batches: batches of latents that the gradient is taken on, the same at every look.
    """

    gradient_batches: Several

    def run(self) -> Findings:
        """Freeze the generators, train the discriminators and differentiate the original cost."""
        curves, _ = self.play_duels(self._watch)
        table = DataFrame([_row(curve) for _, curve in curves.groupby("iteration")])
        figure = new_slide()
        self._draw(figure, curves)
        details = {"curves": curves, "two_gaussians": two_gaussians(self.shifts)}
        return Findings(table, figure, say_vanishing(table, self.steps), details)

    def _watch(self, generator: FrozenGenerator, real: Tensor) -> Observe:
        del real
        rng, cost = make_rng(self.seed, "gradients"), GAN(generator_cost="minimax")
        batches = [generator.latents(self.batch_size, rng) for _ in range(self.gradient_batches)]
        samples = torch.cat([generator.samples(latents) for latents in batches])
        jacobian = jacobian_norm(generator, batches, rng)

        def observe(score: Score) -> dict[str, float]:
            size = measure_gradient(generator, cost, score, batches)
            distance = distance_from_perfect(score, samples)
            bound = jacobian * distance / (1 - distance) if distance < 1 else math.inf
            return {"norm": size.norm, "noise": size.noise, "distance": distance, "bound": bound}

        return observe

    def _draw(self, figure: Figure, curves: DataFrame) -> None:
        left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
        draw_stages(left, curves, "norm")
        left.set_ylabel("gradient norm, E log(1 − D)")
        draw_two_gaussians(
            right,
            self.shifts,
            {"original_gradient": "E log(1 − D)", "alternative_gradient": "−E log D"},
        )
        right.set_ylabel("|gradient| by t")
        right.legend(loc="lower left")


def _row(curve: DataFrame) -> dict[str, float]:
    last, largest = curve.iloc[-1], curve["norm"].max()
    return {
        "iteration": last["iteration"],
        "first_norm": curve["norm"].iloc[0],
        "largest_norm": largest,
        "last_norm": last["norm"],
        "orders_of_magnitude": math.log10(largest / last["norm"]) if last["norm"] > 0 else math.inf,
        "last_distance": last["distance"],
        "last_bound": last["bound"],
    }


def say_vanishing(table: DataFrame, steps: int) -> str:
    """Return from where to where the gradient fell, or grew, and whether theorem 2.4 is kept.

    Args:
        table: a run's table, a row for each stage.
        steps: of each fresh discriminator.
    """
    ways = "; ".join(
        f"from {row.first_norm:.2g} to {row.last_norm:.2g} at iteration {row.iteration:,.0f}"
        for row in table.itertuples()
    )
    orders = ", ".join(
        f"{value:.1f}" if value < math.inf else "all" for value in table["orders_of_magnitude"]
    )
    fell = int((table["last_norm"] < table["first_norm"]).sum())
    stages = counted(len(table), "stage")
    within = counted(steps, "step")
    return (
        f"Within {within} of the fresh discriminator the gradient of E log(1 - D) falls at {fell} of "
        f"{stages}, {ways}. It ends {orders} orders of magnitude below its largest."
        f"{_of_theorem(table)}"
    )


def _of_theorem(table: DataFrame) -> str:
    """Return what theorem 2.4 says of the last discriminators, where it says anything, and if it is kept."""
    bounded = table[np.isfinite(table["last_bound"])]
    if bounded.empty:
        return " No discriminator is within ε < 1 of a perfect one, which theorem 2.4 asks for."
    stages = ", ".join(f"{iteration:,.0f}" for iteration in bounded["iteration"])
    bounds = ", ".join(f"{value:.2g}" for value in bounded["last_bound"])
    kept = int((bounded["last_norm"] <= bounded["last_bound"]).sum())
    return (
        f" Theorem 2.4 allows at most {bounds} at iteration {stages}; {kept} of {len(bounded)} "
        f"{verb(kept, 'is', 'are')} below."
    )
