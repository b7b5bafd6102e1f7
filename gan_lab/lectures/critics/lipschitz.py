"""What holding a critic's slope does to its values, slopes, weights, and to gradients on their way down."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import pandas
import torch
from torch import Tensor

from gan_lab.architectures.mlp_toy import ToyCritic
from gan_lab.config.checks import NonNegativeInt, PositiveFloat, PositiveInt, Rule
from gan_lab.config.errors import BadValueError
from gan_lab.config.phrases import counted, verb
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.lectures.base import Findings, LectureExperiment, Slider
from gan_lab.lectures.critics.critic_fit import FittedCritic, fit_critic
from gan_lab.lectures.critics.dual_network import Contender
from gan_lab.lectures.critics.fixed_pairs import FixedPair
from gan_lab.lectures.critics.lipschitz_figure import draw_lipschitz
from gan_lab.lectures.critics.slopes import (
    clip_bound,
    layer_slopes,
    matrix_shapes,
    norm_bound,
    slopes_at,
    steepest_slope,
)
from gan_lab.numerics.streams import make_rng
from gan_lab.objectives.wasserstein import Wasserstein
from gan_lab.optimizers.adam import Adam
from gan_lab.optimizers.linear_decay import LinearDecay
from gan_lab.tags.names import AT_CLIP

Bounds = Annotated[
    tuple[PositiveFloat, ...],
    Rule(
        "different numbers greater than 0, at least one", lambda v: 0 < len(v) == len({f"{x:g}" for x in v})
    ),
]

_SAMPLES = 512  # points that slopes are looked for at


class Held(NamedTuple):
    """A critic, and what held it."""

    fitted: FittedCritic
    contender: Contender


@dataclass(frozen=True)
class Lipschitz(LectureExperiment):
    """Critics of the plane under each constraint, and deep ones under clipping (WGAN-GP, figure 1).

    Clipping to ±c proves a Lipschitz constant of Π c √(n_in n_out) (``clip_bound``), for usual sizes anything
    from 10^-7 to 10^17. The product of the weights' own norms (``norm_bound``) is nearer to the truth, of
    which ``slope_found`` is a lower bound. Under clipping weights gather at the edges of the box (``at_box``)
    and the value surface is simple. On its way down through many layers the score's gradient, 1 at the
    output, explodes or vanishes by a power of c (``first_layer``), where a gradient penalty keeps its size.
    A penalty that holds the slope to 1 holds it in the empty middle of a ring, too: with the paper's weight
    of 10 the middle is the highest place of all for thousands of steps. The shallow critics have 2. In the
    paper critics are larger and trained to optimality, the deep ones on a Swiss roll.

    Attributes:
        pair: what critics are fitted to, in the plane.
        contenders: what holds the shallow ones, by name.
        bounds: c of the deep ones; one more is held by a gradient penalty of weight 10.
        width: units of each hidden layer.
        depth: hidden layers of the shallow ones.
        deep: hidden layers of the deep ones; the paper has 11.
        deep_lr: learning rate of Adam for the deep ones.
        steps: critic steps.
        batch_size: points of each side per step.
        seed: of critics and points.
    """

    missing: ClassVar = {
        "clip_bound": "weights are not clipped",
        "at_box": "weights are not clipped",
    }

    sliders: ClassVar = (Slider("steps", "steps of the critics", (1, 10, 30, 100, 300, 1000), 300),)

    pair: FixedPair
    contenders: dict[str, Contender]
    bounds: Bounds
    width: PositiveInt
    depth: PositiveInt
    deep: PositiveInt
    deep_lr: PositiveFloat
    steps: PositiveInt
    batch_size: PositiveInt
    seed: NonNegativeInt

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.contenders:
            raise BadValueError("contenders", "a mapping of at least one", self.contenders)
        if self._points().shape[1:] != (2,):
            raise BadValueError("pair", "a pair of distributions in the plane", self.pair)

    def run(self) -> Findings:
        """Fit all critics, and measure how steep they are."""
        shallow = {name: self._fit(contender, self.depth) for name, contender in self.contenders.items()}
        held = {f"clip {bound:g}": Contender(WeightClip(bound), lr=self.deep_lr) for bound in self.bounds}
        held["gp"] = Contender(GradientPenalty(), lr=self.deep_lr)
        deep = {name: self._fit(contender, self.deep) for name, contender in held.items()}
        layers = pandas.DataFrame(
            {name: layer_slopes(critic.fitted, self._points()) for name, critic in deep.items()}
        )
        layers.insert(0, "layer", range(1, len(layers) + 1))
        rows = [self._row(name, critic, self.depth) for name, critic in shallow.items()]
        rows += [self._row(name, critic, self.deep) for name, critic in deep.items()]
        table = pandas.DataFrame(rows)
        critics = {name: critic.fitted for name, critic in shallow.items()}
        figure = draw_lipschitz(critics, self._points(), layers)
        return Findings(table, figure, say_slopes(table), {"layers": layers})

    def _fit(self, contender: Contender, depth: int) -> Held:
        real, fake = self.pair.samplers()
        fitted = fit_critic(
            real,
            fake,
            objective=Wasserstein(),
            constraint=contender.constraint,
            critic=ToyCritic(self.width, depth, contender.activation, contender.group_size),
            optimizer=LinearDecay(Adam(lr=contender.lr), self.steps),
            steps=self.steps,
            batch_size=self.batch_size,
            seed=self.seed,
        )
        return Held(fitted, contender)

    def _points(self, side: int = 0) -> Tensor:
        return self.pair.samplers()[side](_SAMPLES, make_rng(self.seed, f"evaluation/{side}"))

    def _row(self, name: str, critic: Held, depth: int) -> dict[str, object]:
        fitted, constraint, real = critic.fitted, critic.contender.constraint, self._points()
        weights, both = fitted.weights, torch.cat([real, self._points(1)])
        bound = at_box = math.nan
        if isinstance(constraint, WeightClip):
            bound = clip_bound(matrix_shapes(weights), constraint.bound)
            at_box = float(constraint.measure(fitted.state.critic)[AT_CLIP])
        return {
            "critic": name,
            "layers": depth + 1,
            "clip_bound": bound,
            "norm_bound": norm_bound(weights),
            "slope_found": steepest_slope(fitted, both, make_rng(self.seed, "slopes")),
            "slope_at_data": float(slopes_at(fitted, real).mean()),
            "at_box": at_box,
            "first_layer": layer_slopes(fitted, real)[0],
        }


def say_slopes(table: pandas.DataFrame) -> str:
    """Return what clipping bounds, whether what was found keeps to it, and what deep layers do to a gradient.

    Args:
        table: a run's table.
    """
    clipped = table[table["clip_bound"].notna()].sort_values("clip_bound", ascending=False)
    ends = clipped if len(clipped) < 2 else clipped.iloc[[0, -1]]
    bounds = [
        f"{row.clip_bound:.2g} for {row.critic} of {row.layers} layers, where the steepest slope found is "
        f"{row.slope_found:.2g}"
        for row in ends.itertuples()
    ]
    layers = int(table["layers"].max())
    over = int((clipped["slope_found"] > clipped["clip_bound"] * (1 + 1e-6)).sum())
    deepest = table[table["layers"] == layers]
    ways = ", ".join(f"{row.first_layer:.1g} under {row.critic}" for row in deepest.itertuples())
    return (
        f"Clipping bounds the slope by {', and by '.join(bounds)}; {over or 'none'} of "
        f"{counted(len(clipped), 'clipped critic')} {verb(over or 1, 'is', 'are')} found steeper. "
        f"Through {counted(layers, 'layer')}, a gradient of 1 arrives at the first layer as {ways}."
    )
