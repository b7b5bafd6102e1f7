"""The figure of ``integral_metrics``: a column for each change, best critics above, the metrics below."""

import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_lab.lectures.comparisons.integral_metrics_sentence import CHANGES, known, label
from gan_lab.lectures.drawing import new_slide
from gan_lab.plotting.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

FLOOR = -1.95  # below the critics, from which the densities rise

_LOOKS = {
    "mean_gap": (BLACK, ":"),
    "w1": (BLUE, "-"),
    "root_energy": (GREEN, "-."),
    "bounded_lipschitz": (SKY, "-"),
    "twice_tv": (VERMILION, "--"),
}
_CLASSES = {
    "mean_gap": "f = ±x",
    "w1": "|f'| ≤ 1",
    "root_energy": "∫ f'² dx ≤ 2",
    "bounded_lipschitz": "|f'| and |f| ≤ 1",
    "twice_tv": "|f| ≤ 1",
}
_KERNEL_LOOKS = ((PURPLE, "-"), (ORANGE, "-"), (PURPLE, "--"), (ORANGE, "--"), (PURPLE, ":"), (ORANGE, ":"))


def draw_integral_metrics(curves: pandas.DataFrame, critics: pandas.DataFrame) -> Figure:
    """Return the figure.

    Args:
        curves: change, amount, metric, exact and best_critic, a row for each.
        critics: x, p, and for each change the changed q and the best critics.
    """
    figure = new_slide(12.8, 7.2)
    grid = figure.subplots(2, len(CHANGES), sharey="row", height_ratios=[1, 1.15])
    looks = _looks(list(curves["metric"].unique()))
    for (change, words), upper, lower in zip(CHANGES.items(), *grid, strict=True):
        _draw_critics(upper, critics, change, looks)
        upper.set_title(words)
        _draw_metrics(lower, curves[curves["change"] == change], looks)
        lower.set_xlabel(_AMOUNTS[change])
    grid[0, 0].set_ylabel("best critics")
    grid[1, 0].set_ylabel("metric / its last value")
    lines = grid[1, 0].get_lines()
    figure.legend(handles=lines, loc="outside lower center", ncols=4)
    return figure


_AMOUNTS = {
    "shift": "q is p moved by (unit of x)",
    "drop": "part of the last mode's mass that q lacks",
    "shrink": "part that q's scales are smaller by",
}


def _looks(metrics: list[str]) -> dict[str, tuple[str, str]]:
    kernels = [name for name in metrics if name not in _LOOKS]
    return _LOOKS | {name: _KERNEL_LOOKS[k % len(_KERNEL_LOOKS)] for k, name in enumerate(kernels)}


def _entry(metric: str) -> str:
    """Return what the legend says: the metric, and the class of its critics."""
    return f"{label(metric)}: {_CLASSES.get(metric, 'unit ball of a kernel')}"


def _draw_critics(
    axes: Axes, critics: pandas.DataFrame, change: str, looks: dict[str, tuple[str, str]]
) -> None:
    """Draw both densities as areas, and the best critics, each to the height of 1."""
    x, sides = critics[f"{change}_x"].to_numpy(), [critics[f"{change}_{side}"].to_numpy() for side in "pq"]
    top = max(side.max() for side in sides)
    for side, name, colour in zip(sides, "pq", (BLACK, VERMILION), strict=True):
        height = FLOOR + 0.5 * side / top
        axes.fill_between(x, FLOOR, height, color=colour, alpha=0.3, linewidth=0)
        # p above its first peak, q above its last
        place = height.argmax() if name == "p" else len(x) - 1 - height[::-1].argmax()
        axes.text(x[place], height[place], name, color=colour, ha="center", va="bottom")
    for metric, (colour, line) in looks.items():
        f = critics[f"{change}_{metric}"]
        if f.abs().max() > 0 and metric != "mean_gap":
            centre = 0.0 if metric.startswith("mmd_") else (f.max() + f.min()) / 2
            axes.plot(x, (f - centre) / (f - centre).abs().max(), line, color=colour, linewidth=1.8)
    axes.set(yticks=[], xlabel="x", ylim=(FLOOR, 1.1))


def _draw_metrics(axes: Axes, rows: pandas.DataFrame, looks: dict[str, tuple[str, str]]) -> None:
    for metric, (colour, line) in looks.items():
        of_metric = rows[rows["metric"] == metric]
        values = known(of_metric)
        last = values.iloc[-1]
        x = [0.0, *of_metric["amount"]]
        axes.plot(
            x,
            [0.0, *(values / last if last > 0 else values)],
            line,
            color=colour,
            label=_entry(metric),
            zorder=3 if metric == "mean_gap" else 2,
        )
    axes.set(xlim=(0, 1.02 * rows["amount"].max() or 1), ylim=(0, 1.05))
