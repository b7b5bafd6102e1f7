"""Words that the sentences of several experiments share."""

from collections.abc import Callable, Sequence

_MANY_TIMES = 10  # where percentages grow longer than they tell


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


def part_of(part: float, whole: str, decimals: int) -> str:
    """Return how large something is beside another: "12.5 % of it", or "3e+05 times it" from ten times on.

    Args:
        part: the one over the other.
        whole: what the other is called.
        decimals: of the percentage.
    """
    if abs(part) < _MANY_TIMES:
        return f"{100 * part:.{decimals}f} % of {whole}"
    return f"{part:.3g} times {whole}"


def to_within(off: float, unit: str = "") -> str:
    """Return how far numbers are from each other: "exactly", or "to 2e-16" and what that is measured in.

    Args:
        off: the largest of the differences, 0 or more.
        unit: what stands behind a number, such as " of it".
    """
    return f"to {off:.1g}{unit}" if off else "exactly"
