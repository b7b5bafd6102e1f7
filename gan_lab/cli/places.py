"""Folders that a command is told to write into, looked at before it does any work."""

import os
from pathlib import Path

from gan_lab.config.errors import UserError
from gan_lab.config.quoting import quoted


def require_place(folder: Path | None, called: str) -> None:
    """Check that a folder is there, or can be made: nothing else has its name, or that of one above it.

    Args:
        folder: as typed; None where nothing was.
        called: the option or key that names it.

    Raises:
        UserError: naming what is in the way: a file, or a link that leads nowhere.
    """
    if folder is None:
        return
    there = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), None)
    if there is None or os.path.isdir(there):
        return
    rule = f"{called} must be a folder; got {quoted(str(folder))}"
    if there == folder:
        raise UserError(f"{rule}, which is {_kind_of(there)}.")
    raise UserError(f"{rule}, and {quoted(str(there))} is {_kind_of(there)}.")


def no_folder(folder: Path, called: str, error: OSError) -> UserError:
    """Return the refusal of a folder that could not be made.

    Args:
        folder: as typed.
        called: the option or key that names it.
        error: of who tried to make it.
    """
    try:
        require_place(folder, called)
    except UserError as refusal:
        return refusal
    return UserError(f"{called} must be a folder; got {quoted(str(folder))} ({error.strerror or error}).")


def chosen_place(typed: Path | None, usual: Path, called: str = "--out") -> Path:
    """Return the folder that was typed, or else the usual one, if it is there or can be made.

    Args:
        typed: what the option names; None where nothing was typed.
        usual: what is written into then.
        called: the option.

    Raises:
        UserError: naming what is in the way, and the option that leads elsewhere.
    """
    if typed is not None:
        require_place(typed, called)
        return typed
    try:
        require_place(usual, "what is written into")
    except UserError as error:
        raise UserError(f"{error} Move it away, or choose another folder by {called}.") from None
    return usual


def _kind_of(path: Path) -> str:
    if os.path.isfile(path):
        return "a file"
    return "no folder" if os.path.exists(path) else "a link that leads nowhere"
