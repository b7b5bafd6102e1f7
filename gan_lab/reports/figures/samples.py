"""Figures 5 to 7 of the WGAN paper: samples of all cells side by side, at the end of training."""

import math
from pathlib import Path

from matplotlib.axes import Axes

from gan_lab.plotting.style import GREY, NamedFigure, new_figure, show_picture
from gan_lab.reports.claims.paired_runs import is_judged
from gan_lab.reports.figures.layout import (
    LINE_IN,
    lines_of,
    objective_of,
    objectives_of,
    setting_of,
    settings_of_sweep,
    wrapped,
)
from gan_lab.reports.figures.sample_images import pictures_of, read_picture, shows_points
from gan_lab.reports.sweep.cells import by_size
from gan_lab.reports.sweep.model import Cell, ReportRun, Sweep

_MOST_ACROSS, _ROWS, _COLUMNS = 6, 4, 8
_CHARACTERS_PER_INCH = 14  # of 8 points
_WIDTH = 2.5  # inches of a grid of images
_WIDTH_OF_POINTS = 3.6  # with axes and a colour bar, whose text is to be read


def sample_figure(sweep: Sweep) -> NamedFigure | None:
    """Return the pictures of all cells, a row per setting, a column per objective; None without any."""
    shown = {cell.key: run for cell in sweep.cells if (run := _shown(sweep.runs_of(cell)))}
    if not shown:
        return None
    wide, tall = _size_of(next(iter(shown.values())))
    table = _arrange(sweep, across=4 if wide == _WIDTH else 2)
    names = {cell.key: _name_of(sweep, cell, wide) for cell in sweep.cells}
    title_in = 0.13 + LINE_IN * (1 + lines_of(names.values()))
    figure = new_figure(wide * len(table[0]) + 0.3, (tall + title_in) * len(table))
    places = figure.subplots(len(table), len(table[0]), squeeze=False)
    for row, cells in zip(places, table, strict=True):
        for axes, cell in zip(row, cells, strict=True):
            axes.set_axis_off()
            if cell is not None:
                _draw(axes, sweep, cell, names[cell.key], shown.get(cell.key))
    seeds = sorted({str(run.record.seed) for run in shown.values()}, key=by_size)
    caption = (
        f"The last picture of seed {', '.join(seeds)} of each cell, all from latents that stayed the same "
        "through training. Above each, how many of the cell's seeds the failure rule passed of those that "
        "it could judge; behind that the iteration at which the seed that is shown diverged, if it did."
    )
    return NamedFigure("samples", "Samples side by side", caption, figure, every_colour=True)


def _arrange(sweep: Sweep, across: int) -> list[list[Cell | None]]:
    """Return the cells as a table, None where there is no cell."""
    rows, columns = settings_of_sweep(sweep), objectives_of(sweep)
    cells = {(setting_of(cell), objective_of(sweep, cell)): cell for cell in sweep.cells}
    sparse = 2 * len(cells) <= len(rows) * len(columns)
    if sparse or 1 in (len(rows), len(columns)):
        # a single row or column says nothing by its place, nor does one cell in a row: as many across as fit
        places = [(row, column) for row in rows for column in columns]
        flat = [cells.get(place) for place in places if not sparse or place in cells]
        across = min(len(flat), across)
        flat += [None] * (math.ceil(len(flat) / across) * across - len(flat))
        return [flat[at : at + across] for at in range(0, len(flat), across)]
    if len(columns) > _MOST_ACROSS:
        return [[cells.get((row, column)) for row in rows] for column in columns]
    return [[cells.get((row, column)) for column in columns] for row in rows]


def _shown(runs: list[ReportRun]) -> ReportRun | None:
    # the first seed, whatever became of it: to choose a better one would be to choose the result
    return next((run for run in runs if pictures_of(run)), None)


def _name_of(sweep: Sweep, cell: Cell, wide: float) -> str:
    objective, setting = objective_of(sweep, cell), setting_of(cell)
    return wrapped(f"{objective}{', ' if setting else ''}{setting}", round(_CHARACTERS_PER_INCH * wide))


def _draw(axes: Axes, sweep: Sweep, cell: Cell, name: str, run: ReportRun | None) -> None:
    runs = sweep.runs_of(cell)
    judged = [each for each in runs if is_judged(each)]
    passed = sum(each.verdict.outcome == "success" for each in judged)
    # a run of which nobody can tell has not failed
    worked = f"{passed} of {len(judged)} succeed" if judged else "not judged"
    if run is not None and run.record.status == "diverged":
        worked += f"; diverged at {run.record.iteration:,}"
    axes.set_title(f"{name}\n{worked}", fontsize=8, pad=3)  # what it is, and how many seeds worked
    pixels = None if run is None else read_picture(_last(run)[1], _ROWS, _COLUMNS)
    if run is None or pixels is None:
        axes.text(0.5, 0.5, "no picture", transform=axes.transAxes, ha="center", color=GREY)
        return
    show_picture(axes, pixels, _size_of(run)[0])


def _last(run: ReportRun) -> tuple[int, Path]:
    return list(pictures_of(run).items())[-1]


def _size_of(run: ReportRun) -> tuple[float, float]:
    """Return width and height of a run's picture in inches."""
    path = _last(run)[1]
    pixels = read_picture(path, _ROWS, _COLUMNS)
    wide = _WIDTH_OF_POINTS if shows_points(path) else _WIDTH
    return wide, wide if pixels is None else wide * pixels.shape[0] / pixels.shape[1]
