"""What a command may do whatever it is given: end with 0, or with 2 and a sentence, and lose nothing."""

import hashlib
import os
from pathlib import Path

from support.chaos.warm import TIMED_OUT, Ended

LONGEST = 1500
"""Characters of a message; a list of what is allowed may take most of them."""

_TRACE = "Traceback (most recent call last)"


def faults_of(ended: Ended, several: bool = False) -> list[str]:
    """Return what is wrong with how a command ended.

    Args:
        ended: the command.
        several: whether it may say a sentence for each of several runs.
    """
    if ended.status == TIMED_OUT:
        return ["it hangs"]
    faults = []
    if ended.status not in (0, 2):
        faults.append(f"exit status {ended.status}")
    if _TRACE in ended.out + ended.err:
        faults.append(f"traceback ending in {(ended.out + ended.err).strip().splitlines()[-1][:200]}")
    if ended.status == 2:
        faults += _faults_of_message(ended.err, 10 if several else 2)
    return faults


def _faults_of_message(text: str, most: int) -> list[str]:
    faults = []
    lines = text.splitlines()
    if not 1 <= len(lines) <= most:
        faults.append(f"{len(lines)} lines of message")
    if lines and not lines[0].startswith("gan-lab: "):
        faults.append(f"a message of somebody else: {lines[0][:80]!r}")
    if any(len(one) > LONGEST for one in lines):
        faults.append(f"a message of {max(map(len, lines))} characters: {lines[0][:60]!r}")
    # a terminal acts on these
    if any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in text):
        faults.append(f"control characters in {text[:80]!r}")
    return faults


def tree_of(folder: Path) -> dict[str, str]:
    """Return what lies below a folder, links not followed: for each name what it is, or a digest."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(root) / name
            found[str(path.relative_to(folder))] = _digest(path)
    return found


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    if path.is_dir():
        return "folder"
    if not path.is_file():
        return "special"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lost(before: dict[str, str], after: dict[str, str], may_change: tuple[str, ...] = ()) -> list[str]:
    """Return the names that are gone or changed, but for those below what may change."""
    return [
        f"{name} {'changed' if name in after else 'is gone'}"
        for name, what in before.items()
        if after.get(name) != what and not name.startswith(may_change)
    ]
