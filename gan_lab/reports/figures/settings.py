"""What a numeric setting does: final quality and the critic's health against a bound, a momentum, ..."""

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas
from matplotlib.axes import Axes

from gan_lab.plotting.style import COLOURS, GREY, MARKERS, NamedFigure, new_figure
from gan_lab.reports.figures.curves import values_of
from gan_lab.reports.figures.layout import LINE_IN, NumericAxis, numeric_axis, without, wrapped
from gan_lab.reports.sweep.model import Cell, ReportRun, Sweep
from gan_lab.tags.names import (
    AT_CLIP,
    GENERATOR_GRADIENT_NORM,
    LAYERS,
    SLOPE,
    STEP_GRADIENT_COSINE,
    group_of,
)
from gan_lab.tags.table import label_of, title_of

_LINES = ("-", "--", ":", "-.")
_MOST_TICKS = 6
_WIDEST_LABEL, _WIDEST_NAME = 28, 40  # characters
_MOST_INSIDE, _LONGEST_INSIDE = 4, 20  # names of lines that a panel has room for, characters
_NAMES = {
    "bound": "clipping bound",
    "lr": "learning rate",
    "beta1": "momentum β1",
    "n_critic": "critic steps per generator step",
}

Reduced = Callable[[ReportRun, str], float]


def _end(run: ReportRun, tag: str) -> float:
    return run.end(tag)


def _minimum(run: ReportRun, tag: str) -> float:
    return float(values_of(run, tag).min())  # nan of nothing


def _share_negative(run: ReportRun, tag: str) -> float:
    values = values_of(run, tag)
    return float((values < 0).mean()) if values.size else float("nan")


def _median(run: ReportRun, tag: str) -> float:
    return float(values_of(run, tag).median())


