"""A trace of some iterations, operator by operator: where the time of a run goes."""

import logging
from pathlib import Path
from types import TracebackType

import torch
from torch.profiler import ProfilerActivity

from gan_lab.config.command_lines import shown_path

log = logging.getLogger(__name__)

FOLDER = "profile"
_SKIPPED = 10  # iterations: the first ones make what later ones use again
_ROWS = 30  # of the table of operators


class Profile:
    """Records the operators of some iterations, and writes them where a run's other results are.

    ``profile/*.pt.trace.json`` is a trace that https://ui.perfetto.dev opens, and TensorBoard's profiler
    plugin; ``profile/*.txt`` a table of the operators that take most time: of the card's, where there is one.
    Recording slows these iterations. What cannot be written is a warning, and training goes on.

    Args:
        folder: of a run, or of several that are trained together.
        iterations: how many to record; 0 for none.
        first: the iteration that training begins or goes on at, from 0.
        until: the iteration that it ends at. Before a short end fewer are skipped, or recorded; of a single
            iteration nothing is, because the recorder warms up in one that it throws away.
        device: where networks are trained.
    """

    def __init__(self, folder: Path, iterations: int, first: int, until: int, device: torch.device) -> None:
        left = until - first
        skipped = max(1, min(_SKIPPED, left - iterations))
        count = min(iterations, left - skipped)
        self._folder, self._first, self._count = folder / FOLDER, first + skipped + 1, count
        self._played = first
        self._on_card = device.type == "cuda"
        self._profiler = self._make(skipped) if count else None

    def __enter__(self) -> "Profile":
        if self._profiler is not None:
            self._profiler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._profiler is not None:
            self._profiler.stop()  # writes what was recorded until here

    def step(self) -> None:
        """Count one iteration."""
        self._played += 1
        if self._profiler is not None:
            self._profiler.step()

    def _make(self, skipped: int) -> torch.profiler.profile:
        activities = [ProfilerActivity.CPU]
        if self._on_card:
            activities.append(ProfilerActivity.CUDA)
        return torch.profiler.profile(
            activities=activities,
            schedule=torch.profiler.schedule(wait=skipped - 1, warmup=1, active=self._count, repeat=1),
            on_trace_ready=self._write,
        )

    def _write(self, recorded: torch.profiler.profile) -> None:
        last = min(self._played, self._first + self._count - 1)  # a signal may have ended it earlier
        if last < self._first:
            return
        name = f"iterations_{self._first}_to_{last}"
        trace = self._folder / f"{name}.pt.trace.json"
        by = "self_device_time_total" if self._on_card else "self_cpu_time_total"
        table = recorded.key_averages().table(sort_by=by, row_limit=_ROWS)
        try:
            self._folder.mkdir(exist_ok=True)
            (self._folder / f"{name}.txt").write_text(table, encoding="utf-8")
            recorded.export_chrome_trace(str(trace))  # which says nothing where it cannot write
            if not trace.is_file():
                raise OSError("no trace is there")
        except OSError as error:
            where, why = shown_path(self._folder), error.strerror or error
            log.warning("What was recorded of iterations cannot be written to %s (%s).", where, why)
            return
        log.info(
            "Where iterations %s to %s spend their time is in %s, which ui.perfetto.dev opens, and in a "
            "table beside it, %s.txt.",
            *(f"{self._first:,}", f"{last:,}", shown_path(trace), name),
        )
