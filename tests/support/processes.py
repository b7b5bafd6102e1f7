"""Several processes that train one run, as torchrun starts them: told by the environment who they are."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def started_together(count: int, arguments: Sequence[str], folder: Path) -> list[subprocess.Popen[str]]:
    """Start so many processes of one command in a folder, the first one first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(count)}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "gan_lab", *arguments],
            cwd=folder,
            env={**os.environ, **meeting, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]
