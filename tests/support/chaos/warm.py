"""A process that has imported everything and is forked for every command: a child may die as it likes."""

import contextlib
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Self

from support.chaos.file_operations import FileOperations, KillPoint

TESTS = Path(__file__).parents[2]
TIMED_OUT = -1000
MEMORY_BYTES = 12 << 30
"""Address space of a command: what asks for more is refused by the system, not by the machine's end."""


class Ended(NamedTuple):
    """How a command ended.

    Attributes:
        status: its exit status; minus the signal that killed it; `TIMED_OUT`.
        out: what it printed.
        err: what it said aside.
        operations: changes that it made to files; 0 if it was killed.
        writes: numbers of those that wrote bytes.
    """

    status: int
    out: str
    err: str
    operations: int
    writes: list[int]


class Warm:
    """Runs `gan-lab` commands, each in a fork of one process; a context manager.

    Args:
        scratch: a folder for what the commands print and cache.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        scratch.mkdir(parents=True, exist_ok=True)
        paths = [str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
        self._server = subprocess.Popen(
            [sys.executable, "-m", "support.chaos.warm", str(scratch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ
            | {
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "MPLBACKEND": "agg",
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(timeout=600)
        self._server.stdout.close()

    def run(
        self,
        folder: Path,
        *arguments: str,
        kill: KillPoint | None = None,
        timeout_s: float = 300,
        one_iteration: bool = False,
    ) -> Ended:
        """Run `gan-lab ARGUMENTS` in a folder, until a point if one is given, or asked to stop at once."""
        folder.mkdir(parents=True, exist_ok=True)
        job = {"folder": str(folder), "arguments": arguments, "kill": kill, "timeout_s": timeout_s}
        job["one_iteration"] = one_iteration
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        out, err = ((self._scratch / name).read_text(errors="replace") for name in ("out", "err"))
        return Ended(answer["status"], out, err, answer["operations"], answer["writes"])


@contextlib.contextmanager
def warm(scratch: Path) -> Iterator[Warm]:
    """Keep a warm process while the block runs."""
    with Warm(scratch) as server:
        yield server


def _serve(scratch: Path) -> None:
    _import_all()
    for line in sys.stdin:
        print(json.dumps(_fork(json.loads(line), scratch)), flush=True)


def _import_all() -> None:
    """Import and fill what any command needs, so that a child begins at once; starts no thread."""
    # ruff: noqa: F401
    import hydra.core.utils
    import matplotlib.pyplot as plt
    import ot
    import PIL.PngImagePlugin
    import sklearn.neighbors
    import torch.utils.tensorboard
    import torchvision

    import gan_lab.cli.distances
    import gan_lab.cli.main
    import gan_lab.cli.prepare
    import gan_lab.cli.report
    import gan_lab.cli.train
    import gan_lab.datasets.torchvision_sets
    import gan_lab.evaluation.evaluate
    import gan_lab.evaluation.samples
    import gan_lab.reports.report
    import gan_lab.tracking.board
    import gan_lab.training.resume
    from gan_lab.cli.compose import compose

    compose(["dataset=ring8"])  # the grammar of overrides
    figure, axes = plt.subplots()
    axes.set_title("fonts")
    figure.canvas.draw()
    plt.close(figure)
    gc.freeze()  # a collection in a child would copy every page


def _fork(job: dict[str, Any], scratch: Path) -> dict[str, Any]:
    told = scratch / "operations.json"
    told.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _run(job, scratch)
    deadline = time.monotonic() + job["timeout_s"]
    ended, status = os.waitpid(child, os.WNOHANG)
    while not ended:
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return {"status": TIMED_OUT, "operations": 0, "writes": []}
        time.sleep(0.003)
        ended, status = os.waitpid(child, os.WNOHANG)
    counted = json.loads(told.read_text()) if told.exists() else {"operations": 0, "writes": []}
    return {"status": os.waitstatus_to_exitcode(status)} | counted


def _run(job: dict[str, Any], scratch: Path) -> NoReturn:
    """Be the command: its own process group, its own output, its own folder."""
    os.setpgid(0, 0)
    for descriptor, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, str(scratch / "out"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, str(scratch / "err"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(name, flags, 0o666)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(job["folder"])
    os.environ["GAN_LAB_CACHE"] = str(Path(job["folder"]) / "cache")
    sys.argv = ["gan-lab", *job["arguments"]]
    os.execv = _executed  # type: ignore[assignment]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    if job["one_iteration"]:
        _stop_at_once()
    real_open, real_exit = open, os._exit
    operations = FileOperations(KillPoint(*job["kill"]) if job["kill"] else None)
    operations.install()
    status = _status()
    with real_open(scratch / "operations.json", "w") as file:
        json.dump({"operations": operations.count, "writes": operations.writes}, file)
    with contextlib.suppress(BrokenPipeError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    real_exit(status)


def _stop_at_once() -> None:
    """Have training asked to stop from its first iteration on: it writes all files, and is short."""
    from gan_lab.training import playing

    real = playing.train_members
    playing.train_members = lambda members, executions, stop: real(members, executions, lambda: True)


def _status() -> int:
    import logging
    import traceback

    from gan_lab.cli.main import main

    try:
        return main()
    except SystemExit as leaving:
        return int(leaving.code or 0) if isinstance(leaving.code, int | None) else 1
    except BaseException:  # noqa: BLE001, as the interpreter does with what nobody caught
        traceback.print_exc()
        return 1
    finally:
        logging.shutdown()


def _executed(path: str, arguments: list[str]) -> NoReturn:
    """Stand for a program that takes this one's place, such as TensorBoard's server, which never ends."""
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
