"""Likelihood says little of samples, and samples little of likelihood: models of digits that show both."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import pandas
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.spatial import KDTree

from gan_lab.config.checks import NonNegativeInt, PositiveFloat, PositiveInt, Rule
from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import listed
from gan_lab.datasets.embedded import digit_bytes
from gan_lab.datasets.resident import to_unit_range
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.frozen.stage_figures import draw_samples
from gan_lab.lectures.likelihood.kernel_density import KernelDensity
from gan_lab.numerics.streams import make_rng

Array = NDArray[np.float64]
Share = Annotated[float, Rule("a number greater than 0, at most 1", lambda v: 0 < v <= 1)]

SHOWN = 12  # samples of each model in the figure
REPEATED = 3  # times as far as the nearest image is the next one to a sample that repeats it
MOST = 898  # held-out images: half of all digits


class Model(NamedTuple):
    """A density of images, looked at on held-out ones.

    Attributes:
        name: as the table has it.
        log_density: of each held-out image (n,), in nats.
        samples: of it, (m, d).
    """

    name: str
    log_density: Array
    samples: Array


@dataclass(frozen=True)
class LikelihoodAndQuality(LectureExperiment):
    """Densities of digits whose likelihood and whose samples disagree (Theis et al. 2016, section 3).

    p is a kernel density estimate of digits. The mixture a p + (1 - a) n with noise n, uniform over all
    images, draws noise in all but a part a of its samples; yet log(a p + (1 - a) n) >= log p - log(1/a)
    at every image: with a = 0.01 it loses at most 4.6 nats, whatever the size of the images. The other
    way round, p with next to no bandwidth draws training images, as good as samples can be, and its
    likelihood of any other image is as low as the bandwidth makes it. Samples are measured by how far the
    nearest held-out image is, on average, and by their picture.

    Attributes:
        size: height and width of the images in pixels, which are on [-1, 1].
        held_out: images that likelihood is measured on and that no estimate has seen.
        bandwidth: standard deviation of p's kernels, in the unit of pixels.
        share: a, of p in the mixture.
        memorised_bandwidth: of the estimate that repeats its training images.
        n_samples: of each model.
        seed: of samples, and of which images are held out.

    Reference:
        Theis, van den Oord and Bethge, "A note on the evaluation of generative models", 2016, arXiv
        1511.01844, section 3.2.
    """

    missing: ClassVar = {
        "log_likelihood": "the density of real images is not known",
    }

    size: PositiveInt
    held_out: PositiveInt
    bandwidth: PositiveFloat
    share: Share
    memorised_bandwidth: PositiveFloat
    n_samples: PositiveInt
    seed: NonNegativeInt

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.held_out > MOST:
            raise BadValueError("held_out", f"at most half of the {2 * MOST + 1:,} images", self.held_out)

    def run(self) -> Findings:
        """Measure every model's likelihood of held-out images, and its samples."""
        training, held_out = self._split()
        models = self._models(training, held_out)
        nearest = KDTree(held_out)
        rows = [
            {
                "model": model.name,
                "log_likelihood": float(model.log_density.mean()),
                "sample_distance": float(nearest.query(model.samples)[0].mean()),
            }
            for model in models
        ]
        real = training[: self.n_samples]
        rows.append(
            {"model": "real", "log_likelihood": math.nan, "sample_distance": _mean_distance(nearest, real)}
        )
        table = pandas.DataFrame(rows)
        lost = float((models[0].log_density - models[1].log_density).max())
        pictures = [*(model.samples for model in models), real]
        repeated = repeated_share(models[-1].samples, training)
        return Findings(table, self._draw(table, pictures), say_quality(table, self.share, lost, repeated))

    def _split(self) -> tuple[Array, Array]:
        images = to_unit_range(digit_bytes(self.size)).flatten(1).double()
        order = torch.randperm(len(images), generator=make_rng(self.seed, "held out"))
        shuffled = images[order].numpy()
        return shuffled[self.held_out :], shuffled[: self.held_out]

    def _models(self, training: Array, held_out: Array) -> list[Model]:
        draws = np.random.RandomState(self.seed)
        estimate, memorised = (
            KernelDensity(training, width) for width in (self.bandwidth, self.memorised_bandwidth)
        )
        log_p, log_memorised = (each.log_density(held_out) for each in (estimate, memorised))
        # the volume of the box of all images is 2 ** d
        log_n = np.full(len(held_out), -training.shape[1] * math.log(2))
        of_p = estimate.sample(self.n_samples, draws)
        noise = draws.uniform(-1, 1, of_p.shape)
        is_p = draws.uniform(size=(self.n_samples, 1)) < self.share
        return [
            Model("p", log_p, of_p),
            Model("mixture", mixture_log_density(log_p, log_n, self.share), np.where(is_p, of_p, noise)),
            Model("noise", log_n, noise),
            Model("memorised", log_memorised, memorised.sample(self.n_samples, draws)),
        ]

    def _draw(self, table: pandas.DataFrame, pictures: list[Array]) -> Figure:
        figure = new_slide()
        axes = figure.subplots()
        shape = (-1, 1, self.size, self.size)
        draw_samples(
            axes, [torch.from_numpy(rows[:SHOWN]).reshape(shape) for rows in pictures], range(len(pictures))
        )
        labels = [
            name if math.isnan(nats) else f"{name}\n{nats:.4g} nats"
            for name, nats in zip(table["model"].tolist(), table["log_likelihood"].tolist(), strict=True)
        ]
        axes.set_yticks(axes.get_yticks(), labels)
        axes.set_title(f"Samples, and log-likelihood of held-out digits; mixture: {self.share:.3g} p + noise")
        return figure


