"""Two parallel segments in the plane: the example on which only Wasserstein has a gradient."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pandas
import torch
from matplotlib.figure import Figure

from gan_lab.config.checks import PositiveFloat, PositiveInt, Rule
from gan_lab.config.phrases import counted
from gan_lab.distances import divergences
from gan_lab.distances.plane import Segment
from gan_lab.lectures.base import Animation, Findings, LectureExperiment, Slider
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.names import name_of
from gan_lab.lectures.words import span, to_within
from gan_lab.metrics.transport import wasserstein
from gan_lab.plotting.style import BLUE, GREEN, VERMILION

Shifts = Annotated[tuple[float, ...], Rule("numbers, at least one", lambda shifts: len(shifts) > 0)]

LEVEL = " (log 2) at all of them, so that its gradient is 0"

_CURVE_POINTS = 201


@dataclass(frozen=True)
class ParallelLinesExperiment(LectureExperiment):
    """(0, Z) against (θ, Z), Z uniform on [0, 1] (WGAN, example 1 and figure 1; Isachenko, lecture 6).

    W1 = |θ|, with slope ±1. For θ ≠ 0 the segments share no point: JSD = log 2 and TV = 1, flat in θ, and
    KL is infinite both ways; at θ = 0 all of them are 0. The paper's own definition of JS lacks the 1/2, with
    which alone it is log 2 here; without it, 2 log 2.

    Attributes:
        shifts: θ of each row, in units of the segments' length.
        samples: points on each segment, evenly spaced, for the exact transport beside |θ|.
        reach: largest |θ| that is drawn; None for that of the shifts.
    """

    missing: ClassVar = {
        "*_slope": "there is no slope at theta = 0",
    }

    sliders: ClassVar = (
        Slider(
            "shifts",
            "shift θ (length of a segment)",
            tuple(k / 10 for k in range(-10, 11)),
            0.5,
            lambda _, theta: (theta,),
        ),
    )
    held: ClassVar = {"reach": 1.0}

    shifts: Shifts
    samples: PositiveInt = 256
    reach: PositiveFloat | None = None

    def run(self) -> Findings:
        """Compute every distance and its derivative at every θ."""
        table = pandas.DataFrame([self._row(shift) for shift in self.shifts])
        curve = _curve(self._reach())
        figure = new_slide()
        self._draw(figure, curve, self.shifts[0] if len(self.shifts) == 1 else None)
        return Findings(table, figure, say_parallel_lines(table, self.samples), {"curve": curve})

    def animation(self) -> Animation:
        """Return the second segment moving across, with both distances at its place."""
        curve, figure = _curve(self._reach()), new_slide()
        places = curve["theta"].iloc[np.linspace(0, len(curve) - 1, 41).astype(int)].tolist()
        return Animation(figure, lambda k: self._draw(figure, curve, places[k]), len(places))

    def _reach(self) -> float:
        return self.reach or max(abs(shift) for shift in self.shifts) or 1.0

    def _row(self, shift: float) -> dict[str, float]:
        p, q = Segment((0.0, 0.0), (0.0, 1.0)), Segment((shift, 0.0), (shift, 1.0))
        heights = (torch.arange(self.samples, dtype=torch.float64) + 0.5) / self.samples
        still = torch.stack([torch.zeros_like(heights), heights], dim=1)  # (n, 2)
        moved = torch.stack([torch.full_like(heights, shift), heights], dim=1)
        return {
            "theta": shift,
            "w1": abs(shift),
            "w1_of_samples": wasserstein(still, moved),
            "w1_slope": float(np.sign(shift)) if shift else math.nan,
            "jsd": divergences.jensen_shannon(p, q),
            "jsd_slope": 0.0 if shift else math.nan,
            "tv": divergences.total_variation(p, q),
            "kl": divergences.kl(p, q),
            "reverse_kl": divergences.kl(q, p),
        }

    def _draw(self, figure: Figure, curve: pandas.DataFrame, marked: float | None) -> None:
        figure.clear()
        lines, distances = figure.subplots(1, 2, width_ratios=[2, 3])
        theta = float(curve["theta"].iloc[-1]) if marked is None else marked
        lines.plot([0, 0], [0, 1], color=BLUE, linewidth=5, label="$P_0$")
        lines.plot([theta, theta], [0, 1], "--", color=VERMILION, linewidth=5, label=r"$P_\theta$")
        reach = self._reach()
        lines.set(xlim=(-1.15 * reach, 1.15 * reach), ylim=(-0.05, 1.35), xlabel="x", ylabel="z")
        lines.legend(loc="upper center", ncols=2)
        distances.plot(curve["theta"], curve["w1"], color=BLUE, label=f"{name_of('w1')} = |θ|")
        for side in (curve["theta"] < 0, curve["theta"] > 0):
            distances.plot(curve["theta"][side], curve["jsd"][side], "--", color=GREEN)
        distances.plot([], [], "--", color=GREEN, label=f"{name_of('jsd')} (nats)")
        # JSD leaves log 2 at one point alone
        distances.plot(0, math.log(2), "o", color=GREEN, markerfacecolor="white")
        distances.plot(0, 0, "o", color=GREEN, label=f"{name_of('jsd')} at θ = 0")
        if marked is not None:
            distances.plot(theta, abs(theta), "o", color=BLUE, markersize=11)
            distances.plot(theta, math.log(2) if theta else 0.0, "s", color=GREEN, markersize=11)
        distances.set(xlabel="shift θ (length of a segment)", ylabel=r"distance between $P_0$ and $P_\theta$")
        distances.set(ylim=(-0.05, 1.45 * max(reach, math.log(2))))
        distances.legend(loc="upper center", ncols=3, columnspacing=1.0, title="KL is ∞ for θ ≠ 0")


def say_parallel_lines(table: pandas.DataFrame, samples: int) -> str:
    """Return what the rows show, those at θ = 0 apart from the others.

    Args:
        table: theta, w1, w1_of_samples, jsd, tv, kl and reverse_kl, a row for each θ.
        samples: points on each segment behind ``w1_of_samples``.
    """
    apart = table[table["theta"] != 0]
    distances = table.loc[table["theta"] == 0, ["w1", "w1_of_samples", "jsd", "tv", "kl", "reverse_kl"]]
    said = []
    if len(apart):
        off = float(((apart["w1_of_samples"] - apart["w1"]).abs() / apart["w1"]).max())
        divergent = int(np.isinf(apart[["kl", "reverse_kl"]]).all(axis=1).sum())
        flat = len(apart) > 1 and np.isclose(apart["jsd"], math.log(2), rtol=1e-9).all()
        which = f"the {len(apart)} θ that are not 0" if len(apart) > 1 else f"θ = {apart['theta'].iloc[0]:g}"
        points = f"{counted(samples, 'point')} on each segment"
        said.append(
            f"At {which}, W1 is |θ|, {span(apart['w1'].tolist(), '.4g')}, and "
            f"exact transport between {points} agrees {to_within(off, ' of it')}; "
            f"JSD is {span(apart['jsd'].tolist(), '.4f')}{LEVEL if flat else ''}; KL is infinite both ways"
            f"{f' at {divergent} of them' if divergent != 1 or len(apart) > 1 else ''}."
        )
    if len(distances):
        said.append(f"At θ = 0 the largest of all distances is {distances.to_numpy().max():g}.")
    return " ".join(said)


def _curve(reach: float) -> pandas.DataFrame:
    theta = np.linspace(-reach, reach, _CURVE_POINTS)
    theta[_CURVE_POINTS // 2] = 0.0  # linspace may miss it by a rounding error, and everything happens there
    return pandas.DataFrame(
        {"theta": theta, "w1": np.abs(theta), "jsd": np.where(theta == 0, 0.0, math.log(2))}
    )
