"""What a person is shown while a run is trained: a line at its start, and a bar while it goes on."""

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from types import TracebackType

from tqdm import tqdm

from gan_lab.config.command_lines import shown_path
from gan_lab.config.phrases import counted, listed
from gan_lab.constraints.compose import Compose
from gan_lab.game.setup import Setup
from gan_lab.tags.table import ESTIMATES, estimate_of
from gan_lab.tags.words import number_text, short_of
from gan_lab.training.member import Member
from gan_lab.training.pace import Pace

log = logging.getLogger(__name__)

_SHAPE = "{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}{postfix}]"


class ProgressBar:
    """A bar over generator iterations where stdout is a terminal, gone when it is done; else a line or two.

    It is as long as the critic steps that are left, because those take the time: an iteration of warm-up may
    be twenty others. So a warm-up does not stretch the time that it promises, once some was measured.

    Args:
        setup: what is trained; of several seeds, any.
        done: iterations completed before.
        total: iterations that it leads to.
        whole: iterations of the whole run; of seeds that catch up with others first, more than those.
    """

    def __init__(self, setup: Setup, done: int, total: int, whole: int) -> None:
        self._train, self._done, self._total = setup.train, done, total
        self._steps_done = self._steps_until(done)
        early = min(self._train.warmup_iterations, total)
        self._warmup = self._steps_until(early) if self._train.extra_critic_steps_between(0, early) else 0
        disabled = not sys.stdout.isatty()
        goal = "" if total == whole else f" until iteration {total:,}"
        self._pace = Pace(self._steps_until(total), self._warmup, goal) if disabled else None
        # elsewhere iterations are only queued, and done when their numbers have been fetched
        self._computes_at_once = setup.device.type == "cpu"
        self._bar = tqdm(
            initial=self._steps_done,
            total=self._steps_until(total),
            desc=self._position(),
            bar_format=_SHAPE,
            disable=disabled,
            dynamic_ncols=True,
            smoothing=0.1,
            leave=False,
        )

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self) -> None:
        """Count one iteration."""
        steps = self._steps(self._done)
        self._done, self._steps_done = self._done + 1, self._steps_done + steps
        if not self._bar.disable:
            self._bar.set_description_str(self._position(), refresh=False)
            self._bar.update(steps)
        if self._pace is not None and self._computes_at_once:
            self._pace.at(self._steps_done)

    def show(self, members: Sequence[Mapping[str, float]]) -> None:
        """Show the estimate that the objective is about; of several runs, its mean.

        All iterations that were counted are done: their numbers are here.

        Args:
            members: tag to number, of each run that goes on.
        """
        if self._pace is not None and not self._computes_at_once:
            self._pace.at(self._steps_done)
        tags = [tag for numbers in members if (tag := estimate_of(numbers)) is not None]
        tag = min(tags, key=ESTIMATES.index, default=None)
        if tag is not None:
            # of a critic whose scores are rounding there is none
            values = [numbers[tag] for numbers in members if tag in numbers]
            several = f" (mean of {len(values)})" if len(members) > 1 else ""
            self._bar.set_postfix_str(f"{short_of(tag)} {number_text(fmean(values))}{several}")

    def _steps(self, iteration: int) -> int:
        return self._train.n_critic + self._train.extra_critic_steps(iteration)

    def _steps_until(self, iteration: int) -> int:
        return self._train.n_critic * iteration + self._train.extra_critic_steps_between(0, iteration)

    def _position(self) -> str:
        if self._train.extra_critic_steps(self._done) and self._done < self._train.warmup_iterations:
            return f"warm-up {self._steps_done:,}/{counted(self._warmup, 'critic step')}"
        return f"iteration {self._done:,}/{self._total:,}"


def tell_beginning(members: Sequence[Member]) -> None:
    """Say in one line what is trained, for how long and where; of seeds that are trained together, once."""
    first = members[0]
    setup, choices = first.setup, first.run.record.choices
    names = {
        "objective": type(setup.game.objective).__name__,
        "constraint": type(setup.game.constraint).__name__,
        "dataset": type(setup.dataset).__name__,
    } | dict(choices)
    if names["constraint"] == "compose" and isinstance(setup.game.constraint, Compose):
        names["constraint"] = listed(setup.game.constraint.parts)
    # the base class is that of no constraint
    without = names["constraint"] in ("none", "Constraint")
    with_constraint = "" if without else f" with {names['constraint']}"
    seeds = [member.setup.seed for member in members]
    told = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"
    log.info(
        "Trains %s%s on %s: %s; %s; on %s, %s; in %s",
        *(names["objective"], with_constraint, names["dataset"], told, _how_long(members)),
        *(first.run.record.place, first.execution, shown_path(folder_of(members))),
    )


def _how_long(members: Sequence[Member]) -> str:
    """Return how many iterations there are, how many critic steps each takes, and how many that makes."""
    first = members[0]
    settings, total = first.setup.train, first.total
    done = min(member.last_finite.iteration for member in members)
    going_on = f"from iteration {done:,} to {total:,}" if done else counted(total, "iteration")
    extra = settings.extra_critic_steps_between(done, total)
    each = f"{going_on}, {counted(settings.n_critic, 'critic step')} each"
    if not extra and settings.n_critic == 1:
        return each
    warmup = f" and {extra:,} more in warm-up" if extra else ""
    of_seed = " of each seed" if len(members) > 1 else ""
    return f"{each}{warmup}, {settings.n_critic * (total - done) + extra:,} in all{of_seed}"


def folder_of(members: Sequence[Member]) -> Path:
    """Return the folder of a run, or that which holds those of seeds trained together."""
    path = members[0].run.path
    return path if len(members) == 1 else path.parent
