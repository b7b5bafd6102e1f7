"""Who loses modes: modes hit and the share of good samples, per objective and dataset."""

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from gan_lab.plotting.style import GREY, NamedFigure, colour_of, marker_of, new_figure
from gan_lab.reports.figures.curves import values_of
from gan_lab.reports.figures.layout import objective_of, objectives_of, setting_of, settings_of_sweep
from gan_lab.reports.sweep.model import Sweep
from gan_lab.tags.names import HIGH_QUALITY_SHARE, MODES_HIT, floor_tag
from gan_lab.tags.table import label_of

_WIDEST_LABEL = 34  # characters
_PANELS = (MODES_HIT, HIGH_QUALITY_SHARE)


def modes_figure(sweep: Sweep) -> NamedFigure | None:
    """Return modes hit and good samples with seeds as dots; None unless mixtures were measured."""
    counted = [run for run in sweep.runs if run.fault is None]
    # images have classes to hit, but no samples that are near one
    if not any(values_of(run, HIGH_QUALITY_SHARE).size for run in counted):
        return None
    rows, objectives = settings_of_sweep(sweep), objectives_of(sweep)
    figure = new_figure(7.6, len(rows) * (0.24 * len(objectives) + 1.0))
    places = figure.subplots(len(rows), len(_PANELS), squeeze=False, sharey=True)
    for line, setting in zip(places, rows, strict=True):
        for axes, tag in zip(line, _PANELS, strict=True):
            _draw(axes, sweep, setting, tag)
            axes.set_xlabel(textwrap.fill(label_of(tag), _WIDEST_LABEL))
        line[0].set_title(setting, loc="left")
    places[0][0].set_yticks(range(len(objectives)), objectives)
    places[0][0].set_ylim(len(objectives) - 0.4, -0.6)
    caption = (
        "At each run's end, the median of its last measurements: small, every seed; "
        "large, their mean. Dashed: the same of real samples. A run that diverged is shown with its last "
        "finite measurements."
    )
    return NamedFigure("modes", "Which objectives lose modes?", caption, figure)


def _draw(axes: Axes, sweep: Sweep, setting: str, tag: str) -> None:
    floors = []
    for cell in (cell for cell in sweep.cells if setting_of(cell) == setting):
        objective = objective_of(sweep, cell)
        place = objectives_of(sweep).index(objective)
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
