"""Prove that TensorBoard shows what runs have written: over HTTP, and in a real browser.

    python scripts/tensorboard_proof.py SWEEP_DIR [-o DIR] [--require] [--size 1600x1300]

It starts ``gan-lab board`` on the folder, asks the server for scalars, pictures, HPARAMS and custom scalars,
opens each tab in a headless Chromium, looks for runs, tags, curves and pictures in the page, and leaves a
picture of each tab in DIR. It installs nothing; without a Chromium only HTTP is checked, and it says so.
"""

import argparse
import io
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from proof import pages
from proof.devtools import Browser, find_browser
from proof.pages import Finding
from proof.server import Server

from gan_lab.runs.reading import find_runs
from gan_lab.runs.record import RunRecord
from gan_lab.tags.names import QUALITY, group_of
from gan_lab.tracking.board_bands import BANDS, has_bands
from gan_lab.tracking.board_server import SETTINGS_FIRST

_STATUS = {"completed": "STATUS_SUCCESS", "diverged": "STATUS_FAILURE"}


def main() -> int:
    """Check, and return the exit status: 1 if something is missing."""
    given = read_arguments()
    runs = {run.path.relative_to(given.root).as_posix(): run for run in find_runs(given.root)}
    given.out.mkdir(parents=True, exist_ok=True)
    with Server(given.root) as server:
        server.settle(set(runs))
        good = say("HTTP", check_http(server, runs, has_bands(given.root)))
        program = find_browser()
        if program is None:
            print("skipped: no chromium")
            return 1 if given.require or not good else 0
        width, height = map(int, given.size.split("x"))
        with Browser(program, width, height) as browser:
            for tab, findings in look(browser, server, sorted(runs)):
                good &= say(tab, findings)
                path = given.out / f"{tab}.png"
                path.write_bytes(browser.picture())
                print(f"  {path}")
    return 0 if good else 1


def read_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("root", type=Path, metavar="SWEEP_DIR", help="folder of runs, and of a report if any")
    parser.add_argument("-o", "--out", type=Path, default=Path("outputs/tensorboard_proof"), metavar="DIR")
    parser.add_argument("--require", action="store_true", help="fail if there is no browser")
    parser.add_argument("--size", default="1600x1300", help="of the window, in pixels")
    return parser.parse_args()


def say(title: str, findings: Iterable[Finding]) -> bool:
    """Print what was found, and return whether all is good."""
    print(title)
    found = list(findings)
    for finding in found:
        print(f"  {'ok     ' if finding.good else 'MISSING'} {finding.what}")
    return all(finding.good for finding in found)


def check_http(server: Server, runs: dict[str, RunRecord], with_bands: bool) -> Iterable[Finding]:
    """Yield what the server answers of scalars, pictures, HPARAMS and custom scalars.

    Args:
        server: TensorBoard.
        runs: by their names there.
        with_bands: whether a report has written bands over seeds, which must then have a board of their own.
    """
    scalars = server.get("plugin/scalars/tags")
    points = [len(server.scalars(run, next(iter(tags)))) for run, tags in scalars.items()]
    yield Finding(f"scalars: {len(points)} runs, {min(points, default=0)} points at least", all(points))
    trained = {name for name, run in runs.items() if run.iteration}
    yield Finding(f"scalars of all {len(trained)} runs with an iteration", trained <= scalars.keys())
    pictures = {run: next(iter(tags)) for run, tags in server.get("plugin/images/tags").items() if tags}
    blank = [run for run, tag in pictures.items() if is_blank(server.image(run, tag))]
    yield Finding(f"images: {len(pictures)} runs, {len(blank)} of them blank", bool(pictures) and not blank)
    yield from check_hparams(server, runs)
    layout = server.get("plugin/custom_scalars/layout").get("category", [])
    names = [category["title"] for category in layout]
    yield Finding(f"custom scalars: {', '.join(names)}", names[:2] == ["distance", "health"])
    listed = server.get("runs")
    yield Finding(f"runs: {len(listed)} listed, {len(runs)} there", set(listed) == runs.keys())
    layout = server.get("plugin/custom_scalars/layout", BANDS).get("category", [])
    bands = [chart["margin"]["series"][0] for part in layout for chart in part["chart"] if "margin" in chart]
    tags = {tag for of_run in server.get("plugin/scalars/tags", BANDS).values() for tag in of_run}
    complete = all(tags >= set(band.values()) for band in bands) and bool(bands) == with_bands
    yield Finding(f"{len(bands)} charts with bands", complete)


def check_hparams(server: Server, runs: dict[str, RunRecord]) -> Iterable[Finding]:
    """Yield whether HPARAMS has a row for each run that has ended, with its status, settings and numbers."""
    rows = {row["sessions"][0]["name"]: row for row in server.sessions()}
    yield Finding(f"HPARAMS: {len(rows)} rows, {len(runs)} runs", rows.keys() == runs.keys())
    keys = {info["name"] for info in server.experiment().get("hparamInfos", [])}
    used = {key for row in rows.values() for key in row["hparams"]}
    columns = [info["name"] for info in server.experiment().get("hparamInfos", []) if info.get("differs")]
    first = [key for key in SETTINGS_FIRST if key in used]
    yield Finding(f"its first columns: {', '.join(columns[:5])}", columns[: len(first)] == first)
    yield Finding(f"{len(keys)} settings, of some runs or of all", bool(used) and keys == used)
    for status, expected in _STATUS.items():
        ended = [name for name, run in runs.items() if run.status == status and name in rows]
        shown = [name for name in ended if rows[name]["sessions"][0]["status"] == expected]
        yield Finding(f"{len(shown)} of {len(ended)} {status} runs are {expected}", shown == ended)
    final = {name: {value["name"]["tag"] for value in row["metricValues"]} for name, row in rows.items()}
    lacking = [
        f"{name}: {tag}"
        for name, tags in final.items()
        if name in runs and runs[name].status in _STATUS
        for tag in runs[name].numbers
        if group_of(tag) == QUALITY and tag not in tags
    ]
    yield Finding(f"{len(lacking)} final numbers are missing {lacking[:3] or ''}".rstrip(), not lacking)


def is_blank(content: bytes) -> bool:
    """Return whether a picture is of one colour."""
    with Image.open(io.BytesIO(content)) as image:
        return bool(np.ptp(np.asarray(image.convert("L")).astype(int)) == 0)


def look(browser: Browser, server: Server, runs: list[str]) -> Iterable[tuple[str, Iterable[Finding]]]:
    """Yield each tab, opened when its findings are iterated over."""
    names = [category["title"] for category in server.get("plugin/custom_scalars/layout").get("category", [])]
    yield "timeseries", pages.look_at_series(browser, f"{server.url}/", runs)
    yield "images", pages.look_at_images(browser, server.url, runs)
    yield "hparams", pages.look_at_hparams(browser, server.url, runs)
    yield "text", pages.look_at_list(browser, server.url, "text", runs)
    yield "histograms", pages.look_at_list(browser, server.url, "histograms", runs)
    yield "custom_scalars", pages.look_at_custom(browser, server.url, names, "")
    layout = server.get("plugin/custom_scalars/layout", BANDS).get("category", [])
    if layout:
        names = [category["title"] for category in layout]
        # the last of the layout is shown first: gan_lab/reports/tensorboard.py
        first = layout[0]["chart"][-1]["title"]
        yield "bands", pages.look_at_custom(browser, f"{server.url}{BANDS}", names, first)


if __name__ == "__main__":
    sys.exit(main())
