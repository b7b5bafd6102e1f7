"""What an archive of runs holds, and what is written beside each run in it.

An archive is a zip file: below the names that its runs have in the sweep's folder lies what a report reads of
them. A folder into which it is unpacked is a sweep's folder like any other, but that nothing in it can be
resumed.
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_lab.config.build import make
from gan_lab.config.checks import NonNegativeInt, PositiveInt, Settings, conform
from gan_lab.config.errors import UserError
from gan_lab.config.quoting import shown
from gan_lab.files.plain_yaml import MOST_BYTES
from gan_lab.files.regular import read_regular
from gan_lab.runs.finding import Finding
from gan_lab.runs.record import CONFIG_NAME, RECORD_NAME

FORMAT = 1
"""Of the archives that this version writes."""

ENDING = ".zip"
"""Of the name of an archive's file."""

ARCHIVE_NAME = "archive.json"
"""At the top of an archive: its format, and what wrote it."""

ARCHIVED_NAME = "archived.json"
"""In the folder of each run: :class:`Archived`."""

MEDIANS_NAME = "medians.csv"
"""In the folder of a run whose table was thinned: medians of its estimate, taken before."""

MOST_BYTES_OF_A_TABLE = 1 << 30
MOST_BYTES_OF_A_PICTURE = 1 << 26

_MOST_BYTES = {
    re.compile(
        rf"{ARCHIVE_NAME}|(.+/)?(multirun\.yaml|{RECORD_NAME}|{CONFIG_NAME}|{ARCHIVED_NAME})"
    ): MOST_BYTES,
    re.compile(rf"(.+/)?(metrics\.csv|timing\.csv|{MEDIANS_NAME})"): MOST_BYTES_OF_A_TABLE,
    re.compile(r"(.+/)?evaluation/[\w.+-]+\.csv", re.ASCII): MOST_BYTES,
    re.compile(r"(.+/)?samples/([0-9]{1,15}|real)\.png", re.ASCII): MOST_BYTES_OF_A_PICTURE,
}


@dataclass(frozen=True)
class Archived(Settings):
    """What an archive says of a run in it.

    Attributes:
        every: of rows in which nothing but what every iteration measures stands, those of multiples of this
            are kept; 1 where all are.
        rows: that the table had.
        kept: that it has left.
        estimate: the column that :data:`MEDIANS_NAME` is of; empty without that file.
        findings: what a diagnosis saw in all the rows; empty where all are kept.
    """

    every: PositiveInt = 1
    rows: NonNegativeInt = 0
    kept: NonNegativeInt = 0
    estimate: str = ""
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> bytes:
        """Return the file's content."""
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n").encode()


def most_bytes_of(name: str) -> int | None:
    """Return how large a file in an archive may be, by its name; None where an archive holds no such file."""
    return next((most for pattern, most in _MOST_BYTES.items() if pattern.fullmatch(name)), None)


def read_archived(folder: Path) -> Archived | None:
    """Return what an archive says of the run in a folder; None of a run that is not from an archive.

    Raises:
        UserError: if the file is damaged, or of a later format.
    """
    path = folder / ARCHIVED_NAME
    try:
        content = _content(path)
        found = [_shown(each) for each in conform("findings", content.pop("findings", []), tuple[Any, ...])]
        findings = tuple(make(Finding, conform("findings", each, dict), "findings") for each in found)
        return make(Archived, {**content, "findings": findings}, "")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror}.") from error
    except NewerFormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {str(error).rstrip('.')}.") from error


def is_archived(folder: Path) -> bool:
    """Return whether a run is from an archive: then it has no checkpoints, and not all of its numbers."""
    return (folder / ARCHIVED_NAME).exists()


def may_be_archive(path: Path) -> bool:
    """Return whether a path is a file of an archive's name."""
    return path.suffix.lower() == ENDING and os.path.isfile(path)


def words_instead_of_folder(path: Path) -> str:
    """Return what is said, behind its name, of a path that should be a folder and is none."""
    if may_be_archive(path):
        return (
            "is not a folder; gan-lab runs, diagnose and report read archives, which hold no checkpoints to "
            "resume or sample from, and no events of TensorBoard."
        )
    if archive := next(filter(may_be_archive, path.parents), None):
        return f"does not exist: {archive} is a file, and gan-lab runs, diagnose and report read it whole."
    return "is not a folder." if os.path.lexists(path) else "does not exist."


def require_resumable(folder: Path) -> None:
    """Check that a run is not from an archive.

    Raises:
        UserError: if it is: it has no checkpoints, and not all of its numbers.
    """
    if is_archived(folder):
        raise UserError(
            f"{folder} is from an archive, which keeps no checkpoints: it can be reported and not resumed or "
            "sampled; delete the folder to train the run anew."
        )


class NewerFormatError(UserError):
    """Written by a later version of gan-lab."""


def require_format(folder: Path, name: Path) -> None:
    """Check that an archive is one, of a format that this version reads.

    Args:
        folder: where it was unpacked.
        name: what its file is called.

    Raises:
        UserError: if it is not.
    """
    path = folder / ARCHIVE_NAME
    try:
        _content(path)
    except FileNotFoundError:
        raise UserError(
            f"{name} is a zip file, but no archive of gan-lab: it has no {ARCHIVE_NAME}."
        ) from None
    except NewerFormatError as error:
        raise UserError(str(error).replace(str(path), str(name))) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name} is damaged: its {ARCHIVE_NAME} says nothing ({_line(error)}).") from None


def _content(path: Path) -> dict[str, Any]:
    """Return what a file of an archive says, without its format.

    Raises:
        ValueError: if it is no mapping, or of an unknown format.
    """
    content: dict[str, Any] = conform(
        "its content", json.loads(read_regular(path, MOST_BYTES)), dict[str, Any]
    )
    found = content.pop("format", None)
    if isinstance(found, int) and not isinstance(found, bool) and found > FORMAT:
        raise NewerFormatError(
            f"{path} is of format {found:,}, which a later version of gan-lab has written; this one reads "
            f"format {FORMAT}: update gan-lab."
        )
    if found != FORMAT or isinstance(found, bool):
        raise ValueError(f"its format must be {FORMAT}")
    return content


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _shown(content: Any) -> Any:
    """Return a finding with control characters in its texts as such."""
    if isinstance(content, dict):
        return {key: shown(value) if isinstance(value, str) else value for key, value in content.items()}
    return content
