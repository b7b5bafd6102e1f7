"""Figures: what an iteration costs against seeds, batch size and image size."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from benchmark.cases import BATCH_CURVE, SEEDS_CURVE, SIZE_CURVE
from benchmark.contestants import TEXTBOOK
from benchmark.results import Result, Row

# Okabe and Ito's colours, which the colour-blind tell apart; the markers tell them apart in print
_STYLES = {
    TEXTBOOK: ("#000000", "s", "textbook loop"),
    "eager": ("#0072b2", "o", "gan-lab, eager"),
    "compiled": ("#d55e00", "^", "gan-lab, compiled"),
    "graph": ("#009e73", "D", "gan-lab, CUDA graph"),
}


def draw_curves(results: Mapping[str, Result], folder: Path) -> list[Path]:
    """Draw the figures whose cases were all measured, and return where they are."""
    drawn = []
    if SEEDS_CURVE in results:
        drawn.append(draw_seeds(results[SEEDS_CURVE], folder / "performance_seeds.png"))
    for titles, label, name in (
        (BATCH_CURVE, "samples in a batch", "performance_batch.png"),
        (SIZE_CURVE, "height and width of an image, pixels", "performance_size.png"),
    ):
        if set(titles.values()) <= set(results):
            points = {x: results[title] for x, title in titles.items()}
            drawn.append(draw_points(points, label, folder / name))
    return drawn


def draw_seeds(result: Result, path: Path) -> Path:
    """Draw the cost per seed against the number of seeds that are stacked."""
    figure, axes = _new_figure()
    stacks = sorted({row.seeds for row in result.rows})
    for mode in _STYLES:
        if mode == TEXTBOOK:  # one process per seed, one after another
            textbook = result.find(TEXTBOOK)
            points = {n: textbook for n in stacks if textbook is not None}
        else:
            rows = [row for row in result.rows if row.mode == mode and row.seconds and not row.bf16]
            points = {row.seeds: row for row in rows}
        _plot(axes, mode, points)
    return _finish(
        figure, axes, stacks, "seeds trained together", f"{result.title}: ms per iteration and seed", path
    )


def draw_points(results: Mapping[int, Result], label: str, path: Path) -> Path:
    """Draw the cost of an iteration against what distinguishes some cases."""
    figure, axes = _new_figure()
    for mode in _STYLES:
        found = {x: result.find(mode) for x, result in results.items()}
        _plot(axes, mode, {x: row for x, row in found.items() if row is not None})
    title = ", ".join(part for part in _common(results) if part)
    return _finish(figure, axes, list(results), label, f"{title}: ms per iteration", path)


def _common(results: Mapping[int, Result]) -> list[str]:
    """Return the parts of the titles that all of them have, the networks' kind first."""
    titles = [result.title.split(", ") for result in results.values()]
    kind = titles[0][0].partition(" ")[0] if len({title[0] for title in titles}) > 1 else titles[0][0]
    return [kind, *(part for part in titles[0][1:] if all(part in title for title in titles))]


def _new_figure() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, 3.8), dpi=120, layout="constrained")
    axes: Axes = figure.add_subplot()
    return figure, axes


def _plot(axes: Axes, mode: str, points: Mapping[int, Row]) -> None:
    if not points:
        return
    colour, marker, label = _STYLES[mode]
    spreads = [row.per_seed() for row in points.values()]
    median = [value.median * 1e3 for value in spreads]
    below = [(value.median - value.low) * 1e3 for value in spreads]
    above = [(value.high - value.median) * 1e3 for value in spreads]
    axes.errorbar(
        list(points),
        median,
        [below, above],
        color=colour,
        marker=marker,
        markersize=5,
        capsize=2,
        label=label,
    )


def _finish(figure: Figure, axes: Axes, ticks: list[int], xlabel: str, title: str, path: Path) -> Path:
    axes.set(xscale="log", yscale="log", xlabel=xlabel)
    axes.set_title(title, loc="left", fontsize=10, pad=24)
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(visible=True, which="both", color="#dddddd", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    # above the axes, where no error bar is
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.99), ncols=4)
    figure.savefig(path)
    return path
