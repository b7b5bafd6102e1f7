"""Figures 3 and 4 of the WGAN paper: the critic's estimate along training, quality and samples beneath it."""

import math
import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

from gan_lab.plotting.style import GREY, NamedFigure, colour_of, new_figure, show_picture, spread
from gan_lab.reports.figures.curves import SeedCurves, curves_of, stride, thin, values_of
from gan_lab.reports.figures.layout import LINE_IN, lines_of, objective_of, objectives_of, setting_of, wrapped
from gan_lab.reports.figures.sample_images import (
    choose_evenly,
    pictures_of,
    read_picture,
    without_axes,
)
from gan_lab.reports.sweep.bounds import divergence_in_words
from gan_lab.reports.sweep.cells import file_name
from gan_lab.reports.sweep.model import Cell, Quality, ReportRun, Sweep, estimate_tag
from gan_lab.tags.names import JSD, MEDIAN_WINDOW, floor_tag
from gan_lab.tags.table import label_of

_LOWEST_JSD = -0.25
_WIDEST_LABEL, _WIDEST_NAME = 24, 42  # characters
_PANEL_WIDTH, _PANEL_HEIGHT = 4.1, 5.2  # inches
_HEIGHTS = (3.0, 1.9, 2.0)  # of estimate, quality and samples
_ACROSS, _MOST_PANELS, _SHOWN = 3, 9, 4


def estimate_figures(sweep: Sweep) -> list[NamedFigure]:
    """Return a figure per objective with a panel per cell, or several where there are many cells."""
    figures = []
    for objective in objectives_of(sweep):
        cells = [cell for cell in sweep.cells if objective_of(sweep, cell) == objective]
        cells = [cell for cell in cells if any(run.numbers.size for run in sweep.runs_of(cell))]
        pages = [cells[at : at + _MOST_PANELS] for at in range(0, len(cells), _MOST_PANELS)]
        for number, page in enumerate(pages, start=1):
            name = f"estimate_{file_name(objective)}" + (f"_{number}" if len(pages) > 1 else "")
            title = f"{objective}: the estimate along training"
            figures.append(NamedFigure(name, title, _caption(sweep, page), draw_estimates(sweep, page)))
    return figures


def draw_estimates(sweep: Sweep, cells: list[Cell]) -> Figure:
    """Return a figure with a panel per cell: estimate, quality on the same iterations, samples beneath."""
    across = 2 if len(cells) == 4 else min(_ACROSS, len(cells))
    down = math.ceil(len(cells) / across)
    quality = quality_in(sweep, cells)
    height = _PANEL_HEIGHT if quality is not None else _PANEL_HEIGHT * (1 - _HEIGHTS[1] / sum(_HEIGHTS))
    names = [
        wrapped(setting_of(cell) or cell.label or objective_of(sweep, cell), _WIDEST_NAME) for cell in cells
    ]
    figure = new_figure(_PANEL_WIDTH * across, (height + LINE_IN * (lines_of(names) - 1)) * down)
    places = figure.subfigures(down, across, squeeze=False).flatten()
    for place, cell, name in zip(places, cells, names, strict=False):
        place.suptitle(name, fontsize=11)
        _draw_cell(place, sweep, cell, quality)
    return figure


def quality_in(sweep: Sweep, cells: list[Cell]) -> Quality | None:
    """Return the quality that a run of these cells was measured by; None where none was."""
    quality, runs = sweep.quality, [run for cell in cells for run in sweep.runs_of(cell)]
    is_measured = quality and any(values_of(run, quality.tag).size for run in runs if run.fault is None)
    return quality if is_measured else None


def draw_band(axes: Axes, band: SeedCurves, colour: str) -> None:
    """Draw each seed thinly, their mean strongly, its interval as a band, a cross where a run diverged."""
    for curve in band.seeds:
        line = stride(curve.filtered)
        axes.plot(line.index, line, color=colour, linewidth=0.7, alpha=0.45)
        if curve.diverged:
            axes.plot(line.index[-1:], line.iloc[-1:], "x", color="black", markersize=7, zorder=5)
    mean = stride(band.mean)
    axes.fill_between(
        mean.index, band.low[mean.index], band.high[mean.index], color=colour, alpha=0.2, linewidth=0
    )
    axes.plot(mean.index, mean, color=colour, linewidth=1.8)


def _draw_cell(place: SubFigure, sweep: Sweep, cell: Cell, quality: Quality | None) -> None:
    runs, colour = sweep.runs_of(cell), colour_of(objective_of(sweep, cell))
    shown = _pictures(runs)
    rows = (True, quality is not None, bool(shown))
    heights = [height for height, is_there in zip(_HEIGHTS, rows, strict=True) if is_there]
    grid = place.add_gridspec(len(heights), 1, height_ratios=heights)
    lowest = estimate = place.add_subplot(grid[0])
    _draw_estimate(estimate, runs, colour)
    if quality is not None:
        lowest = place.add_subplot(grid[1], sharex=estimate)
        _draw_quality(lowest, runs, quality)
        estimate.tick_params(labelbottom=False)
        place.align_ylabels([estimate, lowest])
    lowest.set_xlabel("generator iterations")
    for axes, (iteration, pixels) in zip(_strip(place, grid, len(shown)), shown.items(), strict=True):
        show_picture(axes, pixels, _PANEL_WIDTH / _SHOWN)
        axes.set_title(f"{iteration:,}", fontsize=8, pad=2)
        axes.axis("off")


