"""What a person is shown of training: a bar while it goes on, and how each run ended."""

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from types import TracebackType

from tqdm import tqdm

from gan_lab.config.command_lines import command_line, path_word
from gan_lab.tags.names import DISTANCE, group_of
from gan_lab.tags.table import ESTIMATES, estimate_of, order_of
from gan_lab.training.member import Member

log = logging.getLogger(__name__)


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
        tags = [tag for numbers in members if (tag := estimate_of(numbers)) is not None]
        tag = min(tags, key=ESTIMATES.index, default=None)
        if tag is not None:
            # of a critic whose scores are rounding there is none
            values = [numbers[tag] for numbers in members if tag in numbers]
            several = f" (mean of {len(values)})" if len(members) > 1 else ""
            self._bar.set_postfix_str(f"{tag.rpartition('/')[2]} {fmean(values):.4g}{several}")


def tell_endings(members: Sequence[Member]) -> None:
    """Say how each run ended and where its results are."""
    for member in members:
        outcome = member.outcome
        assert outcome is not None
        reason = f": {outcome.message}" if outcome.message else "."
        seed, iteration = member.setup.seed, outcome.iteration
        log.info("Seed %d %s at iteration %d%s", seed, outcome.status, iteration, reason)
        for tag in sorted(outcome.numbers, key=order_of):
            if group_of(tag) == DISTANCE:
                at = outcome.measured_at[tag]
                earlier = "" if at == iteration else f"  (of iteration {at})"
                log.info("  %-32s %.6g%s", tag, outcome.numbers[tag], earlier)
    run = members[0].run
    folder, each = _shown(run.path), ""
    if len(members) > 1:
        folder, each = _shown(run.path.parent), "seed*/"
    log.info("  samples      %s", folder / f"{each}{run.samples_path.name}")
    log.info("  metrics      %s", folder / f"{each}{run.metrics_path.name}")
    log.info("  checkpoints  %s", folder / f"{each}{run.checkpoints_path.name}")
    log.info("  look at it   %s", command_line(["gan-lab", "board", path_word(folder)]))
    if any(member.outcome and member.outcome.status == "interrupted" for member in members):
        log.info("  go on        %s", command_line(["gan-lab", "resume", path_word(folder)]))


def _shown(path: Path) -> Path:
    return Path(os.path.relpath(path)) if path.is_relative_to(Path.cwd()) else path
