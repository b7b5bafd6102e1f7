"""What batch norm in the critic makes of the lower bound on the Jensen-Shannon divergence."""

from dataclasses import dataclass
from typing import ClassVar

import pandas
import torch
from matplotlib.figure import Figure
from torch import Tensor

from gan_lab.architectures.dcgan import DCGANCritic, Norm
from gan_lab.config.checks import NonNegativeInt, PositiveFloat, PositiveInt
from gan_lab.config.phrases import counted
from gan_lab.constraints.base import Constraint
from gan_lab.distances.divergences import jensen_shannon
from gan_lab.distances.line.distribution import Density
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.critics.critic_fit import FittedCritic, fit_critic
from gan_lab.lectures.critics.frozen_norm import freeze_batch_norm
from gan_lab.lectures.drawing import new_slide
from gan_lab.numerics.statistics import t_mean
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.gan import GAN
from gan_lab.optimizers.adam import Adam
from gan_lab.plotting.style import BLACK, BLUE, VERMILION
from gan_lab.types import Sampler, Score

_NORMS: tuple[Norm, ...] = ("batch", "layer", "none")
FROZEN = "batch, frozen"
"""Batch norm whose statistics are those of a large sample of both sides, the same for every image."""


@dataclass(frozen=True)
class BatchNormEstimate(LectureExperiment):
    """The GAN's estimate of JSD with critics that see samples one by one, and with one that sees batches.

    All pixels of an image have one value, its brightness, so that the divergence between images is the one
    between two distributions on the line, known exactly. Any function of one image proves a lower bound on it
    (Nowozin et al., 2016, equation 4). A critic with batch norm is no such function: its score of an image
    depends on the batch, and what it bounds is the divergence between batches, which grows with their size.
    Frozen, with statistics that are the same for every image, the same weights score images one by one.

    All estimates are of images that no critic was trained on, in batches as in training.

    Attributes:
        real: distribution of the brightness of real images.
        fake: of generated ones.
        size: pixels along a side, 16, 32, 64 or 128.
        width: filters of the critic's first layer.
        lr: rate of the critic's Adam(0.5, 0.999).
        steps: critic steps on fresh images.
        batch_size: images of each side per step, and per score.
        held_out: batches that an estimate is a mean over.
        seeds: how often it is repeated, from ``seed`` on.
        seed: of critics and images.

    Reference:
        Goodfellow, "NIPS 2016 tutorial", section 4.6: batch norm makes the images of a batch depend on one
        another; Nowozin et al., "f-GAN", 2016, equation 4.
    """

    missing: ClassVar = dict.fromkeys(("estimate_low", "estimate_high"), "one seed has no interval")

    real: Density
    fake: Density
    size: PositiveInt
    width: PositiveInt
    lr: PositiveFloat
    steps: PositiveInt
    batch_size: PositiveInt
    held_out: PositiveInt
    seeds: PositiveInt
    seed: NonNegativeInt

    def run(self) -> Findings:
        """Fit a critic of each norm and seed, and hold its estimates against the exact divergence."""
        exact = jensen_shannon(self.real, self.fake)
        seeds = range(self.seed, self.seed + self.seeds)
        runs = pandas.DataFrame([row for seed in seeds for norm in _NORMS for row in self._rows(norm, seed)])
        norms = runs.groupby("norm", sort=False)
        table = pandas.DataFrame([summarise(str(norm), rows, exact) for norm, rows in norms])
        return Findings(table, _draw(table, runs), say_estimates(table), {"runs": runs})

    def _rows(self, norm: Norm, seed: int) -> list[dict[str, object]]:
        """Return the estimate of a critic; with batch norm, of the same one frozen, too."""
        real, fake = self._images(self.real), self._images(self.fake)
        fitted = fit_critic(
            real,
            fake,
            objective=GAN(),
            constraint=Constraint(),
            critic=DCGANCritic(self.width, norm),
            optimizer=Adam(lr=self.lr, beta1=0.5),
            steps=self.steps,
            batch_size=self.batch_size,
            seed=seed,
        )
        scores: dict[str, Score] = {norm: fitted.score}
        if norm == "batch":
            scores[FROZEN] = self._frozen(fitted, seed)
        return [
            {"norm": name, "seed": seed, "estimate": self._held_out(score, seed)}
            for name, score in scores.items()
        ]

    def _images(self, brightness: Density) -> Sampler:
        def sample(n: int, rng: torch.Generator) -> Tensor:
            levels = torch.rand(n, generator=rng, dtype=torch.float64)
            values = torch.from_numpy(brightness.quantile(levels.numpy())).float()
            return values[:, None, None, None].expand(n, 1, self.size, self.size)

        return sample

    def _frozen(self, fitted: FittedCritic, seed: int) -> Score:
        rng, n = make_rng(seed, "evaluation/statistics"), self.held_out * self.batch_size
        both = torch.cat([self._images(side)(n, rng) for side in (self.real, self.fake)])
        return freeze_batch_norm(fitted.game.critic, fitted.weights, both)

    def _held_out(self, score: Score, seed: int) -> float:
        """Return the mean estimate over batches that are drawn afresh."""
        real_rng, fake_rng = (make_rng(seed, f"evaluation/{side}") for side in ("real", "fake"))
        real, fake = self._images(self.real), self._images(self.fake)
        with torch.no_grad():
            estimates = [
                GAN().estimate(score(real(self.batch_size, real_rng)), score(fake(self.batch_size, fake_rng)))
                for _ in range(self.held_out)
            ]
        return float(torch.stack(estimates).double().mean())


