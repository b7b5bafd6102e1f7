"""Ctrl-C, SIGTERM, a closed window or a scheduler's warning: finish the iteration, save and leave."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)

# what schedulers warn by before they take a machine away; such a signal's own handler has its turn afterwards
_WARNINGS = (signal.SIGUSR1, signal.SIGUSR2)


class StopRequest:
    """Whether somebody asked the process to stop, and by which signal.

    A worker of a process that was killed has nobody left to work for: that counts as SIGHUP.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def __bool__(self) -> bool:
        if self.signal is None and is_orphan():
            self.signal = signal.SIGHUP
        return self.signal is not None


def is_orphan() -> bool:
    """Return whether this is a worker, such as joblib's, whose parent is gone."""
    parent = multiprocessing.parent_process()
    return parent is not None and os.getppid() != parent.pid


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn SIGINT, SIGTERM and SIGHUP into a request while the block runs; a second one interrupts at once.

    The interruption bears the name of the signal that asked for it last.

    SIGUSR1 and SIGUSR2 count where somebody handles them, as submitit does to queue a job again. Their
    handler is called when the block has ended well, so that what goes on later goes on from here.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request  # Python delivers signals to the main thread only
        return

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if request and number not in _WARNINGS:
            raise KeyboardInterrupt(signal.Signals(number).name)
        request.signal = signal.Signals(number)
        log.info("Stopping after this iteration; once more to stop at once.")

    handled = [number for number in _WARNINGS if callable(signal.getsignal(number))]
    stopping = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup is how one asks to outlive a closed window
        stopping.append(signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in (*stopping, *handled)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if request.signal in handled:
        signal.raise_signal(request.signal)
