"""Which of the processes that ``torchrun`` starts this one is, by environment variables and without torch."""

import os


def rank_here() -> int:
    """Return the number of this process among all, from 0; the first one speaks and writes."""
    rank = _number("RANK", 0)
    return rank if rank < count_here() else 0


def count_here() -> int:
    """Return how many processes were started together; 1 without torchrun."""
    return max(1, _number("WORLD_SIZE", 1))


def rank_on_machine() -> int:
    """Return the number of this process among those of its machine, from 0."""
    return _number("LOCAL_RANK", 0)


def count_on_machine() -> int:
    """Return how many of them this machine has."""
    return max(1, _number("LOCAL_WORLD_SIZE", 1))


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else default
