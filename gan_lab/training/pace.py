"""How much longer a run takes, said where no bar shows it, and never before it was measured."""

import logging
import time

from gan_lab.config.phrases import counted

log = logging.getLogger(__name__)

_MEASURED_S = 5.0  # so long are steps timed before a time is said
_SHORT_S = 20.0  # a rest that nobody needs to be told of
_UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"))


class Pace:
    """Says once how long the rest of a run takes, and once more after a warm-up.

    The critic steps of a warm-up come with fewer generator steps and pictures than later ones, and have a
    pace of their own.

    Args:
        total: critic steps of the whole run, those of warm-up among them.
        warmup: of these, how many there are until the warm-up has ended.
        goal: what they lead to, such as " until iteration 2,000", where that is not the end of the run.
    """

    def __init__(self, total: int, warmup: int, goal: str = "") -> None:
        self._total, self._warmup, self._goal = total, warmup, goal
        self._mark: tuple[int, float] | None = None  # critic steps, and the clock, where timing began
        self._told = False

    def at(self, steps: int) -> None:
        """Note that so many critic steps of the run are done, and say how long the rest takes if it is time.

        Args:
            steps: completed; of what is only queued on a device, nothing was measured.
        """
        now = time.monotonic()
        # the first iteration is not timed: much is made only once
        if self._mark is None or self._mark[0] < self._warmup <= steps:
            self._mark, self._told = (steps, now), False
            return
        timed, passed_s = steps - self._mark[0], now - self._mark[1]
        if self._told or passed_s < _MEASURED_S:
            return
        self._told = True
        left = self._total - steps
        left_s = left * passed_s / timed
        if left_s >= _SHORT_S:
            over = counted(timed, "step") + (" of warm-up" if steps < self._warmup else "")
            log.info(
                "About %s more%s: %s to go, at the pace measured over %s.",
                *(about(left_s), self._goal, counted(left, "critic step"), over),
            )


def about(seconds: float) -> str:
    """Return a duration in one round number, such as ``6 minutes``."""
    for length_s, unit in _UNITS:
        if seconds >= 1.5 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} seconds"
