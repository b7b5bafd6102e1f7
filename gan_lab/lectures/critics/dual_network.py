"""The Kantorovich-Rubinstein dual by a network: every constraint side by side."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.checks import NonNegativeInt, PositiveFloat, PositiveInt, Settings
from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import counted, verb
from gan_lab.constraints.base import Constraint
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.critics.critic_fit import fit_critic
from gan_lab.lectures.critics.fixed_pairs import FixedPair
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.words import span
from gan_lab.metrics.bracket import certify
from gan_lab.metrics.transport import wasserstein
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.linear_decay import LinearDecay
from gan_lab.plotting.style import BLACK, BLUE, VERMILION

_SHOWN = 1.5  # of the exact distance: up to there a raw estimate is drawn to scale


@dataclass(frozen=True)
class Contender(Settings):
    """A way to hold a critic's slope.

    Attributes:
        constraint: what holds it.
        activation: of the critic's hidden layers.
        group_size: units that GroupSort sorts together.
        lr: learning rate of Adam, which falls linearly to 0.
    """

    constraint: Constraint
    activation: Literal["relu", "groupsort"] = "relu"
    group_size: PositiveInt = 2
    lr: PositiveFloat = 0.01


@dataclass(frozen=True)
class DualNetwork(LectureExperiment):
    """Critics of one size under each constraint, and what each proves of W1 (WGAN, equations 2 and 3).

    The bracket of every pair and constraint, on points that no critic was trained on: ``raw``, the critic's
    score gap, in the unit of its unknown Lipschitz constant; ``certified``, raw divided by the largest slope
    between two of the points, a lower bound of ``exact``, the transport between them; ``gap`` between these
    two. ``floor`` is the exact transport between two samples of the real side, what a perfect generator gets
    on average; a smaller value is no evidence of a better one. Under ``bjorck`` no slope exceeds 1, so that
    raw itself is a bound, if the distribution's own.

    ``experiment=known_answers`` takes pairs whose W1 is 1, a benchmark of constraints; networks are smaller
    and steps fewer than the paper's. ``experiment=dual_network`` takes any two datasets of vectors.

    Attributes:
        pairs: what critics are fitted to, by name.
        contenders: what holds them, by name.
        width: units of each hidden layer.
        depth: hidden layers.
        steps: critic steps, on points drawn afresh.
        batch_size: points of each side per step.
        samples: points of each side that the bracket is measured on.
        seed: of critics and points.

    Reference:
        Arjovsky et al., "Wasserstein GAN", 2017; Anil et al., "Sorting out Lipschitz function approximation",
        2019, section 7.1.
    """

    pairs: dict[str, FixedPair]
    contenders: dict[str, Contender]
    width: PositiveInt
    depth: PositiveInt
    steps: PositiveInt
    batch_size: PositiveInt
    samples: PositiveInt
    seed: NonNegativeInt

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("pairs", "contenders"):
            if not getattr(self, key):
                raise BadValueError(key, "a mapping of at least one", getattr(self, key))
        for name, contender in self.contenders.items():
            try:
                self._critic(contender)
            except BadValueError as error:
                raise BadValueError("width", f"{error.rule} in contenders.{name}", self.width) from None

    def run(self) -> Findings:
        """Fit a critic of every contender to every pair, and measure its bracket."""
        rows = [
            {"pair": pair, "constraint": name, **self._bracket(self.pairs[pair], contender)}
            for pair in self.pairs
            for name, contender in self.contenders.items()
        ]
        table = pandas.DataFrame(rows)
        return Findings(table, _draw(table), say_brackets(table))

    def _critic(self, contender: Contender) -> ToyCritic:
        return ToyCritic(self.width, self.depth, contender.activation, contender.group_size)

    def _bracket(self, pair: FixedPair, contender: Contender) -> dict[str, float]:
        real_sampler, fake_sampler = pair.samplers()
        fitted = fit_critic(
            real_sampler,
            fake_sampler,
            objective=Wasserstein(),
            constraint=contender.constraint,
            critic=self._critic(contender),
            optimizer=LinearDecay(Adam(lr=contender.lr), self.steps),
            steps=self.steps,
            batch_size=self.batch_size,
            seed=self.seed,
        )
        streams = {name: make_rng(self.seed, f"evaluation/{name}") for name in ("real", "fake", "other")}
        real, other = (real_sampler(self.samples, streams[name]) for name in ("real", "other"))
        fake = fake_sampler(self.samples, streams["fake"])
        scores_real, scores_fake = fitted.score(real), fitted.score(fake)
        certificate, exact = certify(scores_real, scores_fake, real, fake), wasserstein(real, fake)
        return {
            "raw": float(scores_real.double().mean() - scores_fake.double().mean()),
            "slope": certificate.slope,
            "certified": certificate.certified,
            "exact": exact,
            "gap": exact - certificate.certified,
            "floor": wasserstein(real, other),
        }


def say_brackets(table: pandas.DataFrame) -> str:
    """Return which constraint proves most of each pair, and whether raw estimates agree with what is proved.

    Args:
        table: pair, constraint, raw, certified and exact, a row for each pair and constraint.
    """
    pairs = [rows for _, rows in table.groupby("pair", sort=False)]
    said = [f"The most that a critic proves of W1: {'; '.join(map(_say_best, pairs))}."]
    apart = table[table["exact"] > 0]
    if len(apart):
        ratios = (apart["raw"] / apart["exact"]).tolist()
        said.append(f"Raw estimates are {span(ratios, '.2g')} times the exact distance.")
    if table["constraint"].nunique() > 1:
        alike = sum(_order(rows, "raw") == _order(rows, "certified") for rows in pairs)
        said.append(
            f"They order the constraints as certified ones do on {alike} of {counted(len(pairs), 'pair')}."
        )
    over = int((table["certified"] > table["exact"] * (1 + 1e-9)).sum())
    said.append(
        f"{over or 'None'} of {counted(len(table), 'certified one')} {verb(over or 1, 'exceeds', 'exceed')} "
        "the exact."
    )
    return " ".join(said)


def _say_best(rows: pandas.DataFrame) -> str:
    pair, exact = rows["pair"].iloc[0], rows["exact"].iloc[0]
    proved = rows[rows["certified"] > 0]
    if proved.empty:
        return f"{pair}: nothing of {exact:.3g}"
    best = proved.sort_values("certified", kind="stable", ascending=False).iloc[0]
    return f"{pair}: {best['certified']:.3g} of {exact:.3g} by {best['constraint']}"


def _order(rows: pandas.DataFrame, column: str) -> list[str]:
    return list(rows.sort_values(column, kind="stable")["constraint"])


def _draw(table: pandas.DataFrame) -> Figure:
    figure = new_slide()
    pairs = list(dict.fromkeys(table["pair"]))
    for axes, pair in zip(figure.subplots(1, len(pairs), sharey=True, squeeze=False)[0], pairs, strict=True):
        _draw_pair(axes, table[table["pair"] == pair])
        axes.set_title(pair.replace("_", " "))
    figure.supxlabel("in units of the exact W1", fontsize="medium")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4)
    return figure


def _draw_pair(axes: Axes, rows: pandas.DataFrame) -> None:
    """Draw how much of the exact distance is proved, and what the raw estimate claims."""
    exact = rows["exact"].iloc[0] or 1.0
    places, proved, raw = np.arange(len(rows))[::-1], rows["certified"] / exact, rows["raw"] / exact
    low = min(0.0, math.floor(proved.min() if proved.notna().any() else 0.0))
    axes.axvline(1, color=BLACK, label="exact W1")
    axes.hlines(places, proved, 1, color=BLUE, linewidth=7, alpha=0.25, label="not proved")
    axes.plot(proved, places, "o", color=BLUE, markersize=10, label="certified: at most W1")
    axes.plot(
        raw.where(raw.between(low, _SHOWN)),
        places,
        "D",
        color=VERMILION,
        fillstyle="none",
        markeredgewidth=2,
        label="raw: the unit is unknown",
    )
    for place, value in zip(places, raw, strict=True):
        if not low <= value <= _SHOWN:
            side, text = ("right", f"{value:.2g} →") if value > _SHOWN else ("left", f"← {value:.2g}")
            x = _SHOWN if value > _SHOWN else low
            axes.text(x, place, text, ha=side, va="center", color=VERMILION, fontsize=13)
    axes.set_yticks(places, [name.replace("_", " ") for name in rows["constraint"]])
    axes.set(xlim=(low, 1.04 * _SHOWN), ylim=(-0.6, len(rows) - 0.3), xticks=[low, 0.5, 1])
