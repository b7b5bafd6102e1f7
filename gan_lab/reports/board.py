"""What TensorBoard shows of a sweep: each cell as a run of its own, its seeds' mean with a confidence band.

TensorBoard averages nothing, but a Margin chart of its custom scalars draws a band between two tags. So the
means and the bounds are written as such, ``seeds/<tag>/mean``, ``low`` and ``high``: names that no run has,
since a Margin chart complains of every run that has but one of its three tags.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.plugins.custom_scalar import metadata as custom_scalars
from tensorboard.plugins.custom_scalar.layout_pb2 import Category, Chart, Layout, MarginChartContent
from tensorboard.plugins.scalar import metadata as scalars

from gan_lab.event_file import EventFile
from gan_lab.reports.bands import Band, bands_of, thinned
from gan_lab.reports.model import ReportRun, Sweep

MAX_POINTS = 1000
"""Of a curve: what TensorBoard keeps of one unless told otherwise."""

COUNT = "seeds/count"
"""Tag of how many seeds the means are of, by iteration."""

DESCRIPTION = (
    "Mean over the seeds of a cell, between the bounds of its 95% t interval (Student's t, n - 1 degrees of "
    "freedom). At each iteration those n seeds count that were measured there: seeds/count says how many. "
    "Of one seed, mean and bounds are its value. Runs that the report leaves out are left out."
)

# title of a chart to its series, in reading order; the first tag of a chart decides whether it is shown
CHARTS: dict[str, dict[str, list[str]]] = {
    "distance": {
        "critic's estimate of W1, median of 101": ["distance/critic_median"],
        "JSD estimate, median of 101": ["distance/jsd_median"],
        "f-divergence estimate, median of 101": ["distance/f_divergence_median"],
        "exact W1 and its floor": ["distance/w1_exact", "distance/floor"],
        "certified W1": ["distance/certified"],
        "critic's estimate of W1, raw": ["distance/critic_raw"],
        "JSD estimate, raw": ["distance/jsd"],
        "f-divergence estimate, raw": ["distance/f_divergence"],
    },
    "health": {
        "slope of the critic": ["health/critic_slope"],
        "gradient norm of the generator": ["health/generator_gradient_norm"],
        "share of weights at the clip bound": ["health/at_clip_fraction"],
    },
}
MEASURED = (
    *("distance/w1_exact", "distance/floor", "distance/certified"),
    *("health/critic_slope", "health/generator_gradient_norm", "health/at_clip_fraction"),
)
"""Columns of metrics.csv that are averaged besides each cell's estimate and the quality of its samples."""

_FILE = "events.out.tfevents.{time:010.0f}.seeds"


def write_aggregates(sweep: Sweep, folder: Path) -> None:
    """Write an event file for each cell, ``folder/<cell.key>/``, and replace those of an earlier call.

    Runs with a fault are left out; a cell without others is, too. The same runs give the same bytes: events
    bear the time at which the cell's runs were last updated.

    Args:
        sweep: the runs.
        folder: made with its parents if missing.

    Raises:
        UserError: if a file cannot be written.
    """
    _remove_earlier(folder)
    quality = _quality_charts(sweep)
    charts = CHARTS | ({"quality": quality} if quality else {})
    tags = [*MEASURED, *(tag for series in quality.values() for tag in series)]
    counted = [run for run in sweep.runs if run.fault is None]
    runs = {cell.key: [run for run in counted if run.cell == cell] for cell in sweep.cells}
    bands = {key: bands_of(of_cell, tags) for key, of_cell in runs.items() if of_cell}
    measured = {tag for of_cell in bands.values() for tag in of_cell}
    layout = layout_of(charts, measured)
    for key, of_cell in bands.items():
        _write_cell(folder / key, of_cell, layout, _last_update(runs[key]))


