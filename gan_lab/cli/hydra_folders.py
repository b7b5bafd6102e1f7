"""Folders that Hydra cannot make for a job or a sweep, refused by the key that names them."""

import traceback
from pathlib import Path

from gan_lab.cli.places import no_folder

_SWEEP = "hydra.sweep.dir"


def refusal_of_folder(error: OSError) -> str | None:
    """Return which key names a folder that Hydra could not make; None where an error comes of something else.

    Args:
        error: raised by an application of Hydra's.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    names = [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame in frames]
    while names and names[-1] in ("pathlib", "os"):
        names.pop()
    if not names or not names[-1].startswith("hydra") or len(names) == len(frames):
        return None
    maker = frames[len(names) - 1]
    if maker.f_code.co_name != "run_job":  # a sweeper or a launcher
        return str(no_folder(Path(str(error.filename)), _SWEEP, error))
    key = str(maker.f_locals.get("job_subdir_key") or maker.f_locals.get("job_dir_key"))
    return str(no_folder(Path(str(maker.f_locals.get("output_dir"))), key, error))
