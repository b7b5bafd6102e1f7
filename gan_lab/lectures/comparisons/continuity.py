"""W1 between data and a network's samples is continuous in the network's parameters; JSD jumps."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pandas
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gan_lab.architectures.mlp_toy import ToyGenerator
from gan_lab.config.checks import NonNegativeInt, PositiveInt, Rule
from gan_lab.config.phrases import counted, listed
from gan_lab.game.networks import parameters
from gan_lab.lectures.base import Findings, LectureExperiment
from gan_lab.lectures.comparisons.polyline import Polyline, polyline
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.names import name_of
from gan_lab.lectures.words import span
from gan_lab.metrics.transport import wasserstein
from gan_lab.numerics.streams import build_with, make_rng
from gan_lab.plotting.style import BLACK, BLUE, GREEN, GREY, VERMILION
from gan_lab.types import Params

Array = NDArray[np.float64]
LEAST = 1e-10  # of a move: a parameter of the usual size keeps five digits of it
Moves = Annotated[
    tuple[float, ...],
    Rule(
        f"different numbers, each 0 or at least {LEAST:g} in size, at least one of them not 0",
        lambda v: any(v) and len(set(v)) == len(v) and all(t == 0 or abs(t) >= LEAST for t in v),
    ),
]

ENDS = (-1.0, 1.0)  # of the latents
ON_IT = 1e-10  # of a curve's size: what lies nearer is taken to lie on it, or cannot be told from it


@dataclass(frozen=True)
class Continuity(LectureExperiment):
    """P = g_0(Z) against g_θ(Z) as the parameters move along a line, θ = t v (WGAN, theorem 1).

    g is a perceptron with ReLU from one uniform latent to the plane, v a random direction in the space of
    all its parameters, as long as the initial ones. Samples lie on a curve of straight pieces, whose
    corners are computed. Wherever two such curves share no piece, P and g_θ(Z) share no mass: JSD = log 2
    for every t ≠ 0, however small, and 0 at t = 0. W1 is at most E ‖g_θ(z) - g_0(z)‖, which is continuous
    because the network is, so that it goes to 0 with t. (The theorem asks for a locally Lipschitz network
    and latents with a mean, no more; where a direction moves the samples along their own curve, JSD need
    not jump, and where it moves none of them both are 0.)

    Attributes:
        moves: t of each row.
        width: units of each hidden layer.
        depth: hidden layers.
        samples: latents, evenly spaced, that stand for Z.
        seed: of the network and of v.

    Reference:
        Arjovsky et al., "Wasserstein GAN", 2017, theorem 1 and corollary 1.
    """

    missing: ClassVar = {
        "jsd": "some samples lie on the other curve, or too near to it to tell",
    }

    moves: Moves
    width: PositiveInt
    depth: PositiveInt
    samples: PositiveInt
    seed: NonNegativeInt

    def run(self) -> Findings:
        """Compare the network's samples with those of every moved one."""
        curves = {t: self._curve(t) for t in sorted({0.0, *self.moves})}
        table = pandas.DataFrame([self._row(t, curves) for t in sorted(self.moves)])
        return Findings(table, self._draw(table, curves), say_continuity(table))

    def _curve(self, t: float) -> Polyline:
        """Return what the network makes of all latents after a move of t."""
        network = build_with(
            self.seed, "generator", lambda: ToyGenerator(self.width, self.depth).build(1, (2,))
        )
        start, rng = {}, make_rng(self.seed, "direction")
        moved: Params = {}
        for name, value in parameters(network).items():
            start[name] = value.double()
            moved[name] = torch.randn(value.shape, generator=rng, dtype=torch.float64)
        length, of_start = (
            math.sqrt(sum(float(v.square().sum()) for v in each.values())) for each in (moved, start)
        )
        params = {name: value + t * of_start / length * moved[name] for name, value in start.items()}
        return polyline(network.double(), params, ENDS)

    def _row(self, t: float, curves: dict[float, Polyline]) -> dict[str, float]:
        low, high = ENDS
        z = low + (high - low) * (np.arange(self.samples) + 0.5) / self.samples
        still, moved = curves[0.0](z), curves[t](z)
        shift = np.linalg.norm(moved - still, axis=1)
        return {
            "t": t,
            "w1": wasserstein(torch.from_numpy(still), torch.from_numpy(moved)),
            "coupling": float(shift.mean()),
            "jsd": jensen_shannon_of_curves(curves[0.0], curves[t], still, moved),
        }

    def _draw(self, table: pandas.DataFrame, curves: dict[float, Polyline]) -> Figure:
        figure = new_slide()
        plane, distances = figure.subplots(1, 2)
        largest = max(map(abs, curves))
        for t, curve in sorted(curves.items(), key=lambda item: -abs(item[0])):
            colour = BLACK if t == 0 else BLUE if t < 0 else VERMILION
            strength = 1.0 if t == 0 else 0.35 + 0.65 * abs(t) / largest
            plane.plot(*curve.corners.T, color=colour, alpha=strength, linewidth=3 if t == 0 else 1.5)
        for colour, label in ((BLUE, "t < 0"), (BLACK, "t = 0"), (VERMILION, "t > 0")):
            plane.plot([], [], color=colour, label=label)
        plane.set(xlabel="first coordinate", ylabel="second coordinate")
        plane.legend(title="samples lie on")
        distances.plot(table["t"], table["w1"], "-o", color=BLUE, label=name_of("w1"))
        distances.plot(table["t"], table["coupling"], "--", color=GREY, label="E ‖g_θ(z) − g₀(z)‖")
        distances.plot(table["t"], table["jsd"], "s", color=GREEN, label=f"{name_of('jsd')} (nats)")
        distances.set(xlabel="t, how far the parameters are moved", ylabel="distance", ylim=(-0.02, None))
        distances.legend()
        return figure


