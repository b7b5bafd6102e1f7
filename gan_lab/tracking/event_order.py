"""A new event file, which TensorBoard reads after those that are there, whatever the clock says."""

import re
from collections.abc import Sequence
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from gan_lab.config.errors import UserError
from gan_lab.runs.record import EVENTS
from gan_lab.tracking.event_file import EventFile

_FINAL = ".final"  # added to the name of an event file, behind which it sorts
_DATED = re.compile(r"(?P<stem>events\.out\.tfevents\.)(?P<time>\d{10})\..*", re.DOTALL)


def open_events(run_dir: Path, purge_step: int) -> tuple[SummaryWriter, EventFile]:
    """Return TensorBoard's writer for all kinds of summaries, and the file that it writes to.

    Args:
        run_dir: the run's folder; its event file is new.
        purge_step: points of earlier files from this step on are hidden; 0 for a new run.
    """
    before = set(run_dir.glob(EVENTS))
    writer = SummaryWriter(str(run_dir), purge_step=purge_step)
    file_writer = writer.file_writer
    assert file_writer is not None
    file_writer.event_writer.close()
    (made,) = set(run_dir.glob(EVENTS)) - before
    path = made.with_name(name_after([earlier.name for earlier in before], made.name))
    made.rename(path)
    file_writer.event_writer = events = EventFile(path)
    return writer, events


def latest_events(run_dir: Path) -> Path | None:
    """Return the event file of a run that TensorBoard reads last but for its ending; None without one."""
    found = [path for path in run_dir.glob(EVENTS) if not path.name.endswith(_FINAL)]
    return max(found, key=lambda path: path.name, default=None)


def ending_of(path: Path) -> Path:
    """Return the event file of how a run ended, which TensorBoard reads after the one at ``path``."""
    return path.with_name(f"{path.name}{_FINAL}")


def remove_endings(run_dir: Path) -> None:
    """Remove what says how a run ended: it goes on, or was killed before its record said so.

    Raises:
        UserError: if it cannot be removed.
    """
    for path in run_dir.glob(f"{EVENTS}{_FINAL}"):
        try:
            path.unlink()
        except OSError as error:
            raise UserError(f"{path} could not be removed: {error.strerror}.") from error


def name_after(earlier: Sequence[str], name: str) -> str:
    """Return a name for an event file that sorts behind those of earlier ones.

    TensorBoard reads a folder's files in the order of their names, which begin with the time: where the clock
    has gone back since, the points of the new file would come first, and be hidden by the older ones.

    Args:
        earlier: names of the event files that are there.
        name: what TensorBoard named the new one; returned as it is where it comes last.
    """
    latest = max(earlier, default="")
    if name > latest:
        return name
    dated = _DATED.fullmatch(latest)
    later = f"{dated['stem']}{int(dated['time']) + 1:010d}.{name.split('.', 4)[-1]}" if dated else ""
    return later if later > latest else f"{latest}.1"
