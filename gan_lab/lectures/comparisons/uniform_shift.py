"""Two uniform distributions on the line that part: what each distance sees of the shift."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pandas
from matplotlib.figure import Figure

from gan_lab.config.checks import NonNegativeFloat, PositiveFloat, Rule
from gan_lab.config.errors import BadValueError
from gan_lab.distances import divergences
from gan_lab.distances.line import Uniform
from gan_lab.distances.line.transport import wasserstein_line
from gan_lab.lectures.base import Animation, Findings, LectureExperiment, Slider
from gan_lab.lectures.drawing import new_slide
from gan_lab.lectures.names import name_of
from gan_lab.lectures.words import span, to_within
from gan_lab.plotting.style import BLUE, GREEN, VERMILION

Shifts = Annotated[
    tuple[NonNegativeFloat, ...],
    Rule("numbers, 0 or greater, at least one", lambda shifts: len(shifts) > 0),
]

_CURVE_POINTS = 121
LEAST, MOST = 1e-9, 1e12  # widths of a shift that float64 tells from 0 and keeps a width beside

# columns that are drawn: name, label, colour and line style
_DRAWN = (
    ("w1", f"{name_of('w1')} (unit of x)", BLUE, "-"),  # first: for width 1 it lies below TV as far as 1
    ("tv", name_of("tv"), VERMILION, "--"),
    ("jsd", f"{name_of('jsd')} (nats)", GREEN, "-."),
)


@dataclass(frozen=True)
class UniformShift(LectureExperiment):
    """U[0, w] against U[ε, ε + w]: the first example of why Wasserstein (Zou, lecture 9).

    The sentence is about the shifts of table and curve together.

    With m = min(ε / w, 1): TV = m, JSD = m log 2, the squared Hellinger distance is 2m, W1 = W2 = ε, and
    KL is infinite both ways for every ε > 0. The slide claims TV = 1 "for all ε ≥ 0" and KL = ∞ at 0, too;
    TV is 1 from ε = w on, and at ε = 0 all of them are 0. JSD has the 1/2: its largest value is log 2.

    Attributes:
        shifts: ε of each row.
        width: w, in the unit of the shifts.
        reach: largest shift that is drawn; None for 1.5 widths, or that of the shifts if it is larger.
    """

    sliders: ClassVar = (
        Slider("shifts", "shift ε", tuple(k / 4 for k in range(11)), 0.5, lambda _, shift: (shift,)),
        Slider("width", "width w of both", (0.5, 1.0, 2.0), 1.0),
    )
    held: ClassVar = {"reach": 2.5}

    shifts: Shifts
    width: PositiveFloat = 1.0
    reach: PositiveFloat | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = LEAST * self.width, MOST * self.width
        for shift in self.shifts:
            if shift and not low <= shift <= high:
                rule = f"0, or from {low:g} to {high:g} for a width of {self.width:g}"
                raise BadValueError("shifts", rule, shift)
        low *= _CURVE_POINTS - 1
        if self.reach is not None and not low <= self.reach <= high:
            raise BadValueError(
                "reach", f"from {low:g} to {high:g} for a width of {self.width:g}", self.reach
            )

    def run(self) -> Findings:
        """Compute every divergence and distance at every shift."""
        table = self._distances(np.asarray(self.shifts))
        curve = self._distances(self._curve_shifts())
        figure, one = new_slide(), table.iloc[0] if len(table) == 1 else None
        self._draw(figure, curve, marked=one)
        seen = pandas.concat([table, curve], ignore_index=True)
        said = [_say_row(one)] if one is not None else []
        sentence = " ".join([*said, say_uniform_shift(seen, self.width)])
        return Findings(table, figure, sentence, {"curve": curve})

    def animation(self) -> Animation:
        """Return the two uniforms parting, with the distances drawn as far as they have come."""
        curve, figure = self._distances(self._curve_shifts()), new_slide()
        steps = np.linspace(1, len(curve), 41).astype(int)
        return Animation(figure, lambda k: self._draw(figure, curve, steps[k]), len(steps))

    def _curve_shifts(self) -> np.ndarray:
        return np.linspace(0, self.reach or max(1.5 * self.width, *self.shifts), _CURVE_POINTS)

    def _distances(self, shifts: np.ndarray) -> pandas.DataFrame:
        rows = []
        for shift in map(float, shifts):
            p, q = Uniform(0.0, self.width), Uniform(shift, shift + self.width)
            rows.append(
                {
                    "shift": shift,
                    "kl": divergences.kl(p, q),
                    "reverse_kl": divergences.kl(q, p),
                    "tv": divergences.total_variation(p, q),
                    "jsd": divergences.jensen_shannon(p, q),
                    "squared_hellinger": divergences.squared_hellinger(p, q),
                    "w1": wasserstein_line(p, q, 1),
                    "w2": wasserstein_line(p, q, 2),
                }
            )
        return pandas.DataFrame(rows)

    def _draw(
        self,
        figure: Figure,
        curve: pandas.DataFrame,
        so_far: int | None = None,
        marked: pandas.Series | None = None,
    ) -> None:
        figure.clear()
        densities, distances = figure.subplots(2, 1, height_ratios=[1, 3])
        seen = curve.iloc[:so_far]
        shift = float(seen["shift"].iloc[-1]) if so_far else self.width / 2
        shift = shift if marked is None else float(marked["shift"])
        largest = float(curve["shift"].iloc[-1])
        for start, label, colour, hatch in ((0.0, "P", BLUE, "//"), (shift, "Q", VERMILION, "\\\\")):
            box = {"facecolor": "none", "edgecolor": colour, "hatch": hatch, "linewidth": 2}
            densities.bar(start, 1 / self.width, self.width, align="edge", label=label, **box)
        densities.set(xlim=(-0.02 * largest, largest + self.width), yticks=[], xlabel="x", ylabel="density")
        densities.set(ylim=(0, 1.7 / self.width))  # room for the legend above both
        densities.legend(loc="upper right", ncols=2)
        for name, label, colour, line in _DRAWN:
            distances.plot(seen["shift"], seen[name], line, color=colour, label=label)
            if marked is not None:
                distances.plot(shift, marked[name], "o", color=colour, markersize=11, clip_on=False)
        distances.set(xlim=(0, largest), ylim=(0, 1.04 * curve[["tv", "jsd", "w1"]].to_numpy().max()))
        distances.set(xlabel="shift ε (unit of x)", ylabel="distance")
        distances.legend(loc="upper left", title="KL is ∞ for ε > 0")


def _say_row(row: pandas.Series) -> str:
    """Return the distances of a table's only row."""
    kl = "KL is infinite, " if math.isinf(row["kl"]) else f"KL is {row['kl']:g}, "
    others = f"TV {row['tv']:.4g}, JSD {row['jsd']:.4f} and W1 {row['w1']:.4g}"
    return f"At a shift of {row['shift']:g}, {kl}{others}."


