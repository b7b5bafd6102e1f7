"""Where gan-lab keeps what it can make again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return ``GAN_LAB_CACHE``, or the user's cache folder."""
    if chosen := os.environ.get("GAN_LAB_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gan-lab"
