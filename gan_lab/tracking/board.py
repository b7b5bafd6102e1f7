"""How TensorBoard is opened: with all points, and the numbers that tell most, and samples, before others.

TensorBoard orders its time series by the alphabet, histograms among them, and a server cannot pin any. But it
reads pinned cards, the smoothing and the colours of runs from its address.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.runs.record import RunRecord, find_runs
from gan_lab.tags.names import GENERATED_SAMPLES
from gan_lab.tags.table import PINNED

_MOST_POINTS = 1_000_000_000  # of a curve: more than any run has
_LAST_PORT = 65535
_MOST_SAMPLES = 3  # cards of pictures: as many as a row has; an address should not be endless
_SEEDS = r"regex:(.*)/seed\d+$"


def tensorboard_command(root: Path, options: Sequence[str]) -> list[str]:
    """Return the command that starts TensorBoard on a folder; it keeps every point and image.

    Args:
        root: the folder.
        options: of TensorBoard's command line, which may say otherwise.
    """
    # 0 would keep all, too, but then sample what is sent to the browser down to nothing
    limits = ",".join(f"{plugin}={_MOST_POINTS}" for plugin in ("scalars", "images", "histograms", "text"))
    tensorboard = [sys.executable, "-m", "tensorboard.main", "--logdir", str(root)]
    return [*tensorboard, f"--samples_per_plugin={limits}", *options]


def address_of(root: Path, options: Sequence[str]) -> str:
    """Return the address of such a view, where TensorBoard gets the port that it asks for first.

    Args:
        root: the folder that TensorBoard reads.
        options: of TensorBoard's command line.

    Raises:
        UserError: if there is no such folder, an option lacks its value, or the port is none.
    """
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--port", default="6006")
    parser.add_argument("--host", default="localhost")
    try:
        given, _ = parser.parse_known_args(options)
    except argparse.ArgumentError as error:
        raise UserError(f"{error.argument_name} needs a value, such as --port 6007.") from error
    if given.port != "default" and not (given.port.isdecimal() and int(given.port[:6]) <= _LAST_PORT):
        raise BadValueError("--port", f"default, or a whole number from 0 to {_LAST_PORT}", given.port)
    return f"http://{given.host}:{given.port}/{pinned_view(root)}"


def pinned_view(root: Path) -> str:
    """Return what to add to the address of a TensorBoard on a folder of runs.

    Distances, the critic's health, quality and samples are pinned, the samples of one run of each job; curves
    are not smoothed, and the seeds of a job share a colour.

    Args:
        root: the folder that TensorBoard reads.

    Raises:
        UserError: if there is no such folder.
    """
    runs = find_runs(root)
    paths = [run.path.relative_to(root) for run in runs if run.iteration]
    jobs = {path.parent if _is_seed(path) else path: path for path in reversed(paths)}
    measured = set().union(*map(_columns, runs))
    cards: list[dict[str, str | int]] = [
        {"plugin": "scalars", "tag": tag} for tag in PINNED if tag in measured
    ]
    for path in sorted(jobs.values())[:_MOST_SAMPLES]:
        run = f"defaultExperimentId/{path.as_posix()}"
        cards.append({"plugin": "images", "tag": GENERATED_SAMPLES, "runId": run, "sample": 0})
    query = {"pinnedCards": json.dumps(cards, separators=(",", ":")), "smoothing": "0"}
    if any(map(_is_seed, paths)):
        query["runColorGroup"] = _SEEDS
    return f"?{urlencode(query, safe='/:,')}#timeseries"


def _columns(run: RunRecord) -> set[str]:
    """Return what is measured of a run, nothing if it has no table yet."""
    try:
        with run.metrics_path.open(encoding="utf-8") as file:
            return set(file.readline().strip().split(","))
    except (OSError, UnicodeDecodeError):
        return set()


def _is_seed(path: Path) -> bool:
    return path.name.removeprefix("seed").isdecimal()
