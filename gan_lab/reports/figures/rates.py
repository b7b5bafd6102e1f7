"""Success rates with intervals, what they are at other thresholds, and correlations as a forest plot."""

from typing import Any, Literal

import numpy as np
import pandas
from matplotlib.axes import Axes

from gan_lab.reports.arrangement import objective_of, objectives_of, runs_of, setting_of, settings_of
from gan_lab.reports.curves import last_value
from gan_lab.reports.figures.style import GREY, NamedFigure, colour_of, marker_of, new_figure
from gan_lab.reports.model import Cell, Outcome, Quality, ReportRun, Sweep

_FAILURES: tuple[Outcome, ...] = ("diverged", "collapsed", "frozen", "poor", "unmeasured")
_LINES = ("-", "--", ":", "-.")


def rate_figure(sweep: Sweep, rates: pandas.DataFrame) -> NamedFigure:
    """Return success rates with Wilson intervals, grouped by setting.

    Args:
        sweep: its cells give order and colour.
        rates: ``success_rates`` of it, a row per cell.
    """
    by_key = rates.set_index("cell")
    cells = [cell for cell in _grouped(sweep) if cell.key in by_key.index]
    figure = new_figure(7.2, 0.9 + 0.3 * len(cells))
    axes = figure.add_subplot()
    for place, cell in enumerate(cells):
        row, objective = by_key.loc[cell.key], objective_of(sweep, cell)
        axes.plot(
            [row["low"], row["high"]], [place, place], color=colour_of(objective), linewidth=2.2, alpha=0.55
        )
        axes.plot([row["rate"]], [place], marker_of(objective), color=colour_of(objective), markersize=6)
        axes.text(1.04, place, _counted(row), va="center", fontsize=8)
    _separate(axes, [setting_of(cell) for cell in cells])
    _name_rows(axes, [_name(sweep, cell) for cell in cells])
    axes.set(xlim=(-0.02, 1.02), xlabel="share of seeds that succeed")
    caption = "Dots: share of seeds that the failure rule passes; bars: its 95% Wilson interval."
    return NamedFigure("success_rates", "Success rates", caption, figure)


def threshold_figure(sweep: Sweep) -> NamedFigure | None:
    """Return success rates as a function of the quality threshold; None where quality was not measured."""
    if sweep.quality is None:
        return None
    finals = {cell.key: _finals(runs_of(sweep, cell), sweep.quality) for cell in sweep.cells}
    measured = np.array([value for values in finals.values() for value in values])
    measured = measured[np.isfinite(measured)]
    if not measured.size:
        return None
    settings = settings_of(sweep)
    across = min(len(settings), 3)
    down = -(-len(settings) // across)
    figure = new_figure(3.1 * across + 0.6, 2.5 * down + 0.4)
    places = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).flatten()
    for axes, setting in zip(places, settings, strict=False):
        for cell in (cell for cell in sweep.cells if setting_of(cell) == setting):
            _draw_threshold(axes, sweep, cell, finals[cell.key], sweep.quality, measured)
        axes.set_title(setting)
        axes.legend(loc="best", handlelength=1.2)
    for axes in places[len(settings) :]:
        axes.set_axis_off()
    if measured.min() > 0 and measured.max() > 10 * measured.min():
        places[0].set_xscale("log")
    figure.supxlabel(f"threshold on {sweep.quality.title}", fontsize=9)
    figure.supylabel("share of seeds that succeed", fontsize=9)
    caption = (
        "How much the success rates hang on the threshold: runs that diverged, collapsed or froze fail at "
        f"any; the others succeed where their last {sweep.quality.title} is "
        f"{'at least' if sweep.quality.higher_is_better else 'at most'} the threshold."
    )
    return NamedFigure("success_by_threshold", "Success rate against the threshold", caption, figure)


