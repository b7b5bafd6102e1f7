"""A discriminator trained from scratch against a generator that stands still: how soon it errs no more."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from matplotlib.figure import Figure
from pandas import DataFrame, Series, concat
from torch import Tensor

from gan_lab.config.checks import PositiveInt, Probability
from gan_lab.config.phrases import counted
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
from gan_lab.lectures.words import span
from gan_lab.numerics.statistics import t_mean, wilson_interval
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.gan import GAN
from gan_lab.types import Score

_SHOWN = 12


@dataclass(frozen=True)
class PerfectDiscriminator(FrozenGeneratorExperiment):
    """How soon the error of a fresh discriminator falls to nothing, at stages of the generator's training.

    Figure 1 of Arjovsky and Bottou, "Towards Principled Methods for Training Generative Adversarial
    Networks", 2017, arXiv 1701.04862: samples and data lie on manifolds that hardly meet, so that a perfect
    discriminator exists (theorems 2.1 and 2.2) and is found. Here it is measured on data and samples that no
    discriminator was trained on, so that learning them by heart does not count.

    Beside it, two Gaussians, which overlap: there the least error is Phi(-t/2), and never 0.

    When a discriminator first makes no mistake depends on the seed, and on the rounding of the machine. So
    all of it is repeated, data, generators and discriminators; rates have Wilson's interval and means
    Student's.

    Attributes:
        accurate: the accuracy on held-out samples whose first step the table names.
        seeds: how often it is repeated, with ``seed`` and those that follow it.
    """

    missing: ClassVar = {
        "*_step": "no seed got there in these steps",
        "steps_to_*": "not reached in these steps",
        "*_low": "one seed has no interval",
        "*_high": "one seed has no interval",
    }

    accurate: Probability
    seeds: PositiveInt

    def run(self) -> Findings:
        """Freeze the generators, train the discriminators and measure them on held-out samples."""
        repeats = [replace(self, seed=self.seed + k) for k in range(self.seeds)]
        played = [repeat.play_duels(repeat._watch) for repeat in repeats]
        curves = concat(
            [each.assign(seed=repeat.seed) for repeat, (each, _) in zip(repeats, played, strict=True)],
            ignore_index=True,
        )
        runs = DataFrame([self._row(curve) for _, curve in curves.groupby(["iteration", "seed"])])
        table = DataFrame([summarise(rows) for _, rows in runs.groupby("iteration")])
        figure, closed_form = new_slide(), two_gaussians(self.shifts)
        self._draw(figure, curves, played[0][1])
        details = {"runs": runs, "curves": curves, "two_gaussians": closed_form}
        return Findings(table, figure, self._say(table), details)

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
            "seed": curve["seed"].iloc[0],
            "steps_to_accurate": first_step(curve, curve["accuracy"] > self.accurate),
            "steps_to_perfect": first_step(curve, curve["mistakes"] == 0),
            "last_mistakes": last["mistakes"],
            "last_loss": last["loss"],
            "last_jsd_bound": last["jsd_bound"],
        }

    def _say(self, table: DataFrame) -> str:
        last, n, accurate = table.iloc[-1], 2 * self.held_out, f"{100 * self.accurate:.6g}%"
        return (
            f"Against the generator of {int(last['iteration']):,} iterations a fresh discriminator passes "
            f"{accurate} accuracy on {counted(n, 'held-out sample')} with {_rate(last, 'accurate')}, and "
            f"makes no mistake at some look with {_rate(last, 'perfect')}. After "
            f"{counted(self.steps, 'step')} its cross-entropy is {_mean(last, 'loss', '.2g')} nats "
            f"and its estimate of JSD {_mean(last, 'jsd_bound', '.4f')}, where "
            f"log 2 = {math.log(2):.4f} stands for no overlap."
        )

    def _draw(self, figure: Figure, curves: DataFrame, duels: list[Duel]) -> None:
        grid = figure.add_gridspec(2, 2, width_ratios=[1.7, 1], height_ratios=[0.12 * len(duels), 1])
        samples = [duel.generator.sample(_SHOWN, make_rng(self.seed, "shown")) for duel in duels]
        if are_pictures(samples[0]):
            draw_samples(figure.add_subplot(grid[0, 0]), samples, self.stages)
        left = figure.add_subplot(grid[1, 0] if are_pictures(samples[0]) else grid[:, 0])
        looks = curves.groupby(["iteration", "step"])["loss"].agg(["mean", "min", "max"]).reset_index()
        draw_stages(left, looks, "mean", band=("min", "max"))
        left.set_ylabel(f"held-out loss (nats), {counted(self.seeds, 'seed')}")
        right = figure.add_subplot(grid[:, 1])
        draw_two_gaussians(right, self.shifts, {"error": "Φ(−t/2)"})
        right.set_ylabel("share of mistakes, Φ(−t/2)")


def summarise(runs: DataFrame) -> dict[str, float]:
    """Return a stage's row: how many seeds reach what, and means with their intervals.

    Args:
        runs: iteration, steps_to_accurate, steps_to_perfect (NaN where never), last_mistakes, last_loss and
            last_jsd_bound, a row for each seed.
    """
    row: dict[str, float] = {"iteration": runs["iteration"].iloc[0], "seeds": len(runs)}
    for name in ("accurate", "perfect"):
        steps = runs[f"steps_to_{name}"].dropna()
        rate = wilson_interval(len(steps), len(runs))
        row |= {f"{name}_seeds": len(steps), f"{name}_low": rate.low, f"{name}_high": rate.high}
        row |= {f"first_{name}_step": steps.min(), f"last_{name}_step": steps.max()}
    for name in ("mistakes", "loss", "jsd_bound"):
        mean = t_mean(runs[f"last_{name}"])
        row |= {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}
    return row


def _rate(row: Series, name: str) -> str:
    count, n = int(row[f"{name}_seeds"]), int(row["seeds"])
    said = f"{count} of {counted(n, 'seed')}"
    steps = sorted({int(row[f"{end}_{name}_step"]) for end in ("first", "last")}) if count else []
    at = f"first at step {span(steps, ',')}; " if steps else ""
    return f"{said} ({at}rate {row[f'{name}_low']:.0%} to {row[f'{name}_high']:.0%})"


def _mean(row: Series, name: str, form: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    interval = "one seed, no interval" if row["seeds"] == 1 else f"{low:{form}} to {high:{form}}"
    return f"{row[name]:{form}} ({interval})"
