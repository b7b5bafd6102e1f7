"""The tables of a sweep over an experiment of the distances lab, as one."""

from pathlib import Path
from typing import NamedTuple

import pandas
import yaml

from gan_lab.config.command_lines import words_of
from gan_lab.files.atomic import write_atomically
from gan_lab.lectures.writing import RECORD_NAME, TABLE_NAME, format_csv, read_record


class JoinedTable(NamedTuple):
    """One table of several jobs, the file that holds it, and why cells of its columns may be empty."""

    table: pandas.DataFrame
    path: Path
    missing: dict[str, str]


def join_tables(sweep: Path) -> JoinedTable | None:
    """Join the tables of a sweep's jobs, and write them to ``table.csv`` in its folder.

    What differs between the jobs' command lines comes first, a column each, named like its key.

    Returns:
        None if no job found anything.
    """
    folders = sorted((path.parent for path in sweep.glob(f"*/{RECORD_NAME}")), key=lambda path: path.name)
    folders.sort(key=lambda path: int(path.name) if path.name.isdecimal() else -1)
    if not folders:
        return None
    settings = [_settings(folder) for folder in folders]
    keys = dict.fromkeys(key for job in settings for key in job)
    varying = [key for key in keys if len({job.get(key) for job in settings}) > 1]
    tables = []
    for job, folder in zip(settings, folders, strict=True):
        table = pandas.read_csv(folder / TABLE_NAME)
        for place, key in enumerate(varying):
            table.insert(place, key, job.get(key), allow_duplicates=True)
        tables.append(table)
    joined = pandas.concat(tables, ignore_index=True)
    path = sweep / TABLE_NAME
    write_atomically(path, format_csv(joined))
    records = [read_record(folder) for folder in folders]
    # a job of before version 0.2 says nothing of it
    missing = {column: why for record in records for column, why in record.get("missing", {}).items()}
    return JoinedTable(joined, path, missing)


def _settings(folder: Path) -> dict[str, str]:
    """Return what was set on the command line of a job, keys to values as text."""
    words = words_of(read_record(folder)["command"])
    pairs = (word.partition("=") for word in words if "=" in word)
    return {key.lstrip("+"): str(yaml.safe_load(value)) for key, _, value in pairs}
