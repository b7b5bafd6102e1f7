"""Success rates with intervals, what they are at other thresholds, and correlations as a forest plot."""

import math
from typing import Any

import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_lab.config.phrases import counted
from gan_lab.plotting.style import GREY, NamedFigure, colour_of, marker_of, new_figure
from gan_lab.reports.claims.correlations import FEWEST_RESAMPLED
from gan_lab.reports.figures.layout import (
    LINE_IN,
    lines_of,
    objective_of,
    objectives_of,
    setting_of,
    settings_of_sweep,
    wrapped,
)
from gan_lab.reports.sweep.failure_rule import FailureRule
from gan_lab.reports.sweep.model import Cell, Outcome, Sweep
from gan_lab.reports.sweep.verdicts import grade

_FAILURES: tuple[Outcome, ...] = ("diverged", "collapsed", "frozen", "poor", "untrained", "unmeasured")
_LINES = ("-", "--", ":", "-.")
_WIDEST_NAME, _WIDEST_TITLE, _WIDEST_LABEL = 40, 32, 40  # characters


def rate_figure(sweep: Sweep, rates: pandas.DataFrame) -> NamedFigure | None:
    """Return success rates with Wilson intervals, grouped by setting; None where no run was judged.

    Args:
        sweep: its cells give order and colour.
        rates: ``success_rates`` of it, a row per cell.
    """
    by_key = rates[rates["n"] > 0].set_index("cell")
    cells = [cell for cell in _grouped(sweep) if cell.key in by_key.index]
    if not cells:
        return None
    names = [wrapped(cell.label, _WIDEST_NAME) for cell in cells]
    figure, axes = _rows(names)
    for place, cell in enumerate(cells):
        row, objective = by_key.loc[cell.key], objective_of(sweep, cell)
        axes.plot(
            [row["low"], row["high"]], [place, place], color=colour_of(objective), linewidth=2.2, alpha=0.55
        )
        axes.plot([row["rate"]], [place], marker_of(objective), color=colour_of(objective), markersize=6)
        axes.text(1.04, place, _counted(row), va="center", fontsize=8)
    _separate(axes, [setting_of(cell) for cell in cells])
    _name_rows(axes, names)
    axes.set(xlim=(-0.02, 1.02), xlabel="share of seeds that succeed")
    caption = "Dots: share of seeds that the failure rule passes; bars: its 95% Wilson interval."
    return NamedFigure("success_rates", "Success rates", caption, figure)


def threshold_figure(sweep: Sweep, by_threshold: pandas.DataFrame, rule: FailureRule) -> NamedFigure | None:
    """Return success rates at other thresholds than the rule's; None where quality was not measured.

    Args:
        sweep: its cells give order and colour.
        by_threshold: ``success_by_threshold`` of it, a row per cell and threshold.
        rule: whose thresholds are marked.
    """
    known = by_threshold[by_threshold["n"] > 0]
    settings = [
        s for s in settings_of_sweep(sweep) if any(c.key in set(known["cell"]) for c in _of(sweep, s))
    ]
    if not settings:
        return None
    across = min(len(settings), 3)
    down = math.ceil(len(settings) / across)
    titles = {setting: wrapped(setting, _WIDEST_TITLE) for setting in settings}
    figure = new_figure(3.0 * across + 1.2, (2.24 + LINE_IN * lines_of(titles.values())) * down + 0.4)
    places = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).flatten()
    for axes, setting in zip(places, settings, strict=False):
        for cell in _of(sweep, setting):
            _draw_threshold(axes, sweep, cell, known[known["cell"] == cell.key])
        for least in _thresholds(sweep, rule):
            axes.axvline(least, color=GREY, linewidth=0.9, linestyle=":")
        axes.set(title=titles[setting], ylim=(-0.04, 1.04))
    named = [axes.get_legend_handles_labels() for axes in places]
    of_names = {name: line for lines, names in named for line, name in zip(lines, names, strict=True)}
    # a sweep of all objectives needs a legend that covers nothing
    figure.legend(list(of_names.values()), list(of_names), loc="outside right upper", handlelength=1.6)
    for axes in places[len(settings) :]:
        axes.set_axis_off()
    figure.supxlabel("least quality asked for, over that of real samples", fontsize=9)
    figure.supylabel("share of seeds that reach it", fontsize=9)
    caption = (
        "How much success hangs on where the line is drawn: the grade alone is varied. Of a distance, it is "
        "that between real samples over that of the generated ones. Dotted: the rule's own line. Runs that "
        "diverged reach nothing; modes and recall, which the rule also looks at, are left aside here. "
        "Between the thresholds that were looked at, a line holds the last."
    )
    return NamedFigure("success_by_threshold", "Success rate against the threshold", caption, figure)


