"""What a numeric setting does: final quality and the critic's health against a bound, a momentum, ..."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas
from matplotlib.axes import Axes

from gan_lab.figure_style import COLOURS, MARKERS, NamedFigure, new_figure
from gan_lab.reports.arrangement import NumericAxis, numeric_axis, without
from gan_lab.reports.curves import values_of
from gan_lab.reports.model import Cell, ReportRun, Sweep
from gan_lab.reports.verdicts import end_of

Reduced = Callable[[ReportRun, str], float]


def _end(run: ReportRun, tag: str) -> float:
    return end_of(run.numbers, tag)


def _minimum(run: ReportRun, tag: str) -> float:
    return float(values_of(run, tag).min())  # nan of nothing


def _share_negative(run: ReportRun, tag: str) -> float:
    values = values_of(run, tag)
    return float((values < 0).mean()) if values.size else float("nan")


def _median(run: ReportRun, tag: str) -> float:
    return float(values_of(run, tag).median())


# tag, how a run's values become one, what the axis says, whether its decades matter
_HEALTH: tuple[tuple[str, Reduced, str, bool], ...] = (
    ("health/at_clip_fraction", _end, "critic weights at the\nclipping bound (share)", False),
    ("health/critic_slope", _end, "critic's largest slope", True),
    ("health/generator_gradient_norm", _median, "generator's gradient norm\n(median of the run)", True),
    ("health/step_gradient_cosine", _minimum, "cosine of critic step and\ndescent (minimum)", False),
    ("health/step_gradient_cosine", _share_negative, "iterations with a critic\nstep uphill (share)", False),
)


def setting_figure(sweep: Sweep) -> NamedFigure | None:
    """Return quality and health against the numeric setting of a sweep; None without such a setting."""
    axis = numeric_axis(sweep)
    if axis is None:
        return None
    quality = sweep.quality
    first = [(quality.tag, _end, f"final {quality.title}", False)] if quality else []
    panels = [panel for panel in (*first, *_HEALTH) if _is_measured(sweep, panel[0])]
    if not panels:
        return None
    across = min(3, len(panels))
    down = -(-len(panels) // across)
    figure = new_figure(3.2 * across, 2.6 * down + 0.3)
    places = figure.subplots(down, across, squeeze=False).flatten()
    for place, panel in zip(places, panels, strict=False):
        _draw(place, sweep, axis, panel)
    for place in places[len(panels) :]:
        place.set_axis_off()
    if len(_lines(sweep, axis)) > 1:
        places[0].legend(loc="best")
    caption = (
        f"Each dot is a run, each line the median over seeds, against {axis.key}; at the end, "
        "the median of the last three measurements. Runs that diverged are "
        "shown with their last finite values; runs with a fault are left out. Where an axis is logarithmic, "
        "zeros have no place on it."
    )
    return NamedFigure("settings", f"What {axis.key} does", caption, figure)


def layer_figure(sweep: Sweep) -> NamedFigure | None:
    """Return the norm of the critic's gradient by layer (WGAN-GP, figure 1b); None if not measured."""
    tags = [str(tag) for run in sweep.runs for tag in run.numbers if str(tag).startswith("layers/")]
    names = list(dict.fromkeys(tags))
    cells = [cell for cell in sweep.cells if any(run.fault is None for run in sweep.runs_of(cell))]
    if not names or not cells:
        return None
    figure = new_figure(6.4, 3.6)
    axes = figure.add_subplot()
    for number, cell in enumerate(cells):
        runs = [run for run in sweep.runs_of(cell) if run.fault is None]
        norms = np.array([[_end(run, tag) for tag in names] for run in runs])
        look: dict[str, Any] = {
            "color": COLOURS[number % len(COLOURS)],
            "marker": MARKERS[number % len(MARKERS)],
        }
        place = np.arange(1, len(names) + 1)
        axes.plot(place, np.where(norms > 0, norms, np.nan).T, linewidth=0.5, alpha=0.35, color=look["color"])
        middle = np.array(
            [np.median(column[column > 0]) if (column > 0).any() else np.nan for column in norms.T]
        )
        axes.plot(place, middle, markersize=4, label=cell.label, **look)
    axes.set(yscale="log", xlabel="critic layer, input first", ylabel="norm of the loss's gradient")
    axes.set_xticks(place)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    caption = (
        "At each run's end, the median of its last three measurements: thin, every seed; "
        "thick, their median. Zeros are not shown: "
        "the axis is logarithmic."
    )
    return NamedFigure("layers", "The critic's gradient by layer", caption, figure)


def _is_measured(sweep: Sweep, tag: str) -> bool:
    return any(values_of(run, tag).size for run in sweep.runs if run.fault is None)


def _lines(sweep: Sweep, axis: NumericAxis) -> dict[str, list[Cell]]:
    lines: dict[str, list[Cell]] = {}
    for cell in sorted(sweep.cells, key=lambda cell: float(cell.settings[axis.key])):
        lines.setdefault(without(cell, axis.key), []).append(cell)
    return lines


def _draw(axes: Axes, sweep: Sweep, axis: NumericAxis, panel: tuple[str, Reduced, str, bool]) -> None:
    tag, reduced, title, decades = panel
    shown: list[float] = []
    for number, (name, cells) in enumerate(_lines(sweep, axis).items()):
        dots = [
            (float(cell.settings[axis.key]), reduced(run, tag))
            for cell in cells
            for run in sweep.runs_of(cell)
            if run.fault is None
        ]
        table = pandas.DataFrame(dots, columns=["x", "y"]).dropna()
        look: dict[str, Any] = {
            "color": COLOURS[number % len(COLOURS)],
            "marker": MARKERS[number % len(MARKERS)],
        }
        axes.plot(table["x"], table["y"], linestyle="none", markersize=3.5, alpha=0.5, **look)
        middle = table.groupby("x")["y"].median()
        axes.plot(middle.index, middle, linewidth=1.4, color=look["color"], label=name or None)
        shown += list(table["y"])
    if axis.is_log:
        axes.set_xscale("log")
    positive = [value for value in shown if value > 0]
    if decades and positive and min(shown) >= 0 and max(positive) > 30 * min(positive):
        axes.set_yscale("log", nonpositive="mask")
    axes.minorticks_off()
    axes.set_xticks(list(axis.values), [f"{value:g}" for value in axis.values])
    axes.set(xlabel=axis.key)
    axes.set_ylabel(title, fontsize=8)
