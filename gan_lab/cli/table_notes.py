"""What stands below the table of ``gan-lab runs``: commands that can be pasted."""

from collections.abc import Sequence
from pathlib import Path

from gan_lab.cli.run_table import name_below
from gan_lab.config.command_lines import command_line, path_word, shown_path
from gan_lab.runs.record import RunRecord
from gan_lab.runs.sources import Source
from gan_lab.runs.words import is_unjudged


def notes_below(records: Sequence[RunRecord], source: Source) -> list[str]:
    """Return the lines below a table: how those are judged that are not, and what names are below.

    Args:
        records: the runs of the table, at least one.
        source: the folder that the names are relative to, or the archive.
    """
    names = "" if source.is_archive else _where_names_are(records, source.folder)
    return [line for line in (_how_to_judge(records, source), names) if line]


def _where_names_are(records: Sequence[RunRecord], root: Path) -> str:
    """Return what names are below, by the command for one of them.

    Of the present folder, or a run's own, nothing is said.
    """
    path = shown_path(records[0].path)
    if str(path) in (name_below(records[0], root), str(shown_path(root))):
        return ""
    return f"Names are below {shown_path(root)}: {_diagnose(path)}"


def _how_to_judge(records: Sequence[RunRecord], source: Source) -> str:
    left = [record.path for record in records if is_unjudged(record)]
    if not left:
        return ""
    folder = left[0] if len(left) == 1 else source.folder
    judge = _diagnose(source.given if source.is_archive else shown_path(folder))
    return f"Runs that were killed, crashed or ended under an earlier version are judged by {judge}"


def _diagnose(path: Path) -> str:
    return command_line(["gan-lab", "diagnose", path_word(path)])
