"""One run as it is read from its folder: what cannot be used is its fault, never an error."""

from typing import Any, NamedTuple

import pandas

from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted
from gan_lab.reports.sweep.cells import replicate_of
from gan_lab.reports.sweep.metrics_csv import read_measurements, read_medians
from gan_lab.runs.archived import MEDIANS_NAME, Archived, read_archived
from gan_lab.runs.record import RunRecord
from gan_lab.runs.sources import Sources


class ReadRun(NamedTuple):
    """What a run's folder holds.

    Attributes:
        record: what ``run.json`` says.
        config: {} if it cannot be read.
        numbers: by iteration, as far as they are whole.
        fault: why it is left out of means, in a sentence.
        archived: what its archive says of it.
        medians: of its estimate, of a run of which the archive has left out rows.
    """

    record: RunRecord
    config: dict[str, Any]
    numbers: pandas.DataFrame
    fault: str | None
    archived: Archived | None = None
    medians: pandas.DataFrame | None = None

    @property
    def replicate(self) -> tuple[int, int]:
        """What runs of a cell differ by."""
        return replicate_of(self.record, self.config)


def read_run_folder(sources: Sources, record: RunRecord) -> ReadRun:
    """Return a run with its config and its numbers, and a fault where one of them is not what it should be.

    Args:
        sources: what its folder lies in, for paths in sentences.
        record: what ``run.json`` says.
    """
    try:
        config, fault = record.read_config(), None
    except UserError as error:
        config, fault = {}, sources.told(str(error))
    numbers, of_table = read_measurements(record.metrics_path)
    archived, medians, of_archive = _of_archive(sources, record, numbers)
    if record.status == "diverged" and of_table == "metrics.csv is empty.":
        of_table = None  # at its very first numbers, which is a result
    elif not of_table and of_archive:
        of_table = of_archive
    elif record.status == "completed" and not of_table:
        rows = len(numbers) if archived is None else archived.rows
        if rows < record.iteration:
            of_table = f"metrics.csv has {rows:,} of {counted(record.iteration, 'iteration')}."
    return ReadRun(record, config, numbers, _of_status(record) or fault or of_table, archived, medians)


def _of_archive(
    sources: Sources, record: RunRecord, numbers: pandas.DataFrame
) -> tuple[Archived | None, pandas.DataFrame | None, str | None]:
    """Return what an archive says of a run, the medians that it keeps, and what is wrong with them."""
    try:
        archived = read_archived(record.path)
    except UserError as error:
        return None, None, sources.told(str(error))
    if archived is None:
        return None, None, None
    if len(numbers) != archived.kept:
        fault = f"metrics.csv has {len(numbers):,} of the {archived.kept:,} rows that were archived."
        return archived, None, fault
    if archived.every == 1:
        return archived, None, None
    medians, of_medians = read_medians(record.path / MEDIANS_NAME)
    if not of_medians and not medians.index.equals(numbers.index):
        of_medians = f"{MEDIANS_NAME} is of other iterations than metrics.csv."
    return archived, None if of_medians else medians, of_medians


def _of_status(record: RunRecord) -> str | None:
    at = f"at iteration {record.iteration:,} of {record.iterations:,}"
    reason = f": {record.message}" if record.message else "."
    sentences = {
        "running": f"still running {at}.",
        "interrupted": f"interrupted {at}.",
        "failed": f"failed {at}{reason}",
    }
    return sentences.get(record.status)
