"""Two boards of one TensorBoard: the runs, and beside them the bands over seeds that a report writes.

TensorBoard has one list of runs for all of its tabs, whether or not a tab shows anything of them. Bands are
written as runs, one a cell, and would stand in the lists of images, texts and histograms. So one server has
two boards below two addresses, each with its own runs, and each page has a link to the other.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gan_lab.runs.reading import find_runs
from gan_lab.runs.record import EVENTS

FOLDER = ("report", "tensorboard")
"""Where in a sweep's folder ``gan-lab report`` puts bands, a folder each."""

BANDS = "/bands"
"""Path below which the server has the board of bands."""

BANDS_VIEW = "?smoothing=0&runColorGroup=run#custom_scalars&_smoothingWeight=0"
"""What to add to the address of that board: charts with bands, not smoothed."""

_OF_A_BAND = re.compile(rf"(.*/)?{'/'.join(FOLDER)}/")
_TAGS = re.compile(r"/data/plugin/\w+/tags")
_LINK = (
    '<a href="{address}" style="position:fixed;left:10px;bottom:10px;z-index:9;padding:6px 12px;'
    "border-radius:14px;background:#f57c00;color:#fff;font:500 13px Roboto,sans-serif;"
    'text-decoration:none">{text}</a>'
)


def is_band(run: str) -> bool:
    """Return whether TensorBoard's name of a run is that of bands over seeds."""
    return _OF_A_BAND.match(run) is not None


def has_bands(root: Path) -> bool:
    """Return whether reports have written bands beside the runs of a folder.

    Args:
        root: the folder that TensorBoard reads.

    Raises:
        UserError: if there is no such folder.
    """
    folders = {
        folder for run in find_runs(root) for folder in run.path.parents if folder.is_relative_to(root)
    }
    return any(any(folder.joinpath(*FOLDER).glob(f"*/{EVENTS}")) for folder in folders)


def is_split(path: str) -> bool:
    """Return whether the boards of runs and of bands differ in what TensorBoard answers at a path."""
    return path in _SPLIT or _TAGS.fullmatch(path) is not None


def split(path: str, answer: Any, bands: bool) -> Any:
    """Return what is one board's in an answer of TensorBoard's.

    Args:
        path: at which it was asked, one that ``is_split``.
        answer: its JSON.
        bands: whether the board is that of bands.
    """
    own = _SPLIT.get(path)
    return own(answer, bands) if own else _tags(answer, bands)


def with_link(page: bytes, bands: bool) -> bytes:
    """Return TensorBoard's page with a link to the other board in its lower left corner.

    Args:
        page: its HTML.
        bands: whether the board is that of bands.
    """
    address, text = ("../", "← runs") if bands else (f"{BANDS[1:]}/", "bands over seeds →")
    return page.replace(b"</body>", f"{_LINK.format(address=address, text=text)}</body>".encode(), 1)


def _runs(answer: list[str], bands: bool) -> list[str]:
    return [run for run in answer if is_band(run) == bands]


def _tags(answer: dict[str, Any], bands: bool) -> dict[str, Any]:
    return {run: tags for run, tags in answer.items() if is_band(run) == bands}


def _series(answer: dict[str, Any], bands: bool) -> dict[str, Any]:
    """Split what the time series have of each run, which names tags by run, and of pictures runs by tag."""
    by_run = {
        kind: part | {"runTagInfo": _tags(part["runTagInfo"], bands)}
        for kind, part in answer.items()
        if "runTagInfo" in part
    }
    return answer | by_run


def _layout(answer: dict[str, Any], bands: bool) -> dict[str, Any]:
    """Split the custom scalars, whose bands are the charts with a margin."""
    categories = [
        part | {"chart": charts}
        for part in answer.get("category", [])
        if (charts := [chart for chart in part["chart"] if ("margin" in chart) == bands])
    ]
    return answer | {"category": categories} if "category" in answer else answer


_SPLIT: dict[str, Callable[[Any, bool], Any]] = {
    "/data/runs": _runs,
    "/data/plugin/timeseries/tags": _series,
    "/data/plugin/custom_scalars/layout": _layout,
}
