"""How TensorBoard is opened: with all points, and the numbers that tell most, and samples, before others.

TensorBoard orders its time series by the alphabet, and a server cannot pin any. But it reads pinned cards,
smoothing and the colours of runs from its address; ``board_server`` leads there.
"""

import argparse
import errno
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from gan_lab.config.command_lines import command_line, path_word
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.runs.archived import is_archived
from gan_lab.runs.reading import find_runs
from gan_lab.runs.record import EVENTS, RunRecord
from gan_lab.tags.names import GENERATED_SAMPLES
from gan_lab.tags.table import PINNED

_MOST_POINTS = 1_000_000_000  # of a curve: more than any run has
_LAST_PORT = 65535
_USUAL_PORT = "6006"  # which `default` stands for
_MOST_SAMPLES = 4  # cards of pictures, one an objective: an address should not be endless
_FIRST_ROW = 2  # of the cards beside the list of runs in a window of 1400 pixels
_JOBS = r"regex:^(.*?)(?:/seed\d+)?$"

OPEN = "--open"
"""The option of ours that shows the address in a browser."""


def tensorboard_command(root: Path, options: Sequence[str]) -> list[str]:
    """Return the command that starts TensorBoard on a folder; it keeps every point and image.

    Args:
        root: the folder.
        options: of TensorBoard's command line, which may say otherwise.
    """
    # 0 would keep all, too, but then sample what is sent to the browser down to nothing
    limits = ",".join(f"{plugin}={_MOST_POINTS}" for plugin in ("scalars", "images", "histograms", "text"))
    tensorboard = [sys.executable, "-m", "gan_lab.tracking.board_server", "--logdir", str(root)]
    return [*tensorboard, f"--samples_per_plugin={limits}", *options]


def address_of(options: Sequence[str]) -> str:
    """Return the address that leads to the pinned view, where TensorBoard gets the port it asks for first.

    Of port 0, any that is free, it is empty: the server alone knows that port, and says it.

    Args:
        options: of TensorBoard's command line.

    Raises:
        UserError: if an option lacks its value, or the port is none.
    """
    given = _given(options)
    port = _USUAL_PORT if given.port == "default" else given.port
    return "" if int(port) == 0 else f"http://{given.host}:{port}{given.path_prefix.rstrip('/')}/"


def require_free_port(options: Sequence[str]) -> None:
    """Check that nothing else serves at the port that was asked for; of none, TensorBoard finds a free one.

    Args:
        options: of TensorBoard's command line.

    Raises:
        UserError: if the port is in use, or as ``address_of``.
    """
    given = _given(options)
    if given.port == "default" or int(given.port) == 0:
        return
    host = "" if given.bind_all else given.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        # as TensorBoard does: a port that was served a moment ago is free
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, int(given.port)))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:  # what else is wrong TensorBoard says
                fault = f"--port must be one that is free; got {given.port}, which another program uses."
                raise UserError(fault) from error


def _given(options: Sequence[str]) -> argparse.Namespace:
    """Return the options that say where TensorBoard serves.

    Raises:
        UserError: if one lacks its value, or the port is none.
    """
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--port", default="default")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--bind_all", action="store_true")
    parser.add_argument("--path_prefix", default="")
    try:
        given, _ = parser.parse_known_args(options)
    except argparse.ArgumentError as error:
        raise UserError(f"{error.argument_name} needs a value, such as --port 6007.") from error
    if given.port != "default" and not (given.port.isdecimal() and int(given.port[:6]) <= _LAST_PORT):
        raise BadValueError("--port", f"default, or a whole number from 0 to {_LAST_PORT}", given.port)
    return given


def nothing_to_show(root: Path) -> str:
    """Return a sentence that says why TensorBoard has nothing of the runs in a folder; empty where it has.

    Args:
        root: the folder that TensorBoard reads.

    Raises:
        UserError: if there is no such folder.
    """
    runs = find_runs(root)
    if not runs:
        return f"There is no run in {root} yet; the page shows one soon after it begins."
    if any(any(run.path.glob(EVENTS)) for run in runs):
        return ""
    if all(is_archived(run.path) for run in runs):
        reader = command_line(["gan-lab", "report", path_word(root)])
        return f"Archives hold no events of TensorBoard, and the page is empty; {reader} shows their numbers."
    return f"No run in {root} has events of TensorBoard, which tracker=tensorboard writes: the page is empty."


def pinned_view(root: Path) -> str:
    """Return what to add to the address of a TensorBoard on a folder of runs.

    Distances, the critic's health and quality are pinned, and among the first of them samples: of the newest
    run of each objective. Curves are not smoothed, and the seeds of a job share a colour.

    Args:
        root: the folder that TensorBoard reads.

    Raises:
        UserError: if there is no such folder.
    """
    runs = find_runs(root)
    measured = set().union(*map(_columns, runs))
    cards: list[dict[str, str | int]] = [
        {"plugin": "scalars", "tag": tag} for tag in PINNED if tag in measured
    ]
    cards[_FIRST_ROW - 1 : _FIRST_ROW - 1] = [_samples_of(run, root) for run in _newest(runs)]
    query = {
        "pinnedCards": json.dumps(cards, separators=(",", ":")),
        "smoothing": "0",
        "runColorGroup": _JOBS,
    }
    # no tab is named, so that an address that names one leads there
    return f"?{urlencode(query, safe='/:,')}"


def _newest(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the run of each objective that was written to last, the newest first."""
    newest: dict[str, RunRecord] = {}
    for run in sorted(runs, key=lambda run: run.updated, reverse=True):
        if run.iteration:
            newest.setdefault(run.choices.get("objective", ""), run)
    return [*newest.values()][:_MOST_SAMPLES]


def _samples_of(run: RunRecord, root: Path) -> dict[str, str | int]:
    name = run.path.relative_to(root).as_posix()
    return {
        "plugin": "images",
        "tag": GENERATED_SAMPLES,
        "runId": f"defaultExperimentId/{name}",
        "sample": 0,
    }


def _columns(run: RunRecord) -> set[str]:
    """Return what is measured of a run, nothing if it has no table yet."""
    try:
        with run.metrics_path.open(encoding="utf-8") as file:
            return set(file.readline().strip().split(","))
    except (OSError, UnicodeDecodeError):
        return set()
