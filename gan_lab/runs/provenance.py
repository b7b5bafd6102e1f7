"""Where a result comes from: versions, commit and time. Looks only, and never fails."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import gan_lab

_GIT_TIMEOUT_S = 2.0
_DISTRIBUTIONS = {"torch": "torch", "torchvision": "torchvision", "hydra": "hydra-core"}


def utc_now() -> str:
    """Return the time in UTC, ISO 8601 to the second, as records hold it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Return the versions of gan-lab, of what it computes with, and of Python and the platform.

    Reads the installed metadata: importing torch for its version would take seconds.
    """
    found = {"gan_lab": gan_lab.__version__}
    for name, distribution in _DISTRIBUTIONS.items():
        try:
            found[name] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return {**found, "python": platform.python_version(), "platform": platform.platform()}


def git_state(package: Path = Path(gan_lab.__file__).parent) -> dict[str, str | bool] | None:
    """Return the commit of the checkout that a package belongs to, and whether it was changed since.

    Args:
        package: folder of the package.

    Returns:
        ``{"commit": 40 hex digits, "dirty": bool}``; None without git, or where git does not know the
        package, as for a package installed into an environment below somebody's own project.
    """
    # describe instead of rev-parse and status: one process answers both questions
    describe = ("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    described = _git(package, *describe)
    if not described:
        return None
    return {"commit": described.removesuffix("-dirty"), "dirty": described.endswith("-dirty")}


def _git(folder: Path, *arguments: str) -> str | None:
    # hooks set GIT_DIR to their own repository; optional locks would disturb a commit going on
    environment = {
        k: v for k, v in os.environ.items() if k not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
    }
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
