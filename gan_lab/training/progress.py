"""The progress bar: the estimate, iterations per second and time left; silent where nobody watches."""

import sys
from collections.abc import Mapping, Sequence
from statistics import fmean
from types import TracebackType

from tqdm import tqdm

from gan_lab.tracking.tags import F_DIVERGENCE, JSD, MEDIAN

_SHOWN = (JSD, F_DIVERGENCE, MEDIAN)


class ProgressBar:
    """A bar over generator iterations, shown only where stdout is a terminal.

    Args:
        done: iterations completed before.
        total: iterations of the whole run.
    """

    def __init__(self, done: int, total: int) -> None:
        self._bar = tqdm(
            initial=done,
            total=total,
            unit="it",
            disable=not sys.stdout.isatty(),
            dynamic_ncols=True,
            smoothing=0.1,
        )

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self) -> None:
        """Count one iteration."""
        self._bar.update()

    def show(self, members: Sequence[Mapping[str, float]]) -> None:
        """Show the estimate that the objective is about; of several runs, its mean.

        Args:
            members: tag to number, of each run that goes on.
        """
        tag = next((tag for tag in _SHOWN if members and tag in members[0]), None)
        if tag is not None:
            name, mean = tag.rpartition("/")[2], fmean(numbers[tag] for numbers in members)
            several = f" (mean of {len(members)})" if len(members) > 1 else ""
            self._bar.set_postfix_str(f"{name} {mean:.4g}{several}")
