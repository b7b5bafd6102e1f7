"""A headless Chromium, driven over its DevTools protocol through a pipe: no websocket, no port.

https://chromedevtools.github.io/devtools-protocol/; with ``--remote-debugging-pipe`` the browser reads
commands from its file descriptor 3 and writes answers to 4, JSON each, with a zero byte after it.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ANSWER_S = 300.0  # of a machine that has other things to do
_POLL_S = 0.25
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")

# what document.querySelectorAll finds, shadow roots included: the older tabs of TensorBoard are made of them
_ALL = """
const all = (selector, root = document) => [
  ...root.querySelectorAll(selector),
  ...[...root.querySelectorAll('*')].filter(e => e.shadowRoot).flatMap(e => all(selector, e.shadowRoot))];
const shown = e => e.getClientRects().length > 0;
"""


# gives the pipes the numbers that the browser expects; moved away first: one may have the number of the other
_RENUMBER = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3])
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


_KEYS = {"Tab": 9, "Enter": 13, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}
_MOVES = 12  # of a finger from one place to another


class BrowserError(Exception):
    """The browser did not do as it was told."""


def find_browser() -> str | None:
    """Return the path of an installed Chromium, None without one."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Browser:
    """One page of a headless Chromium.

    Attributes:
        complaints: errors and warnings of the console, and exceptions that nothing caught, since ``listen``.
        requests: addresses that the page asked for since then.

    Args:
        program: path of the browser.
        width: of the window, in pixels.
        height: likewise.
    """

    def __init__(self, program: str, width: int, height: int) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        flags = [*_FLAGS, "--remote-debugging-pipe", f"--user-data-dir={self._profile.name}"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _RENUMBER, str(to_read), str(to_write), program, *flags, "about:blank"],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._buffer, self._last, self._session = b"", 0, ""
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}

    def __enter__(self) -> "Browser":
        """Open a page and return the browser.

        Raises:
            BrowserError: if it does not start.
        """
        try:
            self._attach()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the browser."""
        self.close()

    def _attach(self) -> None:
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")
        self._call("Emulation.setDeviceMetricsOverride", **self._size)

    def close(self) -> None:
        """End the browser."""
        os.close(self._write)  # which it takes as a request to leave
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        self._profile.cleanup()

    def open(self, url: str) -> None:
        """Go to an address, as if in a new window: TensorBoard takes a change of the fragment for a click."""
        self._call("Page.navigate", url="about:blank")
        self._call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, which may use ``all(selector)`` and ``shown(e)``.

        Raises:
            BrowserError: if it throws.
        """
        code = f"(() => {{ {_ALL} return ({expression}); }})()"
        answer = self._call("Runtime.evaluate", expression=code, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails'].get('exception', answer)}")
        return answer["result"].get("value")

    def wait(self, expression: str, timeout_s: float) -> Any:
        """Return the first true value of an expression, or its last value when the time is over."""
        until = time.monotonic() + timeout_s
        while True:
            value = self.evaluate(expression)
            if value or time.monotonic() > until:
                return value
            time.sleep(_POLL_S)

    def listen(self) -> None:
        """Note from now on what the console says, and every request, that of a data URI included."""
        for domain in ("Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def press(self, key: str) -> None:
        """Press a key of the keyboard and let go of it: Tab, Enter, Home, End, ArrowLeft or ArrowRight."""
        of_key = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        self._call("Input.dispatchKeyEvent", type="rawKeyDown", **of_key)
        if key == "Enter":
            self._call("Input.dispatchKeyEvent", type="char", text="\r", **of_key)
        self._call("Input.dispatchKeyEvent", type="keyUp", **of_key)

    def touch(self, start: tuple[float, float], end: tuple[float, float] | None = None) -> None:
        """Put a finger on the page, draw it to another place if there is one, and lift it.

        Args:
            start: pixels from the left and the top of the window.
            end: likewise.
        """
        self._call("Emulation.setTouchEmulationEnabled", enabled=True)
        points = [start]
        if end is not None:
            steps = [k / _MOVES for k in range(1, _MOVES + 1)]
            points += [tuple(a + part * (b - a) for a, b in zip(start, end, strict=True)) for part in steps]  # type: ignore[misc]
        for k, (x, y) in enumerate(points):
            kind = "touchMove" if k else "touchStart"
            self._call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
        self._call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def picture(self, element: str = "") -> bytes:
        """Return what the window shows, or an element of it, as a PNG.

        Args:
            element: an expression; empty for the window.
        """
        part = {}
        if element:
            box = "(b => ({x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height, scale: 1}))"
            part = {"clip": self.evaluate(f"{box}({element}.getBoundingClientRect())")}
        return base64.b64decode(self._call("Page.captureScreenshot", format="png", **part)["data"])

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        try:
            os.write(self._write, json.dumps(message).encode() + b"\0")
        except BrokenPipeError as error:
            raise BrowserError("The browser has ended.") from error
        until = time.monotonic() + _ANSWER_S
        while (answer := self._receive(until)).get("id") != self._last:
            self._note(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}.")
        result: dict[str, Any] = answer["result"]
        return result

    def _note(self, event: dict[str, Any]) -> None:
        """Keep of an event what ``listen`` is for."""
        said = event.get("params", {})
        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif event["method"] == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"].get("exception", said)))
        elif event["method"] == "Log.entryAdded" and said["entry"]["level"] in ("warning", "error"):
            self.complaints.append(said["entry"]["text"])
        elif event["method"] == "Runtime.consoleAPICalled" and said["type"] in ("warning", "error", "assert"):
            self.complaints.append(str(said["args"]))

    def _receive(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            data = os.read(self._read, 1 << 16) if ready else b""
            if not data:
                raise BrowserError("The browser has ended, or does not answer.")
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        content: dict[str, Any] = json.loads(message)
        return content
