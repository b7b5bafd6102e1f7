"""Being told to stop: once to save and leave, twice to leave at once, and which signal it was."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan_lab.cli import main as command
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import read_run
from gan_lab.training.signals import stop_on_signals
from support.configs import FEW, TOY

ASKING = ("SIGINT", "SIGTERM", "SIGHUP")


@pytest.mark.parametrize("second", ASKING)
@pytest.mark.parametrize("first", ASKING)
def test_the_second_signal_interrupts_and_says_its_name(first: str, second: str) -> None:
    before = {name: signal.getsignal(signal.Signals[name]) for name in ASKING}
    with stop_on_signals() as request:
        assert not request
        signal.raise_signal(signal.Signals[first])
        assert request.signal == signal.Signals[first]
        with pytest.raises(KeyboardInterrupt) as caught:
            signal.raise_signal(signal.Signals[second])
    assert caught.value.args == (second,)
    assert {name: signal.getsignal(signal.Signals[name]) for name in ASKING} == before


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals() as request:
            signal.raise_signal(signal.SIGHUP)
            assert not request
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("args", "status"), [((), 130), (("SIGINT",), 130), (("SIGTERM",), 143), (("SIGUSR1",), 130)]
)
def test_the_exit_status_is_that_of_the_signal(
    args: tuple[str, ...], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*of: object) -> int:
        raise KeyboardInterrupt(*args)

    monkeypatch.setattr(command, "_dispatch", stop)
    assert command.main() == status


def test_a_window_that_is_closed_loses_nothing(tmp_path: Path) -> None:
    """The terminal goes away: SIGHUP, and nothing can be written to it any more."""
    run, (window, inner) = tmp_path / "run", os.openpty()
    overrides = [*TOY, *FEW[:-1], "objective=gan", "device=cpu", f"hydra.run.dir={run}"]
    overrides += ["train.iterations=1000000", "train.checkpoint_every=1000000", "train.execution=eager"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gan_lab", "train", *overrides],
        **dict.fromkeys(("stdin", "stdout", "stderr"), inner),
        start_new_session=True,
    )
    os.close(inner)
    os.set_blocking(window, False)
    deadline = time.monotonic() + 200
    table = run / "metrics.csv"
    while not table.exists() or table.read_bytes().count(b"\n") < 9:
        assert process.poll() is None
        assert time.monotonic() < deadline
        try:
            os.read(window, 1 << 16)
        except BlockingIOError:
            time.sleep(0.01)
    os.close(window)
    process.send_signal(signal.SIGHUP)  # what the kernel sends to the leader of the window's session
    assert process.wait(100) == 129
    record = read_run(run)
    assert record.status == "interrupted"
    assert load_newest(run).iteration == record.iteration >= 8
