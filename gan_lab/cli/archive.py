"""The arguments of ``gan-lab archive``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gan_lab.cli.arguments import PATH, POSITIVE, parser_of
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.phrases import counted
from gan_lab.runs.archived import ENDING
from gan_lab.runs.reading import runs_of

if TYPE_CHECKING:
    from gan_lab.reports.archive.archive import Packed


def archive(arguments: list[str]) -> tuple[str, tuple[str, ...]]:
    """Write the archive that the arguments ask for.

    Args:
        arguments: after ``gan-lab archive``.

    Returns:
        A line that says what was written where, and a sentence for each run that is not in it.

    Raises:
        UserError: if the arguments or the folders are not fit for it.
    """
    parser = parser_of("archive", "Pack the runs of a sweep into one small file that gan-lab report reads.")
    parser.add_argument(
        "folders", type=PATH, nargs="+", metavar="SWEEP_DIR", help="a folder that holds runs, or a run's own"
    )
    parser.add_argument(
        "--to", type=PATH, metavar="FILE.zip", help="default SWEEP_DIR.zip, beside the folder; must be new"
    )
    parser.add_argument(
        "--every",
        type=POSITIVE,
        metavar="N",
        help="of iterations at which no samples were measured, keep one in N (1: all); default as many as "
        "leave about 2,000 rows a run",
    )
    given = parser.parse_args(arguments)
    for folder in given.folders:
        if folder.is_file():
            raise UserError(f"{folder} is no folder of runs; gan-lab report takes several archives.")
    target = given.to or _beside(given.folders)
    if target.suffix.lower() != ENDING:
        raise BadValueError("--to", f"a name that ends in {ENDING}", str(target))
    for folder in given.folders:
        runs_of(folder)  # which refuses what has none at once: tables take longer to import

    from gan_lab.reports.archive.archive import write_archive

    return _told(write_archive(given.folders, target, given.every), target)


def _beside(folders: list[Path]) -> Path:
    """Return the file of a sweep's name beside it.

    Raises:
        UserError: if there are several folders.
    """
    if len(folders) > 1:
        raise UserError("archive needs --to FILE.zip where it is given several folders.")
    whole = Path(os.path.abspath(folders[0]))
    return whole.with_name(f"{whole.name}{ENDING}")


def _told(packed: "Packed", target: Path) -> tuple[str, tuple[str, ...]]:
    archived = [run.archived for run in packed.runs.values()]
    rows, kept = sum(each.rows for each in archived), sum(each.kept for each in archived)
    rest = f"{kept:,} of {counted(rows, 'row')}" if kept < rows else f"all {counted(rows, 'row')}"
    pictures = sum(run.pictures for run in packed.runs.values())
    return (
        f"{counted(len(packed.runs), 'run')} with {rest} of numbers and {counted(pictures, 'picture')}, "
        f"{_size(packed.size)}, to be reported and not resumed (no checkpoints): {target}",
        packed.left_out,
    )


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size / 1e3, 0.1):.1f} kB"