# tag, how a run's values become one, what the axis says, whether its decades matter
_HEALTH: tuple[tuple[str, Reduced, str, bool], ...] = (
    (AT_CLIP, _end, label_of(AT_CLIP), False),
    (SLOPE, _end, title_of(SLOPE), True),
    (GENERATOR_GRADIENT_NORM, _median, f"{title_of(GENERATOR_GRADIENT_NORM)} (median of the run)", True),
    (STEP_GRADIENT_COSINE, _minimum, f"{title_of(STEP_GRADIENT_COSINE)} (minimum)", False),
    (STEP_GRADIENT_COSINE, _share_negative, "iterations with a critic step uphill (share)", False),
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
    names = [wrapped(name, _WIDEST_NAME) for name in _lines(sweep, axis)]
    fits = len(names) <= _MOST_INSIDE and max(map(len, names)) <= _LONGEST_INSIDE
    beneath = 0 if fits else len("\n".join(names).split("\n"))
    figure = new_figure(3.2 * across, 2.6 * down + 0.3 + LINE_IN * beneath)
    places = figure.subplots(down, across, squeeze=False).flatten()
    for place, panel in zip(places, panels, strict=False):
        _draw(place, sweep, axis, panel)
    for place in places[len(panels) :]:
        place.set_axis_off()
    if beneath:
        figure.legend(*places[0].get_legend_handles_labels(), loc="outside lower left")
    elif len(names) > 1:
        places[0].legend(loc="best")
    caption = (
        f"Each dot is a run, each line the median over seeds, against {axis.key}; at the end, "
        "the median of the last measurements. Runs that diverged are "
        "shown with their last finite values; runs with a fault are left out. Where an axis is logarithmic, "
        "open markers on its bottom are zeros."
    )
    return NamedFigure("settings", f"What {axis.key} does", caption, figure)


def layer_figure(sweep: Sweep) -> NamedFigure | None:
    """Return the norm of the critic's gradient by layer (WGAN-GP, figure 1b); None if not measured."""
    tags = [str(tag) for run in sweep.runs for tag in run.numbers if group_of(str(tag)) == LAYERS]
    names = list(dict.fromkeys(tags))
    cells = [cell for cell in sweep.cells if any(run.fault is None for run in sweep.runs_of(cell))]
    if not names or not cells:
        return None
    labels = [wrapped(cell.label, _WIDEST_NAME) for cell in cells]
    figure = new_figure(7.2, max(3.6, 0.6 + LINE_IN * len("\n".join(labels).split("\n"))))
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
        only_zeros = not (norms > 0).any() and bool((norms == 0).any())
        label = f"{labels[number]} (all zero)" if only_zeros else labels[number]
        axes.plot(place, middle, markersize=4, label=label, **look)
        _mark_zeros(axes, list(place[(norms == 0).any(axis=0)]), look)
    axes.set(yscale="log", xlabel="critic layer, input first", ylabel="norm of the loss's gradient")
    axes.set_xticks(place)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    caption = (
        "At each run's end, the median of its last measurements: thin, every seed; "
        "thick, the median of those that are not 0. Open markers on the "
        "bottom are zeros: a logarithmic axis has no other place for them."
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
    zeros: list[tuple[list[float], dict[str, Any]]] = []
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
        if not table.empty:  # to a layout an unclipped line of nothing lies in the figure's corner
            axes.plot(
                table["x"], table["y"], linestyle="none", markersize=3.5, alpha=0.5, clip_on=False, **look
            )
        middle = table.groupby("x")["y"].median()
        line = _LINES[number % len(_LINES)]
        axes.plot(
            middle.index,
            middle,
            line,
            linewidth=1.4,
            markersize=4,
            label=wrapped(name, _WIDEST_NAME) or None,
            **look,
        )
        shown += list(table["y"])
        zeros.append((list(table["x"][table["y"] == 0]), look))
    if axis.is_log:
        axes.set_xscale("log")
    _scale(axes, shown, tag, decades)
    if axes.get_yscale() == "log":
        for places, look in zeros:
            _mark_zeros(axes, places, look)
    axes.minorticks_off()
    ticks = ticks_of(axis)
    axes.set_xticks(ticks, [f"{value:.3g}" for value in ticks])
    axes.set_xlabel(setting_title(axis.key), fontsize=8)
    axes.set_ylabel(textwrap.fill(title, _WIDEST_LABEL), fontsize=8)


def setting_title(key: str) -> str:
    """Return what an axis says of a setting: words where there are some, with the key behind them."""
    words = _NAMES.get(key.rpartition(".")[2])
    return f"{words}\n({key})" if words else wrapped(key, _WIDEST_NAME)


def ticks_of(axis: NumericAxis) -> list[float]:
    """Return the values of a setting that have room for a label, the smallest first."""
    values = np.array(axis.values)
    places = np.log(values) if axis.is_log else values
    apart = (places[-1] - places[0]) / (_MOST_TICKS - 1)
    kept = [0]
    for number, place in enumerate(places):
        if place - places[kept[-1]] >= 0.99 * apart:
            kept.append(number)
    return [axis.values[number] for number in kept]


def _scale(axes: Axes, shown: list[float], tag: str, decades: bool) -> None:
    """Choose the y axis so that noise does not fill it: a share's is 0 to 1, a cosine's -1 to 1."""
    positive = [value for value in shown if value > 0]
    if decades and positive and min(shown) >= 0 and max(positive) > 30 * min(positive):
        axes.set_yscale("log", nonpositive="mask")
    elif tag == STEP_GRADIENT_COSINE:
        axes.set_ylim((0, 1) if min(shown, default=0) >= 0 else (-1, 1))
    elif tag == AT_CLIP:
        axes.set_ylim(0, 1)
    elif shown and min(shown) >= 0:
        axes.set_ylim(0, 1.08 * max(shown) or 1)


def _mark_zeros(axes: Axes, places: list[float], look: dict[str, Any]) -> None:
    """Mark zeros on the bottom of a logarithmic axis, which has no place for them."""
    if not places:
        return
    bottom = axes.get_xaxis_transform()
    axes.plot(places, np.zeros(len(places)), linestyle="none", markersize=5, markerfacecolor="white",
              transform=bottom, clip_on=False, zorder=4, **look)  # fmt: skip
    if not axes.texts:
        axes.text(0.98, 0.03, "open: 0", transform=axes.transAxes, ha="right", color=GREY, fontsize=7)
