"""Numbers of a run's last iteration that its table has no row for: they stand in its record alone."""

import math

import pandas

from gan_lab.runs.record import RunRecord


def fill_last_row(record: RunRecord, numbers: pandas.DataFrame) -> pandas.DataFrame:
    """Return a run's table in whose last row stands what was measured at its last iteration alone.

    What is measured now and then is measured once more when a run completes, or later by ``gan-lab
    evaluate``. All that looks at how a run ended reads it here, so that a report says the numbers that
    ``gan-lab diagnose`` says.

    Args:
        record: of the run.
        numbers: ``metrics.csv`` by iteration; it stays as it is.
    """
    if not len(numbers) or numbers.index[-1] != record.iteration:
        return numbers
    last = numbers.iloc[-1]
    missing = {tag: value for tag, value in record.numbers.items() if math.isnan(last.get(tag, math.nan))}
    if record.status != "completed":  # what its record has besides stands further up in the table
        missing = {tag: value for tag, value in missing.items() if not _is_in(numbers, tag)}
    if not missing:
        return numbers
    filled = numbers.reindex(columns=[*numbers, *(tag for tag in missing if tag not in numbers)])
    filled.loc[record.iteration, [*missing]] = [*missing.values()]
    return filled


def _is_in(numbers: pandas.DataFrame, tag: str) -> bool:
    return tag in numbers and bool(numbers[tag].notna().any())
