"""A TensorBoard server on a folder of runs, and what it answers over HTTP."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

_START_S = 120.0
_READ_S = 900.0  # of a large sweep; TensorBoard reads 10,000 numbers a second or so
_SETTLED_S = 5.0
_ALL_STATUSES = [f"STATUS_{name}" for name in ("UNKNOWN", "SUCCESS", "FAILURE", "RUNNING")]


class Server:
    """TensorBoard as ``gan-lab board`` starts it, on a free port.

    Attributes:
        url: its address.

    Args:
        logdir: folder of runs.
    """

    def __init__(self, logdir: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = ["--host=127.0.0.1", f"--port={port}", "--load_fast=false", "--reload_interval=1"]
        command = [sys.executable, "-m", "gan_lab", "board", str(logdir), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> "Server":
        """Wait until runs are loaded, and return the server.

        Raises:
            RuntimeError: if it ends or has found no run in time.
        """
        until = time.monotonic() + _START_S
        while not self._runs():
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__(None, None, None)
                raise RuntimeError("TensorBoard has ended, or finds no run.")
            time.sleep(0.5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait()

    def get(self, route: str, board: str = "", **query: str) -> Any:
        """Return the JSON that a route below ``/data`` answers, of the runs or of another board."""
        return _fetch(f"{self.url}{board}/data/{route}?{urllib.parse.urlencode(query)}")

    def settle(self, runs: set[str]) -> None:
        """Wait until these runs are there and no more tags appear: it answers while it still reads."""
        until = time.monotonic() + _READ_S
        before: Any = None
        while time.monotonic() < until:
            tags = [self.get(f"plugin/{plugin}/tags") for plugin in ("scalars", "images")]
            if tags == before and runs <= set(self.get("runs")):
                return
            before = tags
            time.sleep(_SETTLED_S)

    def scalars(self, run: str, tag: str) -> list[Any]:
        """Return the points of a curve: time, step and value of each."""
        points: list[Any] = self.get("plugin/scalars/scalars", run=run, tag=tag)
        return points

    def experiment(self) -> Any:
        """Return what HPARAMS knows of all runs together: its hyper-parameters and metrics."""
        return _fetch(f"{self.url}/data/plugin/hparams/experiment", {"experimentName": ""})

    def sessions(self) -> list[Any]:
        """Return the rows of the HPARAMS table."""
        request = {
            "experimentName": "",
            "allowedStatuses": _ALL_STATUSES,
            "startIndex": 0,
            "sliceSize": 10000,
        }
        answer = _fetch(f"{self.url}/data/plugin/hparams/session_groups", request | {"colParams": []})
        groups: list[Any] = answer.get("sessionGroups", [])
        return groups

    def image(self, run: str, tag: str) -> bytes:
        """Return the last image of a tag, as it is sent to the browser."""
        images = self.get("plugin/images/images", run=run, tag=tag, sample="0")
        address = f"{self.url}/data/plugin/images/individualImage?{images[-1]['query']}"
        with urllib.request.urlopen(address, timeout=60) as answer:
            content: bytes = answer.read()
        return content

    def _runs(self) -> list[str]:
        try:
            runs: list[str] = self.get("runs")
        except (urllib.error.URLError, ConnectionError):
            return []
        return runs


def _fetch(address: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
