"""Words that the sentences of several experiments share."""

from collections.abc import Callable, Sequence


def span(values: Sequence[float], form: str | Callable[[float], str]) -> str:
    """Return the least and the greatest of some numbers, or the one that both read.

    Args:
        values: at least one.
        form: how a number is written: a format such as ".2f", or a function.

    Raises:
        ValueError: if there are none.
    """
    write = form if callable(form) else lambda value: format(value, form)
    low, high = write(min(values)), write(max(values))
    return low if low == high else f"{low} to {high}"


def to_within(off: float, unit: str = "") -> str:
    """Return how far numbers are from each other: "exactly", or "to 2e-16" and what that is measured in.

    Args:
        off: the largest of the differences, 0 or more.
        unit: what stands behind a number, such as " of it".
    """
    return f"to {off:.1g}{unit}" if off else "exactly"
