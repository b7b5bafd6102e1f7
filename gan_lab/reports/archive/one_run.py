"""What an archive holds of one run: its record, its settings, its numbers and its last picture."""

import contextlib
from pathlib import Path
from typing import NamedTuple

from gan_lab.config.errors import UserError
from gan_lab.files.plain_yaml import MOST_BYTES
from gan_lab.files.regular import read_regular
from gan_lab.reports.archive.places import without_places
from gan_lab.reports.archive.thinning import thin_table
from gan_lab.reports.figures.sample_images import pictures_in
from gan_lab.reports.observing import findings_in
from gan_lab.runs.archived import (
    ARCHIVED_NAME,
    MEDIANS_NAME,
    MOST_BYTES_OF_A_PICTURE,
    MOST_BYTES_OF_A_TABLE,
    Archived,
    most_bytes_of,
    read_archived,
)
from gan_lab.runs.record import CONFIG_NAME, RECORD_NAME, RunRecord

_LONGEST_TABLE = 1 << 32  # before it is thinned


class PackedRun(NamedTuple):
    """How much of a run is in an archive.

    Attributes:
        archived: which of its rows.
        pictures: how many, of real samples too.
    """

    archived: Archived
    pictures: int


def pack_run(record: RunRecord, every: int | None) -> tuple[dict[str, bytes], PackedRun]:
    """Return what an archive holds of a run: path below its folder, with slashes, to content.

    Of a run that is from an archive, what that one held.

    Args:
        record: of its folder.
        every: of :func:`gan_lab.reports.archive.thinning.thin_table`.

    Raises:
        UserError: if a file is larger than an archive holds, or is no regular file.
        OSError: if one cannot be read.
    """
    path = record.path
    archived = read_archived(path)
    files = {RECORD_NAME: read_regular(path / RECORD_NAME, MOST_BYTES)}
    if (config := _read(path / CONFIG_NAME, MOST_BYTES)) is not None:
        files[CONFIG_NAME] = without_places(config)
    table = _read(record.metrics_path, _LONGEST_TABLE)
    medians: bytes | None = None
    if archived is not None:
        medians = _read(path / MEDIANS_NAME, MOST_BYTES_OF_A_TABLE)
    elif table is None:
        archived = Archived()
    else:
        thinned = thin_table(table, every)
        table, medians = thinned.data, thinned.medians or None
        findings = findings_in(record) if thinned.every > 1 else ()
        archived = Archived(thinned.every, thinned.rows, thinned.kept, thinned.estimate, findings)
    timing = _read(record.timing_path, _LONGEST_TABLE)
    tables = {record.metrics_path.name: table, MEDIANS_NAME: medians, record.timing_path.name: timing}
    files |= {name: data for name, data in tables.items() if data is not None}
    files[ARCHIVED_NAME] = archived.to_json()
    pictures = _pictures(record)
    files |= pictures | _evaluations(path)
    for name, content in files.items():
        most = most_bytes_of(name)
        if most is not None and len(content) > most:
            raise UserError(
                f"{path / name} has {len(content):,} bytes, and an archive holds {most:,} of it at most; "
                "keep fewer rows with a larger --every."
            )
    return files, PackedRun(archived, len(pictures))


def _pictures(record: RunRecord) -> dict[str, bytes]:
    """Return the last picture of samples, and that of real ones, without which it is one of points."""
    last = list(pictures_in(record.samples_path).values())[-1:]
    paths = [*last, record.samples_path / "real.png"]
    found = {each.name: _read(each, MOST_BYTES_OF_A_PICTURE) for each in paths}
    return {f"{record.samples_path.name}/{name}": data for name, data in found.items() if data is not None}


def _evaluations(path: Path) -> dict[str, bytes]:
    """Return what ``gan-lab evaluate`` has measured of the run."""
    named = [f"evaluation/{each.name}" for each in sorted((path / "evaluation").glob("*.csv"))]
    found = {name: _read(path / name, MOST_BYTES) for name in named if most_bytes_of(name) is not None}
    return {name: data for name, data in found.items() if data is not None}


def _read(path: Path, most: int) -> bytes | None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return read_regular(path, most)
    return None
