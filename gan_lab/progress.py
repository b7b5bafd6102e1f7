"""The progress bar: the estimate, iterations per second and time left; silent where nobody watches."""

import sys
from collections.abc import Mapping
from types import TracebackType

from tqdm import tqdm

_SHOWN = ("distance/jsd", "distance/f_divergence", "distance/critic_median")


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

    def show(self, numbers: Mapping[str, float]) -> None:
        """Show the estimate that the objective is about."""
        tag = next((tag for tag in _SHOWN if tag in numbers), None)
        if tag is not None:
            name = tag.rpartition("/")[2]
            self._bar.set_postfix_str(f"{name} {numbers[tag]:.4g}")