def correlation_figure(sweep: Sweep, correlations: pandas.DataFrame) -> NamedFigure | None:
    """Return Spearman's correlation of estimate and quality per cell, as a forest plot; None without any.

    Args:
        sweep: its cells give order and names.
        correlations: ``correlations`` of it, a row per cell.
    """
    known = correlations["spearman"].notna()
    if not known.any():
        return None
    by_key = correlations[known | (correlations["undefined"] > 0)].set_index("cell")
    cells = [cell for cell in _grouped(sweep) if cell.key in by_key.index]
    names = [wrapped(cell.label, _WIDEST_NAME) for cell in cells]
    figure, axes = _rows(names)
    axes.axvline(0, color=GREY, linewidth=0.9)
    for place, cell in enumerate(cells):
        row, objective = by_key.loc[cell.key], objective_of(sweep, cell)
        if pandas.isna(row["spearman"]):
            words = f"undefined ({counted(int(row['undefined']), 'run')})"
            axes.text(1.06, place, words, va="center", fontsize=8)
            continue
        colour = colour_of(objective)
        low, high, bar = _bar_of(row)
        axes.plot([low, high], [place, place], color=colour, linewidth=2.2, alpha=0.55)
        axes.plot([row["spearman"]], [place], marker_of(objective), color=colour, markersize=6)
        text = f"{row['spearman']:+.2f}  {bar}n = {row['n_seeds']:.0f}"
        axes.text(1.06, place, text, va="center", fontsize=8)
    _separate(axes, [setting_of(cell) for cell in cells])
    _name_rows(axes, names)
    axes.set(
        xlim=(-1.03, 1.03),
        xlabel=wrapped(
            "Spearman correlation of the estimate with the samples' distance from real ones", _WIDEST_LABEL
        ),
    )
    caption = (
        "Along each seed's training; dots: mean over seeds; bars: its 95% bootstrap interval, in brackets, "
        f"or of fewer than {FEWEST_RESAMPLED} seeds, of which such an interval is too short, the least and "
        "the greatest. +1: the estimate falls whenever the samples get better; 0: it says nothing of them. "
        "Undefined: where either was constant, or measured fewer than three times."
    )
    return NamedFigure("correlations", "Does the estimate follow the quality?", caption, figure)


def _bar_of(row: "pandas.Series[float]") -> tuple[float, float, str]:
    """Return the ends of a correlation's bar, and the same in a figure's few words, of one run none."""
    if row["n_seeds"] >= FEWEST_RESAMPLED:
        return row["low"], row["high"], f"[{row['low']:+.2f}, {row['high']:+.2f}]  "
    low, high = row["lowest"], row["highest"]
    return low, high, f"{low:+.2f} to {high:+.2f}  " if row["n_seeds"] > 1 else ""


def _grouped(sweep: Sweep) -> list[Cell]:
    places = {setting: place for place, setting in enumerate(settings_of_sweep(sweep))}
    return sorted(sweep.cells, key=lambda cell: places[setting_of(cell)])


def _rows(names: list[str]) -> tuple[Figure, Axes]:
    """Return a figure with a row for each name, high enough for it."""
    figure = new_figure(7.2, 0.9 + max(0.3, LINE_IN * lines_of(names) + 0.06) * len(names))
    return figure, figure.add_subplot()


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


def _of(sweep: Sweep, setting: str) -> list[Cell]:
    return [cell for cell in sweep.cells if setting_of(cell) == setting]


def _thresholds(sweep: Sweep, rule: FailureRule) -> list[float]:
    counted = [run for run in sweep.runs if run.fault is None]
    graded = [grade(run.numbers, sweep.quality, rule) for run in counted if sweep.quality]
    return sorted({each.least for each in graded if each is not None})


def _draw_threshold(axes: Axes, sweep: Sweep, cell: Cell, rates: pandas.DataFrame) -> None:
    objective = objective_of(sweep, cell)
    line = _LINES[objectives_of(sweep).index(objective) % len(_LINES)]
    axes.plot(
        rates["threshold"],
        rates["rate"],
        line,
        color=colour_of(objective),
        label=objective,
        drawstyle="steps-post",
    )