def jensen_shannon_of_curves(still: Polyline, moved: Polyline, x: Array, y: Array) -> float:
    """Return JSD of the distributions on two curves, from samples of either, where it can be told.

    Returns:
        0 where the curves are one and every sample is where it was, log 2 where no sample of either lies on
        the other's curve, and NaN where some do, or are too near to tell.

    Args:
        still: the one curve.
        moved: the other.
        x: samples on ``still``, (n, 2).
        y: samples of the same latents on ``moved``, (n, 2).
    """
    if np.array_equal(x, y) and np.array_equal(still.corners, moved.corners):
        return 0.0
    near = ON_IT * float(np.ptp(np.concatenate([still.corners, moved.corners]), axis=0).max())
    apart = (still.distances(y) > near).all() and (moved.distances(x) > near).all()
    return math.log(2) if apart else math.nan


def say_continuity(table: pandas.DataFrame) -> str:
    """Return whether W1 keeps its bound and shrinks with t, and where JSD jumps.

    Args:
        table: t, w1, coupling and jsd, a row for each move.
    """
    apart = table[table["t"] != 0]
    order = apart["t"].abs().sort_values(kind="stable").index
    near, far = apart.loc[order[0]], apart.loc[order[-1]]
    below = int((apart["w1"] <= apart["coupling"] * (1 + 1e-9) + 1e-15).sum())
    jumps = int(np.isclose(apart["jsd"], math.log(2)).sum())
    equal, unknown = int((apart["jsd"] == 0).sum()), int(apart["jsd"].isna().sum())
    ways = span((apart["coupling"] / apart["t"].abs()).tolist(), ".3g")
    ends = [f"{row['w1']:.3g} at t = {row['t']:g}" for row in ([near, far] if len(apart) > 1 else [near])]
    said = (
        f"W1 between the samples of a network and of the moved one is {listed(ends)}, in {below} of "
        f"{counted(len(apart), 'place')} at most the mean way of a sample, which is {ways} times |t|. JSD is "
        f"{math.log(2):.4f} (log 2) at {jumps} of {len(apart)} t that are not 0"
    )
    said += f", 0 at {equal}" if equal else ""
    said += f", and at {unknown} the curves share points or are too near to tell" if unknown else ""
    still = table[table["t"] == 0]
    return (
        f"{said}; at 0 W1 is {still['w1'].iloc[0]:g} and JSD {still['jsd'].iloc[0]:g}."
        if len(still)
        else f"{said}."
    )