def say_uniform_shift(rows: pandas.DataFrame, width: float) -> str:
    """Return what distances do as two uniforms part.

    Args:
        rows: shift, kl, reverse_kl, tv, jsd, w1 and further distances, a row for each shift.
        width: of both uniforms.
    """
    moved = rows[rows["shift"] > 0]
    apart = moved[moved["shift"] >= width]
    infinite = int(np.isinf(moved[["kl", "reverse_kl"]]).all(axis=1).sum())
    still = rows[rows["shift"] == 0].drop(columns="shift")
    said = [
        f"KL is infinite both ways at {infinite} of the {len(moved)} shifts of table and curve that are not 0"
    ]
    if len(still):
        said[0] += f", and at 0 the largest of all distances is {still.to_numpy().max():g}"
    if len(apart):
        said.append(
            f"from a shift of {width:g} on, where the supports part, TV is "
            f"{span(apart['tv'].tolist(), '.4g')} and JSD {span(apart['jsd'].tolist(), '.4f')}, which is at "
            f"most log 2 = {math.log(2):.4f}"
        )
    off = float(((moved["w1"] - moved["shift"]).abs() / moved["shift"]).max())
    said.append(f"W1 is the shift {to_within(off, ' of it')} everywhere")
    return "; ".join(said) + "."
