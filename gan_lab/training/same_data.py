"""Whether a run goes on with the images that it began with."""

import logging
from collections.abc import Sequence
from pathlib import Path

from gan_lab.config.command_lines import command_line, path_word
from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted
from gan_lab.datasets.base import Dataset
from gan_lab.runs.record import DataRecord
from gan_lab.runs.run import Run

ACCEPT = "--accept-changed-data"

log = logging.getLogger(__name__)


def hold_to_data(dataset: Dataset, runs: Sequence[Run], folder: Path, *, accept_changed: bool) -> None:
    """Write down what the runs are trained on, and let none go on with other images unasked.

    What counts are the images themselves, not where they lie nor when they were written. Runs of earlier
    versions, which wrote down nothing, go on with what there is.

    Args:
        dataset: opened.
        runs: that are about to be trained.
        folder: what ``gan-lab resume`` takes for them.
        accept_changed: whether other images are accepted.

    Raises:
        UserError: if the images are others; the runs' records are then as they were before.
    """
    found = dataset.contents()
    if found is None:
        return
    now = DataRecord(*found)
    changed = [run for run in runs if run.record.data and run.record.data[-1] != now]
    if changed and not accept_changed:
        for run in runs:
            run.put_back()
        said = _sentence(changed[0], now)
        command = command_line(["gan-lab", "resume", path_word(folder)])
        raise UserError(f"{said}; bring those back, or add {ACCEPT} to `{command}`.")
    for run in changed:
        log.warning("%s; it goes on with these.", _sentence(run, now))
    for run in runs:
        if run in changed or not run.record.data:
            run.update(data=(*run.record.data, now))


def _sentence(run: Run, now: DataRecord) -> str:
    before = run.record.data[-1].images
    others = "others" if now.images == before else "in all"
    trained_on = f"{run.path} was trained on {counted(before, 'image')}"
    return f"{trained_on}, and its dataset holds {now.images:,} {others} now"
