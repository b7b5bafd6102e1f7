"""From a run folder to what the rules of a diagnosis read, whatever state it is in."""

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas

from gan_lab.config.errors import UserError
from gan_lab.diagnosis.diagnose import diagnose
from gan_lab.diagnosis.observed import Observed
from gan_lab.reports.sweep.last_row import fill_last_row
from gan_lab.reports.sweep.metrics_csv import read_measurements
from gan_lab.runs.archived import read_archived
from gan_lab.runs.finding import Finding
from gan_lab.runs.record import RunRecord, leaves_of


def findings_in(record: RunRecord) -> tuple[Finding, ...]:
    """Return what is seen in a run, worst first; where an archive has left out rows, what was seen in all."""
    with contextlib.suppress(UserError):
        archived = read_archived(record.path)
        if archived is not None and archived.findings:
            return archived.findings
    return diagnose(observe(record))


def observe(record: RunRecord) -> Observed:
    """Return what is known of a run: its whole lines of ``metrics.csv``, its config, and its record.

    What cannot be read is left out, and nothing is said of it.
    """
    try:
        config = record.read_config()
    except UserError:
        config = {}
    numbers, _ = read_measurements(record.metrics_path)
    return observed(record, config, numbers)


def observed(record: RunRecord, config: Mapping[str, Any], numbers: pandas.DataFrame) -> Observed:
    """Return the same of what was read already.

    Numbers of the record that were measured at the last iteration alone, which has no place for them in the
    table, count as its last row's.

    Args:
        record: what ``run.json`` says.
        config: as nested mappings.
        numbers: ``metrics.csv`` by iteration.
    """
    numbers = fill_last_row(record, numbers)
    columns = {str(tag): numbers[tag].to_numpy(dtype=float, copy=True) for tag in numbers}
    return Observed(record, numbers.index.to_numpy(dtype=np.int64), columns, leaves_of(config))
