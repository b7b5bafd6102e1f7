"""What tells a process from every other, and whether it still runs."""

import contextlib
import os
import socket
from pathlib import Path


def this_process() -> dict[str, int | str]:
    """Return what tells this process from every other: pid, host and start (pids are used again)."""
    pid = os.getpid()
    return {"pid": pid, "host": socket.gethostname(), "started": _started(pid)}


def is_alive(process: dict[str, int | str]) -> bool:
    """Return whether a process, as ``this_process`` described it, may still run.

    True for one on another host, which cannot be seen from here.
    """
    if process.get("host") != socket.gethostname():
        return True
    pid = process.get("pid")
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it exists, and is somebody else's
    return _started(pid) == process.get("started")


def _started(pid: int) -> str:
    """Return the start of a process in clock ticks since boot; empty where there is no /proc."""
    with contextlib.suppress(OSError, IndexError):
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # field 22 of proc(5); the command, field 2, may hold blanks and brackets
        return status.rpartition(")")[2].split()[19]
    return ""
