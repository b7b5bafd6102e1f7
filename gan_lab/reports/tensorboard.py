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

from gan_lab.reports.claims.bands import Band, bands_of, thinned
from gan_lab.reports.sweep.model import ReportRun, Sweep
from gan_lab.tags.names import (
    AT_CLIP,
    CERTIFIED,
    DISTANCE,
    FLOOR,
    GENERATOR_GRADIENT_NORM,
    HEALTH,
    MEDIAN,
    MEDIAN_WINDOW,
    QUALITY,
    SEED_COUNT,
    SLOPE,
    W1_EXACT,
    band_tags,
    floor_tag,
    group_of,
    measured_above,
    median_tag,
)
from gan_lab.tags.table import ESTIMATES, order_of, title_of
from gan_lab.tracking.event_file import EventFile

MAX_POINTS = 1000
"""Of a curve: what TensorBoard keeps of one unless told otherwise."""

DESCRIPTION = (
    "Mean over the seeds of a cell, between the bounds of its 95% t interval (Student's t, n - 1 degrees of "
    "freedom). At each iteration those n seeds count that were measured there: seeds/count says how many. "
    "Of one seed, mean and bounds are its value. Runs that the report leaves out are left out."
)

# what is drawn of a cell besides the quality of its samples, in reading order; a chart has one series, for
# TensorBoard complains of every run that lacks tags of a Margin chart unless it lacks just three
_ESTIMATES = [tag for tag in ESTIMATES if tag != MEDIAN]
CHARTS: dict[str, dict[str, str]] = {
    DISTANCE: {
        **{f"{title_of(tag)}, median of {MEDIAN_WINDOW}": median_tag(tag) for tag in _ESTIMATES},
        **{title_of(tag): tag for tag in (W1_EXACT, FLOOR, CERTIFIED, *_ESTIMATES)},
    },
    HEALTH: {title_of(tag): tag for tag in (SLOPE, GENERATOR_GRADIENT_NORM, AT_CLIP)},
}
MEASURED = (W1_EXACT, FLOOR, CERTIFIED, *CHARTS[HEALTH].values())
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
    charts = CHARTS | ({QUALITY: quality} if quality else {})
    tags = [*MEASURED, *quality.values()]
    runs = {cell.key: [run for run in sweep.runs_of(cell) if run.fault is None] for cell in sweep.cells}
    found = {key: bands_of(of_cell, tags) for key, of_cell in runs.items()}
    bands = {key: of_cell for key, of_cell in found.items() if of_cell}
    measured = {tag for of_cell in bands.values() for tag in of_cell}
    layout = layout_of(charts, measured)
    for key, of_cell in bands.items():
        _write_cell(folder / key, of_cell, layout, _last_update(runs[key]))


def layout_of(charts: Mapping[str, Mapping[str, str]], measured: set[str]) -> Layout:
    """Return Margin charts of what was measured, in the given order.

    Args:
        charts: category to title to tag.
        measured: tags of which there are bands.
    """
    categories = []
    for category, tags in charts.items():
        shown = [_chart(title, tag) for title, tag in tags.items() if tag in measured]
        if shown:
            # TensorBoard 2.21 shows the last Margin chart of a category first
            categories.append(Category(title=category, chart=shown[::-1]))
    return Layout(category=categories)


def _chart(title: str, tag: str) -> Chart:
    mean, low, high = band_tags(tag)
    series = MarginChartContent.Series(value=mean, lower=low, upper=high)
    return Chart(title=title, margin=MarginChartContent(series=[series]))


def _quality_charts(sweep: Sweep) -> dict[str, str]:
    """Return a chart for each metric, the one that stands for quality first, followed by its floor."""
    found = {str(tag) for run in sweep.runs for tag in run.numbers if group_of(str(tag)) == QUALITY}
    metrics = sorted((tag for tag in found if measured_above(tag) is None), key=order_of)
    if sweep.quality and sweep.quality.tag in metrics:
        first = sweep.quality.tag
        metrics = [first, floor_tag(first), *(tag for tag in metrics if tag != first)]
    return {title_of(tag): tag for tag in metrics}


def _last_update(runs: list[ReportRun]) -> float:
    """Return the latest time at which any of the runs was updated, in seconds since 1970; 0 if unknown."""
    return max((_seconds(run.record.updated) for run in runs), default=0.0)


def _seconds(time: str) -> float:
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError):  # a record is anybody's
        return 0.0


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
        yield shown, {SEED_COUNT: shown.n_seeds.astype(float)}
    for tag, band in sorted(bands.items()):
        shown = thinned(band, MAX_POINTS)
        # a Margin chart needs bounds everywhere: of one seed, its value
        bounds = (np.where(np.isnan(bound), shown.mean, bound) for bound in (shown.low, shown.high))
        yield shown, dict(zip(band_tags(tag), (shown.mean, *bounds), strict=True))


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