def mixture_log_density(log_p: Array, log_n: Array, share: float) -> Array:
    """Return log(a p + (1 - a) n) from log p and log n (n,), a the share: at least log p + log a."""
    rest = math.log1p(-share) if share < 1 else -math.inf
    return np.asarray(np.logaddexp(math.log(share) + log_p, rest + log_n))


def repeated_share(samples: Array, training: Array) -> float:
    """Return the part of samples (m, d) that repeat one of the images (n, d): the next is thrice as far."""
    distances, _ = KDTree(np.unique(training, axis=0)).query(samples, k=2)
    return float((REPEATED * distances[:, 0] < distances[:, 1]).mean())


def say_quality(table: pandas.DataFrame, share: float, lost: float, repeated: float) -> str:
    """Return what the mixture loses in likelihood, what its samples are, and who is best at which.

    Args:
        table: a run's table.
        share: of p in the mixture.
        lost: the most that log density of a held-out image falls by, from p to the mixture.
        repeated: the part of the samples of ``memorised`` that repeat a training image.
    """
    rows = table.set_index("model")
    nats, far = rows["log_likelihood"], rows["sample_distance"]
    models = rows.drop(index="real")
    likelihoods, distances = models["log_likelihood"], models["sample_distance"]
    likeliest = listed(list(models.index[likelihoods == likelihoods.max()]))
    nearest = listed(list(models.index[distances == distances.min()]))
    loses = (
        f"no held-out image is less likely by more than {lost:.3f} nats"
        if lost >= 0
        else f"every held-out image is more likely by at least {-lost:.4g} nats"
    )
    memorised = (
        "The model of repeated training images"
        if repeated > 0.5
        else f"The model memorised, of whose samples {repeated:.0%} repeat a training image,"
    )
    return (
        f"Of {share:.3g} p and {1 - share:.3g} noise, {loses} than under p, where "
        f"-log {share:.3g} = {max(0.0, -math.log(share)):.3f} is the most there "
        f"can be: {nats['mixture']:.4g} on average against {nats['p']:.4g} of p and {nats['noise']:.4g} of "
        f"noise. Its samples lie {far['mixture']:.3g} from the nearest held-out image, p's {far['p']:.3g}, "
        f"noise {far['noise']:.3g} and real images {far['real']:.3g}. {memorised} "
        f"has samples at {far['memorised']:.3g} and {nats['memorised']:.4g} nats. The greatest likelihood is "
        f"that of {likeliest}, the nearest samples are those of {nearest}."
    )


def _mean_distance(nearest: KDTree, points: Array) -> float:
    return float(nearest.query(points)[0].mean())