def correlation_figure(sweep: Sweep, correlations: pandas.DataFrame) -> NamedFigure | None:
    """Return Spearman's correlation of estimate and quality per cell, as a forest plot; None without any.

    Args:
        sweep: its cells give order and names.
        correlations: ``correlations`` of it, a row per cell.
    """
    by_key = correlations.dropna(subset=["spearman"]).set_index("cell")
    cells = [cell for cell in _grouped(sweep) if cell.key in by_key.index]
    if not cells:
        return None
    figure = new_figure(7.2, 0.9 + 0.3 * len(cells))
    axes = figure.add_subplot()
    axes.axvline(0, color=GREY, linewidth=0.9)
    for place, cell in enumerate(cells):
        row, objective = by_key.loc[cell.key], objective_of(sweep, cell)
        colour = colour_of(objective)
        if np.isfinite(row["low"]):
            axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2.2, alpha=0.55)
        axes.plot([row["spearman"]], [place], marker_of(objective), color=colour, markersize=6)
        text = f"{row['spearman']:+.2f}  [{row['low']:+.2f}, {row['high']:+.2f}]  n = {row['n_seeds']:.0f}"
        axes.text(1.06, place, text, va="center", fontsize=8)
    _separate(axes, [setting_of(cell) for cell in cells])
    _name_rows(axes, [_name(sweep, cell) for cell in cells])
    axes.set(xlim=(-1.03, 1.03), xlabel="Spearman correlation of the estimate with the quality metric")
    caption = (
        "Along each seed's training; dots: mean over seeds; bars: 95% bootstrap interval over seeds. An "
        "estimate that is worth watching falls as the samples improve: +1 for a distance, -1 for a score."
    )
    return NamedFigure("correlations", "Does the estimate follow the quality?", caption, figure)


def _grouped(sweep: Sweep) -> list[Cell]:
    places = {setting: place for place, setting in enumerate(settings_of(sweep))}
    return sorted(sweep.cells, key=lambda cell: places[setting_of(cell)])


def _name(sweep: Sweep, cell: Cell) -> str:
    parts = [setting_of(cell), objective_of(sweep, cell)]
    return "  ".join(part for part in parts if part)


def _name_rows(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _separate(axes: Axes, groups: list[str]) -> None:
    for place in range(1, len(groups)):
        if groups[place] != groups[place - 1]:
            axes.axhline(place - 0.5, color=GREY, linewidth=0.4)


def _counted(row: Any) -> str:
    failures = [f"{row[name]:.0f} {name}" for name in _FAILURES if row.get(name, 0) > 0]
    return f"{row['successes']:.0f}/{row['n']:.0f}" + (f"   {', '.join(failures)}" if failures else "")


def _finals(runs: list[ReportRun], quality: Quality) -> list[float]:
    """Return each counted run's last quality, nan where it fails at any threshold."""
    counted = [run for run in runs if run.fault is None]
    judged = ("success", "poor")
    return [
        last_value(run, quality.tag) if run.verdict.outcome in judged else float("nan") for run in counted
    ]


def _draw_threshold(
    axes: Axes, sweep: Sweep, cell: Cell, finals: list[float], quality: Quality, measured: np.ndarray
) -> None:
    if not finals:
        return
    room = 0.05 * (measured.max() - measured.min()) or 0.05 * abs(measured.max()) or 1.0
    low = measured.min() - room if measured.min() <= room else measured.min() * 0.95
    edges = np.unique(np.concatenate([measured, [low, measured.max() + room]]))
    values = np.array(finals)
    better = values[:, None] >= edges if quality.higher_is_better else values[:, None] <= edges
    objective = objective_of(sweep, cell)
    line = _LINES[objectives_of(sweep).index(objective) % len(_LINES)]
    # right at a threshold a run passes: steps up at its own value
    where: Literal["pre", "post"] = "pre" if quality.higher_is_better else "post"
    axes.step(edges, better.mean(axis=0), line, where=where, color=colour_of(objective), label=objective)
    axes.set_ylim(-0.04, 1.04)
