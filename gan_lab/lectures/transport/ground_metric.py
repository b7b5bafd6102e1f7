"""W1 between sets of digits under different metrics of the space, and the one that a critic sees."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pandas
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from gan_lab.architectures.base import CriticArchitecture
from gan_lab.config.checks import NonNegativeInt, PositiveFloat, PositiveInt, Rule
from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import verb
from gan_lab.constraints.base import Constraint
from gan_lab.datasets.embedded import digit_bytes, digit_labels
from gan_lab.datasets.resident import to_unit_range
from gan_lab.evaluation.feature_training import train_feature_network
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.critics.critic_fit import fit_critic
from gan_lab.lectures.drawing import new_slide
from gan_lab.metrics.bracket import certify
from gan_lab.metrics.transport import wasserstein
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.base import UpdateRule
from gan_lab.plotting.style import BLUE, GREEN, VERMILION

Digit = Annotated[int, Rule("a whole number from 0 to 9", lambda v: 0 <= v <= 9)]
Embedding = Callable[[Tensor], Tensor]

SETS = ("same digit", "shifted", "other digit", "noise")
"""What is compared with a set of digits, in the order in which a person finds it unlike them."""

# metrics by name: colour, marker and line style
_LOOKS = {"pixels": (BLUE, "o", "-"), "blurred": (GREEN, "^", "-."), "features": (VERMILION, "s", "--")}


@dataclass(frozen=True)
class GroundMetric(LectureExperiment):
    """W1 has a metric of the space inside, and every answer depends on it.

    None of the lectures computes this: it is a question that their definition of W1 leaves open.

    A set of images of one digit is compared with other images of the same digit, with those moved by a few
    pixels, with images of another digit, and with noise: the same images, their pixels in one random order.
    A person finds them less alike in this order. W1 is the exact transport between the samples, under the
    Euclidean distance of pixels, of blurred pixels, and of the features of a small classifier of digits. The
    first comparison is the floor, what other images of the same kind get; values in different metrics are
    compared as multiples of it.

    Which metric does a critic see? That of its inputs, because its constraint holds slopes per unit of
    *them*. A critic is trained on each pair, on pixels, on blurred pixels and on features. Its scores,
    divided by their largest slope in a metric, certify a lower bound of W1 in that metric, whatever the
    critic was trained on; ``pixels_critic`` and its like are these bounds as parts of W1.

    Features know only what they were trained for: with digit=4 other_digit=9 they find noise less strange
    than the other digit.

    Attributes:
        digit: of the first set.
        other_digit: of the third comparison, not the same.
        n_images: in each set; there are at least 174 of every digit, and the digit needs twice as many.
        size: height and width of the images in pixels; the originals are 8x8.
        shift: of the second comparison, in pixels to the right.
        blur: standard deviation of the Gaussian blur, in pixels.
        feature_steps: that the classifier is trained for.
        constraint: of the critic.
        critic: its architecture, for vectors.
        optimizer: of the critic.
        critic_steps: that it is trained for on each pair.
        seed: of the sets, the noise, the classifier and the critics.

    Reference:
        Rubner, Tomasi and Guibas, "The Earth Mover's Distance as a Metric for Image Retrieval", 2000, where
        the ground distance is a choice; Arjovsky et al., "Wasserstein GAN", 2017, equations 1 and 2.
    """

    missing: ClassVar = {
        "*_critic": "W1 is 0, and has no parts",
    }

    constraint: Constraint
    critic: CriticArchitecture
    optimizer: UpdateRule
    digit: Digit = 3
    other_digit: Digit = 8
    n_images: PositiveInt = 80
    size: PositiveInt = 8
    shift: PositiveInt = 1
    blur: PositiveFloat = 1.0
    feature_steps: PositiveInt = 300
    critic_steps: NonNegativeInt = 500
    seed: NonNegativeInt = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shift >= self.size:
            raise BadValueError("shift", f"less than size, {self.size}", self.shift)
        if self.other_digit == self.digit:
            raise BadValueError("other_digit", f"another than digit, {self.digit}", self.other_digit)

    def run(self) -> Findings:
        """Compute W1 of every pair under every metric, and what a critic certifies of it."""
        first, sets = self._sets()
        embeddings = self._embeddings()
        rows = []
        for name, images in sets.items():
            seen = {
                metric: (embed(first).flatten(1), embed(images).flatten(1))
                for metric, embed in embeddings.items()
            }
            scores = {metric: self._scores(*points) for metric, points in seen.items()}
            for metric, points in seen.items():
                w1 = wasserstein(*points)
                shares = {f"{critic}_critic": _share(scores[critic], points, w1) for critic in seen}
                rows.append({"metric": metric, "compared_with": name, "w1": w1, **shares})
        table = _with_floors(pandas.DataFrame(rows))
        figure = new_slide()
        _draw(figure, table)
        return Findings(table, figure, _sentence(table))

    def _sets(self) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the first set (n, 1, size, size) and those that it is compared with."""
        rng = make_rng(self.seed, "sets")
        images, labels = to_unit_range(digit_bytes(self.size)), digit_labels()

        def draw(digit: int, n: int) -> Tensor:
            rows = torch.nonzero(labels == digit).flatten()
            if len(rows) < n:
                most = len(rows) * self.n_images // n
                raise BadValueError("n_images", f"at most {most} for digit {digit}", self.n_images)
            return images[rows[torch.randperm(len(rows), generator=rng)[:n]]]

        first, same = draw(self.digit, 2 * self.n_images).chunk(2)
        other = draw(self.other_digit, self.n_images)
        order = torch.randperm(self.size**2, generator=rng)
        noise = same.flatten(1)[:, order].reshape(same.shape)
        return first, dict(zip(SETS, (same, shifted_right(same, self.shift), other, noise), strict=True))

    def _embeddings(self) -> dict[str, Embedding]:
        """Return what makes each metric the Euclidean one."""
        kernel = blur_matrix(self.size, self.blur)
        network, _ = train_feature_network(
            digit_bytes(self.size),
            digit_labels(),
            10,
            make_rng(self.seed, "features"),
            n_steps=self.feature_steps,
        )
        return {
            "pixels": lambda images: images,
            "blurred": lambda images: kernel @ images @ kernel.T,
            "features": network.features,
        }

    def _scores(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return the scores of both sets of points (n, d) by a critic trained on them."""
        fitted = fit_critic(
            real,
            fake,
            objective=Wasserstein(),
            constraint=self.constraint,
            critic=self.critic,
            optimizer=self.optimizer,
            steps=self.critic_steps,
            seed=self.seed,
        )
        return fitted.score(real), fitted.score(fake)


def _share(scores: tuple[Tensor, Tensor], points: tuple[Tensor, Tensor], w1: float) -> float:
    """Return the part of W1 that scores certify: 0 where what they certify is negative, NaN where W1 is 0."""
    return max(0.0, certify(*scores, *points).certified) / w1 if w1 > 0 else math.nan


def shifted_right(images: Tensor, pixels: int) -> Tensor:
    """Return images (n, C, H, W) moved to the right; what comes in from the left is background, -1."""
    return torch.nn.functional.pad(images[..., :-pixels], (pixels, 0), value=-1.0)


def blur_matrix(size: int, deviation: float) -> Tensor:
    """Return K (size, size) so that K X Kᵀ is an image X blurred by a Gaussian, its rows summing to 1."""
    place = torch.arange(size, dtype=torch.float32)
    weights = (-((place[:, None] - place) ** 2) / (2 * deviation**2)).exp()
    return weights / weights.sum(dim=1, keepdim=True)


def _with_floors(table: pandas.DataFrame) -> pandas.DataFrame:
    """Return the table by metric and set, with W1 in multiples of its floor."""
    floors = table[table["compared_with"] == SETS[0]].set_index("metric")["w1"]
    table.insert(3, "times_floor", table["w1"] / table["metric"].map(floors))
    return table.sort_values(
        "metric", key=lambda names: names.map(list(_LOOKS).index), kind="stable", ignore_index=True
    )


def _mean_shares(table: pandas.DataFrame) -> pandas.DataFrame:
    """Return what critics certify on average, a row for each critic, a column for each metric."""
    means = table.groupby("metric")[[f"{metric}_critic" for metric in _LOOKS]].mean()
    return means.loc[list(_LOOKS)].T


def _sentence(table: pandas.DataFrame) -> str:
    parts = []
    for metric in _LOOKS:
        multiples = table[table["metric"] == metric].set_index("compared_with")["times_floor"]
        listed = ", ".join(f"{multiples[name]:.2f} ({name})" for name in SETS[1:])
        ordered = multiples.loc[list(SETS)].is_monotonic_increasing
        verdict = "a person's order" if ordered else "not a person's order"
        parts.append(f"{metric} {listed}, {verdict}")
    shares = _mean_shares(table)
    seen = ", ".join(f"{shares[metric]['pixels_critic']:.0%} ({metric})" for metric in _LOOKS)
    n_own = sum(bool(shares.loc[f"{name}_critic"].idxmax() == name) for name in _LOOKS)
    most = verb(n_own, "certifies most in the metric of its", "certify most in the metric of their")
    return (
        f"In multiples of W1 between two sets of the same digit: {'; '.join(parts)}. A critic of pixels "
        f"certifies on average {seen} of W1; {n_own} of {len(_LOOKS)} critics {most} own inputs."
    )


def _draw(figure: Figure, table: pandas.DataFrame) -> None:
    orders, shares = figure.subplots(1, 2, width_ratios=[1.5, 1])
    for metric, (colour, marker, line) in _LOOKS.items():
        rows = table[table["metric"] == metric]
        orders.plot(SETS, rows["times_floor"], line, marker=marker, color=colour, label=metric)
    orders.set(ylabel="W1 / W1 of the same digit", xlabel="compared with (to a person ever less alike)")
    orders.set_ylim(bottom=0)
    orders.set_title("A metric like ours would only rise")
    orders.tick_params(axis="x", labelsize=12)
    orders.legend(loc="lower right", title="metric")
    _draw_shares(shares, _mean_shares(table))


def _draw_shares(axes: Axes, shares: pandas.DataFrame) -> None:
    values, places = 100 * shares.to_numpy(), range(len(_LOOKS))
    axes.imshow(values, cmap="Blues", vmin=0, vmax=130)  # at 130 black text can still be read
    for critic in places:
        for metric in places:
            weight = "bold" if critic == metric else "normal"
            axes.text(
                metric, critic, f"{values[critic, metric]:.0f}", ha="center", va="center", weight=weight
            )
    axes.set_xticks(places, list(_LOOKS), fontsize=12)
    axes.set_yticks(places, list(_LOOKS), fontsize=12, rotation=90, va="center")
    axes.set(xlabel="W1 under", ylabel="critic of")
    axes.set_title("Certified, % of W1")