def summarise(norm: str, runs: pandas.DataFrame, exact: float) -> dict[str, object]:
    """Return a norm's row: the mean of its estimates with Student's interval, and the exact divergence.

    Args:
        norm: as in the table.
        runs: estimate, a row for each seed.
        exact: the divergence that a function of one image cannot exceed, in nats.
    """
    mean = t_mean(runs["estimate"])
    above = int((runs["estimate"] > exact).sum())
    row: dict[str, object] = {"norm": norm, "seeds": len(runs), "estimate": mean.value}
    return row | {"estimate_low": mean.low, "estimate_high": mean.high, "exact": exact, "seeds_above": above}


def say_estimates(table: pandas.DataFrame) -> str:
    """Return how the estimates lie beside the exact divergence.

    Args:
        table: norm, seeds, estimate, exact and seeds_above, a row for each norm, that of batch norm first.
    """
    rows = table.set_index("norm")
    exact, above, seeds = (rows[name].iloc[0] for name in ("exact", "seeds_above", "seeds"))
    # no minus before a zero
    estimates = {norm: f"{round(estimate, 3) + 0.0:.3f}" for norm, estimate in rows["estimate"].items()}
    why = ": it bounds the divergence between batches" if above else ""
    return (
        f"With batch norm in the critic the estimate of JSD is {estimates['batch']} on held-out images, "
        f"where the exact divergence between images is {exact:.4f}, and exceeds that in {above} of "
        f"{counted(seeds, 'seed')}{why}. With statistics that stand still the same critics "
        f"see {estimates[FROZEN]}; critics with layer norm see {estimates['layer']}, without a norm "
        f"{estimates['none']}."
    )


def _draw(table: pandas.DataFrame, runs: pandas.DataFrame) -> Figure:
    figure = new_slide()
    axes = figure.subplots()
    exact = float(table["exact"].iloc[0])
    axes.axhline(exact, color=BLACK, label=f"exact JSD of the images, {exact:.4f}")
    for place, (norm, rows) in enumerate(runs.groupby("norm", sort=False)):
        color = VERMILION if norm == "batch" else BLUE
        axes.plot([place] * len(rows), rows["estimate"], "o", color=color, alpha=0.6)
        axes.hlines(rows["estimate"].mean(), place - 0.25, place + 0.25, color=color)
    axes.set_xticks(range(len(table)), [str(norm) for norm in table["norm"]])
    axes.set(xlabel="norm in the critic", ylabel="estimate of JSD (nats)", xlim=(-0.6, len(table) - 0.4))
    axes.legend(loc="upper right")
    return figure
