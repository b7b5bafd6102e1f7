"""Who loses modes: modes hit and the share of good samples, per objective and dataset."""

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from gan_lab.plotting.style import GREY, NamedFigure, colour_of, marker_of, new_figure
from gan_lab.reports.figures.curves import values_of
from gan_lab.reports.figures.layout import (
    LINE_IN,
    lines_of,
    objective_of,
    objectives_of,
    setting_of,
    settings_of_sweep,
    wrapped,
)
from gan_lab.reports.sweep.model import Cell, Sweep
from gan_lab.tags.names import HIGH_QUALITY_SHARE, MODES_HIT, floor_tag
from gan_lab.tags.table import label_of

_WIDEST_LABEL, _WIDEST_TITLE = 34, 90  # characters
_PANELS = (MODES_HIT, HIGH_QUALITY_SHARE)


def modes_figure(sweep: Sweep) -> NamedFigure | None:
    """Return modes hit and good samples with seeds as dots; None unless mixtures were measured."""
    counted = [run for run in sweep.runs if run.fault is None]
    # images have classes to hit, but no samples that are near one
    if not any(values_of(run, HIGH_QUALITY_SHARE).size for run in counted):
        return None
    measured = [cell for cell in sweep.cells if _is_measured(sweep, cell)]
    rows = [each for each in settings_of_sweep(sweep) if each in map(setting_of, measured)]
    of_cells = {objective_of(sweep, cell) for cell in measured}
    objectives = [each for each in objectives_of(sweep) if each in of_cells]
    titles = [wrapped(setting, _WIDEST_TITLE) for setting in rows]
    row_in = 0.24 * len(objectives) + 0.84 + LINE_IN * lines_of(titles)
    figure = new_figure(7.6, len(rows) * row_in)
    places = figure.subplots(len(rows), len(_PANELS), squeeze=False, sharey=True)
    for line, setting, title in zip(places, rows, titles, strict=True):
        for axes, tag in zip(line, _PANELS, strict=True):
            _draw(axes, sweep, setting, objectives, tag)
            axes.set_xlabel(textwrap.fill(label_of(tag), _WIDEST_LABEL))
        line[0].set_title(title, loc="left")
    places[0][0].set_yticks(range(len(objectives)), objectives)
    places[0][0].set_ylim(len(objectives) - 0.4, -0.6)
    caption = (
        "At each run's end, the median of its last measurements: small, every seed; "
        "large, their mean. Dashed: the same of real samples. A run that diverged is shown with its last "
        "finite measurements."
    )
    return NamedFigure("modes", "Which objectives lose modes?", caption, figure)


def _is_measured(sweep: Sweep, cell: Cell) -> bool:
    runs = [run for run in sweep.runs_of(cell) if run.fault is None]
    return any(values_of(run, tag).size for run in runs for tag in _PANELS)


def _draw(axes: Axes, sweep: Sweep, setting: str, objectives: list[str], tag: str) -> None:
    floors = []
    for cell in (cell for cell in sweep.cells if setting_of(cell) == setting):
        objective = objective_of(sweep, cell)
        if objective not in objectives:
            continue  # no run of it was measured
        place = objectives.index(objective)
        runs = [run for run in sweep.runs_of(cell) if run.fault is None]
        values = np.array([run.end(tag) for run in runs])
        values = values[np.isfinite(values)]
        floors += [run.end(floor_tag(tag)) for run in runs]
        if values.size:
            look: dict[str, Any] = {
                "color": colour_of(objective),
                "marker": marker_of(objective),
                "linestyle": "none",
                "clip_on": False,
            }
            axes.plot(values, np.full(values.size, place), markersize=4, alpha=0.45, **look)
            axes.plot([values.mean()], [place], markersize=8, markeredgecolor="white", **look)
    known = np.array(floors)[np.isfinite(floors)] if floors else np.array([])
    if known.size:
        axes.axvline(float(known.mean()), color=GREY, linewidth=0.9, linestyle="--")
    axes.set_xlim(left=0)
    axes.grid(axis="y", linewidth=0.3)