def layout_of(charts: Mapping[str, Mapping[str, list[str]]], measured: set[str]) -> Layout:
    """Return Margin charts of what was measured, in the given order.

    Args:
        charts: category to title to the tags of a chart's series.
        measured: tags of which there are bands; a chart whose first tag is none of them is left out.
    """
    categories = []
    for category, titles in charts.items():
        shown = [
            Chart(title=title, margin=MarginChartContent(series=_series(tags, measured)))
            for title, tags in titles.items()
            if tags[0] in measured
        ]
        if shown:
            categories.append(Category(title=category, chart=shown))
    return Layout(category=categories)


def tags_of(tag: str) -> tuple[str, str, str]:
    """Return the tags of a measurement's mean, lower and upper bound."""
    return f"seeds/{tag}/mean", f"seeds/{tag}/low", f"seeds/{tag}/high"


def _series(tags: list[str], measured: set[str]) -> list[MarginChartContent.Series]:
    named = [tags_of(tag) for tag in tags if tag in measured]
    return [MarginChartContent.Series(value=mean, lower=low, upper=high) for mean, low, high in named]


def _quality_charts(sweep: Sweep) -> dict[str, list[str]]:
    """Return a chart for each quality metric, the one that stands for quality first, with its floor."""
    found = {str(tag) for run in sweep.runs for tag in run.numbers}
    metrics = sorted(tag for tag in found if tag.startswith("quality/") and not tag.endswith("_floor"))
    if sweep.quality and sweep.quality.tag in metrics:
        metrics.remove(sweep.quality.tag)
        metrics.insert(0, sweep.quality.tag)
    names = {tag: tag.removeprefix("quality/").replace("_", " ") for tag in metrics}
    return {name: [tag, f"{tag}_floor"] for tag, name in names.items()}


def _last_update(runs: list[ReportRun]) -> float:
    """Return the latest time at which any of the runs was updated, in seconds since 1970; 0 if unknown."""
    times = [datetime.fromisoformat(run.record.updated).timestamp() for run in runs if run.record.updated]
    return max(times, default=0.0)


def _remove_earlier(folder: Path) -> None:
    """Remove what an earlier call wrote: an event file is appended to, and cells may be gone."""
    for path in folder.glob(f"*/{_FILE.split('{')[0]}*.seeds"):
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def _write_cell(folder: Path, bands: Mapping[str, Band], layout: Layout, wall_time: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = EventFile(folder / _FILE.format(time=wall_time))
    file.add_event(Event(wall_time=wall_time, file_version="brain.Event:2"))
    file.add_event(Event(wall_time=wall_time, summary=Summary(value=[_layout_value(layout)])))
    for band, tags in _curves(bands):
        # the description goes with a tag's first event, so the arrays begin with the second
        first = [_described(tag, column[0]) for tag, column in tags.items()]
        file.add_event(Event(wall_time=wall_time, step=int(band.iterations[0]), summary=Summary(value=first)))
        rest = {tag: column[1:].astype(np.float32) for tag, column in tags.items()}
        file.add_scalars_at(band.iterations[1:], rest, wall_time)


def _curves(bands: Mapping[str, Band]) -> Iterator[tuple[Band, dict[str, NDArray[np.float64]]]]:
    """Yield each band, thinned, with its columns by tag; first how many seeds there are."""
    longest = max(bands.values(), key=lambda band: len(band.iterations), default=None)
    if longest is not None:
        shown = thinned(longest, MAX_POINTS)
        yield shown, {COUNT: shown.n_seeds.astype(float)}
    for tag, band in sorted(bands.items()):
        shown = thinned(band, MAX_POINTS)
        yield shown, dict(zip(tags_of(tag), (shown.mean, shown.low, shown.high), strict=True))


def _described(tag: str, value: float) -> Summary.Value:
    metadata = scalars.create_summary_metadata(display_name="", description=DESCRIPTION)
    return Summary.Value(tag=tag, metadata=metadata, simple_value=value)


def _layout_value(layout: Layout) -> Summary.Value:
    content = [layout.SerializeToString()]
    return Summary.Value(
        tag=custom_scalars.CONFIG_SUMMARY_TAG,
        metadata=custom_scalars.create_summary_metadata(),
        tensor=TensorProto(dtype=DT_STRING, string_val=content, tensor_shape=TensorShapeProto()),
    )