def _draw_estimate(axes: Axes, runs: list[ReportRun], colour: str) -> None:
    measured = [run for run in runs if run.numbers.size]
    tag = estimate_tag(measured[0])
    band = curves_of(runs, tag, median=True)
    for curve in band.seeds:
        raw = thin(curve.raw)
        axes.plot(raw.index, raw, color=colour, linewidth=0.4, alpha=0.18)
    draw_band(axes, band, colour)
    held = [value for curve in band.seeds for value in (*curve.filtered, *curve.raw.quantile([0.01, 0.99]))]
    if tag == JSD:
        axes.axhline(math.log(2), color=GREY, linewidth=0.9, linestyle="--")
        axes.text(0.99, math.log(2), "log 2", transform=axes.get_yaxis_transform(), ha="right", va="bottom",
                  color=GREY, fontsize=8)  # fmt: skip
        # a lower bound far below 0 says nothing, and would press flat what does
        held = [max(value, _LOWEST_JSD) for value in held] + ([0.0, math.log(2)] if held else [])
    spread(axes, held)
    axes.set_ylabel(textwrap.fill(label_of(tag), _WIDEST_LABEL))
    if not band.seeds:
        counting = any(run.fault is None for run in runs)
        said = "nothing but rounding" if counting else "no run that counts"
        axes.text(0.5, 0.5, said, transform=axes.transAxes, ha="center", color=GREY)


def _draw_quality(axes: Axes, runs: list[ReportRun], quality: Quality) -> None:
    band = curves_of(runs, quality.tag)
    draw_band(axes, band, "black")
    floor = curves_of(runs, floor_tag(quality.tag)).mean
    held = [value for curve in band.seeds for value in curve.filtered]
    if not held:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=GREY)
    if floor.size:
        axes.axhline(float(floor.mean()), color=GREY, linewidth=0.9, linestyle=":")
    if held and min(held) > 0 and max(held) > 30 * min(held):
        axes.set_yscale("log")
    else:
        spread(axes, held + ([float(floor.mean())] if floor.size else []))
    axes.set_ylabel(textwrap.fill(f"{quality.title}, lower is better", _WIDEST_LABEL), fontsize=8)


def _pictures(runs: list[ReportRun]) -> dict[int, NDArray[np.uint8]]:
    for run in runs:
        if run.fault is None:
            chosen = choose_evenly(pictures_of(run), _SHOWN)
            read = {
                iteration: without_axes(path, read_picture(path, 4, 4)) for iteration, path in chosen.items()
            }
            found = {iteration: pixels for iteration, pixels in read.items() if pixels is not None}
            if found:
                return found
    return {}


def _strip(place: SubFigure, grid: GridSpec, count: int) -> list[Axes]:
    if not count:
        return []
    strip = grid[-1].subgridspec(1, max(count, _SHOWN), wspace=0.02)
    return [place.add_subplot(strip[number]) for number in range(count)]


def _caption(sweep: Sweep, cells: list[Cell]) -> str:
    runs = [run for cell in cells for run in sweep.runs_of(cell)]
    quality = quality_in(sweep, cells)
    counted = [sum(run.fault is None for run in sweep.runs_of(cell)) for cell in cells]
    over_seeds = ", with the mean over the seeds that still run (thick) and its 95% t interval (band)"
    several = over_seeds if max(counted) > 1 else ""
    sentences = [
        f"Above, of each seed every iteration (faint) and the median of the {MEDIAN_WINDOW} around it"
        f"{' (thin)' if several else ''}{several}.",
    ]
    if any(run.every > 1 for run in runs):
        sentences.append("Of runs from archives the rows that were kept; their medians are of all rows.")
    if quality is not None:
        sentences.append(
            f"Below, {quality.title} likewise, not filtered; dotted, its floor: the same between real "
            "samples, which a perfect generator gets on average, and which is no minimum."
        )
    if any(estimate_tag(run) == JSD for run in runs):
        bounded = divergence_in_words(run for run in runs if estimate_tag(run) == JSD)
        sentences.append(f"A Jensen-Shannon estimate is, in the mean, a lower bound on {bounded}.")
        sentences.append("Far below 0 it is cut off.")
    if any(run.record.status == "diverged" for run in runs):
        sentences.append("A cross marks where a run diverged.")
    if any(pictures_of(run) for run in runs if run.fault is None):
        sentences.append(
            "At the bottom, samples of the first seed that has some, with their iterations above."
        )
    left_out = [f"{run.cell.label}, seed {run.record.seed}: {run.fault}" for run in runs if run.fault]
    if left_out:
        sentences.append("Left out: " + "; ".join(text.rstrip(".") for text in left_out) + ".")
    return " ".join(sentences)
